//! `prima`: see `prima --help`.

fn main() -> std::process::ExitCode {
    prima::main()
}
