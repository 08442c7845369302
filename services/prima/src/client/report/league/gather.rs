//! Reads the data of a report of a table. Without the table there is no report; what else does not exist or is refused leaves a
//! reason in its place.

use anyhow::Context;
use chrono::{DateTime, Utc};
use prima_proto::period::Period;
use prima_proto::{name, ranking::v1 as pb};
use tonic::Status;

use super::super::gather::part;
use super::movement::{Explained, Movement};
use super::{Definition, LeagueReport, Part};
use crate::cli::ReportLeagueArgs;
use crate::client::call::{pages, repeat};
use crate::client::category_names::CategoryNames;
use crate::client::connect::{Connection, Ranking};
use crate::client::print::league::League;
use crate::client::{league_get, league_name};

/// How often the table and its certainty are read until both are of the same rows.
const READS: usize = 3;
/// How many changes of rank are explained.
const EXPLAINED: usize = 3;

pub(super) async fn report(
    connection: &Connection,
    args: &ReportLeagueArgs,
    made: DateTime<Utc>,
) -> anyhow::Result<LeagueReport> {
    let client = connection.ranking().await?;
    let name =
        name::LeagueTable::parse(&args.table).with_context(|| format!("tabel `{}` tidak sah", args.table))?;
    let mut reads = 0;
    let (mut league, certainty) = loop {
        let league = league_get(&client, &args.table, None).await?;
        let certainty = part(certainty(&client, args).await)?;
        reads += 1;
        match certainty {
            Ok(answer) if !agree(&league, &answer) && reads < READS => {}
            Ok(answer) if !agree(&league, &answer) => {
                break (
                    league,
                    Err("tabel berubah selama dibaca; ulangi perintah ini".to_owned()),
                );
            }
            certainty => break (league, certainty),
        }
    };
    let categories = league.rows.iter().map(|row| &row.category);
    league.names = CategoryNames::read_for(connection, &name.metric, categories).await;
    let movement = movement(&client, args, &name, &league).await?;
    Ok(LeagueReport {
        definition: part(definition(&client, &league.table).await)?,
        certainty,
        missing: part(missing(&client, &args.table).await)?,
        movement,
        awards: part(awards(&client, args).await)?,
        league,
        made,
    })
}

/// Whether the certainty is of the rows of the table.
fn agree(league: &League, certainty: &pb::GetRankCertaintyResponse) -> bool {
    let key = |row: &pb::LeagueRow| (row.subject.clone(), row.rank, row.score.clone());
    let ranked = league.rows.iter().filter(|row| row.rank > 0).map(key);
    let certain = certainty.rows.iter().filter_map(|row| row.row.as_ref()).map(key);
    certainty.rows.is_empty() || ranked.eq(certain)
}

async fn certainty(
    client: &Ranking,
    args: &ReportLeagueArgs,
) -> Result<pb::GetRankCertaintyResponse, Status> {
    let message = pb::GetRankCertaintyRequest {
        name: args.table.clone(),
        confidence_percent: 0,
        best: args.best,
    };
    repeat!(client, get_rank_certainty, message)
}

async fn definition(client: &Ranking, table: &pb::LeagueTable) -> Result<Definition, Status> {
    if table.definition.is_empty() {
        return Ok(Definition::default());
    }
    let message = pb::GetTableDefinitionRequest {
        name: table.definition.clone(),
    };
    let answer = repeat!(client, get_table_definition, message)?;
    let json = answer.definition.unwrap_or_default().json;
    serde_json::from_str(&json).map_err(|error| Status::internal(format!("definisi tabel: {error}")))
}

async fn missing(client: &Ranking, table: &str) -> Result<Vec<pb::MissingSubject>, Status> {
    let message = pb::ListMissingSubjectsRequest {
        name: table.to_owned(),
        ..Default::default()
    };
    Ok(pages!(client, list_missing_subjects, message, subjects).subjects)
}

async fn awards(client: &Ranking, args: &ReportLeagueArgs) -> Result<pb::ListAwardsResponse, Status> {
    let message = pb::ListAwardsRequest {
        name: args.table.clone(),
        best: args.best,
        ..Default::default()
    };
    repeat!(client, list_awards, message)
}

async fn movement(
    client: &Ranking,
    args: &ReportLeagueArgs,
    name: &name::LeagueTable,
    league: &League,
) -> anyhow::Result<Part<Movement>> {
    let before = name
        .period
        .parse()
        .ok()
        .and_then(|period: Period| period.previous());
    let period = match (&args.compare, before) {
        (Some(period), _) => period.clone(),
        (None, Some(period)) => period.as_str().to_owned(),
        (None, None) => return Ok(Err("periode ini tidak mempunyai periode sebelumnya".to_owned())),
    };
    let table = league_name(&name.metric, &period, &name.cohort);
    let before = league_get(client, &table, None).await;
    let before = match (before, &args.compare) {
        (Ok(before), _) => before,
        // The caller asked for this period by name, so a refusal ends the command instead of leaving a gap.
        (Err(error), Some(_)) => return Err(error),
        (Err(error), None) => match part::<()>(Err(error.downcast::<Status>()?))? {
            Ok(()) => return Ok(Err(String::new())),
            Err(reason) => return Ok(Err(format!("{period}: {reason}"))),
        },
    };
    let mut movement = Movement::between(&before, league);
    for mover in movement.largest(EXPLAINED) {
        let point = |period: &str| {
            Some(pb::RankPoint {
                period: period.to_owned(),
                ..Default::default()
            })
        };
        let message = pb::ExplainRankChangeRequest {
            subject: mover.subject.clone(),
            metric: name.metric.clone(),
            cohort: name.cohort.clone(),
            from: point(&period),
            to: point(&name.period),
        };
        let change = part(repeat!(client, explain_rank_change, message))?;
        movement.explained.push(Explained { mover, change });
    }
    Ok(Ok(movement))
}
