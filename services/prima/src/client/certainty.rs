//! Reads how sure the ranks of a league table are, and whom the table misses.

use prima_proto::ranking::v1 as pb;

use super::call::{pages, repeat};
use super::connect::Ranking;
use super::print::{self, certainty as printed};
use crate::cli::{Format, LeagueArgs};

/// How sure the ranks of a table are, with its first `limit` rows or all.
pub(crate) async fn get(
    client: &Ranking,
    message: pb::GetRankCertaintyRequest,
    limit: Option<u32>,
) -> anyhow::Result<pb::GetRankCertaintyResponse> {
    let mut found = repeat!(client, get_rank_certainty, message)?;
    if let Some(limit) = limit {
        found.rows.truncate(limit as usize);
    }
    Ok(found)
}

pub(super) async fn show(client: &Ranking, name: String, args: &LeagueArgs) -> anyhow::Result<()> {
    let message = pb::GetRankCertaintyRequest {
        name,
        confidence_percent: args.certainty.confidence.unwrap_or_default(),
        best: args.certainty.best.unwrap_or_default(),
    };
    let found = get(client, message, args.limit).await?;
    let text = match args.output.format {
        Format::Table => printed::table(&found),
        Format::Json => print::message("prima.ranking.v1.GetRankCertaintyResponse", &found)?,
        Format::Csv => printed::csv(&found)?,
    };
    Ok(print::out(&text)?)
}

pub(super) async fn missing(client: &Ranking, name: String, args: &LeagueArgs) -> anyhow::Result<()> {
    let message = pb::ListMissingSubjectsRequest {
        name,
        ..Default::default()
    };
    let mut all = pages!(client, list_missing_subjects, message, subjects);
    if let Some(limit) = args.limit {
        all.subjects.truncate(limit as usize);
    }
    let text = match args.output.format {
        Format::Table => printed::missing_table(&all),
        Format::Json => print::message("prima.ranking.v1.ListMissingSubjectsResponse", &all)?,
        Format::Csv => printed::missing_csv(&all)?,
    };
    Ok(print::out(&text)?)
}
