//! Tables in files: CSV of any kind, and workbooks.

use std::path::Path;

use prima::levels;
use rust_xlsxwriter::Workbook;

use crate::{bounded, files, fuzz, hostile::mutated};

fn workbook() -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (row, (indicator, level)) in [("indicator", "level"), ("p1", "3"), ("p2", "4,5")]
        .iter()
        .enumerate()
    {
        let row = u32::try_from(row).unwrap();
        sheet.write(row, 0, *indicator).unwrap();
        sheet.write(row, 1, *level).unwrap();
    }
    book.save_to_buffer().unwrap()
}

/// Reads a file; what is refused has a reason.
fn read(file: &Path, bytes: &[u8]) -> Result<(), String> {
    std::fs::write(file, bytes).unwrap();
    match levels(file) {
        Err(error) if format!("{error:#}").trim().is_empty() => Err("is refused without a reason".into()),
        _ => Ok(()),
    }
}

fn tables(end: &str, cases: u32, honest: Vec<Vec<u8>>) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(format!("tabel.{end}"));
    for bytes in &honest {
        std::fs::write(&file, bytes).unwrap();
        assert_eq!(levels(&file).unwrap().len(), 2, "an honest {end} is refused");
    }
    for (name, bytes) in files("tests/fuzz/corpus/sheets", &[""]) {
        bounded(&bytes, |bytes| read(&file, bytes)).unwrap_or_else(|fault| panic!("{name}: {fault}"));
    }
    fuzz(cases, &mutated(honest), |bytes| read(&file, bytes));
}

#[test]
fn comma_separated_values() {
    let texts = [
        "indicator,level\np1,3\np2,4\n",
        "\u{feff}indicator;level\r\np1;3\r\np2;\"4,5\"\r\n",
        "Tingkat indikator\n\nindicator\tlevel\np1\t3\np2\t4\nJumlah\t7\n",
    ];
    tables("csv", 512, texts.map(|text| text.as_bytes().to_vec()).to_vec());
}

#[test]
fn workbooks() {
    tables("xlsx", 256, vec![workbook()]);
}
