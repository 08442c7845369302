//! Why a rank changed.

use prima_proto::ranking::v1 as pb;

use super::league::{cohort_shown, remark, title};
use super::{Table, clean, moment, named};

/// The change as text.
pub fn table(change: &pb::ExplainRankChangeResponse) -> String {
    let (from, to) = (
        change.from.clone().unwrap_or_default(),
        change.to.clone().unwrap_or_default(),
    );
    let (last, row) = (
        to.table.clone().unwrap_or_default(),
        to.row.clone().unwrap_or_default(),
    );
    let mut text = clean(&format!(
        "{} ({}) · {} · {}",
        named(&row.display_name, "-"),
        row.subject,
        title(&last),
        cohort_shown(&last.cohort, &last.cohort_display_name)
    )) + "\n";
    text += &clean(&format!("Awal : {}", point(&from)));
    text += "\n";
    text += &clean(&format!("Akhir: {}", point(&to)));
    text += "\n";
    if change.parts.is_empty() {
        return text
            + "Tanpa peringkat pada salah satu waktu; tidak ada perubahan peringkat yang dapat diuraikan.\n";
    }
    text += &format!("Perubahan: {}.\n", moved(&change.ranks.to_string()));
    text += &Table::of(&change.parts)
        .text("Sumber", |part| source(part, change))
        .number("Nilai awal", |part| &part.component_from)
        .number("Nilai akhir", |part| &part.component_to)
        .number("Terhadap nilai", |part| &part.value_change)
        .number("Peringkat", |part| moved(&part.ranks))
        .print();
    text + &clean(&change.rule) + "\n"
}

/// The parts as CSV, with their exact fractions.
pub fn csv(change: &pb::ExplainRankChangeResponse) -> anyhow::Result<String> {
    Table::of(&change.parts)
        .text("source", |part| {
            part.source()
                .as_str_name()
                .trim_start_matches("RANK_SOURCE_")
                .to_lowercase()
        })
        .text("component", |part| &part.component)
        .text("component_from", |part| &part.component_from)
        .text("component_to", |part| &part.component_to)
        .text("value_change", |part| &part.value_change)
        .text("ranks", |part| &part.ranks)
        .text("ranks_fraction", |part| &part.ranks_fraction)
        .csv(true)
}

/// Period, moment, rank and value at one point.
fn point(standing: &pb::Standing) -> String {
    let (table, row) = (
        standing.table.clone().unwrap_or_default(),
        standing.row.clone().unwrap_or_default(),
    );
    let state = moment(&table)
        .map(|state| format!(" ({state})"))
        .unwrap_or_default();
    match row.rank {
        0 => format!(
            "{}{state}: tanpa peringkat, {}",
            table.period,
            remark(&row, &table)
        ),
        rank => format!(
            "{}{state}: peringkat {rank} dari {}, nilai {}",
            table.period, table.ranked, row.score
        ),
    }
}

/// A change of rank in words: a lesser rank is better.
pub fn moved(ranks: &str) -> String {
    match ranks.strip_prefix('-') {
        Some(up) => format!("naik {up}"),
        None if ranks.chars().all(|c| "0.".contains(c)) => "tetap".to_owned(),
        None => format!("turun {ranks}"),
    }
}

/// What changed the rank, for people.
pub fn source(part: &pb::RankPart, change: &pb::ExplainRankChangeResponse) -> String {
    match part.source() {
        pb::RankSource::Unspecified => "sumber lain".to_owned(),
        pb::RankSource::Component => format!("Unsur {}", part.component),
        pb::RankSource::OtherComponents => "Unsur lain".to_owned(),
        pb::RankSource::Remainder => "Nilai sendiri di luar unsur".to_owned(),
        pb::RankSource::Others => format!("Pergerakan peserta lain ({})", change.others),
        pb::RankSource::Entrants => format!("Peserta masuk ({})", change.entrants),
        pb::RankSource::Leavers => format!("Peserta keluar ({})", change.leavers),
        pb::RankSource::Method => "Metode (instrumen atau ketentuan tabel)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(period: &str, rank: i64, score: &str) -> pb::Standing {
        pb::Standing {
            table: Some(pb::LeagueTable {
                metric: "skm".into(),
                title: "Survei Kepuasan Masyarakat (IKM)".into(),
                period: period.into(),
                cohort: "dpmptsp".into(),
                ranked: 98,
                as_of: Some(prost_types::Timestamp {
                    seconds: 1_735_689_600,
                    nanos: 0,
                }),
                known_at: Some(prost_types::Timestamp {
                    seconds: 1_735_689_600,
                    nanos: 0,
                }),
                ..Default::default()
            }),
            row: Some(pb::LeagueRow {
                rank,
                subject: "agencies/3271/units/dpmptsp".into(),
                display_name: "DPMPTSP Kota Bogor".into(),
                score: score.into(),
                unranked_reason: if rank == 0 {
                    pb::UnrankedReason::TooFew.into()
                } else {
                    0
                },
                ..Default::default()
            }),
        }
    }

    fn part(
        source: pb::RankSource,
        component: &str,
        value_change: &str,
        ranks: &str,
        fraction: &str,
    ) -> pb::RankPart {
        pb::RankPart {
            source: source.into(),
            component: component.into(),
            value_change: value_change.into(),
            ranks: ranks.into(),
            ranks_fraction: fraction.into(),
            ..Default::default()
        }
    }

    #[test]
    fn the_parts_are_shown_with_the_rule() {
        let change = pb::ExplainRankChangeResponse {
            from: Some(standing("2023", 12, "84.10")),
            to: Some(standing("2024", 9, "88.31")),
            ranks: -3,
            parts: vec![
                part(pb::RankSource::Component, "time", "3.50", "-4.33", "-13/3"),
                part(pb::RankSource::Remainder, "", "0.71", "0.00", "0/1"),
                part(pb::RankSource::Others, "", "", "1.33", "4/3"),
            ],
            others: 90,
            rule: "Nilai Shapley.".into(),
            ..Default::default()
        };
        let printed = table(&change);
        let (head, rows) = printed.split_once('┌').unwrap();
        insta::assert_snapshot!(head, @r"
        DPMPTSP Kota Bogor (agencies/3271/units/dpmptsp) · Survei Kepuasan Masyarakat (IKM) · dpmptsp
        Awal : 2023 (keadaan 2025-01-01 07:00:00 WIB): peringkat 12 dari 98, nilai 84.10
        Akhir: 2024 (keadaan 2025-01-01 07:00:00 WIB): peringkat 9 dari 98, nilai 88.31
        Perubahan: naik 3.
        ");
        for cell in [
            "Unsur time",
            "naik 4.33",
            "tetap",
            "Pergerakan peserta lain (90)",
            "turun 1.33",
        ] {
            assert_eq!(rows.matches(cell).count(), 1, "{cell}: {rows}");
        }
        assert!(rows.ends_with("Nilai Shapley.\n"), "{rows}");
        insta::assert_snapshot!(csv(&change).unwrap(), @r"
        source,component,component_from,component_to,value_change,ranks,ranks_fraction
        component,time,,,3.50,'-4.33,'-13/3
        remainder,,,,0.71,0.00,0/1
        others,,,,,1.33,4/3
        ");
    }

    #[test]
    fn without_a_rank_no_number_is_shown() {
        let change = pb::ExplainRankChangeResponse {
            from: Some(standing("2023", 0, "")),
            to: Some(standing("2024", 9, "88.31")),
            ..Default::default()
        };
        insta::assert_snapshot!(table(&change), @r"
        DPMPTSP Kota Bogor (agencies/3271/units/dpmptsp) · Survei Kepuasan Masyarakat (IKM) · dpmptsp
        Awal : 2023 (keadaan 2025-01-01 07:00:00 WIB): tanpa peringkat, responden terlalu sedikit, tanpa nilai
        Akhir: 2024 (keadaan 2025-01-01 07:00:00 WIB): peringkat 9 dari 98, nilai 88.31
        Tanpa peringkat pada salah satu waktu; tidak ada perubahan peringkat yang dapat diuraikan.
        ");
    }
}
