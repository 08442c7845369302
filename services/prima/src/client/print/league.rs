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
pub(super) mod tests {
    use super::*;

    #[test]
    fn an_agency_whose_units_are_unfit_says_how_many_it_needs() {
        let row = pb::LeagueRow {
            unranked_reason: pb::UnrankedReason::UnitsUnfit.into(),
            units_counted: 88,
            units_expected: 89,
            units_fit: 12,
            units_required: 60,
            ..Default::default()
        };
        assert_eq!(
            remark(&row, &sample().table),
            "unit layak peringkat kurang: 12 dari 89, perlu 60"
        );
        let row = pb::LeagueRow {
            status: pb::ScoreStatus::Final.into(),
            units_recorded: 3,
            ..Default::default()
        };
        assert_eq!(
            remark(&row, &sample().table),
            "final; nilai 3 unit dari publikasi"
        );
        let row = pb::LeagueRow {
            status: pb::ScoreStatus::Provisional.into(),
            in_question: 60,
            score_with_questioned: "94.23".into(),
            ..Default::default()
        };
        assert_eq!(
            remark(&row, &sample().table),
            "sementara; 60 jawaban dalam pemeriksaan, nilai bila diterima 94.23"
        );
        let mut league = sample();
        assert!(!league.table().contains("Rata-rata"));
        league.table.mean = "4.39".into();
        assert!(
            league
                .table()
                .contains("Rata-rata instansi yang diperingkat: 4.39.")
        );
    }

    #[test]
    fn a_row_says_that_its_value_is_withheld_and_who_waits() {
        let mut league = sample();
        league.rows[0].pending = 9;
        league.rows[1].score = String::new();
        league.rows[1].unranked_reason = pb::UnrankedReason::TooFew.into();
        let text = league.render(Format::Csv, false).unwrap();
        assert!(text.contains("final; 9 menunggu"), "{text}");
        assert!(text.contains("responden terlalu sedikit, tanpa nilai"), "{text}");
    }

    #[test]
    fn a_type_that_an_agency_has_defined_is_named() {
        let mut league = sample();
        league.table.cohort = "balai.3271".into();
        league.table.cohort_display_name = "Balai Kota, Kota Bogor".into();
        let text = league.table();
        let heading = "· 2024-q3 · balai.3271 (Balai Kota, Kota Bogor)";
        assert!(
            text.lines().next().is_some_and(|line| line.ends_with(heading)),
            "{text}"
        );
    }

    #[test]
    fn an_opinion_is_printed_in_full_and_a_category_without_a_value_says_so() {
        let mut league = sample();
        league.table.metric = "ombudsman".into();
        league.rows[0].category = "highest".into();
        league.rows[0].category_display_name = "Kualitas Tertinggi Tanpa Maladministrasi".into();
        league.rows[1].score = String::new();
        league.rows[1].category = "good".into();
        league.rows[1].category_display_name = "Baik".into();
        league.rows[1].unranked_reason = pb::UnrankedReason::NoValue.into();
        for format in [Format::Table, Format::Csv] {
            let text = league.render(format, false).unwrap();
            for expected in [
                "Kualitas Tertinggi Tanpa Maladministrasi",
                "Baik",
                "hanya kategori yang terbit",
            ] {
                assert!(text.contains(expected), "{expected} in\n{text}");
            }
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
                title: "Survei Kepuasan Masyarakat (IKM)".into(),
                unit: "IKM".into(),
                columns: vec![
                    Column::Agency.into(),
                    Column::Category.into(),
                    Column::Sample.into(),
                ],
                sample_title: "Responden".into(),
                ..Default::default()
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
            names: CategoryNames::default(),
        }
    }

    #[test]
    fn json_has_the_fixed_shape() {
        insta::assert_snapshot!(sample().render(Format::Json, true).unwrap(), @r#"{"table":"metrics/skm/periods/2024-q3/cohorts/dpmptsp","title":"Survei Kepuasan Masyarakat (IKM)","unit":"IKM","stale":true,"rows":[{"rank":1,"subject":"agencies/3271/units/dpmptsp","name":"DPMPTSP Kota Bogor","score":"91.48","category":"A","respondents":29,"note":"final"},{"rank":null,"subject":"agencies/3275/units/dpmptsp","name":"=cmd()","score":"80.00","category":"B","respondents":3,"note":"responden kurang: 3 dari 30"}]}"#);
    }

    #[test]
    fn people_see_why_a_subject_has_no_rank() {
        insta::assert_snapshot!(sample().render(Format::Table, false).unwrap(), @"
        Peringkat Survei Kepuasan Masyarakat (IKM) · 2024-q3 · dpmptsp
        ┌───────────┬────────────────────┬────────────┬─────────────┬──────┬───────────┬─────────────────────────────┐
        │ Peringkat ┆ Unit               ┆ Instansi   ┆ Nilai (IKM) ┆ Mutu ┆ Responden ┆ Keterangan                  │
        ╞═══════════╪════════════════════╪════════════╪═════════════╪══════╪═══════════╪═════════════════════════════╡
        │         1 ┆ DPMPTSP Kota Bogor ┆ Kota Bogor ┆       91.48 ┆ A    ┆        29 ┆ final                       │
        │         - ┆ =cmd()             ┆ -          ┆       80.00 ┆ B    ┆         3 ┆ responden kurang: 3 dari 30 │
        └───────────┴────────────────────┴────────────┴─────────────┴──────┴───────────┴─────────────────────────────┘
        1 diperingkat, 1 tanpa peringkat; 2 baris ditampilkan.
        Perhatian: angka mungkin belum yang terbaru.
        ");
    }

    #[test]
    fn csv_leaves_the_rank_empty_and_runs_nothing() {
        insta::assert_snapshot!(sample().render(Format::Csv, false).unwrap(), @"
        rank,subject,name,agency,score,category,respondents,minimum_respondents,note,title,unit
        1,agencies/3271/units/dpmptsp,DPMPTSP Kota Bogor,Kota Bogor,91.48,A,29,1,final,Survei Kepuasan Masyarakat (IKM),IKM
        ,agencies/3275/units/dpmptsp,'=cmd(),,80.00,B,3,30,responden kurang: 3 dari 30,Survei Kepuasan Masyarakat (IKM),IKM
        ");
    }

    #[test]
    fn a_column_that_means_nothing_is_not_shown() {
        let mut league = sample();
        league.table = pb::LeagueTable {
            title: "Waktu Layanan".into(),
            unit: "hari".into(),
            columns: vec![Column::Sample.into(), Column::Units.into()],
            sample_title: "Berkas".into(),
            cohort: "kota".into(),
            ..league.table
        };
        league.rows.truncate(1);
        (league.rows[0].units_counted, league.rows[0].units_expected) = (88, 89);
        let text = league.render(Format::Table, false).unwrap();
        insta::assert_snapshot!(text, @"
        Peringkat Waktu Layanan · 2024-q3 · kota
        ┌───────────┬────────────────────┬──────────────┬────────┬───────────────┬────────────┐
        │ Peringkat ┆ Instansi           ┆ Nilai (hari) ┆ Berkas ┆ Unit dihitung ┆ Keterangan │
        ╞═══════════╪════════════════════╪══════════════╪════════╪═══════════════╪════════════╡
        │         1 ┆ DPMPTSP Kota Bogor ┆        91.48 ┆     29 ┆ 88 dari 89    ┆ final      │
        └───────────┴────────────────────┴──────────────┴────────┴───────────────┴────────────┘
        1 diperingkat, 1 tanpa peringkat; 1 baris ditampilkan.
        Perhatian: angka mungkin belum yang terbaru.
        ");
        // No score has a sample, as those of a metric without a definition.
        (league.rows[0].respondents, league.rows[0].minimum_respondents) = (0, 0);
        let text = league.render(Format::Table, false).unwrap();
        assert!(!text.contains("Berkas"), "{text}");
        let csv = league.render(Format::Csv, false).unwrap();
        let header = csv.lines().next().unwrap();
        assert_eq!(
            header,
            "rank,subject,name,score,respondents,minimum_respondents,units_counted,units_expected,note,title,unit"
        );
    }

    #[test]
    fn a_table_of_an_earlier_release_is_shown_with_all_that_it_had() {
        let mut league = sample();
        league.table.title.clear();
        league.table.columns.clear();
        league.table.sample_title.clear();
        let text = league.render(Format::Table, false).unwrap();
        let heading = text.lines().nth(2).unwrap();
        for column in ["Unit", "Instansi", "Mutu", "Responden"] {
            assert!(heading.contains(column), "{text}");
        }
        assert!(text.starts_with("Peringkat skm · 2024-q3"), "{text}");
    }
}
