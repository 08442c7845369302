//! Tests of reading CSV files.

use super::*;

fn columns() -> Vec<Column> {
    vec![
        Column::required("code"),
        Column::required("name"),
        Column::optional("age"),
    ]
}

fn read(bytes: &[u8]) -> anyhow::Result<Vec<(u64, String)>> {
    let file = std::env::temp_dir().join(format!(
        "prima-sheet-{}.csv",
        prima_platform::id::Ids::random().next()
    ));
    std::fs::write(&file, bytes)?;
    let opened = Sheet::open(&file, &columns());
    std::fs::remove_file(&file)?;
    let mut sheet = opened?;
    let mut rows = Vec::new();
    while let Some(row) = sheet.next()? {
        let text = row.fault().map(|fault| format!("! {fault}"));
        rows.push((
            row.line,
            text.unwrap_or_else(|| [0, 1, 2].map(|column| row.cell(column)).join("|")),
        ));
    }
    Ok(rows)
}

#[test]
fn columns_stand_in_any_order_and_either_delimiter() {
    let expected = vec![
        (2, "11|Aceh|".to_owned()),
        (3, "51|Bali, dan sekitarnya|".to_owned()),
    ];
    assert_eq!(
        read(b"name,code\nAceh,11\n\"Bali, dan sekitarnya\",51\n").unwrap(),
        expected
    );
    assert_eq!(
        read(b"\xef\xbb\xbfName; CODE\nAceh;11\nBali, dan sekitarnya ; 51").unwrap(),
        expected
    );
}

#[test]
fn lines_are_those_of_the_file() {
    for end in ["\n", "\r\n"] {
        let text = [
            "code,name,age",
            "1,a,",
            "",
            "2,\"b",
            "c\",7",
            "3,d",
            ",,",
            "4,e,9",
            "5,\"f",
        ]
        .join(end);
        let rows = read(text.as_bytes()).unwrap();
        let lines: Vec<u64> = rows.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 4, 6, 8, 9], "{end:?} {rows:?}");
        assert_eq!(rows[2].1, "! memiliki 2 kolom, seharusnya 3");
    }
}

#[test]
fn a_row_that_is_not_utf8_is_bad_alone() {
    let rows = read(b"code,name\n1,a\n2,\xff\n3,c\n").unwrap();
    assert_eq!(rows[1], (3, "! bukan UTF-8".to_owned()));
    assert_eq!(rows[2], (4, "3|c|".to_owned()));
}

#[test]
fn every_fault_of_a_header_is_named() {
    let error = read(b"code,code,nama,\n").unwrap_err().to_string();
    for expected in [
        "tidak ada: name",
        "tidak dikenal: (tanpa nama), nama",
        "ganda: code",
    ] {
        assert!(error.contains(expected), "{error}");
    }
    assert!(
        read(b"")
            .unwrap_err()
            .to_string()
            .contains("kolom tidak ada: code, name")
    );
    assert!(
        read(b"\xff\xfec\0o\0")
            .unwrap_err()
            .to_string()
            .contains("UTF-16")
    );
    assert!(
        read(b"c\xe9de,name\n")
            .unwrap_err()
            .to_string()
            .contains("harus UTF-8")
    );
}
