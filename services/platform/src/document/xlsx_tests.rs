use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use super::*;

const COLUMNS: &[Column] = &[
    Column::text("name", "Nama", 24),
    Column::integer("n", "Jumlah"),
    Column::decimal("mean", "NRR", 4),
];

fn parts(file: Vec<u8>) -> BTreeMap<String, String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).unwrap();
    (0..archive.len())
        .map(|at| {
            let mut part = archive.by_index(at).unwrap();
            let (name, mut text) = (part.name().unwrap().into_owned(), String::new());
            part.read_to_string(&mut text).unwrap();
            roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, text)
        })
        .collect()
}

fn sample(title: &'static str) -> Sheet {
    Sheet {
        key: "contoh",
        title,
        columns: COLUMNS,
        rows: vec![
            vec![
                Cell::text("=HYPERLINK(\"http://x\")"),
                Cell::Integer(1234),
                Cell::decimal("3.4483"),
            ],
            vec![
                Cell::text("<b>&\u{1}"),
                Cell::Integer(i64::MAX),
                Cell::decimal("bukan angka"),
            ],
            vec![Cell::Empty, Cell::Integer(-1), Cell::decimal("-0.5000")],
        ],
    }
}

fn created() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

#[test]
fn a_workbook_has_numbers_as_numbers_and_texts_as_texts() {
    let file = workbook("Judul", created(), &[sample("Satu"), sample("Dua")]).unwrap();
    let parts = parts(file);
    assert!(parts["xl/workbook.xml"].contains("Satu") && parts["xl/workbook.xml"].contains("Dua"));
    let sheet = roxmltree::Document::parse(&parts["xl/worksheets/sheet1.xml"]).unwrap();
    let cell = |name: &str| {
        let cell = sheet
            .descendants()
            .find(|node| {
                node.attribute("r") == Some(name)
                    && node.has_tag_name(("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "c"))
            })
            .unwrap_or_else(|| panic!("{name}"));
        let value: String = cell
            .descendants()
            .filter(|node| node.is_text())
            .filter_map(|node| node.text())
            .collect();
        (cell.attribute("t").unwrap_or("n").to_owned(), value)
    };
    assert_eq!(cell("B2"), ("n".into(), "1234".into()));
    assert_eq!(cell("C2"), ("n".into(), "3.4483".into()));
    assert_eq!(cell("C4"), ("n".into(), "-0.5".into()));
    // Texts, and an integer that a binary float can't represent, are in the table of strings.
    for name in ["A1", "A2", "A3", "B3", "C3"] {
        assert_eq!(cell(name).0, "s", "{name}");
    }
    assert!(!parts["xl/worksheets/sheet1.xml"].contains("<f>"));
    assert!(parts["xl/sharedStrings.xml"].contains("=HYPERLINK"));
    assert!(parts["xl/sharedStrings.xml"].contains(&i64::MAX.to_string()));
    assert!(parts["xl/styles.xml"].contains("#,##0.0000"));
}

#[test]
fn the_same_data_makes_the_same_file() {
    let make = || workbook("Judul", created(), &[sample("Satu")]).unwrap();
    assert_eq!(make(), make());
}

#[test]
fn two_sheets_of_one_title_are_refused() {
    assert!(workbook("Judul", created(), &[sample("Satu"), sample("Satu")]).is_err());
}
