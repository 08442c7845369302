//! Reads the fields of a document by type and collects their faults.

use std::collections::BTreeSet;

use num_traits::{One, Zero};
use prima_platform::{failure::Violation, request::text};
use serde_json::Value;

use crate::domain::number::{self, Rational};

/// Longest text.
const TEXT_MAX: usize = 2000;

/// Reads fields and collects their faults.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) faults: Vec<Violation>,
}

impl Reader {
    pub(super) fn fault(&mut self, path: &str, english: impl Into<String>, indonesian: impl Into<String>) {
        self.faults.push(Violation::new(path, english, indonesian));
    }

    pub(super) fn text(&mut self, of: &Value, path: &str, key: &str) -> String {
        let given = of.get(key).and_then(Value::as_str).unwrap_or_default();
        let checked = text::name(&join(path, key), given, 1, TEXT_MAX);
        checked.unwrap_or_else(|fault| {
            self.faults.push(fault);
            String::new()
        })
    }

    pub(super) fn key(&mut self, of: &Value, path: &str, key: &str) -> String {
        let text = of.get(key).and_then(Value::as_str).unwrap_or_default();
        let fits = !text.is_empty()
            && text.len() <= 63
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
        if !fits {
            self.fault(
                &join(path, key),
                "must be 1 to 63 characters of a-z, 0-9, _ and -",
                "harus 1 sampai 63 karakter a-z, 0-9, _ dan -",
            );
        }
        text.to_owned()
    }

    pub(super) fn list<'a>(&mut self, of: &'a Value, path: &str, key: &str) -> &'a [Value] {
        match of.get(key).and_then(Value::as_array) {
            Some(list) if !list.is_empty() => list,
            _ => {
                self.fault(
                    &join(path, key),
                    "must be a list that is not empty",
                    "harus berupa daftar yang tidak kosong",
                );
                &[]
            }
        }
    }

    pub(super) fn texts(&mut self, of: &Value, path: &str, key: &str) -> Vec<String> {
        let list = self.list(of, path, key);
        let texts: Vec<String> = list
            .iter()
            .filter_map(|value| text::name(key, value.as_str()?, 1, TEXT_MAX).ok())
            .collect();
        if texts.len() != list.len() {
            self.fault(
                &join(path, key),
                "must contain only texts",
                "hanya boleh berisi teks",
            );
        }
        texts
    }

    /// A JSON number, a decimal in a text, or a fraction `n/d`.
    pub(super) fn number(&mut self, of: &Value, path: &str, key: &str) -> Rational {
        match of.get(key).and_then(rational) {
            Some(number) => number,
            None => {
                self.fault(&join(path, key), "must be a number", "harus berupa angka");
                Rational::zero()
            }
        }
    }

    pub(super) fn whole(
        &mut self,
        of: &Value,
        path: &str,
        key: &str,
        range: std::ops::RangeInclusive<u32>,
    ) -> u32 {
        let number = of
            .get(key)
            .and_then(Value::as_u64)
            .and_then(|n| u32::try_from(n).ok());
        match number {
            Some(number) if range.contains(&number) => number,
            _ => {
                let (low, high) = (range.start(), range.end());
                self.fault(
                    &join(path, key),
                    format!("must be a whole number from {low} to {high}"),
                    format!("harus bilangan bulat {low} sampai {high}"),
                );
                *low
            }
        }
    }

    pub(super) fn sums_to_one(&mut self, path: &str, what: &str, weights: impl Iterator<Item = Rational>) {
        let sum: Rational = weights.sum();
        if !sum.is_one() {
            let sum = number::fraction(&sum);
            self.fault(
                path,
                format!("the weights of {what} sum to {sum}, not to 1"),
                format!("jumlah bobot {what} adalah {sum}, bukan 1"),
            );
        }
    }

    pub(super) fn unique<'a>(&mut self, path: &str, keys: impl Iterator<Item = &'a str>) {
        let mut seen = BTreeSet::new();
        for key in keys {
            if !key.is_empty() && !seen.insert(key) {
                self.fault(
                    path,
                    format!("`{key}` occurs twice"),
                    format!("`{key}` muncul dua kali"),
                );
            }
        }
    }
}

/// The path of `key` under `path`.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// The exact value of a JSON number or text. The shortest text of a number is parsed, so that no floating-point value
/// is computed with.
pub fn rational(value: &Value) -> Option<Rational> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    parse(&text)
}

/// Parses a decimal or a fraction `n/d`.
pub fn parse(text: &str) -> Option<Rational> {
    if text.contains('/') {
        number::parse_fraction(text)
    } else {
        number::parse_decimal(text)
    }
}
