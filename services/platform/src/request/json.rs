//! Reads the typed fields of a JSON document and collects every fault with its path, so that the author of a definition,
//! a workflow or a list can correct all of them at once.

use serde_json::{Map, Value};

use super::{parsed, text};
use crate::failure::Violation;

/// A JSON object.
pub type Object = Map<String, Value>;

/// The path of the document as a whole.
const DOCUMENT: &str = "document";
/// Longest document, in bytes.
const DOCUMENT_MAX: usize = 256 * 1024;
/// Longest text, in characters.
const TEXT_MAX: usize = 1000;
/// How many faults are reported at most, because a broken document may repeat the same one.
const FAULTS_MAX: usize = 200;

/// Reads fields and collects their faults, which never repeat the content of the document.
#[derive(Debug, Default)]
pub struct Reader {
    /// The faults found so far.
    pub faults: Vec<Violation>,
}

impl Reader {
    /// Adds a fault, unless there are very many already.
    pub fn fault(
        &mut self,
        path: impl Into<String>,
        english: impl Into<String>,
        indonesian: impl Into<String>,
    ) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Violation::new(path, english, indonesian));
        }
    }

    /// Parses the document; null with a fault when it is too long or is not JSON.
    pub fn document(&mut self, json: &str) -> Value {
        if json.len() > DOCUMENT_MAX {
            self.fault(
                DOCUMENT,
                format!("must be at most {DOCUMENT_MAX} bytes"),
                format!("paling besar {DOCUMENT_MAX} bita"),
            );
            return Value::Null;
        }
        serde_json::from_str(json).unwrap_or_else(|e| {
            let (line, column) = (e.line(), e.column());
            self.fault(
                DOCUMENT,
                format!("is not JSON at line {line}, column {column}"),
                format!("bukan JSON pada baris {line}, kolom {column}"),
            );
            Value::Null
        })
    }

    /// Reads an object that may have only the fields `known`.
    pub fn object<'a>(&mut self, value: &'a Value, path: &str, known: &[&str]) -> Option<&'a Object> {
        let Some(object) = value.as_object() else {
            self.fault(path, "must be an object", "harus berupa objek");
            return None;
        };
        if object.keys().any(|k| !known.contains(&k.as_str())) {
            let known = known.join(", ");
            self.fault(
                path,
                format!("has unknown fields; known are {known}"),
                format!("memuat isian yang tidak dikenal; yang dikenal: {known}"),
            );
        }
        Some(object)
    }

    /// Reads a text that is not empty; another one adds a fault. It is checked as a name, because titles and labels of
    /// documents stand in lists and tables.
    pub fn text(&mut self, of: &Object, path: &str, key: &str) -> String {
        let Some(text) = of.get(key).and_then(Value::as_str) else {
            self.fault(
                join(path, key),
                format!("must be a text of 1 to {TEXT_MAX} characters"),
                format!("harus berupa teks 1 sampai {TEXT_MAX} karakter"),
            );
            return String::new();
        };
        let checked = text::name(&join(path, key), text, 1, TEXT_MAX);
        checked.unwrap_or_else(|fault| {
            self.fault(fault.field, fault.description, fault.localized);
            String::new()
        })
    }

    /// Reads an optional text; an absent one is returned as empty.
    pub fn text_or_none(&mut self, of: &Object, path: &str, key: &str) -> String {
        if of.contains_key(key) {
            self.text(of, path, key)
        } else {
            String::new()
        }
    }

    /// Reads a text that `parse` accepts; `None` adds its fault.
    pub fn parsed<'a, T, E: Into<[String; 2]>>(
        &mut self,
        of: &'a Object,
        path: &str,
        key: &str,
        parse: impl FnOnce(&'a str) -> Result<T, E>,
    ) -> Option<T> {
        let text = of.get(key).and_then(Value::as_str).unwrap_or_default();
        let parsed = parsed(join(path, key), text, parse);
        parsed
            .map_err(|fault| self.fault(fault.field, fault.description, fault.localized))
            .ok()
    }

    /// Reads a whole number from `least` to `most`.
    pub fn whole(&mut self, of: &Object, path: &str, key: &str, least: i64, most: i64) -> Option<i64> {
        let number = of.get(key).and_then(Value::as_i64);
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.fault(
                join(path, key),
                format!("must be a whole number from {least} to {most}"),
                format!("harus bilangan bulat {least} sampai {most}"),
            );
        }
        number
    }

    /// Reads a boolean; an absent one is false.
    pub fn flag(&mut self, of: &Object, path: &str, key: &str) -> bool {
        match of.get(key) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.fault(join(path, key), "must be true or false", "harus true atau false");
                false
            }
        }
    }

    /// Reads a list of `least` to `most` elements; an absent one counts as empty.
    pub fn list<'a>(
        &mut self,
        of: &'a Object,
        path: &str,
        key: &str,
        least: usize,
        most: usize,
    ) -> &'a [Value] {
        let list = match of.get(key) {
            None => Some([].as_slice()),
            Some(value) => value.as_array().map(Vec::as_slice),
        };
        match list {
            Some(list) if (least..=most).contains(&list.len()) => list,
            _ => {
                self.fault(
                    join(path, key),
                    format!("must be a list of {least} to {most}"),
                    format!("harus berupa daftar berisi {least} sampai {most}"),
                );
                &[]
            }
        }
    }

    /// Reads a word that `parse` accepts; `known` lists those words for the fault.
    pub fn word<T>(
        &mut self,
        value: Option<&Value>,
        path: &str,
        parse: impl Fn(&str) -> Option<T>,
        known: &[&str],
    ) -> Option<T> {
        let word = value.and_then(Value::as_str).and_then(parse);
        if word.is_none() {
            let known = known.join(", ");
            self.fault(
                path,
                format!("must be one of {known}"),
                format!("harus salah satu dari {known}"),
            );
        }
        word
    }

    /// Adds a fault for each key that occurred before. Empty keys already have a fault and are skipped.
    pub fn unique<'a>(&mut self, path: impl Fn(usize) -> String, keys: impl Iterator<Item = &'a str>) {
        let mut seen = std::collections::BTreeSet::new();
        for (at, key) in keys.enumerate() {
            if !key.is_empty() && !seen.insert(key) {
                self.fault(path(at), "occurs twice", "muncul dua kali");
            }
        }
    }
}

/// Joins the path of an object and the key of one of its fields.
pub fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// The faults of a document, named as those of the field of a request that has it.
pub fn within(field: &str, faults: Vec<Violation>) -> Vec<Violation> {
    let name = |path: String| match path.as_str() {
        DOCUMENT => field.to_owned(),
        path => join(field, path),
    };
    let named = faults.into_iter().map(|fault| Violation {
        field: name(fault.field),
        ..fault
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_named_by_its_path_in_both_languages() {
        let mut reader = Reader::default();
        let document = reader.document(r#"{"a": {"n": 12, "word": "red", "other": 1}, "list": [1, 2, 3]}"#);
        let of = reader
            .object(&document, "document", &["a", "list"])
            .cloned()
            .unwrap();
        let inner = reader
            .object(&document["a"], "a", &["n", "word", "t"])
            .cloned()
            .unwrap();
        assert_eq!(reader.whole(&inner, "a", "n", 1, 12), Some(12));
        assert_eq!(reader.whole(&inner, "a", "n", 1, 11), None);
        assert_eq!(reader.text(&inner, "a", "t"), "");
        assert!(reader.list(&of, "", "list", 1, 2).is_empty());
        let word = |text: &str| (text == "blue").then_some(());
        assert_eq!(reader.word(inner.get("word"), "a.word", word, &["blue"]), None);
        let faults: Vec<_> = reader
            .faults
            .iter()
            .map(|f| (f.field.as_str(), f.localized.as_str()))
            .collect();
        assert_eq!(
            faults,
            [
                ("a", "memuat isian yang tidak dikenal; yang dikenal: n, word, t"),
                ("a.n", "harus bilangan bulat 1 sampai 11"),
                ("a.t", "harus berupa teks 1 sampai 1000 karakter"),
                ("list", "harus berupa daftar berisi 1 sampai 2"),
                ("a.word", "harus salah satu dari blue"),
            ]
        );
    }
}
