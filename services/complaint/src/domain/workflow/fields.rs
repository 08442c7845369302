//! Reads the typed fields of a JSON document of the complaint service and collects faults.

use std::ops::{Deref, DerefMut};

use prima_platform::request::json;
pub(in crate::domain) use prima_platform::request::json::{Object, join};
use prima_proto::name::{TOKEN_MAX, token};
use serde_json::Value;

use super::model::Reason;
use crate::domain::worktime::Length;

/// The reader of fields, and of the kinds of fields that the documents of this service have in common.
#[derive(Default)]
pub(in crate::domain) struct Reader(json::Reader);

impl Deref for Reader {
    type Target = json::Reader;

    fn deref(&self) -> &json::Reader {
        &self.0
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut json::Reader {
        &mut self.0
    }
}

impl Reader {
    /// The faults found.
    pub(in crate::domain) fn into_faults(self) -> Vec<super::model::Fault> {
        self.0.faults
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
}

fn is_key(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 63
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}
