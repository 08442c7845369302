//! Instruments of evaluation, simulated indices, and recorded scores.

use std::collections::BTreeMap;

use anyhow::bail;
use prima_proto::index::v1 as pb;

use super::call::{pages, repeat};
use super::connect::Connection;
use super::import;
use super::index_read;
use super::print;
use crate::cli::{
    FormKind, IndexCommand, InstrumentCommand, KeyedNumber, ScoresArgs, SimulateArgs, TableOrJson,
};

pub(super) async fn instrument(connection: &Connection, command: InstrumentCommand) -> anyhow::Result<()> {
    match command {
        InstrumentCommand::List(args) => {
            let client = connection.index().await?;
            let all = pages!(
                client,
                list_instruments,
                pb::ListInstrumentsRequest::default(),
                instruments
            );
            let name = "prima.index.v1.ListInstrumentsResponse";
            print::answer(args.format, name, &all, |all| {
                print::instrument::list(&all.instruments)
            })
        }
        InstrumentCommand::Show(args) => {
            let client = connection.index().await?;
            let answer = repeat!(client, get_instrument, pb::GetInstrumentRequest { id: args.id })?;
            let instrument = answer.instrument.unwrap_or_default();
            Ok(print::out(&match args.output.format {
                TableOrJson::Json => answer.document.trim_end().to_owned() + "\n",
                TableOrJson::Table => print::instrument::detail(&instrument),
            })?)
        }
        InstrumentCommand::Check(_) => bail!(super::LOCAL),
    }
}

pub(super) async fn index(connection: &Connection, command: IndexCommand) -> anyhow::Result<()> {
    let args = match command {
        IndexCommand::Show(args) => return index_read::show(connection, &args).await,
        IndexCommand::Explain(args) => return index_read::explain(connection, &args).await,
        IndexCommand::Form(args) => {
            return Ok(print::out(&import::assessment_form(connection, &args).await?)?);
        }
        IndexCommand::Simulate(args) => args,
    };
    let format = args.output.format;
    let message = simulation(args)?;
    let client = connection.index().await?;
    let answer = repeat!(client, simulate_index, message)?;
    Ok(print::out(&match format {
        TableOrJson::Json => print::index::simulation_json(&answer)?,
        TableOrJson::Table => print::index::simulation(&answer),
    })?)
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

pub(super) async fn scores(connection: &Connection, args: ScoresArgs) -> anyhow::Result<()> {
    let client = connection.index().await?;
    let filter = pb::ListExternalScoresRequest {
        metric: args.metric,
        subject: args.subject,
        period: args.period,
        unconfirmed: args.unconfirmed,
        ..Default::default()
    };
    let all = pb::ListExternalScoresResponse {
        scores: import::list_scores(&client, filter).await?,
        next_page_token: String::new(),
    };
    let name = "prima.index.v1.ListExternalScoresResponse";
    print::answer(args.output.format, name, &all, |all| match args.unconfirmed {
        true => print::scores::waiting(&all.scores),
        false => print::scores::table(&all.scores),
    })
}
