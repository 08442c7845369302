//! The client side: every command that talks gRPC to running services.

pub mod call;
pub mod connect;
pub mod fault;
mod health;
pub mod import;
pub mod print;
mod read;
mod report;
mod survey;

use std::process::ExitCode;

use anyhow::bail;

use crate::cli::{Cli, Command, ImportWhat};
use connect::Connection;
use import::Options;

pub(crate) use read::{league_get, league_name, result_get};
pub(crate) use survey::create as survey_create;

/// Runs a client command. What goes wrong is printed to stderr, in Indonesian, and ends in exit status 1; a reader
/// of stdout that leaves early is no failure.
///
/// # Errors
///
/// Never for what a user can cause; the result type is that of the other commands.
pub async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match dispatch(cli).await {
        Ok(code) => Ok(code),
        Err(error) if fault::is_broken_pipe(&error) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            for line in fault::lines(&error) {
                print::note(&line);
            }
            Ok(ExitCode::FAILURE)
        }
    }
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let connection = Connection::from_args(&cli.connection)?;
    match cli.command {
        Command::Up(_)
        | Command::Serve(_)
        | Command::Migrate(_)
        | Command::Reconcile(_)
        | Command::DeadLetters(_)
        | Command::Token(_) => {
            bail!("perintah ini bukan perintah klien")
        }
        Command::Health(args) => health::check(&connection, &args).await,
        Command::Import(args) => import(&connection, args.what).await,
        Command::Survey(args) => survey::run(&connection, args.what).await,
        Command::Result(args) => read::result(&connection, &args).await,
        Command::Report(args) => report::run(&connection, args.what).await,
        Command::League(args) => read::league(&connection, &args).await,
        Command::Standing(args) => read::standing(&connection, &args).await,
        Command::SampleSize(args) => survey::sample_size(&connection, args.population).await,
    }
}

async fn import(connection: &Connection, what: ImportWhat) -> anyhow::Result<ExitCode> {
    let outcome = match what {
        ImportWhat::Regions(args) => import::regions(connection, &Options::of(&args)).await?,
        ImportWhat::Units(args) => import::units(connection, &Options::of(&args)).await?,
        ImportWhat::Responses(args) => {
            import::responses(connection, &args.survey, &Options::of(&args.file)).await?
        }
    };
    print::out(&format!("{outcome}\n"))?;
    Ok(if outcome.refused == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
