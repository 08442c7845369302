//! Tests of reading tables.

use std::io::Write as _;

use proptest::prelude::*;
use tempfile::NamedTempFile;

use super::*;

fn columns() -> Vec<Column> {
    vec![
        Column::required("code"),
        Column::required("name"),
        Column::optional("age").or(&["usia"]),
    ]
}

fn file(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// Line numbers with their cells.
type Lines = Vec<(u64, String)>;

/// Returns the lines with their cells, and the notes.
fn table(source: &Source) -> anyhow::Result<(Lines, Vec<String>)> {
    let mut sheet = Sheet::open(source, &columns())?;
    let mut rows = Vec::new();
    while let Some(row) = sheet.next()? {
        let text = row.fault().map(|fault| format!("! {fault}"));
        rows.push((
            row.line,
            text.unwrap_or_else(|| [0, 1, 2].map(|column| row.cell(column)).join("|")),
        ));
    }
    let first = rows.clone();
    sheet.rewind()?;
    let mut again = 0;
    while sheet.next()?.is_some() {
        again += 1;
    }
    assert_eq!(first.len(), again, "a second pass sees the same rows");
    Ok((rows, sheet.notes()))
}

fn read(bytes: &[u8]) -> anyhow::Result<Lines> {
    Ok(table(&file(bytes).path().into())?.0)
}

/// An ODS workbook with these sheets.
fn ods(sheets: &[(&str, &[Vec<String>])]) -> Vec<u8> {
    let escape = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    };
    let mut content = String::from(
        "<?xml version=\"1.0\"?><office:document-content xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
         xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" \
         xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\"><office:body><office:spreadsheet>",
    );
    for (name, rows) in sheets {
        content += &format!("<table:table table:name=\"{name}\">");
        for row in *rows {
            content += "<table:table-row>";
            for cell in row {
                content += &format!(
                    "<table:table-cell office:value-type=\"string\"><text:p>{}</text:p></table:table-cell>",
                    escape(cell)
                );
            }
            content += "</table:table-row>";
        }
        content += "</table:table>";
    }
    content += "</office:spreadsheet></office:body></office:document-content>";
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let plain = zip::write::SimpleFileOptions::default();
    for (name, text) in [
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        (
            "META-INF/manifest.xml",
            "<manifest:manifest xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\"/>",
        ),
        ("content.xml", &content),
    ] {
        zip.start_file(name, plain).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// An XLSX workbook with these sheets.
fn xlsx(sheets: &[(&str, &[Vec<String>])]) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    for (name, rows) in sheets {
        let sheet = book.add_worksheet().set_name(*name).unwrap();
        for (row, cells) in (0..).zip(*rows) {
            for (column, cell) in (0..).zip(cells) {
                sheet.write_string(row, column, cell).unwrap();
            }
        }
    }
    book.save_to_buffer().unwrap()
}

fn rows(cells: &[&[&str]]) -> Vec<Vec<String>> {
    cells
        .iter()
        .map(|row| row.iter().map(|cell| (*cell).to_owned()).collect())
        .collect()
}

#[test]
fn columns_may_be_in_any_order_with_any_delimiter_and_line_end() {
    let expected = vec![
        (2, "11|Aceh|".to_owned()),
        (3, "51|Bali, dan sekitarnya|".to_owned()),
    ];
    for text in [
        "name,code\nAceh,11\n\"Bali, dan sekitarnya\",51\n",
        "\u{feff}Name; CODE\nAceh;11\nBali, dan sekitarnya ; 51",
        "name\tcode\r\nAceh\t11\r\nBali, dan sekitarnya\t51\r\n",
        "name|code\rAceh|11\rBali, dan sekitarnya|51\r",
        "\"name,code\"\n\"Aceh,11\"\n\"\"\"Bali, dan sekitarnya\"\",51\"\n",
    ] {
        assert_eq!(read(text.as_bytes()).unwrap(), expected, "{text}");
    }
    let later = vec![(3, "11|Aceh|".to_owned())];
    assert_eq!(read(b"sep=;\nname;code\nAceh;11\n").unwrap(), later);
}

#[test]
fn lines_are_those_of_the_file() {
    for end in ["\n", "\r\n", "\r"] {
        let text = [
            "code,name,age",
            "1,a,",
            "",
            "2,\"b",
            "c\",7",
            "3,d",
            ",,",
            "4,e,9",
            "5,f",
        ]
        .join(end);
        let rows = read(text.as_bytes()).unwrap();
        let lines: Vec<u64> = rows.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 4, 6, 8, 9], "{end:?} {rows:?}");
        assert_eq!(rows[1].1, "2|b\nc|7");
        assert_eq!(rows[2].1, "3|d|", "cells that are missing at the end are empty");
    }
}

#[test]
fn an_unclosed_quote_swallows_no_row() {
    let row = |n: u64, last: &str| format!("{n},a{n},{n}0,x{last}\n");
    let source = |text: &str| {
        let file = file(format!("code,name,age,alasan\n{text}").as_bytes());
        table(&file.path().into()).unwrap().0
    };
    for text in [
        // The quote is closed in a later row, at the end of the file, or by the next opening quote.
        format!("1,a,10,\"x\n{}{}4,d,40,y\"\n", row(2, ""), row(3, "")),
        format!("1,a,10,\"x\n{}{}", row(2, ""), row(3, "")),
        format!("1,\"a,10,x\n2,\"b\",20,y\n{}", row(3, "")),
    ] {
        let rows = source(&text);
        assert!(
            rows[0].1.starts_with("! ") && rows[0].1.contains("tidak ditutup"),
            "{text}: {rows:?}"
        );
        assert_eq!(rows[0].0, 2);
        assert!(rows[1..].iter().all(|(_, row)| !row.starts_with('!')), "{rows:?}");
        assert_eq!(rows.len(), text.lines().count(), "{rows:?}");
    }
    // A text of several lines is one cell, however many commas it has.
    let rows = source("1,\"a, b\nc, d\n\ne\",10,x\n2,b,20,y\n");
    assert_eq!(
        rows,
        [(2, "1|a, b\nc, d\n\ne|10".to_owned()), (6, "2|b|20".to_owned())]
    );
    let rows = source("1,\"dia bilang \"bagus\" sekali\",10,x\n");
    assert_eq!(rows[0].1, "1|dia bilang \"bagus\" sekali|10");
    let many: String = (0..300).map(|n| format!("{n},\"a,10,x\n")).collect();
    assert!(
        read(format!("code,name,age,alasan\n{many}").as_bytes())
            .unwrap_err()
            .to_string()
            .contains("tanda kutip")
    );
}

#[test]
fn titles_totals_and_remarks_are_no_rows() {
    let text = "REKAPITULASI,,\nDINAS CONTOH,,\n,,\ncode,name,Usia\n(1),(2),(3)\n1,a,10\ncode,name,Usia\n2,b,20\nJumlah,,30\n";
    let file = file(text.as_bytes());
    let (rows, notes) = table(&file.path().into()).unwrap();
    // In a table of three columns a row of column numbers looks like any other row.
    let lines: Vec<u64> = rows.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [5, 6, 8]);
    let notes = notes.join("\n");
    for part in [
        "baris 4",
        "baris 7",
        "baris 9 tidak diimpor: baris jumlah `Jumlah`",
    ] {
        assert!(notes.contains(part), "{part}: {notes}");
    }
    let told = Source {
        header_row: Some(3),
        ..file.path().into()
    };
    assert!(table(&told).is_err());
}

#[test]
fn running_numbers_and_dashes_are_no_content_and_errors_of_formulas_are_no_values() {
    let rows = read("No.;code;name;Usia\n1;1;a;–\n2;2;#REF!;-\n3;3;c#;7\n".as_bytes()).unwrap();
    assert_eq!(rows[0], (2, "1|a|".to_owned()));
    assert!(
        rows[1].1.contains("kolom 3 berisi kesalahan rumus `#REF!`"),
        "{rows:?}"
    );
    assert_eq!(rows[2], (4, "3|c#|7".to_owned()));
}

#[test]
fn a_text_file_in_an_archive_is_read() {
    let pack = |files: &[(&str, &str)]| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, text) in files {
            zip.start_file(*name, zip::write::SimpleFileOptions::default())
                .unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    };
    let one = pack(&[
        ("Jawaban.csv", "code,name\n1,a\n"),
        ("__MACOSX/._Jawaban.csv", "x"),
    ]);
    let (rows, notes) = table(&file(&one).path().into()).unwrap();
    assert_eq!(rows, [(2, "1|a|".to_owned())]);
    assert!(notes[0].contains("ZIP"), "{notes:?}");
    let two = pack(&[("a.csv", "code,name\n"), ("b.csv", "code,name\n")]);
    let error = format!("{:#}", read(&two).unwrap_err());
    assert!(error.contains("a.csv, b.csv"), "{error}");
}

#[test]
fn other_encodings_are_read_and_reported() {
    let file = file(b"code,name\n1,caf\xe9\n");
    let (rows, notes) = table(&file.path().into()).unwrap();
    assert_eq!(rows, [(2, "1|café|".to_owned())]);
    assert!(
        notes[0].contains("windows-1252") && notes[0].contains("café"),
        "{notes:?}"
    );
    let rows = read(
        "code,name\n1,é\n"
            .as_bytes()
            .iter()
            .chain(b"2,\xff\n3,c\n")
            .copied()
            .collect::<Vec<u8>>()
            .as_slice(),
    );
    let rows = rows.unwrap();
    assert!(rows[1].1.contains("bukan UTF-8"), "{rows:?}");
    assert_eq!(rows[2], (4, "3|c|".to_owned()));
    let utf16: Vec<u8> = "\u{feff}code\tname\r\n1\té\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(read(&utf16).unwrap(), [(2, "1|é|".to_owned())]);
}

#[test]
fn every_fault_of_a_header_is_named() {
    let error = read(b"code,code,nama,\n").unwrap_err().to_string();
    for expected in ["tidak ada: name", "tidak dikenal: nama", "ganda: code"] {
        assert!(error.contains(expected), "{error}");
    }
    assert!(
        read(b"")
            .unwrap_err()
            .to_string()
            .contains("kolom tidak ada: code, name")
    );
    let rows = read(b"code,name,,\n1,a,,\n2,b,,x\n").unwrap();
    assert_eq!(rows[0].1, "1|a|");
    assert!(rows[1].1.contains("kolom 4 tidak bernama"), "{rows:?}");
    for (bytes, part) in [
        (&b"%PDF-1.7\n"[..], "PDF"),
        (b"<html><table><tr>", "halaman web"),
        (b"{\"a\": 1}", "JSON"),
        (b"\0\x01\x02\x03binary\0\0", "bukan berkas teks"),
    ] {
        let error = format!("{:#}", read(bytes).unwrap_err());
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn the_sheet_with_the_header_is_found_or_asked_for() {
    let cover = rows(&[&["Sampul"], &["Dinas Contoh"]]);
    let one = rows(&[&["Judul"], &["code", "name"], &["1", "a"]]);
    let two = rows(&[&["code", "name"], &["2", "b"]]);
    for make in [xlsx, ods] {
        let book = file(&make(&[("Sampul", &cover), ("Data", &one)]));
        let (read, notes) = table(&book.path().into()).unwrap();
        assert_eq!(read, [(3, "1|a|".to_owned())]);
        assert!(notes.iter().any(|note| note.contains("`Data`")), "{notes:?}");
        let book = file(&make(&[("Januari", &one), ("Februari", &two)]));
        let error = format!("{:#}", table(&book.path().into()).unwrap_err());
        assert!(
            error.contains("--sheet") && error.contains("Januari, Februari"),
            "{error}"
        );
        let source = |name: &str| Source {
            sheet: Some(name.to_owned()),
            ..book.path().into()
        };
        assert_eq!(table(&source("februari")).unwrap().0, [(2, "2|b|".to_owned())]);
        let error = format!("{:#}", table(&source("Maret")).unwrap_err());
        assert!(error.contains("Januari, Februari"), "{error}");
    }
}

#[test]
fn rows_in_one_cell_are_split() {
    let all = rows(&[&["code,name"], &["1,a"], &["2,\"b, c\""]]);
    for make in [xlsx, ods] {
        let book = file(&make(&[("Data", &all)]));
        let (read, notes) = table(&book.path().into()).unwrap();
        assert_eq!(read, [(2, "1|a|".to_owned()), (3, "2|b, c|".to_owned())]);
        assert!(notes[0].contains("satu sel"), "{notes:?}");
    }
}

#[test]
fn cells_of_a_workbook_are_read_as_text() {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    let format = |text: &str| rust_xlsxwriter::Format::new().set_num_format(text);
    let time = rust_xlsxwriter::ExcelDateTime::from_ymd(2024, 10, 5).unwrap();
    let clock = time.clone().and_hms(8, 0, 0).unwrap();
    for (column, name) in (0..).zip(["code", "name", "age"]) {
        sheet.write_string(0, column, name).unwrap();
    }
    sheet
        .write_datetime_with_format(1, 0, &time, &format("dd/mm/yyyy"))
        .unwrap();
    sheet
        .write_datetime_with_format(1, 1, &clock, &format("d mmm yyyy hh:mm"))
        .unwrap();
    sheet.write_number(1, 2, 80.98).unwrap();
    sheet.write_number(2, 0, 0.1 + 0.2).unwrap();
    sheet.write_number(2, 1, 3_271_012_345_678_901.0).unwrap();
    sheet
        .write_number_with_format(2, 2, 0.8098, &format("0.00%"))
        .unwrap();
    sheet
        .write_number_with_format(3, 0, 1.0 / 3.0, &format("hh:mm"))
        .unwrap();
    sheet.write_boolean(3, 1, true).unwrap();
    sheet
        .merge_range(4, 0, 5, 0, "sama", &rust_xlsxwriter::Format::new())
        .unwrap();
    sheet.write_string(4, 1, "a").unwrap();
    sheet.write_string(5, 1, "b").unwrap();
    // A cell far away takes no memory for the empty cells before it.
    sheet.write_string(1_048_575, 16_383, "jauh").unwrap();
    let book = file(&book.save_to_buffer().unwrap());
    let read: Vec<String> = table(&book.path().into())
        .unwrap()
        .0
        .into_iter()
        .map(|(_, row)| row)
        .collect();
    assert_eq!(
        read,
        [
            "2024-10-05|2024-10-05 08:00:00|80.98",
            "0.3|3271012345678901|80.98%",
            "08:00:00|TRUE|",
            "sama|a|",
            "sama|b|",
        ]
    );
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,6}",
        "[a-z]{1,3}[,;|\t\" ][a-z]{1,3}",
        "[a-z]{1,3}\n[a-z]{1,3}",
        "[éüñ]{1,3}",
        Just("x\"y".to_owned()),
        Just(String::new()),
    ]
}

fn delimited(rows: &[Vec<String>], delimiter: char, end: &str, bom: bool) -> Vec<u8> {
    let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
    let mut text = String::from(if bom { "\u{feff}" } else { "" });
    for row in rows {
        let cells: Vec<String> = row.iter().map(quoted).collect();
        text += &cells.join(&delimiter.to_string());
        text += end;
    }
    text.into_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_table_is_the_same_in_every_shape(
        body in proptest::collection::vec((cell(), cell(), cell()), 1..12)
    ) {
        let mut table_rows = rows(&[&["code", "name", "age"]]);
        table_rows.extend(body.into_iter().enumerate().map(|(n, (a, b, c))| vec![format!("k{n}{a}"), b, c]));
        let cells = |bytes: &[u8]| -> Vec<String> {
            read(bytes).unwrap().into_iter().map(|(_, row)| row).collect()
        };
        let expected: Vec<String> = table_rows[1..]
            .iter()
            .map(|row| row.iter().map(|cell| cell.trim()).collect::<Vec<_>>().join("|"))
            .collect();
        for delimiter in [',', ';', '\t', '|'] {
            for end in ["\n", "\r\n", "\r"] {
                for bom in [false, true] {
                    prop_assert_eq!(&cells(&delimited(&table_rows, delimiter, end, bom)), &expected);
                }
            }
        }
        prop_assert_eq!(&cells(&xlsx(&[("Data", &table_rows)])), &expected);
        // A paragraph of ODS can't contain a line break.
        if !expected.iter().any(|row| row.contains('\n') || row.contains('\t')) {
            prop_assert_eq!(&cells(&ods(&[("Data", &table_rows)])), &expected);
        }
    }

    #[test]
    fn a_damaged_file_is_read_or_refused_and_never_more(
        book in any::<bool>(),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<proptest::sample::Index>(),
    ) {
        let whole: Vec<Vec<String>> = (0..30).map(|n| vec![n.to_string(), format!("a\"{n},\nb"), String::new()]).collect();
        let mut all = rows(&[&["code", "name", "age"]]);
        all.extend(whole);
        let mut bytes = if book { xlsx(&[("Data", &all)]) } else { delimited(&all, ',', "\n", false) };
        for (place, value) in damage {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        if let Ok(rows) = read(&bytes) {
            prop_assert!(rows.len() <= 200);
        }
    }

    #[test]
    fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _read = read(&bytes);
    }
}
