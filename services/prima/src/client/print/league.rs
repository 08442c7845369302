//! A league table.

use prima_proto::ranking::v1::{self as pb, LeagueTableColumn as Column};
use serde::Serialize;

use super::{Table, clean, named, staleness};
use crate::cli::Format;
use crate::client::category_names::{CategoryNames, is_word};

/// A league table with the rows that were fetched.
#[derive(Debug, Clone, Default)]
pub struct League {
    pub table: pb::LeagueTable,
    /// The first rows, or all.
    pub rows: Vec<pb::LeagueRow>,
    /// How current the table is.
    pub freshness: Option<pb::Freshness>,
    /// The names of the categories in the rows.
    pub names: CategoryNames,
}

#[derive(Serialize)]
struct Json<'a> {
    table: &'a str,
    title: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    unit: &'a str,
    stale: bool,
    ranked: i64,
    unranked: i64,
    expected: i64,
    rows: Vec<JsonRow<'a>>,
}

#[derive(Serialize)]
struct JsonRow<'a> {
    rank: Option<i64>,
    subject: &'a str,
    name: &'a str,
    score: &'a str,
    category: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    category_display_name: &'a str,
    respondents: i64,
    note: String,
}

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
        let table = &self.table;
        let pb::LeagueTable {
            period,
            cohort,
            ranked,
            unranked,
            mean,
            cohort_display_name,
            ..
        } = table;
        let mut text = clean(&format!(
            "Peringkat {} · {period} · {}",
            title(table),
            cohort_shown(cohort, cohort_display_name)
        )) + "\n";
        let of_units = shows(table, Column::Agency);
        let sample = shows(table, Column::Sample) && self.rows.iter().any(has_sample);
        let units = shows(table, Column::Units) && self.rows.iter().any(|row| row.units_expected > 0);
        text += &Table::of(&self.rows)
            .number("Peringkat", rank_shown)
            .text(if of_units { "Unit" } else { "Instansi" }, |row| {
                named(&row.display_name, &row.subject)
            })
            .when(of_units, |shown| {
                shown.text("Instansi", |row| &row.agency_display_name)
            })
            .number(&score_heading(table), |row| &row.score)
            .when(shows(table, Column::Category), |shown| {
                shown.text("Mutu", |row| shown_category(&self.names, row))
            })
            .when(sample, |shown| {
                shown.number(sample_title(table), |row| row.respondents)
            })
            .when(units, |shown| shown.text("Unit dihitung", units_counted))
            .text("Keterangan", |row| remark(row, table))
            .print();
        if let Some(moment) = super::moment(&self.table) {
            text += &format!("Riwayat: {moment}.\n");
        }
        let shown = self.rows.len();
        text += &format!("{ranked} diperingkat, {unranked} tanpa peringkat; {shown} baris ditampilkan.\n");
        text += &coverage(table).map_or_else(String::new, |line| line + "\n");
        if !mean.is_empty() {
            text += &format!("Rata-rata instansi yang diperingkat: {mean}.\n");
        }
        if let Some(warning) = staleness(self.freshness.as_ref()) {
            text += &format!("{warning}\n");
        }
        text
    }

    fn json(&self) -> Json<'_> {
        Json {
            table: &self.table.name,
            title: title(&self.table),
            unit: &self.table.unit,
            stale: self.freshness.as_ref().is_some_and(|freshness| freshness.stale),
            ranked: self.table.ranked,
            unranked: self.table.unranked,
            expected: self.table.expected,
            rows: self
                .rows
                .iter()
                .map(|row| JsonRow {
                    rank: rank(row),
                    subject: &row.subject,
                    name: &row.display_name,
                    score: &row.score,
                    category: &row.category,
                    category_display_name: &row.category_display_name,
                    respondents: row.respondents,
                    note: remark(row, &self.table),
                })
                .collect(),
        }
    }

    fn csv(&self) -> anyhow::Result<String> {
        let table = &self.table;
        Table::of(&self.rows)
            .text("rank", rank_shown)
            .text("subject", |row| &row.subject)
            .text("name", |row| &row.display_name)
            .when(shows(table, Column::Agency), |shown| {
                shown.text("agency", |row| &row.agency_display_name)
            })
            .text("score", |row| &row.score)
            .when(shows(table, Column::Category), |shown| {
                shown.text("category", |row| shown_category(&self.names, row))
            })
            .when(shows(table, Column::Sample), |shown| {
                shown
                    .text("respondents", |row| row.respondents)
                    .text("minimum_respondents", |row| row.minimum_respondents)
            })
            .when(shows(table, Column::Units), |shown| {
                shown
                    .text("units_counted", |row| row.units_counted)
                    .text("units_expected", |row| row.units_expected)
            })
            .text("note", |row| remark(row, table))
            .text("title", |_| title(table))
            .text("unit", |_| &table.unit)
            .csv(true)
    }
}

/// Whether a column means something in a table. A service of an earlier release names neither a title nor columns; all
/// that it had are shown then.
pub fn shows(table: &pb::LeagueTable, column: Column) -> bool {
    match table.title.as_str() {
        "" => column != Column::Units,
        _ => table.columns().any(|known| known == column),
    }
}

/// What the metric of a table is called.
pub fn title(table: &pb::LeagueTable) -> &str {
    match table.title.as_str() {
        "" => &table.metric,
        title => title,
    }
}

/// The heading of the scores, with their unit.
pub fn score_heading(table: &pb::LeagueTable) -> String {
    match table.unit.as_str() {
        "" => "Nilai".to_owned(),
        unit => format!("Nilai ({unit})"),
    }
}

/// What the sample consists of.
pub fn sample_title(table: &pb::LeagueTable) -> &str {
    match table.sample_title.as_str() {
        "" => "Responden",
        title => title,
    }
}

/// Whether a score has a sample, or needs one.
pub fn has_sample(row: &pb::LeagueRow) -> bool {
    row.respondents > 0 || row.minimum_respondents > 0
}

fn units_counted(row: &pb::LeagueRow) -> String {
    match row.units_expected {
        0 => String::new(),
        expected => format!("{} dari {expected}", row.units_counted),
    }
}

/// A cohort as it is shown: its key, with its name where it has one.
pub fn cohort_shown(cohort: &str, display_name: &str) -> String {
    match display_name {
        "" => cohort.to_owned(),
        name => format!("{cohort} ({name})"),
    }
}

/// The rank; `None` when the subject is listed without a rank.
pub fn rank(row: &pb::LeagueRow) -> Option<i64> {
    (row.rank > 0).then_some(row.rank)
}

/// The rank as text; empty when there is none.
pub fn rank_shown(row: &pb::LeagueRow) -> String {
    rank(row).map(|rank| rank.to_string()).unwrap_or_default()
}

/// How many of those who belong in a table have a score; `None` when a service of an earlier release does not say it.
pub fn coverage(table: &pb::LeagueTable) -> Option<String> {
    let (expected, scored) = (table.expected, table.ranked + table.unranked);
    let missing = expected - scored;
    (expected > 0).then(|| {
        format!(
            "Cakupan: {scored} dari {expected} punya nilai ({}%), {missing} belum.",
            scored * 100 / expected
        )
    })
}

/// Why a row has no rank, or whether its score may still change; and whether values from publications are in it.
pub fn remark(row: &pb::LeagueRow, table: &pb::LeagueTable) -> String {
    let mut remark = state(row, table);
    if row.pending > 0 {
        remark = format!("{remark}; {} menunggu", row.pending);
    }
    if row.in_question > 0 {
        remark += &format!("; {} jawaban dalam pemeriksaan", row.in_question);
        if !row.score_with_questioned.is_empty() {
            remark += &format!(", nilai bila diterima {}", row.score_with_questioned);
        }
    }
    match row.units_recorded {
        0 => remark,
        units => format!("{remark}; nilai {units} unit dari publikasi"),
    }
}

fn state(row: &pb::LeagueRow, table: &pb::LeagueTable) -> String {
    match row.unranked_reason() {
        pb::UnrankedReason::SampleTooSmall => {
            format!(
                "{} kurang: {} dari {}",
                sample_title(table).to_lowercase(),
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
        pb::UnrankedReason::UnitsUnfit => {
            format!(
                "unit layak peringkat kurang: {} dari {}, perlu {}",
                row.units_fit,
                row.units_expected.max(row.units_counted),
                row.units_required
            )
        }
        pb::UnrankedReason::NoValue => "hanya kategori yang terbit, tanpa nilai".to_owned(),
        pb::UnrankedReason::TooFew => "responden terlalu sedikit, tanpa nilai".to_owned(),
        pb::UnrankedReason::DefinitionUnreadable => {
            "definisi ukuran ini tidak terbaca oleh layanan".to_owned()
        }
        pb::UnrankedReason::Unspecified => match row.status() {
            pb::ScoreStatus::Provisional => "sementara".to_owned(),
            pb::ScoreStatus::Final => "final".to_owned(),
            pb::ScoreStatus::Unspecified => String::new(),
        },
    }
}

/// The category of a row as people call it.
pub fn shown_category<'a>(names: &'a CategoryNames, row: &'a pb::LeagueRow) -> &'a str {
    match row.category_display_name.as_str() {
        name if is_word(&row.category) && !name.is_empty() => name,
        _ => names.shown(&row.category),
    }
}

#[cfg(test)]
#[path = "league_tests.rs"]
pub(super) mod tests;
