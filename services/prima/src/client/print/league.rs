//! A league table.

use prima_index::domain::external;
use prima_proto::ranking::v1 as pb;
use serde::Serialize;

use super::{Columns, clean, or_dash, staleness};
use crate::cli::Format;

/// The metric whose sample counts complaints instead of respondents.
const COMPLAINTS: &str = "complaint-resolution";

/// A league table with the rows that were fetched.
#[derive(Debug, Clone, Default)]
pub struct League {
    pub table: pb::LeagueTable,
    /// The first rows, or all.
    pub rows: Vec<pb::LeagueRow>,
    /// How current the table is.
    pub freshness: Option<pb::Freshness>,
}

#[derive(Serialize)]
struct Json<'a> {
    table: &'a str,
    stale: bool,
    rows: Vec<JsonRow<'a>>,
}

#[derive(Serialize)]
struct JsonRow<'a> {
    rank: Option<i64>,
    subject: &'a str,
    name: &'a str,
    score: &'a str,
    category: &'a str,
    respondents: i64,
}

const CSV_HEADER: [&str; 9] = [
    "rank",
    "subject",
    "name",
    "agency",
    "score",
    "category",
    "respondents",
    "minimum_respondents",
    "note",
];

impl League {
    /// The table as text. With `one_of_many`, more documents follow in the same output.
    pub fn render(&self, format: Format, one_of_many: bool) -> anyhow::Result<String> {
        match format {
            Format::Table => Ok(self.table()),
            Format::Json => super::json(&self.json(), one_of_many),
            Format::Csv => self.csv(),
        }
    }

    fn table(&self) -> String {
        let pb::LeagueTable {
            metric,
            period,
            cohort,
            ranked,
            unranked,
            ..
        } = &self.table;
        let mut text = clean(&format!(
            "Peringkat {} · {period} · {cohort}",
            metric_name(metric)
        )) + "\n";
        let header = [
            "Peringkat",
            "Unit",
            "Instansi",
            "Nilai (IKM)",
            "Mutu",
            "Responden",
            "Keterangan",
        ];
        let header = header.map(|name| heading(name, metric));
        text += &super::table(
            &header,
            Columns {
                right: &[0, 3, 5],
                whole: &[],
            },
            self.rows.iter().map(|row| {
                vec![
                    rank(row).map_or_else(|| "-".to_owned(), |rank| rank.to_string()),
                    shown_name(row).to_owned(),
                    or_dash(&row.agency_display_name),
                    or_dash(&row.score),
                    or_dash(&category_name(metric, &row.category)),
                    row.respondents.to_string(),
                    remark(row, metric),
                ]
            }),
        );
        let shown = self.rows.len();
        text += &format!("{ranked} diperingkat, {unranked} tanpa peringkat; {shown} baris ditampilkan.\n");
        if let Some(warning) = staleness(self.freshness.as_ref()) {
            text += &format!("{warning}\n");
        }
        text
    }

    fn json(&self) -> Json<'_> {
        Json {
            table: &self.table.name,
            stale: self.freshness.as_ref().is_some_and(|freshness| freshness.stale),
            rows: self
                .rows
                .iter()
                .map(|row| JsonRow {
                    rank: rank(row),
                    subject: &row.subject,
                    name: &row.display_name,
                    score: &row.score,
                    category: &row.category,
                    respondents: row.respondents,
                })
                .collect(),
        }
    }

    fn csv(&self) -> anyhow::Result<String> {
        super::csv(
            Some(&CSV_HEADER),
            self.rows.iter().map(|row| {
                vec![
                    rank(row).map(|rank| rank.to_string()).unwrap_or_default().into(),
                    row.subject.as_str().into(),
                    row.display_name.as_str().into(),
                    row.agency_display_name.as_str().into(),
                    row.score.as_str().into(),
                    row.category.as_str().into(),
                    row.respondents.to_string().into(),
                    row.minimum_respondents.to_string().into(),
                    remark(row, &self.table.metric).into(),
                ]
            }),
        )
    }
}

/// The rank; `None` when the subject is listed without a rank.
pub fn rank(row: &pb::LeagueRow) -> Option<i64> {
    (row.rank > 0).then_some(row.rank)
}

/// Why a row has no rank, or whether its score may still change.
pub fn remark(row: &pb::LeagueRow, metric: &str) -> String {
    match row.unranked_reason() {
        pb::UnrankedReason::SampleTooSmall => {
            format!(
                "{} kurang: {} dari {}",
                heading("Responden", metric).to_lowercase(),
                row.respondents,
                row.minimum_respondents
            )
        }
        pb::UnrankedReason::UnitsMissing => {
            format!(
                "unit belum lengkap: {} dari {}",
                row.units_counted, row.units_expected
            )
        }
        pb::UnrankedReason::Unspecified => match row.status() {
            pb::ScoreStatus::Provisional => "sementara".to_owned(),
            pb::ScoreStatus::Final => "final".to_owned(),
            pb::ScoreStatus::Unspecified => String::new(),
        },
    }
}

/// The heading of a column for a metric.
pub fn heading(name: &'static str, metric: &str) -> &'static str {
    match (name, metric) {
        ("Nilai (IKM)", other) if other != "skm" => "Nilai",
        ("Responden", COMPLAINTS) => "Laporan",
        _ => name,
    }
}

/// The name of a metric for people.
pub fn metric_name(metric: &str) -> String {
    match metric {
        "skm" => "Survei Kepuasan Masyarakat (IKM)".to_owned(),
        COMPLAINTS => "Penyelesaian Pengaduan".to_owned(),
        other => other.to_owned(),
    }
}

/// A category as people call it: letters as they are; of a key in English the colour of its zone, else its name.
pub fn category_name(metric: &str, key: &str) -> String {
    let word = key.len() > 2 && key.bytes().all(|byte| byte.is_ascii_lowercase());
    let eras = external::find(metric)
        .map(|metric| metric.eras.as_slice())
        .unwrap_or_default();
    let mut bands = eras.iter().flat_map(|era| &era.bands);
    match bands.find(|band| word && band.key == key) {
        Some(band) if !band.zone.is_empty() => band.zone.clone(),
        Some(band) => band.name.clone(),
        None => key.to_owned(),
    }
}

fn shown_name(row: &pb::LeagueRow) -> &str {
    if row.display_name.is_empty() {
        &row.subject
    } else {
        &row.display_name
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[test]
    fn a_category_in_english_is_shown_by_its_colour_or_name() {
        for (metric, key, expected) in [
            ("ombudsman", "green", "hijau"),
            ("ombudsman", "highest", "Kualitas Tertinggi"),
            ("ombudsman", "A", "A"),
            ("sakip", "BB", "BB"),
            ("skm", "A", "A"),
            ("ombudsman", "", ""),
        ] {
            assert_eq!(category_name(metric, key), expected, "{metric} {key}");
        }
    }

    pub(in crate::client::print) fn sample() -> League {
        League {
            table: pb::LeagueTable {
                name: "metrics/skm/periods/2024-q3/cohorts/dpmptsp".into(),
                metric: "skm".into(),
                period: "2024-q3".into(),
                cohort: "dpmptsp".into(),
                ranked: 1,
                unranked: 1,
            },
            rows: vec![
                pb::LeagueRow {
                    rank: 1,
                    subject: "agencies/3271/units/dpmptsp".into(),
                    display_name: "DPMPTSP Kota Bogor".into(),
                    agency_display_name: "Kota Bogor".into(),
                    score: "91.48".into(),
                    category: "A".into(),
                    respondents: 29,
                    minimum_respondents: 1,
                    status: pb::ScoreStatus::Final.into(),
                    ..Default::default()
                },
                pb::LeagueRow {
                    subject: "agencies/3275/units/dpmptsp".into(),
                    display_name: "=cmd()".into(),
                    score: "80.00".into(),
                    category: "B".into(),
                    respondents: 3,
                    minimum_respondents: 30,
                    unranked_reason: pb::UnrankedReason::SampleTooSmall.into(),
                    ..Default::default()
                },
            ],
            freshness: Some(pb::Freshness {
                stale: true,
                ..Default::default()
            }),
        }
    }

    #[test]
    fn json_has_the_fixed_shape() {
        let expected = concat!(
            r#"{"table":"metrics/skm/periods/2024-q3/cohorts/dpmptsp","stale":true,"rows":["#,
            r#"{"rank":1,"subject":"agencies/3271/units/dpmptsp","name":"DPMPTSP Kota Bogor","score":"91.48","#,
            r#""category":"A","respondents":29},"#,
            r#"{"rank":null,"subject":"agencies/3275/units/dpmptsp","name":"=cmd()","score":"80.00","#,
            r#""category":"B","respondents":3}]}"#,
            "\n"
        );
        assert_eq!(sample().render(Format::Json, true).unwrap(), expected);
    }

    #[test]
    fn people_see_why_a_subject_has_no_rank() {
        let text = sample().render(Format::Table, false).unwrap();
        for expected in [
            "Nilai (IKM)",
            "91.48",
            "final",
            "responden kurang: 3 dari 30",
            "1 tanpa peringkat",
            "Perhatian",
        ] {
            assert!(text.contains(expected), "{expected} in\n{text}");
        }
    }

    #[test]
    fn csv_leaves_the_rank_empty_and_runs_nothing() {
        let text = sample().render(Format::Csv, false).unwrap();
        let last = text.lines().last().unwrap();
        assert_eq!(
            last,
            ",agencies/3275/units/dpmptsp,'=cmd(),,80.00,B,3,30,responden kurang: 3 dari 30"
        );
    }
}
