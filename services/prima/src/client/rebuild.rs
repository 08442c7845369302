//! Rebuilds what a service keeps in memory, with its progress.

use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use prima_proto::ranking::v1 as pb;
use tonic_types::StatusExt;

use super::connect::Connection;
use super::print::{self, Table};
use crate::cli::{RebuildCommand, RebuildTablesArgs};

const READING: &str = "{msg:<22} [{bar:36}] {percent:>3} %, sisa {eta}";

/// The reason of the status that follows the rows that differ.
const DIFFER: &str = "TABLES_DIFFER";

pub(super) async fn run(connection: &Connection, what: RebuildCommand) -> anyhow::Result<ExitCode> {
    match what {
        RebuildCommand::Tables(args) => tables(connection, args).await,
    }
}

async fn tables(connection: &Connection, args: RebuildTablesArgs) -> anyhow::Result<ExitCode> {
    let mut client = connection.ranking().await?;
    let message = pb::RebuildLeagueTablesRequest {
        accepted_hash: args.accept.unwrap_or_default(),
    };
    let mut stream = client.rebuild_league_tables(message).await?.into_inner();
    let style = ProgressStyle::with_template(READING).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr()).with_style(style);
    let mut last = pb::RebuildLeagueTablesResponse::default();
    let ended = loop {
        match stream.message().await {
            Ok(Some(message)) => {
                show(&bar, &message);
                last = message;
            }
            Ok(None) => break Ok(()),
            Err(status) => break Err(status),
        }
    };
    bar.finish_and_clear();
    if let Err(status) = ended {
        let differ = status
            .get_details_error_info()
            .is_some_and(|info| info.reason == DIFFER);
        if !differ {
            return Err(status.into());
        }
    }
    print::out(&report(&last))?;
    Ok(match last.phase() {
        pb::RebuildPhase::Replaced => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

fn show(bar: &ProgressBar, message: &pb::RebuildLeagueTablesResponse) {
    let read = message.sources.iter().map(|source| match source.complete {
        true => source.until_sequence,
        false => source.sequence.min(source.until_sequence),
    });
    bar.set_length(message.sources.iter().map(|source| source.until_sequence).sum());
    bar.set_position(read.sum());
    bar.set_message(match message.phase() {
        pb::RebuildPhase::Reading => "Membaca bus",
        pb::RebuildPhase::Waiting => "Menyamakan keadaan",
        _ => "Membandingkan baris",
    });
}

/// The result of a rebuild.
fn report(last: &pb::RebuildLeagueTablesResponse) -> String {
    let states: i64 = last.sources.iter().map(|source| source.states).sum();
    let mut text = format!(
        "{} tabel dibangun ulang dari {states} keadaan; hash {} (lama {}).\n",
        last.tables, last.rebuilt_hash, last.live_hash
    );
    if last.differing_rows > 0 {
        text += &Table::of(&last.differences)
            .text("Tabel", |difference| &difference.table)
            .text("Subjek", |difference| &difference.subject)
            .text("Isian: lama → baru", changes)
            .print();
        text += &format!("{} baris berbeda.\n", last.differing_rows);
    }
    text + &match last.phase() {
        pb::RebuildPhase::Replaced => "Tabel yang dibangun ulang kini dipakai.\n".to_owned(),
        _ => format!(
            "Tidak ada yang diganti. Bila tabel baru yang benar: prima rebuild tables --accept {}\n",
            last.difference_hash
        ),
    }
}

/// What differs in a row.
fn changes(difference: &pb::RebuildDifference) -> String {
    match (difference.is_live, difference.is_rebuilt) {
        (true, false) => return "hanya di tabel lama".to_owned(),
        (false, true) => return "hanya di tabel baru".to_owned(),
        (true, true) | (false, false) => {}
    }
    let field = |field: &pb::RebuildField| {
        format!(
            "{}: {} → {}",
            field.field,
            print::or_dash(&field.live),
            print::or_dash(&field.rebuilt)
        )
    };
    let fields: Vec<String> = difference.fields.iter().map(field).collect();
    match fields.is_empty() {
        true => "urutan".to_owned(),
        false => fields.join("; "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_rebuild_names_the_rows_and_how_to_accept_them() {
        let field = |field: &str, live: &str, rebuilt: &str| pb::RebuildField {
            field: field.to_owned(),
            live: live.to_owned(),
            rebuilt: rebuilt.to_owned(),
        };
        let difference = |subject: &str, is_live, is_rebuilt, fields| pb::RebuildDifference {
            table: "metrics/skm/periods/2024/cohorts/kota".to_owned(),
            subject: subject.to_owned(),
            is_live,
            is_rebuilt,
            fields,
        };
        let last = pb::RebuildLeagueTablesResponse {
            phase: pb::RebuildPhase::Refused.into(),
            sources: vec![pb::RebuildSource {
                states: 12,
                ..Default::default()
            }],
            live_hash: "aa".to_owned(),
            rebuilt_hash: "bb".to_owned(),
            tables: 3,
            differing_rows: 2,
            differences: vec![
                difference(
                    "agencies/3271",
                    true,
                    true,
                    vec![field("score", "80.00", "81.00"), field("recorded", "", "true")],
                ),
                difference("agencies/3276", false, true, Vec::new()),
            ],
            difference_hash: "cc".to_owned(),
        };
        let text = report(&last);
        for expected in [
            "3 tabel dibangun ulang dari 12 keadaan; hash bb (lama aa).",
            "score: 80.00 → 81.00; recorded: - → true",
            "hanya di tabel baru",
            "2 baris berbeda.",
            "Tidak ada yang diganti. Bila tabel baru yang benar: prima rebuild tables --accept cc",
        ] {
            assert!(text.contains(expected), "{expected} in\n{text}");
        }
        let replaced = pb::RebuildLeagueTablesResponse {
            phase: pb::RebuildPhase::Replaced.into(),
            differing_rows: 0,
            differences: Vec::new(),
            ..last
        };
        insta::assert_snapshot!(report(&replaced), @r"
        3 tabel dibangun ulang dari 12 keadaan; hash bb (lama aa).
        Tabel yang dibangun ulang kini dipakai.
        ");
    }
}
