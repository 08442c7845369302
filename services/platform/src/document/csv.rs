//! CSV for programs: UTF-8, comma, a header, plain decimals, and no cell that a spreadsheet would execute as a formula.

use super::Error;
use super::sheet::{Cell, Sheet};

/// The sheet as CSV with the keys of its columns as header.
///
/// # Errors
///
/// When the number of cells of a row is not the number of columns.
pub fn write(sheet: &Sheet) -> Result<String, Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(sheet.columns.iter().map(|column| column.key))?;
    for row in &sheet.rows {
        writer.write_record(row.iter().map(text))?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The text of a cell, with a `'` in front when a spreadsheet would execute it as a formula: when it starts with `=`,
/// `+`, `-`, `@`, or with white space that some programs skip.
pub fn guarded(text: &str) -> String {
    let executed = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    let skipped = text.trim_start_matches(|c: char| c.is_whitespace() || c.is_control());
    let blank = text.starts_with(['\t', '\r', '\n']);
    if blank || skipped.starts_with(executed) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => guarded(text),
        Cell::Integer(value) => value.to_string(),
        Cell::Decimal(value) if super::number::is_decimal(value) => value.clone(),
        Cell::Decimal(text) => guarded(text),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sheet::Column;
    use super::*;

    const COLUMNS: &[Column] = &[
        Column::text("name", "Nama", 10),
        Column::integer("n", "Jumlah"),
        Column::decimal("mean", "Rata-rata", 4),
    ];

    fn sheet(rows: Vec<Vec<Cell>>) -> Sheet {
        Sheet {
            key: "contoh",
            title: "Contoh",
            columns: COLUMNS,
            rows,
        }
    }

    #[test]
    fn formulas_become_text_and_numbers_stay_numbers() {
        let row = |name: &str| vec![Cell::text(name), Cell::Integer(-5), Cell::decimal("-3.4483")];
        let hostile = ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "\u{a0}=1", "＝1"];
        let text = write(&sheet(hostile.into_iter().map(row).collect())).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(records.len(), hostile.len());
        for (record, name) in records.iter().zip(hostile) {
            assert_eq!(&record[0], format!("'{name}"));
            assert_eq!((&record[1], &record[2]), ("-5", "-3.4483"));
        }
        let fake = write(&sheet(vec![vec![
            Cell::text("a-b"),
            Cell::Empty,
            Cell::decimal("-1+cmd"),
        ]]));
        assert_eq!(fake.unwrap(), "name,n,mean\na-b,,'-1+cmd\n");
    }

    #[test]
    fn a_row_with_another_number_of_cells_is_refused() {
        assert!(write(&sheet(vec![vec![Cell::Empty]])).is_err());
    }
}
