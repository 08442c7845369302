//! Levels of indicators for a simulation: a table with `indicator,level`, or a JSON object.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::Value;

use super::bad::{BadRows, bad_row};
use super::sheet::{Column, Sheet};
use crate::client::print;

const INDICATOR: usize = 0;
const LEVEL: usize = 1;

/// Reads a file of levels by indicator: a JSON object when its name ends in `.json`, else a table. A row without a
/// level is left out, and the simulation treats that level as missing.
///
/// # Errors
///
/// When the file can't be read or a value is no level; every bad row was printed then.
pub fn levels(path: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let shown = || format!("berkas `{}`", path.display());
    let json = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let mut bad = BadRows::default();
    let levels = if json {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("{} tidak dapat dibaca", shown()))?;
        object(&text).with_context(shown)?
    } else {
        let columns = ["indicator", "level"].map(Column::required);
        rows(Sheet::open(&path.into(), &columns)?, &mut bad)?
    };
    for (line, reasons) in &bad.0 {
        print::note(&bad_row(*line, reasons));
    }
    match bad.0.len() {
        0 => Ok(levels),
        count => bail!("{}: {count} baris salah", shown()),
    }
}

fn rows(mut sheet: Sheet, bad: &mut BadRows) -> anyhow::Result<BTreeMap<String, String>> {
    let mut levels = BTreeMap::new();
    let mut lines = BTreeMap::new();
    while let Some(cells) = sheet.next()? {
        let line = cells.line;
        if let Some(fault) = cells.fault() {
            bad.add(line, fault);
            continue;
        }
        let key = cells.cell(INDICATOR);
        // Indonesian spreadsheets write a decimal comma.
        let level = cells.cell(LEVEL).replace(',', ".");
        if key.is_empty() {
            bad.add(line, "indicator wajib diisi");
        } else if let Some(before) = lines.insert(key.to_owned(), line) {
            bad.add(line, format!("indicator `{key}` sudah ada di baris {before}"));
        }
        if level.is_empty() {
            continue;
        }
        if prima_index::domain::read::parse(&level).is_none() {
            bad.add(line, format!("level `{level}` harus angka"));
        }
        levels.insert(key.to_owned(), level);
    }
    Ok(levels)
}

/// Reads the levels of a JSON object; numbers keep the digits with which they are written.
fn object(text: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let Value::Object(object) = serde_json::from_str(text).context("bukan JSON")? else {
        bail!("harus berupa objek JSON {{\"kunci\": tingkat}}")
    };
    let mut levels = BTreeMap::new();
    let mut wrong = Vec::new();
    for (key, value) in object {
        let level = match &value {
            Value::Null => continue,
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.replace(',', "."),
            _ => String::new(),
        };
        if prima_index::domain::read::parse(&level).is_none() {
            wrong.push(format!("{key}: {value}"));
        }
        levels.insert(key, level);
    }
    if !wrong.is_empty() {
        bail!("tingkat harus angka: {}", wrong.join("; "))
    }
    Ok(levels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> anyhow::Result<BTreeMap<String, String>> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        levels(&path)
    }

    #[test]
    fn both_kinds_of_file_give_the_same_levels() {
        let expected: BTreeMap<String, String> = [("a", "4"), ("b", "3.5"), ("c", "7/2")]
            .into_iter()
            .map(|(key, level)| (key.to_owned(), level.to_owned()))
            .collect();
        let csv = "indicator;level\na;4\nb;3,5\nc;7/2\nd;\n";
        assert_eq!(read("x.csv", csv).unwrap(), expected);
        let json = r#"{"a": 4, "b": 3.5, "c": "7/2", "d": null}"#;
        assert_eq!(read("x.JSON", json).unwrap(), expected);
    }

    #[test]
    fn every_bad_row_is_named_with_its_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(
            file.path(),
            "indicator,level\n,3\na,tinggi\nb,2\nb,3\nc,1,1\nd,5\n",
        )
        .unwrap();
        let sheet = Sheet::open(&file.path().into(), &["indicator", "level"].map(Column::required)).unwrap();
        let mut bad = BadRows::default();
        rows(sheet, &mut bad).unwrap();
        assert_eq!(bad.0.keys().copied().collect::<Vec<_>>(), [2, 3, 5, 6], "{bad:?}");
        assert!(levels(file.path()).is_err());
    }

    #[test]
    fn an_object_with_other_values_is_refused_with_each_key() {
        let error = object(r#"{"a": [1], "b": 2, "c": "x"}"#).unwrap_err().to_string();
        assert!(
            error.contains("a: [1]") && error.contains("c: \"x\"") && !error.contains("b:"),
            "{error}"
        );
        assert!(object("[1]").is_err() && object("{").is_err());
    }
}
