//! Instruments of evaluation, simulated indices, and recorded scores.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;
use prima_index::domain::instrument::Instrument;
use prima_proto::index::v1 as pb;
use prost::Message;
use uuid::Uuid;

use super::call::repeat;
use super::connect::{Connection, Index};
use super::import;
use super::index_read;
use super::print;
use crate::cli::{
    ConfirmArgs, FormKind, IndexCommand, InstrumentCommand, KeyedNumber, ScoresArgs, SimulateArgs,
    TableOrJson,
};

const PAGE: i32 = 1000;
/// Longest document that the service accepts, in bytes.
const DOCUMENT_MAX: u64 = 1 << 20;

pub(super) async fn instrument(
    connection: &Connection,
    command: InstrumentCommand,
) -> anyhow::Result<ExitCode> {
    match command {
        InstrumentCommand::Check(args) => return check(&args.file),
        InstrumentCommand::List(args) => list(&connection.index().await?, args.format).await?,
        InstrumentCommand::Add(args) => add(&connection.index().await?, &args.file).await?,
        InstrumentCommand::Show(args) => {
            let client = connection.index().await?;
            let answer = repeat!(client, get_instrument, pb::GetInstrumentRequest { id: args.id })?;
            let instrument = answer.instrument.unwrap_or_default();
            print::out(&match args.format {
                TableOrJson::Json => answer.document.trim_end().to_owned() + "\n",
                TableOrJson::Table => print::instrument::detail(&instrument),
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn check(file: &Path) -> anyhow::Result<ExitCode> {
    let read = Instrument::read(&super::document(file, DOCUMENT_MAX)?);
    print::out(&print::instrument::checked(&read))?;
    Ok(match read {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

async fn list(client: &Index, format: TableOrJson) -> anyhow::Result<()> {
    let mut all = pb::ListInstrumentsResponse::default();
    loop {
        let message = pb::ListInstrumentsRequest {
            page_size: PAGE,
            page_token: std::mem::take(&mut all.next_page_token),
        };
        let page = repeat!(client, list_instruments, message)?;
        all.instruments.extend(page.instruments);
        all.next_page_token = page.next_page_token;
        if all.next_page_token.is_empty() {
            break;
        }
    }
    print::out(&match format {
        TableOrJson::Json => print::message("prima.index.v1.ListInstrumentsResponse", &all)?,
        TableOrJson::Table => print::instrument::list(&all.instruments),
    })?;
    Ok(())
}

async fn add(client: &Index, file: &Path) -> anyhow::Result<()> {
    let mut message = pb::AddInstrumentRequest {
        request_id: String::new(),
        document: super::document(file, DOCUMENT_MAX)?,
    };
    message.request_id = request_id("AddInstrument", &message);
    let added = repeat!(client, add_instrument, message)?
        .instrument
        .unwrap_or_default();
    print::out(&format!("Instrumen ditambahkan: {}\n", added.id))?;
    Ok(())
}

/// The request id is derived from the content, so that sending the same message again is a repeat.
fn request_id(method: &str, message: &impl Message) -> String {
    let text = [method.as_bytes(), b"\0", &message.encode_to_vec()].concat();
    Uuid::new_v5(&Uuid::NAMESPACE_URL, &text).to_string()
}

async fn confirm(client: &Index, args: ConfirmArgs) -> anyhow::Result<()> {
    let mut message = pb::ConfirmExternalScoreRequest {
        request_id: String::new(),
        metric: args.metric,
        subject: args.subject,
        period: args.period,
        etag: args.etag,
    };
    message.request_id = request_id("ConfirmExternalScore", &message);
    let score = repeat!(client, confirm_external_score, message)?
        .score
        .unwrap_or_default();
    print::out(&format!(
        "Nilai disahkan: {} {} {} = {}\n",
        score.metric, score.subject, score.period, score.score
    ))?;
    Ok(())
}

pub(super) async fn index(connection: &Connection, command: IndexCommand) -> anyhow::Result<ExitCode> {
    let args = match command {
        IndexCommand::Show(args) => return index_read::show(connection, &args).await,
        IndexCommand::Explain(args) => return index_read::explain(connection, &args).await,
        IndexCommand::Confirm(args) => {
            confirm(&connection.index().await?, args).await?;
            return Ok(ExitCode::SUCCESS);
        }
        IndexCommand::Form(args) => {
            print::out(&import::assessment_form(connection, &args).await?)?;
            return Ok(ExitCode::SUCCESS);
        }
        IndexCommand::Simulate(args) => args,
    };
    let format = args.format;
    let message = simulation(args)?;
    let client = connection.index().await?;
    let answer = repeat!(client, simulate_index, message)?;
    print::out(&match format {
        TableOrJson::Json => print::index::simulation_json(&answer)?,
        TableOrJson::Table => print::index::simulation(&answer),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn simulation(args: SimulateArgs) -> anyhow::Result<pb::SimulateIndexRequest> {
    let levels = args.levels.as_deref().map(import::levels).transpose()?;
    Ok(pb::SimulateIndexRequest {
        instrument: args.instrument,
        form: args.form.map_or("", FormKind::name).to_owned(),
        levels: levels.unwrap_or_default(),
        f03: args.f03.unwrap_or_default(),
        respondents: args.respondents.unwrap_or_default(),
        minimum_respondents: 0,
        under_minimum_policy: args.under_minimum,
        weighting: args.weighting,
        aspect_scores: by_key("--aspect-score", args.aspect_score)?,
        aspect_weights: by_key("--aspect-weight", args.aspect_weight)?,
        leave_out_aspect: args.leave_out,
    })
}

fn by_key(option: &str, list: Vec<KeyedNumber>) -> anyhow::Result<BTreeMap<String, String>> {
    let mut numbers = BTreeMap::new();
    for KeyedNumber { key, number } in list {
        if numbers.insert(key.clone(), number).is_some() {
            bail!("{option}: `{key}` disebut dua kali")
        }
    }
    Ok(numbers)
}

pub(super) async fn scores(connection: &Connection, args: ScoresArgs) -> anyhow::Result<ExitCode> {
    let client = connection.index().await?;
    let filter = pb::ListExternalScoresRequest {
        metric: args.metric,
        subject: args.subject,
        period: args.period,
        unconfirmed: args.unconfirmed,
        ..Default::default()
    };
    let scores = import::list_scores(&client, filter).await?;
    print::out(&match args.format {
        TableOrJson::Json => {
            let all = pb::ListExternalScoresResponse {
                scores,
                next_page_token: String::new(),
            };
            print::message("prima.index.v1.ListExternalScoresResponse", &all)?
        }
        TableOrJson::Table if args.unconfirmed => print::scores::waiting(&scores),
        TableOrJson::Table => print::scores::table(&scores),
    })?;
    Ok(ExitCode::SUCCESS)
}
