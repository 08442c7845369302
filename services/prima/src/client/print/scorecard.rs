//! The scorecard of one subject.

use prima_proto::ranking::v1 as pb;

use super::league::{cohort_shown, rank_shown, remark, title};
use super::{Table, clean, staleness};

/// A row of the scorecard: an entry with one of its standings.
#[derive(Clone, Copy)]
struct Line<'a> {
    entry: &'a pb::ScorecardEntry,
    table: &'a pb::LeagueTable,
    row: &'a pb::LeagueRow,
}

fn lines(card: &pb::GetScorecardResponse) -> impl Iterator<Item = Line<'_>> {
    card.entries.iter().flat_map(|entry| {
        let standings = entry.standings.iter();
        standings.filter_map(move |standing| {
            Some(Line {
                entry,
                table: standing.table.as_ref()?,
                row: standing.row.as_ref()?,
            })
        })
    })
}

/// The scorecard as text.
pub fn table(subject: &str, card: &pb::GetScorecardResponse) -> String {
    let name = lines(card)
        .map(|line| line.row.display_name.as_str())
        .find(|name| !name.is_empty());
    let mut text = clean(&format!("{} ({subject})", name.unwrap_or("-"))) + "\n";
    text += &Table::of(lines(card))
        .text("Ukuran", |line| title(line.table))
        .text("Periode", |line| &line.entry.period)
        .whole("Kelompok", |line| {
            cohort_shown(&line.table.cohort, &line.table.cohort_display_name)
        })
        .number("Peringkat", |line| rank_shown(line.row))
        .number("Dari", |line| line.table.ranked)
        .number("Nilai", |line| &line.row.score)
        .text("Mutu", |line| &line.row.category)
        .number("Perubahan", |line| points(line.entry))
        .number("%", |line| percent(line.entry))
        .text("Keterangan", note)
        .print();
    if let Some(warning) = staleness(card.freshness.as_ref()) {
        text += &format!("{warning}\n");
    }
    text
}

/// The scorecard as CSV, a line for each table.
pub fn csv(subject: &str, card: &pb::GetScorecardResponse) -> anyhow::Result<String> {
    Table::of(lines(card))
        .text("subject", |_| subject)
        .text("metric", |line| &line.entry.metric)
        .text("period", |line| &line.entry.period)
        .text("cohort", |line| &line.table.cohort)
        .text("rank", |line| rank_shown(line.row))
        .text("ranked", |line| line.table.ranked)
        .text("score", |line| &line.row.score)
        .text("category", |line| &line.row.category)
        .text("base_period", |line| trend(line.entry).base_period)
        .text("points", |line| trend(line.entry).points)
        .text("relative_percent", |line| trend(line.entry).relative_percent)
        .text("note", note)
        .csv(true)
}

fn trend(entry: &pb::ScorecardEntry) -> pb::Trend {
    entry.trend.clone().unwrap_or_default()
}

/// A number with its sign, also when it is positive.
fn signed(text: &str) -> String {
    match text.starts_with('-') || text.chars().all(|c| "0.".contains(c)) {
        true => text.to_owned(),
        false => format!("+{text}"),
    }
}

fn points(entry: &pb::ScorecardEntry) -> String {
    signed(&trend(entry).points)
}

fn percent(entry: &pb::ScorecardEntry) -> String {
    signed(&trend(entry).relative_percent)
}

/// The remark of the row, and why there is no change or what is unlike in it.
fn note(line: Line<'_>) -> String {
    let trend = trend(line.entry);
    let words =
        |refusals: Vec<pb::TrendRefusal>| refusals.into_iter().map(refusal).collect::<Vec<_>>().join(", ");
    let (refused, across) = (trend.refusals().collect(), trend.given_across().collect());
    let of_trend = match (trend.refusals.is_empty(), trend.given_across.is_empty()) {
        (false, _) => format!(
            "perubahan dari {} tidak dihitung: {}",
            trend.base_period,
            words(refused)
        ),
        (true, false) => format!("perubahan dari {} walaupun {}", trend.base_period, words(across)),
        (true, true) if !trend.base_period.is_empty() => format!("perubahan dari {}", trend.base_period),
        (true, true) => String::new(),
    };
    let remark = remark(line.row, line.table);
    let given = [remark, of_trend].into_iter().filter(|text| !text.is_empty());
    given.collect::<Vec<_>>().join("; ")
}

fn refusal(refusal: pb::TrendRefusal) -> &'static str {
    match refusal {
        pb::TrendRefusal::Unspecified => "sebab lain",
        pb::TrendRefusal::NoValue => "tanpa nilai atau sampel kurang",
        pb::TrendRefusal::UnlikeInstruments => "instrumen berbeda",
        pb::TrendRefusal::UnlikeCompositions => "susunan berbeda",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(period: &str, trend: Option<pb::Trend>) -> pb::ScorecardEntry {
        let standing = |cohort: &str, rank, ranked| pb::Standing {
            table: Some(pb::LeagueTable {
                cohort: cohort.into(),
                ranked,
                ..Default::default()
            }),
            row: Some(pb::LeagueRow {
                rank,
                display_name: "DPMPTSP Kota Bogor".into(),
                score: "88.31".into(),
                category: "A".into(),
                status: pb::ScoreStatus::Final.into(),
                ..Default::default()
            }),
        };
        pb::ScorecardEntry {
            metric: "skm".into(),
            period: period.into(),
            standings: vec![standing("dpmptsp", 7, 98), standing("dpmptsp.32", 2, 27)],
            trend,
            ..Default::default()
        }
    }

    #[test]
    fn a_change_is_shown_or_the_reason_why_it_is_not() {
        let given = pb::Trend {
            base_period: "2023".into(),
            points: "1.20".into(),
            relative_percent: "1.38".into(),
            ..Default::default()
        };
        let refused = pb::Trend {
            base_period: "2022".into(),
            refusals: vec![pb::TrendRefusal::UnlikeInstruments.into()],
            ..Default::default()
        };
        let card = pb::GetScorecardResponse {
            entries: vec![
                entry("2022", None),
                entry("2023", Some(refused)),
                entry("2024", Some(given)),
            ],
            ..Default::default()
        };
        let printed = table("agencies/3271/units/dpmptsp", &card);
        assert!(
            printed.starts_with("DPMPTSP Kota Bogor (agencies/3271/units/dpmptsp)\n"),
            "{printed}"
        );
        for cell in ["+1.20", "+1.38", "dari 2022 tidak dihitung", "instrumen berbeda"] {
            assert_eq!(printed.matches(cell).count(), 2, "{cell}: {printed}");
        }
        insta::assert_snapshot!(csv("agencies/3271/units/dpmptsp", &card).unwrap(), @r"
        subject,metric,period,cohort,rank,ranked,score,category,base_period,points,relative_percent,note
        agencies/3271/units/dpmptsp,skm,2022,dpmptsp,7,98,88.31,A,,,,final
        agencies/3271/units/dpmptsp,skm,2022,dpmptsp.32,2,27,88.31,A,,,,final
        agencies/3271/units/dpmptsp,skm,2023,dpmptsp,7,98,88.31,A,2022,,,final; perubahan dari 2022 tidak dihitung: instrumen berbeda
        agencies/3271/units/dpmptsp,skm,2023,dpmptsp.32,2,27,88.31,A,2022,,,final; perubahan dari 2022 tidak dihitung: instrumen berbeda
        agencies/3271/units/dpmptsp,skm,2024,dpmptsp,7,98,88.31,A,2023,1.20,1.38,final; perubahan dari 2023
        agencies/3271/units/dpmptsp,skm,2024,dpmptsp.32,2,27,88.31,A,2023,1.20,1.38,final; perubahan dari 2023
        ");
    }
}
