//! XLSX for people who continue to calculate: one sheet per table, numbers with formats, frozen headers.

use chrono::{DateTime, Datelike, Timelike, Utc};
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet,
};

use super::Error;
use super::number::is_decimal;
use super::sheet::{Cell, Column, Kind, Sheet};

/// Code of A4 in the file format.
const PAPER_A4: u8 = 9;
/// Integers above this lose digits in a spreadsheet, and are written as text.
const EXACT: i64 = 1 << 53;

/// A workbook with the sheets in order, and with `title` and `created` as properties. Texts are never formulas.
///
/// # Errors
///
/// When two sheets have the same title, a title is not valid, or there are more rows than a sheet can have.
pub fn workbook(title: &str, created: DateTime<Utc>, sheets: &[Sheet]) -> Result<Vec<u8>, Error> {
    let mut workbook = Workbook::new();
    let properties = DocProperties::new().set_title(title);
    // The format has no time zones and begins with 1900; a time outside of its range is left out.
    let properties = match excel_time(created) {
        Some(time) => properties.set_creation_datetime(&time),
        None => properties,
    };
    workbook.set_properties(&properties);
    for sheet in sheets {
        fill(workbook.add_worksheet(), sheet)?;
    }
    Ok(workbook.save_to_buffer()?)
}

fn excel_time(time: DateTime<Utc>) -> Option<ExcelDateTime> {
    let year = u16::try_from(time.year()).ok()?;
    let (month, day) = (u8::try_from(time.month()).ok()?, u8::try_from(time.day()).ok()?);
    let (hour, minute) = (
        u16::try_from(time.hour()).ok()?,
        u8::try_from(time.minute()).ok()?,
    );
    ExcelDateTime::from_ymd(year, month, day)
        .and_then(|date| date.and_hms(hour, minute, time.second()))
        .ok()
}

fn fill(page: &mut Worksheet, sheet: &Sheet) -> Result<(), Error> {
    page.set_name(sheet.title)?;
    let header = Format::new()
        .set_bold()
        .set_text_wrap()
        .set_align(FormatAlign::VerticalCenter)
        .set_background_color(Color::RGB(0x00DD_E5EE))
        .set_border_bottom(FormatBorder::Thin);
    let text_format = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    let mut formats = Vec::with_capacity(sheet.columns.len());
    for (at, column) in (0..).zip(sheet.columns) {
        page.set_column_width(at, f64::from(column.width))?;
        page.write_string_with_format(0, at, column.header, &header)?;
        formats.push(format(column));
    }
    for (row, cells) in (1..).zip(&sheet.rows) {
        for ((at, cell), format) in (0..).zip(cells).zip(&formats) {
            match (cell, exact(cell)) {
                (Cell::Empty, _) => {}
                (_, Some(number)) => {
                    page.write_number_with_format(row, at, number, format)?;
                }
                (Cell::Text(text) | Cell::Decimal(text), None) => {
                    page.write_string_with_format(row, at, text, &text_format)?;
                }
                (Cell::Integer(value), None) => {
                    page.write_string_with_format(row, at, value.to_string(), &text_format)?;
                }
            }
        }
    }
    let last_row = u32::try_from(sheet.rows.len()).unwrap_or(u32::MAX);
    let last_column = u16::try_from(sheet.columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
    page.set_freeze_panes(1, 0)?;
    if !sheet.rows.is_empty() {
        page.autofilter(0, 0, last_row, last_column)?;
    }
    page.set_repeat_rows(0, 0)?;
    page.set_paper_size(PAPER_A4)
        .set_landscape()
        .set_print_fit_to_pages(1, 0);
    Ok(())
}

fn format(column: &Column) -> Format {
    let top = Format::new().set_align(FormatAlign::Top);
    match column.kind {
        Kind::Text => top.set_text_wrap(),
        Kind::Integer | Kind::Decimal(0) => top.set_num_format("#,##0"),
        Kind::Decimal(places) => top.set_num_format(format!("#,##0.{}", "0".repeat(usize::from(places)))),
    }
}

/// The number of a cell, if a spreadsheet can represent it. Spreadsheets have binary floats only; the one nearest to a
/// short decimal is displayed as that decimal.
fn exact(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Integer(value) if (-EXACT..=EXACT).contains(value) => Some(*value as f64),
        Cell::Decimal(text) if is_decimal(text) => text.parse().ok(),
        Cell::Empty | Cell::Text(_) | Cell::Integer(_) | Cell::Decimal(_) => None,
    }
}

#[cfg(test)]
#[path = "xlsx_tests.rs"]
mod tests;
