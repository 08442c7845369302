//! Reads results, league tables and standings, once or continuously.

use std::process::ExitCode;

use backon::BackoffBuilder;
use prima_platform::clock::to_proto;
use prima_proto::{name, ranking::v1 as ranking, survey::v1 as survey};
use tonic::{Response, Status, Streaming};

use super::call::{PAGE, delays, longer, repeat, transient};
use super::category_names::CategoryNames;
use super::certainty;
use super::connect::{Connection, Ranking, Survey};
use super::period;
use super::print::league::League;
use super::print::standing::Standings;
use super::print::{self, result as print_result};
use crate::cli::{Format, LeagueArgs, LeagueRowsArgs, ResultArgs, ResultCommand, StandingArgs, TimesArgs};

/// Rows around a subject, unless a number is given.
const AROUND: u32 = 11;

/// After so many failures in a row, about two minutes, a watch ends with the error.
const FAILURES: u32 = 30;

pub(super) async fn result(connection: &Connection, args: &ResultArgs) -> anyhow::Result<ExitCode> {
    let client = connection.survey().await?;
    match &args.command {
        Some(ResultCommand::Unit(args)) => period::unit(&client, args).await?,
        Some(ResultCommand::Agency(args)) => period::agency(&client, args).await?,
        None => return survey_result(&client, args).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn survey_result(client: &Survey, args: &ResultArgs) -> anyhow::Result<ExitCode> {
    let name = args.survey.clone().unwrap_or_default();
    if !args.watch {
        let result = result_get(client, &name).await?;
        print::out(&print_result::render(&result, args.output.format, false)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let open = || {
        let (mut client, survey) = (client.clone(), name.clone());
        async move { client.watch_result(survey::WatchResultRequest { survey }).await }
    };
    follow(open, |message: survey::WatchResultResponse| {
        let result = message.result.unwrap_or_default();
        show(
            args.output.format,
            &print_result::render(&result, args.output.format, true)?,
        )
    })
    .await
}

/// The result of one survey.
pub(crate) async fn result_get(client: &Survey, survey: &str) -> Result<survey::Result, Status> {
    let message = survey::GetResultRequest {
        survey: survey.to_owned(),
    };
    Ok(repeat!(client, get_result, message)?.result.unwrap_or_default())
}

pub(super) async fn league(connection: &Connection, args: &LeagueArgs) -> anyhow::Result<ExitCode> {
    let client = connection.ranking().await?;
    let name = league_name(&args.ranked.metric, &args.ranked.period, &args.cohort);
    if args.certainty.certainty {
        certainty::show(&client, name, args).await?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.certainty.missing {
        certainty::missing(&client, name, args).await?;
        return Ok(ExitCode::SUCCESS);
    }
    if !args.watch {
        let limit = args.limit.or(args.rows.around.as_ref().map(|_| AROUND));
        let mut league = league_read(&client, selected(name, &args.rows, &args.times), limit).await?;
        let categories = league.rows.iter().map(|row| &row.category);
        league.names = CategoryNames::read_for(connection, &args.ranked.metric, categories).await;
        print::out(&league.render(args.output.format, false)?)?;
        if args.output.format == Format::Csv
            && let Some(warning) = print::staleness(league.freshness.as_ref())
        {
            print::note(&warning);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let page_size = args
        .limit
        .map_or(Ok(PAGE), i32::try_from)
        .unwrap_or(PAGE)
        .min(PAGE);
    // The categories of the rows to come are not known; those of SKM are letters.
    let names = match args.ranked.metric.as_str() {
        "skm" => CategoryNames::default(),
        metric => CategoryNames::read(connection, metric).await,
    };
    let open = || {
        let (mut client, name) = (client.clone(), name.clone());
        async move {
            client
                .watch_league_table(ranking::WatchLeagueTableRequest {
                    name,
                    page_size,
                    ..Default::default()
                })
                .await
        }
    };
    follow(open, |message: ranking::WatchLeagueTableResponse| {
        let ranking::WatchLeagueTableResponse {
            table,
            rows,
            freshness,
            ..
        } = message;
        let league = League {
            table: table.unwrap_or_default(),
            rows,
            freshness,
            names: names.clone(),
        };
        show(args.output.format, &league.render(args.output.format, true)?)
    })
    .await
}

/// The resource name of a league table.
pub(crate) fn league_name(metric: &str, period: &str, cohort: &str) -> String {
    name::LeagueTable {
        metric: metric.to_owned(),
        period: period.to_owned(),
        cohort: cohort.to_owned(),
    }
    .to_string()
}

/// A league table with its first `limit` rows, or all rows.
pub(crate) async fn league_get(client: &Ranking, name: &str, limit: Option<u32>) -> anyhow::Result<League> {
    let message = ranking::GetLeagueTableRequest {
        name: name.to_owned(),
        ..Default::default()
    };
    league_read(client, message, limit).await
}

/// The rows of a table at a moment that the arguments select.
fn selected(name: String, args: &LeagueRowsArgs, times: &TimesArgs) -> ranking::GetLeagueTableRequest {
    let order = match args.bottom {
        true => ranking::RowOrder::BottomFirst,
        false => ranking::RowOrder::TopFirst,
    };
    ranking::GetLeagueTableRequest {
        name,
        start_rank: args.from_rank.unwrap_or_default(),
        around: args.around.clone().unwrap_or_default(),
        order: order.into(),
        region: args.region.clone().unwrap_or_default(),
        as_of: times.as_of.map(to_proto),
        known_at: times.known_at.map(to_proto),
        ..Default::default()
    }
}

/// The first `limit` of the selected rows, or all.
async fn league_read(
    client: &Ranking,
    selected: ranking::GetLeagueTableRequest,
    limit: Option<u32>,
) -> anyhow::Result<League> {
    let mut league = League::default();
    let mut page_token = String::new();
    loop {
        let fetched = u32::try_from(league.rows.len()).unwrap_or(u32::MAX);
        let missing = limit.and_then(|limit| i32::try_from(limit.saturating_sub(fetched)).ok());
        let message = ranking::GetLeagueTableRequest {
            page_size: missing.unwrap_or(PAGE).min(PAGE),
            page_token: std::mem::take(&mut page_token),
            ..selected.clone()
        };
        let page = repeat!(client, get_league_table, message)?;
        league.table = page.table.unwrap_or_default();
        league.freshness = page.freshness;
        league.rows.extend(page.rows);
        page_token = page.next_page_token;
        let enough = limit.is_some_and(|limit| league.rows.len() >= limit as usize);
        if page_token.is_empty() || enough {
            return Ok(league);
        }
    }
}

pub(super) async fn standing(connection: &Connection, args: &StandingArgs) -> anyhow::Result<()> {
    let client = connection.ranking().await?;
    let message = ranking::GetStandingRequest {
        subject: args.subject.clone(),
        metric: args.ranked.metric.clone(),
        period: args.ranked.period.clone(),
        as_of: args.times.as_of.map(to_proto),
        known_at: args.times.known_at.map(to_proto),
    };
    let answer = repeat!(client, get_standing, message.clone())?;
    let rows = answer
        .standings
        .iter()
        .filter_map(|standing| standing.row.as_ref());
    let categories = rows.map(|row| &row.category);
    let names = CategoryNames::read_for(connection, &message.metric, categories).await;
    let standings = Standings {
        subject: message.subject,
        metric: message.metric,
        period: message.period,
        standings: answer.standings,
        freshness: answer.freshness,
        names,
    };
    Ok(print::out(&standings.render(args.output.format)?)?)
}

fn show(format: Format, text: &str) -> anyhow::Result<()> {
    // Tables that follow each other need an empty line between them; documents for machines do not.
    let gap = if format == Format::Table { "\n" } else { "" };
    Ok(print::out(&format!("{text}{gap}"))?)
}

/// Handles every message of a stream, and opens the stream again when it ends or breaks. The first message of a stream
/// always holds the whole state. A loop of its own, because every message that arrives begins the delays anew.
pub(super) async fn follow<M, F>(
    mut open: impl FnMut() -> F,
    mut show: impl FnMut(M) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode>
where
    F: Future<Output = Result<Response<Streaming<M>>, Status>>,
{
    let mut failures = 0;
    let mut waits = delays(usize::MAX).build();
    loop {
        let status = match open().await.map(Response::into_inner) {
            Err(status) => status,
            Ok(mut stream) => loop {
                match stream.message().await {
                    Ok(Some(message)) => {
                        failures = 0;
                        waits = delays(usize::MAX).build();
                        show(message)?;
                    }
                    Ok(None) => break Status::unavailable("stream ended"),
                    Err(status) => break status,
                }
            },
        };
        failures += 1;
        if !transient(&status) || failures >= FAILURES {
            return Err(status.into());
        }
        if failures == 1 {
            print::note("Sambungan terputus; mencoba lagi …");
        }
        let wait = longer(&status, waits.next()).unwrap_or_default();
        tokio::time::sleep(wait).await;
    }
}
