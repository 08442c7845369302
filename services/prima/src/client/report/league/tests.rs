use std::collections::BTreeSet;
use std::io::{Cursor, Read};

use prima_platform::document::sheet::Cell;
use roxmltree::Document;
use serde_json::Value;

use super::super::tests::{HOSTILE, rows, words_of, xml};
use super::*;
use crate::cli::ReportLeagueFormat as Format;

fn content(report: &LeagueReport) -> String {
    xml(page::render(report))
}

fn ids(document: &Document<'_>) -> Vec<String> {
    let ids = document.descendants().filter_map(|node| node.attribute("id"));
    ids.map(str::to_owned).collect()
}

#[test]
fn every_part_of_the_report_is_there() {
    let text = content(&sample::report(98));
    let document = Document::parse(&text).unwrap();
    let ids = ids(&document);
    let distinct: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "ids repeat: {ids:?}");
    for id in [
        "ringkasan",
        "peringkat",
        "kelompok",
        "gambar-kepastian-1",
        "gambar-kepastian-3",
        "gambar-perubahan",
        "bergerak",
        "uraian-1",
        "gambar-provinsi",
        "gambar-peta",
        "provinsi",
        "penghargaan-1",
        "teladan",
        "belum-ada",
        "asal-data",
    ] {
        assert!(ids.iter().any(|each| each == id), "{id} in {ids:?}");
    }
    let drawn = document
        .descendants()
        .filter(|node| node.tag_name().name() == "svg");
    assert_eq!(drawn.count(), 6);
    for node in document.descendants() {
        for attribute in node.attributes() {
            let value = attribute.value();
            assert!(!value.contains("NaN") && !value.contains("inf"), "{value}");
            assert_ne!(attribute.name(), "style");
        }
    }
}

#[test]
fn the_table_has_both_intervals_and_marks_where_a_group_begins() {
    let text = content(&sample::report(20));
    let document = Document::parse(&text).unwrap();
    let table = rows(&document, "peringkat");
    assert_eq!(
        table[0],
        [
            "Peringkat",
            "Nama",
            "Nilai",
            "Kategori",
            "Responden",
            "Kelompok",
            "Interval serentak",
            "Interval tunggal",
            "Keterangan"
        ]
    );
    assert_eq!(
        table[1],
        [
            "1",
            "DPMPTSP Kota Contoh 001",
            "92,62",
            "B",
            "41",
            "1",
            "1–10",
            "1–4",
            "final"
        ]
    );
    assert_eq!(table.len(), 21);
    let starts = document
        .descendants()
        .filter(|node| node.attribute("class") == Some("start"));
    assert_eq!(starts.count(), 2);
    let page = words_of(document.root_element());
    for part in [
        "Peringkat pertama: DPMPTSP Kota Contoh 001, nilai 92,62.",
        "dengan keyakinan 95% bagi semua peringkat sekaligus, tabel ini membedakan 3 kelompok.",
        "yang pasti di antara 10 terbaik: DPMPTSP Kota Contoh 001, DPMPTSP Kota Contoh 002;",
        "20 dari 22 yang terdaftar mempunyai nilai (90,9%)",
        "Kelompok 3 (4)",
        "Belum Dua",
        "naik 19",
        "Waktu Penyelesaian3,1",
        "SHA-256 semua baris tabel",
        "aliran 1727000000000000000, urutan 4711",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
}

#[test]
fn a_table_without_standard_errors_says_so_and_shows_no_intervals() {
    let text = content(&sample::recorded(20));
    let document = Document::parse(&text).unwrap();
    let table = rows(&document, "peringkat");
    assert_eq!(table[0].len(), 6, "{:?}", table[0]);
    let page = words_of(document.root_element());
    assert!(
        page.contains(
            "Seberapa pasti: tidak diketahui, karena nilai pada tabel ini tidak mempunyai galat baku"
        )
    );
    assert!(
        !ids(&document)
            .iter()
            .any(|id| id.starts_with("gambar-kepastian") || id == "kelompok")
    );
    assert!(!page.contains("Interval serentak"), "{page}");
}

#[test]
fn an_empty_table_gives_reasons_in_place_of_its_parts() {
    let text = content(&sample::empty());
    let document = Document::parse(&text).unwrap();
    let page = words_of(document.root_element());
    for part in [
        "Belum ada yang diperingkat.",
        "Tidak ada yang diperingkat pada tabel ini.",
        "responden kurang",
        "Daftar yang belum ada tidak tersedia: belum ada.",
        "tidak tersedia: 2024-q2: tidak ditemukan.",
        "Daftar penghargaan tidak tersedia: riwayat belum dimulai.",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert_eq!(
        document
            .descendants()
            .filter(|node| node.tag_name().name() == "svg")
            .count(),
        0
    );
    assert_eq!(rows(&document, "tanpa-peringkat").len(), 2);
}

#[test]
fn a_table_of_514_is_whole_in_every_format() {
    let report = sample::report(514);
    let text = content(&report);
    let document = Document::parse(&text).unwrap();
    assert_eq!(rows(&document, "peringkat").len(), 515);
    let drawings = ids(&document);
    let drawings = drawings.iter().filter(|id| {
        id.strip_prefix("gambar-kepastian-")
            .is_some_and(|part| part.parse::<u32>().is_ok())
    });
    assert_eq!(drawings.count(), 11);
    let sheets = data::sheets(&report);
    assert_eq!(sheets[0].rows.len(), 514);
}

/// The rows of a CSV file without its header.
fn records(path: &Path) -> Vec<Vec<String>> {
    let mut reader = ::csv::Reader::from_path(path).unwrap();
    let records = reader.records().map(Result::unwrap);
    records
        .map(|record| record.iter().map(str::to_owned).collect())
        .collect()
}

#[test]
fn every_format_has_the_same_rows_and_says_where_they_come_from() {
    let folder = tempfile::tempdir().unwrap();
    let report = sample::report(20);
    let formats = [Format::Html, Format::Xlsx, Format::Csv, Format::Json];
    let paths = write(&report, &folder.path().join("baru"), &formats).unwrap();
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    let names: Vec<String> = paths.iter().map(name).collect();
    let stem = "peringkat-skm-2024-q3-dpmptsp";
    assert_eq!(names[..2], [format!("{stem}.html"), format!("{stem}.xlsx")]);
    assert_eq!(names.len(), 10, "{names:?}");

    let json = std::fs::read_to_string(paths.last().unwrap()).unwrap();
    let json: Value = serde_json::from_str(&json).unwrap();
    let mut book = zip::ZipArchive::new(Cursor::new(std::fs::read(&paths[1]).unwrap())).unwrap();
    for (at, sheet) in data::sheets(&report).iter().enumerate() {
        let csv = records(&paths[2 + at]);
        assert_eq!(csv.len(), sheet.rows.len(), "{}", sheet.key);
        let mut part = String::new();
        let file = format!("xl/worksheets/sheet{}.xml", at + 1);
        book.by_name(&file).unwrap().read_to_string(&mut part).unwrap();
        assert_eq!(
            part.matches("<row ").count(),
            sheet.rows.len() + 1,
            "{}",
            sheet.key
        );
        if sheet.key == "asal-data" {
            continue;
        }
        let rows = json[sheet.key].as_array().unwrap();
        for ((row, record), cells) in rows.iter().zip(&csv).zip(&sheet.rows) {
            for ((column, text), cell) in sheet.columns.iter().zip(record).zip(cells) {
                let of_json = match &row[column.key] {
                    Value::Null => String::new(),
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                assert_eq!(&of_json, text.trim_start_matches('\''), "{} {cell:?}", column.key);
            }
        }
    }
    for (key, value) in [
        ("table", sample::TABLE),
        ("hash", &"ab".repeat(32)),
        ("definition", "metrics/skm/definitions/1"),
        ("position.survey", "aliran 1727000000000000000, urutan 4711"),
        ("certainty_seed", "42"),
        ("compared_with", "metrics/skm/periods/2024-q2/cohorts/dpmptsp"),
    ] {
        assert_eq!(json["provenance"][key], value);
        let facts = records(&paths[8]);
        assert!(
            facts.iter().any(|fact| fact[1] == key && fact[3] == value),
            "{key} in {facts:?}"
        );
    }
    assert_eq!(
        json["provenance"]["release"],
        format!("prima {}", env!("CARGO_PKG_VERSION"))
    );
    let page = std::fs::read_to_string(&paths[0]).unwrap();
    assert!(page.contains("default-src 'none'") && !page.contains("src=") && !page.contains("<script"));
}

#[test]
fn hostile_text_is_escaped_on_the_page_and_no_formula_in_the_data() {
    let mut report = sample::report(20);
    report.league.rows[0].display_name = HOSTILE.into();
    report.league.rows[1].display_name = "=HYPERLINK(\"http://x\")".into();
    report.league.table.title = HOSTILE.into();
    report.league.table.cohort_display_name = HOSTILE.into();
    report.missing.as_mut().unwrap()[0].display_name = "@SUM(1)".into();
    let movement = report.movement.as_mut().unwrap();
    movement.movers[0].name = HOSTILE.into();
    movement.explained[0].mover.name = HOSTILE.into();
    let award = &mut report.awards.as_mut().unwrap().awards[0];
    (award.title, award.rule, award.winners[0].display_name) =
        (HOSTILE.into(), HOSTILE.into(), HOSTILE.into());

    let whole = html::page(&report.title(), &page::render(&report));
    assert!(!whole.contains("<script") && whole.contains("&lt;script&gt;"));
    Document::parse(&content(&report)).unwrap();
    let sheets = data::sheets(&report);
    let text: String = sheets.iter().map(|sheet| csv::write(sheet).unwrap()).collect();
    assert!(
        text.contains("'=HYPERLINK") && text.contains("'@SUM(1)"),
        "{text}"
    );
    let cells = sheets.iter().flat_map(|sheet| sheet.rows.iter().flatten());
    let formulas = cells.filter(|cell| matches!(cell, Cell::Decimal(text) if text.starts_with('=')));
    assert_eq!(formulas.count(), 0);
}

#[test]
fn a_name_that_is_too_long_is_cut_with_a_sign() {
    assert_eq!(labels::cut("DPMPTSP Kota Bogor", 18), "DPMPTSP Kota Bogor");
    assert_eq!(labels::cut("DPMPTSP Kota Bogor", 14), "DPMPTSP Kota…");
}
