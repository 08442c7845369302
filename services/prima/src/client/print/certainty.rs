//! How sure the ranks of a league table are, and whom the table misses.

use prima_proto::ranking::v1::{self as pb, LeagueTableColumn as Column};

use super::league::{cohort_shown, coverage, rank_shown, score_heading, shows, title};
use super::{Table, clean, named, staleness};

/// What the groups mean.
const GROUPS: &str = "Kelompok: yang pertama di suatu kelompok pasti lebih baik daripada yang pertama di kelompok berikutnya, dan \
                      belum tentu lebih baik daripada anggota lain kelompoknya.";

/// The table for people.
pub fn table(found: &pb::GetRankCertaintyResponse) -> String {
    let (table, certainty) = parts(found);
    let mut text = clean(&format!(
        "Kepastian peringkat {} · {} · {}",
        title(&table),
        table.period,
        cohort_shown(&table.cohort, &table.cohort_display_name)
    )) + "\n";
    let is_given = certainty.absent_reason() == pb::CertaintyAbsent::Unspecified;
    let percent = certainty.confidence_percent;
    let of_units = shows(&table, Column::Agency);
    text += &Table::of(&found.rows)
        .when(is_given, |shown| {
            shown.number("Kelompok", |row| of(row, |own| own.group.to_string()))
        })
        .number("Peringkat", |row| rank_shown(&league_row(row)))
        .text(if of_units { "Unit" } else { "Instansi" }, |row| {
            let row = league_row(row);
            named(&row.display_name, &row.subject).to_owned()
        })
        .when(of_units, |shown| {
            shown.text("Instansi", |row| league_row(row).agency_display_name)
        })
        .number(&score_heading(&table), |row| league_row(row).score)
        .when(is_given, |shown| {
            shown
                .number("Galat baku", |row| of(row, |own| own.standard_error.clone()))
                .whole_number(&format!("Interval tunggal {percent}%"), |row| {
                    of(row, |own| range(own.single.as_ref()))
                })
                .whole_number(&format!("Interval serentak {percent}%"), |row| {
                    of(row, |own| range(own.joint.as_ref()))
                })
                .text(&format!("{} terbaik", certainty.best), |row| {
                    of(row, |own| among(own).to_owned())
                })
        })
        .print();
    text += &match certainty.absent_reason() {
        pb::CertaintyAbsent::Unspecified => {
            let groups = certainty.groups;
            format!("{groups} kelompok yang dapat dibedakan. {GROUPS}\n{}\n", clean(&certainty.method))
        }
        pb::CertaintyAbsent::NoStandardErrors => {
            "Nilai tabel ini tidak punya galat baku (dicatat dari publikasi, atau bukan dari sampel): ada peringkat, \
             tanpa interval dan kelompok.\n"
                .to_owned()
        }
        pb::CertaintyAbsent::TooFewSubjects => {
            "Kurang dari dua peringkat punya galat baku: tanpa interval dan kelompok.\n".to_owned()
        }
        pb::CertaintyAbsent::TooManySubjects => {
            "Lebih dari 5.000 diperingkat: interval tidak dihitung; pilih kelompok yang lebih kecil.\n".to_owned()
        }
    };
    if is_given && certainty.without_standard_error > 0 {
        text += &format!(
            "{} diperingkat tanpa galat baku, tidak ikut dibandingkan.\n",
            certainty.without_standard_error
        );
    }
    text += &coverage(&table).map_or_else(String::new, |line| line + "\n");
    ending(text, found.freshness.as_ref())
}

/// The rows as CSV.
pub fn csv(found: &pb::GetRankCertaintyResponse) -> anyhow::Result<String> {
    let (table, certainty) = parts(found);
    let end = |row: &pb::CertainRow,
               interval: fn(&pb::RankCertainty) -> Option<pb::RankInterval>,
               is_from: bool| {
        of(row, |own| {
            let interval = interval(own).unwrap_or_default();
            match is_from {
                true => interval.from.to_string(),
                false => interval.to.to_string(),
            }
        })
    };
    Table::of(&found.rows)
        .text("rank", |row| rank_shown(&league_row(row)))
        .text("subject", |row| league_row(row).subject)
        .text("name", |row| league_row(row).display_name)
        .text("agency", |row| league_row(row).agency_display_name)
        .text("score", |row| league_row(row).score)
        .text("standard_error", |row| of(row, |own| own.standard_error.clone()))
        .text("group", |row| of(row, |own| own.group.to_string()))
        .text("single_from", |row| end(row, |own| own.single, true))
        .text("single_to", |row| end(row, |own| own.single, false))
        .text("joint_from", |row| end(row, |own| own.joint, true))
        .text("joint_to", |row| end(row, |own| own.joint, false))
        .text("among_best", |row| of(row, |own| own.among_best.to_string()))
        .text("not_among_best", |row| {
            of(row, |own| own.not_among_best.to_string())
        })
        .text("best", |_| certainty.best)
        .text("confidence_percent", |_| certainty.confidence_percent)
        .text("seed", |_| certainty.seed)
        .text("table", |_| &table.name)
        .csv(true)
}

/// The missing for people.
pub fn missing_table(found: &pb::ListMissingSubjectsResponse) -> String {
    let table = found.table.clone().unwrap_or_default();
    let of_units = shows(&table, Column::Agency);
    let mut text = clean(&format!(
        "Belum punya nilai {} · {} · {}",
        title(&table),
        table.period,
        cohort_shown(&table.cohort, &table.cohort_display_name)
    )) + "\n";
    text += &Table::of(&found.subjects)
        .text(if of_units { "Unit" } else { "Instansi" }, |missing| {
            &missing.display_name
        })
        .when(of_units, |shown| {
            shown.text("Instansi", |missing| &missing.agency_display_name)
        })
        .whole("Nama sumber daya", |missing| &missing.subject)
        .print();
    text += &coverage(&table).map_or_else(String::new, |line| line + "\n");
    ending(text, found.freshness.as_ref())
}

/// The missing as CSV.
pub fn missing_csv(found: &pb::ListMissingSubjectsResponse) -> anyhow::Result<String> {
    Table::of(&found.subjects)
        .text("subject", |missing| &missing.subject)
        .text("name", |missing| &missing.display_name)
        .text("agency", |missing| &missing.agency_display_name)
        .csv(true)
}

fn parts(found: &pb::GetRankCertaintyResponse) -> (pb::LeagueTable, pb::TableCertainty) {
    let certainty = found.certainty.clone().unwrap_or_default();
    (found.table.clone().unwrap_or_default(), certainty)
}

fn ending(text: String, freshness: Option<&pb::Freshness>) -> String {
    match staleness(freshness) {
        Some(warning) => format!("{text}{warning}\n"),
        None => text,
    }
}

fn league_row(row: &pb::CertainRow) -> pb::LeagueRow {
    row.row.clone().unwrap_or_default()
}

/// A cell of what is known of a row; empty when nothing is.
fn of(row: &pb::CertainRow, cell: impl Fn(&pb::RankCertainty) -> String) -> String {
    row.certainty.as_ref().map(cell).unwrap_or_default()
}

fn range(interval: Option<&pb::RankInterval>) -> String {
    let interval = interval.copied().unwrap_or_default();
    match interval.from == interval.to {
        true => interval.from.to_string(),
        false => format!("{}–{}", interval.from, interval.to),
    }
}

fn among(own: &pb::RankCertainty) -> &'static str {
    match (own.among_best, own.not_among_best) {
        (true, _) => "pasti",
        (false, true) => "pasti tidak",
        (false, false) => "belum pasti",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::print::league::tests::sample;

    fn found() -> pb::GetRankCertaintyResponse {
        let interval = |from, to| Some(pb::RankInterval { from, to });
        let league = sample();
        let certain = pb::RankCertainty {
            standard_error: "0.8123".into(),
            single: interval(1, 2),
            joint: interval(1, 1),
            group: 1,
            among_best: true,
            not_among_best: false,
        };
        pb::GetRankCertaintyResponse {
            table: Some(pb::LeagueTable {
                expected: 98,
                ..league.table
            }),
            certainty: Some(pb::TableCertainty {
                confidence_percent: 95,
                best: 10,
                groups: 1,
                without_standard_error: 1,
                method: "Cara menghitung.".into(),
                ..Default::default()
            }),
            rows: vec![
                pb::CertainRow {
                    row: league.rows.first().cloned(),
                    certainty: Some(certain),
                },
                pb::CertainRow {
                    row: league.rows.get(1).cloned(),
                    certainty: None,
                },
            ],
            freshness: None,
        }
    }

    #[test]
    fn both_intervals_are_labelled_with_what_they_promise() {
        let text = table(&found());
        for expected in [
            "Interval tunggal 95%",
            "Interval serentak 95%",
            "10 terbaik",
            "1–2",
            "pasti",
            "Cara menghitung.",
            "1 diperingkat tanpa galat baku",
            "2 dari 98",
        ] {
            assert!(text.contains(expected), "{expected} in\n{text}");
        }
        let text = csv(&found()).unwrap();
        let header = "rank,subject,name,agency,score,standard_error,group,single_from,single_to,joint_from,joint_to,among_best,\
                      not_among_best,best,confidence_percent,seed,table\n";
        assert!(text.starts_with(header), "{text}");
        assert!(
            text.contains(",91.48,0.8123,1,1,2,1,1,true,false,10,95,0,"),
            "{text}"
        );
    }

    #[test]
    fn a_table_without_certainty_says_why_and_shows_no_empty_columns() {
        let mut found = found();
        for row in &mut found.rows {
            row.certainty = None;
        }
        let mut certainty = found.certainty.unwrap_or_default();
        certainty.set_absent_reason(pb::CertaintyAbsent::NoStandardErrors);
        found.certainty = Some(certainty);
        let text = table(&found);
        assert!(text.contains("tidak punya galat baku"), "{text}");
        assert!(!text.contains("Interval") && !text.contains("Kelompok"), "{text}");
    }

    #[test]
    fn the_missing_are_listed_with_the_coverage() {
        let mut missing = pb::ListMissingSubjectsResponse {
            table: found().table,
            ..Default::default()
        };
        missing.subjects.push(pb::MissingSubject {
            subject: "agencies/3275/units/dpmptsp".into(),
            display_name: "DPMPTSP Kota Bekasi".into(),
            agency_display_name: "Kota Bekasi".into(),
        });
        let text = missing_table(&missing);
        assert!(
            text.contains("DPMPTSP Kota Bekasi") && text.contains("2 dari 98"),
            "{text}"
        );
        assert!(
            missing_csv(&missing)
                .unwrap()
                .ends_with("agencies/3275/units/dpmptsp,DPMPTSP Kota Bekasi,Kota Bekasi\n")
        );
    }
}
