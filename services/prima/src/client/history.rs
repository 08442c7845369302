//! Reads league tables over time: scorecards, and why a rank changed.

use chrono::{DateTime, Utc};
use prima_platform::clock::to_proto;
use prima_proto::ranking::v1 as pb;

use super::call::{PAGE, repeat};
use super::connect::Connection;
use super::league_name;
use super::print::{self, award, rank_change, scorecard};
use crate::cli::{AwardsArgs, ExplainCommand, ExplainRankArgs, Format, ScorecardArgs};

pub(super) async fn scorecard(connection: &Connection, args: &ScorecardArgs) -> anyhow::Result<()> {
    let client = connection.ranking().await?;
    let mut card = pb::GetScorecardResponse::default();
    loop {
        let message = pb::GetScorecardRequest {
            subject: args.subject.clone(),
            page_size: PAGE,
            page_token: std::mem::take(&mut card.next_page_token),
            metric: args.metric.clone().unwrap_or_default(),
            across_instruments: args.across_instruments,
            across_compositions: args.across_compositions,
        };
        let page = repeat!(client, get_scorecard, message)?;
        card.entries.extend(page.entries);
        card.freshness = page.freshness;
        card.next_page_token = page.next_page_token;
        if card.next_page_token.is_empty() {
            break;
        }
    }
    let text = match args.output.format {
        Format::Table => scorecard::table(&args.subject, &card),
        Format::Json => print::message("prima.ranking.v1.GetScorecardResponse", &card)?,
        Format::Csv => scorecard::csv(&args.subject, &card)?,
    };
    Ok(print::out(&text)?)
}

pub(super) async fn awards(connection: &Connection, args: &AwardsArgs) -> anyhow::Result<()> {
    let client = connection.ranking().await?;
    let message = pb::ListAwardsRequest {
        name: league_name(&args.ranked.metric, &args.ranked.period, &args.cohort),
        best: args.best,
        as_of: args.times.as_of.map(to_proto),
        known_at: args.times.known_at.map(to_proto),
    };
    let answer = repeat!(client, list_awards, message)?;
    let text = match args.output.format {
        Format::Table => award::table(&answer),
        Format::Json => print::message("prima.ranking.v1.ListAwardsResponse", &answer)?,
        Format::Csv => award::csv(&answer)?,
    };
    Ok(print::out(&text)?)
}

pub(super) async fn explain(connection: &Connection, command: &ExplainCommand) -> anyhow::Result<()> {
    match command {
        ExplainCommand::Rank(args) => explain_rank(connection, args).await,
    }
}

async fn explain_rank(connection: &Connection, args: &ExplainRankArgs) -> anyhow::Result<()> {
    let client = connection.ranking().await?;
    let point = |period: &str, as_of: Option<DateTime<Utc>>, known_at: Option<DateTime<Utc>>| {
        Some(pb::RankPoint {
            period: period.to_owned(),
            as_of: as_of.map(to_proto),
            known_at: known_at.map(to_proto),
        })
    };
    let message = pb::ExplainRankChangeRequest {
        subject: args.subject.clone(),
        metric: args.metric.clone(),
        cohort: args.cohort.clone(),
        from: point(&args.from, args.from_as_of, args.from_known_at),
        to: point(&args.to, args.to_as_of, args.to_known_at),
    };
    let change = repeat!(client, explain_rank_change, message)?;
    let text = match args.output.format {
        Format::Table => rank_change::table(&change),
        Format::Json => print::message("prima.ranking.v1.ExplainRankChangeResponse", &change)?,
        Format::Csv => rank_change::csv(&change)?,
    };
    Ok(print::out(&text)?)
}
