//! The one binary of Prima: it runs the services, and is their client on the command line.

pub mod api;
mod cli;
mod client;
mod demo;
mod local;
pub mod run;
mod summaries;

use std::process::ExitCode;

/// Reads a table of levels from a file of any kind; for the tests of hostile files.
pub use client::import::levels;

use cli::{
    Command, InstrumentArgs, InstrumentCommand, TableArgs, TableCommand, WorkflowArgs, WorkflowCommand,
};

/// Runs the command that the arguments of this process name. An error is printed to stderr in Indonesian and ends in a
/// failing exit status.
///
/// The futures of all commands are polled here and not in the binary, so that their code is compiled once, in this library.
#[must_use]
pub fn main() -> ExitCode {
    cli::complete();
    let cli = cli::parse();
    // The exporter of traces blocks one worker while it stops, so there are at least two.
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
            Command::Token(args) => run::token::token(args).await,
            Command::Access(args) => local::access::run(&args),
            Command::Api(args) => api::run(&args),
            Command::Workdays(args) => local::workdays::run(&args),
            Command::Instrument(InstrumentArgs {
                command: InstrumentCommand::Check(args),
            }) => local::check::instrument(&args.file),
            Command::Workflow(WorkflowArgs {
                command: WorkflowCommand::Check(args),
            }) => local::check::workflow(&args.file),
            Command::Table(TableArgs {
                command: TableCommand::Check(args),
            }) => local::check::table(&args.file),
            Command::Verify(args) => local::verify::run(&args),
            Command::Key(args) => run::token::key(args).await,
            Command::Completions(args) => cli::completions(&args),
            _ => client::run(cli).await,
        }
    });
    match ended {
        Ok(code) => code,
        // The program that reads stdout has closed it early, which is no failure.
        Err(error) if client::fault::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    for line in client::fault::lines(error) {
        client::print::note(&line);
    }
    ExitCode::FAILURE
}
