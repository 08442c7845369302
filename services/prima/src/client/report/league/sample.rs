//! A sample report for tests: cities with invented scores in two periods, and how sure their ranks are.

use prima_platform::clock;
use prima_proto::ranking::v1 as pb;

use super::movement::{Explained, Movement};
use super::{Definition, LeagueReport};
use crate::client::print::league::League;

pub(super) const TABLE: &str = "metrics/skm/periods/2024-q3/cohorts/dpmptsp";

/// Codes of cities, one after the other of every province.
fn city(number: usize) -> String {
    let tiles = &super::provinces::ALL;
    let province = &tiles[number % tiles.len()];
    format!("{}{}", province.code, 71 + number / tiles.len() % 9)
}

fn row(number: usize, rank: usize, hundredths: usize) -> pb::LeagueRow {
    pb::LeagueRow {
        rank: i64::try_from(rank).unwrap(),
        subject: format!("agencies/{}/units/u{number}", city(number)),
        display_name: format!("DPMPTSP Kota Contoh {number:03}"),
        agency_display_name: format!("Kota Contoh {number:03}"),
        score: format!("{}.{:02}", hundredths / 100, hundredths % 100),
        category: "B".into(),
        respondents: 40 + i64::try_from(number % 40).unwrap(),
        minimum_respondents: 30,
        status: pb::ScoreStatus::Final.into(),
        ..Default::default()
    }
}

/// A table of so many, in the order of their numbers or in another one.
fn league(period: &str, count: usize, order: impl Fn(usize) -> usize) -> League {
    let rows = (1..=count).map(|rank| row(order(rank), rank, 9500 - rank * 5000 / (count + 1)));
    let count = i64::try_from(count).unwrap();
    League {
        table: pb::LeagueTable {
            name: TABLE.replace("2024-q3", period),
            metric: "skm".into(),
            period: period.into(),
            cohort: "dpmptsp".into(),
            ranked: count,
            expected: count + 2,
            title: "Survei Kepuasan Masyarakat (IKM)".into(),
            definition: "metrics/skm/definitions/1".into(),
            columns: vec![
                pb::LeagueTableColumn::Agency.into(),
                pb::LeagueTableColumn::Category.into(),
                pb::LeagueTableColumn::Sample.into(),
            ],
            higher_is_better: true,
            sample_title: "Responden".into(),
            hash: "ab".repeat(32),
            ..Default::default()
        },
        rows: rows.collect(),
        freshness: Some(pb::Freshness {
            as_of: Some(prost_types::Timestamp {
                seconds: 1_727_750_000,
                nanos: 0,
            }),
            positions: vec![pb::StreamPosition {
                service: "survey".into(),
                stream_created: 1_727_000_000_000_000_000,
                sequence: 4711,
            }],
            ..Default::default()
        }),
        names: Default::default(),
    }
}

fn certainty(league: &League) -> pb::GetRankCertaintyResponse {
    let count = i32::try_from(league.rows.len()).unwrap();
    let interval = |rank: i32, wide: i32| {
        Some(pb::RankInterval {
            from: (rank - wide).max(1),
            to: (rank + wide).min(count),
        })
    };
    let row = |(rank, row): (i32, &pb::LeagueRow)| pb::CertainRow {
        row: Some(row.clone()),
        certainty: Some(pb::RankCertainty {
            standard_error: "0.500000".into(),
            single: interval(rank, 3),
            joint: interval(rank, 9),
            group: (rank - 1) / 8 + 1,
            among_best: rank < 3,
            not_among_best: rank > 20,
        }),
    };
    pb::GetRankCertaintyResponse {
        table: Some(league.table.clone()),
        certainty: Some(pb::TableCertainty {
            confidence_percent: 95,
            best: 10,
            groups: (count - 1) / 8 + 1,
            draws: 2000,
            seed: 42,
            method: "Cara contoh.".into(),
            ..Default::default()
        }),
        rows: (1..).zip(&league.rows).map(row).collect(),
        freshness: None,
    }
}

fn explained(movement: &Movement) -> Vec<Explained> {
    let part = |source: pb::RankSource, component: &str, ranks: &str, fraction: &str| pb::RankPart {
        source: source.into(),
        component: component.into(),
        value_change: if component.is_empty() {
            String::new()
        } else {
            "3.50".into()
        },
        ranks: ranks.into(),
        ranks_fraction: fraction.into(),
        component_from: "3.1000".into(),
        component_to: "3.6000".into(),
    };
    let change = pb::ExplainRankChangeResponse {
        ranks: -4,
        parts: vec![
            part(pb::RankSource::Component, "time", "-5.33", "-16/3"),
            part(pb::RankSource::Leavers, "", "0.00", "0/1"),
            part(pb::RankSource::Others, "", "1.33", "4/3"),
        ],
        others: 90,
        rule: "Nilai Shapley.".into(),
        ..Default::default()
    };
    let explained = movement.largest(1).into_iter();
    explained
        .map(|mover| Explained {
            mover,
            change: Ok(change.clone()),
        })
        .collect()
}

fn awards(league: &League) -> pb::ListAwardsResponse {
    let winner = |row: &pb::LeagueRow, value: &str, certainty: pb::AwardCertainty| pb::AwardWinner {
        subject: row.subject.clone(),
        display_name: row.display_name.clone(),
        rank: row.rank,
        score: row.score.clone(),
        category: row.category.clone(),
        value: value.into(),
        certainty: certainty.into(),
        ..Default::default()
    };
    let award = |kind: pb::AwardKind, title: &str, winners: Vec<pb::AwardWinner>| pb::Award {
        kind: kind.into(),
        table: league.table.name.clone(),
        title: title.into(),
        rule: "Aturan contoh.".into(),
        source: "Sumber contoh".into(),
        places: 10,
        winner_count: i64::try_from(winners.len()).unwrap(),
        winners,
        ..Default::default()
    };
    let first = league.rows.iter().take(10);
    let sure = pb::AwardCertainty::Sure;
    let best = first.map(|row| winner(row, "", sure)).collect();
    let time = league.rows.iter().take(1);
    let time = time
        .map(|row| winner(row, "3.9000", pb::AwardCertainty::Unspecified))
        .collect();
    pb::ListAwardsResponse {
        name: league.table.name.clone(),
        awards: vec![
            award(pb::AwardKind::Best, "10 terbaik", best),
            pb::Award {
                component: "time".into(),
                ..award(pb::AwardKind::RoleModel, "Teladan Waktu Penyelesaian", time)
            },
        ],
        ..Default::default()
    }
}

/// A report of a table of so many, none of whom has the rank of the period before.
pub(super) fn report(count: usize) -> LeagueReport {
    let league = league("2024-q3", count, |rank| rank);
    let before = self::league("2024-q2", count, |rank| count + 1 - rank);
    let mut movement = Movement::between(&before, &league);
    movement.explained = explained(&movement);
    LeagueReport {
        definition: Ok(Definition {
            ties: "competition".into(),
            citation: "PermenPANRB 14/2017".into(),
        }),
        certainty: Ok(certainty(&league)),
        missing: Ok(["Belum Satu", "Belum Dua"]
            .map(|name| pb::MissingSubject {
                subject: "agencies/3271/units/belum".into(),
                display_name: name.into(),
                agency_display_name: "Kota Bogor".into(),
            })
            .to_vec()),
        movement: Ok(movement),
        awards: Ok(awards(&league)),
        league,
        made: clock::from_micros(1_727_800_000_000_000),
    }
}

/// A table of scores that were recorded from a publication.
pub(super) fn recorded(count: usize) -> LeagueReport {
    let mut report = report(count);
    report.certainty = Ok(pb::GetRankCertaintyResponse {
        certainty: Some(pb::TableCertainty {
            absent_reason: pb::CertaintyAbsent::NoStandardErrors.into(),
            ..Default::default()
        }),
        ..Default::default()
    });
    report
}

/// A table that nobody has a rank in.
pub(super) fn empty() -> LeagueReport {
    let mut report = recorded(0);
    report.league.rows = vec![pb::LeagueRow {
        unranked_reason: pb::UnrankedReason::SampleTooSmall.into(),
        ..row(1, 0, 8000)
    }];
    report.missing = Err("belum ada".into());
    report.movement = Err("2024-q2: tidak ditemukan".into());
    report.awards = Err("riwayat belum dimulai".into());
    report
}
