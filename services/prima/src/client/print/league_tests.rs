//! What is printed of league tables.

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
    insta::assert_snapshot!(sample().render(Format::Json, true).unwrap(), @r#"{"table":"metrics/skm/periods/2024-q3/cohorts/dpmptsp","title":"Survei Kepuasan Masyarakat (IKM)","unit":"IKM","stale":true,"ranked":1,"unranked":1,"expected":0,"rows":[{"rank":1,"subject":"agencies/3271/units/dpmptsp","name":"DPMPTSP Kota Bogor","score":"91.48","category":"A","respondents":29,"note":"final"},{"rank":null,"subject":"agencies/3275/units/dpmptsp","name":"=cmd()","score":"80.00","category":"B","respondents":3,"note":"responden kurang: 3 dari 30"}]}"#);
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
