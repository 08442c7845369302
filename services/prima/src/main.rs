//! `prima`: see `prima --help`.

use std::process::ExitCode;

use prima::{cli, cli::Command, client, run, workdays};

fn main() -> ExitCode {
    cli::complete();
    let cli = cli::parse();
    // Two workers at least: the exporter of traces blocks one of them while it stops.
    let workers = std::thread::available_parallelism().map_or(2, |n| n.get().max(2));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    let ended = runtime.block_on(async {
        match cli.command {
            Command::Up(args) => run::up(args).await,
            Command::Serve(args) => run::serve(args).await,
            Command::Migrate(args) => run::migrate(args).await,
            Command::Reconcile(args) => run::reconcile(args).await,
            Command::DeadLetters(args) => run::dead_letters(args).await,
            Command::Token(args) => run::token(&args),
            Command::Workdays(args) => Ok(workdays::run(&args)),
            Command::Key(args) => run::key(&args),
            Command::Completions(args) => cli::completions(&args),
            _ => client::run(cli).await,
        }
    });
    match ended {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

/// Tells what went wrong, once, in the words of the command line.
fn fail(error: &anyhow::Error) -> ExitCode {
    for line in client::fault::lines(error) {
        client::print::note(&line);
    }
    ExitCode::FAILURE
}
