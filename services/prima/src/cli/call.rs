//! `prima call` and `prima completions`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::{ArgValueCandidates, ArgValueCompleter, CompleteEnv, env::Shells};

use super::Cli;
use crate::client::rpc::{complete_methods, complete_pairs};

/// The environment variable by which a shell asks this program for completions.
const VARIABLE: &str = "PRIMA_COMPLETE";

#[derive(Debug, Clone, Args)]
pub struct CallArgs {
    #[arg(
        value_name = "METODE",
        required_unless_present = "list",
        conflicts_with = "list",
        add = ArgValueCandidates::new(complete_methods),
        help = "SubmitResponse, SurveyService/SubmitResponse, atau prima.survey.v1.SurveyService/SubmitResponse"
    )]
    pub method: Option<String>,
    #[arg(
        value_name = "ISIAN=NILAI",
        add = ArgValueCompleter::new(complete_pairs),
        help = "Isian permintaan, misalnya survey.display_name='SKM 2026', answers.cost=4, atau elements.0.key=cost"
    )]
    pub fields: Vec<String>,
    #[arg(
        long,
        value_name = "BERKAS",
        help = "Permintaan dalam JSON, - untuk masukan baku; aliran permintaan: satu pesan sebaris. ISIAN=NILAI mengisi \
                di atasnya, dan untuk aliran menjadi pesan pertama"
    )]
    pub json: Option<PathBuf>,
    #[arg(
        long,
        value_name = "POLA",
        num_args = 0..=1,
        default_missing_value = "",
        help = "Daftar metode (yang namanya atau layanannya memuat POLA)"
    )]
    pub list: Option<String>,
    #[arg(
        long,
        conflicts_with_all = ["list", "json", "fields"],
        help = "Tampilkan isian permintaan dan jawaban metode ini, beserta keterangannya"
    )]
    pub describe: bool,
}

#[derive(Debug, Clone, Args)]
pub struct CompletionsArgs {
    #[arg(value_name = "SHELL", help = "bash, zsh, fish, elvish, atau powershell")]
    pub shell: Shell,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
    Elvish,
    Powershell,
}

/// When a shell asks for completions, prints them and ends the process.
pub fn complete() {
    CompleteEnv::with_factory(Cli::command).var(VARIABLE).complete();
}

/// Prints the script with which a shell asks this program for completions.
pub fn completions(args: &CompletionsArgs) -> anyhow::Result<ExitCode> {
    let value = args.shell.to_possible_value();
    let name = value.as_ref().map_or("", |value| value.get_name());
    let mut script = Vec::new();
    if let Some(shell) = Shells::builtins().completer(name) {
        shell.write_registration(VARIABLE, "prima", "prima", "prima", &mut script)?;
    }
    std::io::stdout().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
