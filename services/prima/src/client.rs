//! Client commands: every command that calls running services over gRPC.

mod audit;
pub mod call;
mod category_names;
mod certainty;
mod complaint;
pub mod connect;
mod consultation;
pub mod contract;
mod doctor;
pub mod fault;
mod health;
mod history;
pub mod import;
mod index;
mod index_read;
mod period;
pub mod print;
mod privacy;
pub(crate) mod publish;
mod read;
mod rebuild;
mod report;
mod responses;
pub mod rpc;
mod survey;
mod table;
pub(crate) mod text;
mod workflow_labels;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};

use crate::cli::{Cli, Command, ImportCommand};
use connect::Connection;
use import::{Options, ResponseOptions};

pub(crate) use certainty::get as certainty_get;
pub(crate) use read::{league_get, league_name, result_get};
pub(crate) use survey::create as survey_create;

/// The fault of a command that was sent here and calls no service.
const LOCAL: &str = "perintah ini bukan perintah klien";

/// Runs a client command.
pub async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let connection = Connection::from_args(&cli.connection)?;
    match cli.command {
        Command::Up(_)
        | Command::Serve(_)
        | Command::Migrate(_)
        | Command::Reconcile(_)
        | Command::DeadLetters(_)
        | Command::Token(_)
        | Command::Key(_)
        | Command::Completions(_)
        | Command::Workflow(_)
        | Command::Access(_)
        | Command::Api(_)
        | Command::Verify(_)
        | Command::Workdays(_) => bail!(LOCAL),
        Command::Health(args) => return health::check(&connection, &args).await,
        Command::Audit(args) => return audit::run(&connection, args.command).await,
        Command::Doctor(args) => return doctor::run(&connection, args.command).await,
        Command::Import(args) => return import(&connection, args.what).await,
        Command::Result(args) => return read::result(&connection, &args).await,
        Command::League(args) => return read::league(&connection, &args).await,
        Command::Rebuild(args) => return rebuild::run(&connection, args.what).await,
        Command::Complaint(args) => return complaint::run(&connection, args.command).await,
        Command::Responses(args) => responses::run(&connection, args.command).await?,
        Command::Survey(args) => survey::run(&connection, args.command).await?,
        Command::Instrument(args) => index::instrument(&connection, args.command).await?,
        Command::Index(args) => index::index(&connection, args.command).await?,
        Command::Scores(args) => index::scores(&connection, args).await?,
        Command::Consultation(args) => consultation::consultation(&connection, args.command).await?,
        Command::Knowledge(args) => consultation::knowledge(&connection, args.command).await?,
        Command::Privacy(args) => privacy::run(&connection, args.command).await?,
        Command::Report(args) => report::run(&connection, args.command).await?,
        Command::Scorecard(args) => history::scorecard(&connection, &args).await?,
        Command::Awards(args) => history::awards(&connection, &args).await?,
        Command::Explain(args) => history::explain(&connection, &args.command).await?,
        Command::Publish(args) => publish::run(&connection, args.command).await?,
        Command::Table(args) => table::run(&connection, args.command).await?,
        Command::Standing(args) => read::standing(&connection, &args).await?,
        Command::Call(args) => rpc::run(&connection, &args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the text of a file of at most `most` bytes.
pub(crate) fn document(file: &Path, most: u64) -> anyhow::Result<String> {
    let shown = || format!("berkas `{}` tidak dapat dibaca", file.display());
    let size = fs::metadata(file).with_context(shown)?.len();
    if size > most {
        bail!(
            "berkas `{}` terlalu besar: {size} bita; paling besar {most} bita",
            file.display()
        )
    }
    text::read(file).with_context(shown)
}

/// Exit status of a command that did its part and left something out: an import with refused rows, figures that are not
/// counted.
pub(crate) const PARTIAL: u8 = 3;

async fn import(connection: &Connection, what: ImportCommand) -> anyhow::Result<ExitCode> {
    let outcome = match what {
        ImportCommand::Regions(args) => {
            import::regions(connection, &Options::of(&args.file), args.replace).await?
        }
        ImportCommand::Units(args) => {
            import::units(connection, &Options::of(&args.file), args.replace).await?
        }
        ImportCommand::UnitTypes(args) => {
            import::unit_types(connection, &Options::of(&args.file), args.replace).await?
        }
        ImportCommand::Complaints(args) => import::complaints(connection, &args).await?,
        ImportCommand::Innovations(args) => import::innovations(connection, &args).await?,
        ImportCommand::Levels(args) => import::assessments(connection, &Options::of(&args)).await?,
        ImportCommand::Results(args) => import::results(connection, &Options::of(&args)).await?,
        ImportCommand::Scores(args) => import::scores(connection, &Options::of(&args)).await?,
        ImportCommand::Responses(args) => {
            let options = ResponseOptions {
                file: Options::of(&args.file),
                survey: args.survey,
                maps: args.map,
                values: args.value,
                zone: args.timezone,
                order: args.dates.order,
                date: args.date,
                by_line: args.ids_by_line,
                import_id: args.import_id,
                again: args.again,
            };
            import::responses(connection, &options).await?
        }
        ImportCommand::Holidays(args) => {
            let (summary, partial) = import::holidays(connection, &args).await?;
            print::out(&summary)?;
            return Ok(if partial {
                ExitCode::from(PARTIAL)
            } else {
                ExitCode::SUCCESS
            });
        }
    };
    print::out(&format!("{outcome}\n"))?;
    let entered = outcome.created + outcome.changed + outcome.unchanged;
    Ok(match (outcome.partial(), entered) {
        (false, _) => ExitCode::SUCCESS,
        (true, 0) => ExitCode::FAILURE,
        (true, _) => ExitCode::from(PARTIAL),
    })
}
