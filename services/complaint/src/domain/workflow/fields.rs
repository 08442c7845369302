//! Reads typed fields of a JSON document and collects faults.

use prima_proto::name::{TOKEN_MAX, token};
use serde_json::{Map, Value};

use super::model::{Fault, Reason};
use crate::domain::worktime::Length;

/// A JSON object.
pub(in crate::domain) type Object = Map<String, Value>;

/// Longest document, in bytes.
const DOCUMENT_MAX: usize = 256 * 1024;
/// Longest text, in characters.
const TEXT_MAX: usize = 1000;
/// How many faults are reported at most, because a broken document may repeat the same one.
const FAULTS_MAX: usize = 200;

/// Reads fields and collects their faults, which never repeat the content of the document.
#[derive(Default)]
pub(in crate::domain) struct Reader {
    pub(in crate::domain) faults: Vec<Fault>,
}

impl Reader {
    pub(in crate::domain) fn fault(
        &mut self,
        path: impl Into<String>,
        english: impl Into<String>,
        indonesian: impl Into<String>,
    ) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault::new(path, english, indonesian));
        }
    }

    pub(in crate::domain) fn document(&mut self, json: &str) -> Value {
        if json.len() > DOCUMENT_MAX {
            self.fault(
                "document",
                format!("must be at most {DOCUMENT_MAX} bytes"),
                format!("paling besar {DOCUMENT_MAX} bita"),
            );
            return Value::Null;
        }
        serde_json::from_str(json).unwrap_or_else(|e| {
            let (line, column) = (e.line(), e.column());
            self.fault(
                "document",
                format!("is not JSON at line {line}, column {column}"),
                format!("bukan JSON pada baris {line}, kolom {column}"),
            );
            Value::Null
        })
    }

    /// Reads an object that may have only the fields `known`.
    pub(in crate::domain) fn object<'a>(
        &mut self,
        value: &'a Value,
        path: &str,
        known: &[&str],
    ) -> Option<&'a Object> {
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

    pub(in crate::domain) fn text(&mut self, of: &Object, path: &str, key: &str) -> String {
        match of.get(key).and_then(Value::as_str) {
            Some(text) if !text.trim().is_empty() && text.chars().count() <= TEXT_MAX => text.to_owned(),
            _ => {
                self.fault(
                    join(path, key),
                    format!("must be a text of 1 to {TEXT_MAX} characters"),
                    format!("harus berupa teks 1 sampai {TEXT_MAX} karakter"),
                );
                String::new()
            }
        }
    }

    /// Reads an optional text; an absent one is returned as empty.
    pub(in crate::domain) fn text_or_none(&mut self, of: &Object, path: &str, key: &str) -> String {
        if of.contains_key(key) {
            self.text(of, path, key)
        } else {
            String::new()
        }
    }

    pub(in crate::domain) fn key(&mut self, of: &Object, path: &str, key: &str) -> String {
        let text = of.get(key).and_then(Value::as_str).unwrap_or_default();
        if is_key(text) {
            return text.to_owned();
        }
        self.fault(
            join(path, key),
            "must be 1 to 63 characters of a-z, 0-9 and _",
            "harus 1 sampai 63 karakter a-z, 0-9, dan _",
        );
        String::new()
    }

    /// Reads the id of a document, which becomes a part of its resource name.
    pub(in crate::domain) fn id(&mut self, of: &Object) -> String {
        let id = of.get("id").and_then(Value::as_str).unwrap_or_default();
        if token(id, TOKEN_MAX).is_err() {
            self.fault(
                "id",
                "must be 1 to 63 characters of a-z, 0-9 and -",
                "harus 1 sampai 63 karakter a-z, 0-9, dan -",
            );
        }
        id.to_owned()
    }

    pub(in crate::domain) fn flag(&mut self, of: &Object, path: &str, key: &str) -> bool {
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
    pub(in crate::domain) fn list<'a>(
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
    pub(in crate::domain) fn word<T>(
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

    /// Reads a length: `{"working_days": 0 to 1000}` or `{"days": 0 to 3650}`.
    pub(in crate::domain) fn length(&mut self, value: &Value, path: &str) -> Option<Length> {
        let length = serde_json::from_value(value.clone()).ok();
        let fits = |length: &Length| match length {
            Length::WorkingDays(n) => *n <= 1000,
            Length::Days(n) => *n <= 3650,
        };
        let length = length.filter(fits);
        if length.is_none() {
            self.fault(
                path,
                "must be {\"working_days\": 0 to 1000} or {\"days\": 0 to 3650}",
                "harus {\"working_days\": 0 sampai 1000} atau {\"days\": 0 sampai 3650}",
            );
        }
        length
    }

    pub(in crate::domain) fn reason(&mut self, value: &Value, path: &str) -> Reason {
        let Some(of) = self.object(value, path, &["key", "label"]) else {
            return Reason::default();
        };
        Reason {
            key: self.key(of, path, "key"),
            label: self.text(of, path, "label"),
        }
    }

    /// Adds a fault for each key that occurred before. Empty keys already have a fault and are skipped.
    pub(in crate::domain) fn unique<'a>(
        &mut self,
        path: impl Fn(usize) -> String,
        keys: impl Iterator<Item = &'a str>,
    ) {
        let mut seen = std::collections::BTreeSet::new();
        for (at, key) in keys.enumerate() {
            if !key.is_empty() && !seen.insert(key) {
                self.fault(path(at), "occurs twice", "muncul dua kali");
            }
        }
    }
}

/// Joins the path of an object and the key of one of its fields.
pub(in crate::domain) fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

fn is_key(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 63
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}
