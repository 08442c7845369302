//! The live data of an indicator: a metric, and the rule that derives a level from it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::fields::{self, Reader, join};
use crate::domain::rule::{self, Condition, Op, Row, Rule};

/// The metrics that other services supply, with the fields that a rule may use.
pub(super) fn feeds() -> BTreeMap<String, BTreeSet<String>> {
    #[derive(serde::Deserialize)]
    struct Metric {
        id: String,
        fields: BTreeSet<String>,
    }
    let metrics: Vec<Metric> =
        serde_json::from_str(include_str!("../../../data/feeds.json")).unwrap_or_default();
    metrics.into_iter().map(|m| (m.id, m.fields)).collect()
}

/// A scalar of a document, in which a number may be written as text. `None` for a list or an object.
fn plain(value: &Value) -> Option<rule::Value> {
    match value {
        Value::Null => Some(rule::Value::Missing),
        Value::Bool(truth) => Some(rule::Value::Truth(*truth)),
        Value::Number(_) => fields::rational(value).map(rule::Value::Number),
        Value::String(word) => {
            Some(fields::rational(value).map_or_else(|| rule::Value::Word(word.clone()), rule::Value::Number))
        }
        Value::Array(_) | Value::Object(_) => None,
    }
}

impl Reader {
    /// The metric of an indicator, empty where there is none, and its rule, which may use only fields of that metric
    /// and levels that exist.
    pub(super) fn feed(
        &mut self,
        row: &Value,
        path: &str,
        feeds: &BTreeMap<String, BTreeSet<String>>,
        max: u32,
    ) -> (String, Option<Rule>) {
        let Some(fed) = row.get("fed_by").filter(|f| !f.is_null()) else {
            return (String::new(), None);
        };
        let path = join(path, "fed_by");
        let metric = self.text(fed, &path, "metric");
        let Some(fields) = feeds.get(&metric) else {
            if !metric.is_empty() {
                self.fault(
                    &join(&path, "metric"),
                    format!("`{metric}` is supplied by no service"),
                    format!("`{metric}` tidak dipasok layanan mana pun"),
                );
            }
            return (metric, None);
        };
        let document = fed.get("rule").cloned().unwrap_or_default();
        let path = join(&path, "rule");
        if document.get("type").and_then(Value::as_str) != Some("first_match") {
            self.fault(
                &join(&path, "type"),
                "must be `first_match`",
                "harus `first_match`",
            );
        }
        let otherwise = self.level(&document, &path, "otherwise", max);
        let mut rows = Vec::new();
        for (at, row) in self.list(&document, &path, "rows").iter().enumerate() {
            let path = format!("{path}.rows[{at}]");
            let level = self.level(row, &path, "level", max);
            let conditions = self.list(row, &path, "when").iter().enumerate();
            let when: Vec<Condition> = conditions
                .filter_map(|(at, c)| self.condition(c, &format!("{path}.when[{at}]"), &metric, fields))
                .collect();
            let interpretation = match row.get("interpretation") {
                None => false,
                Some(Value::Bool(interpretation)) => *interpretation,
                Some(_) => {
                    self.fault(
                        &join(&path, "interpretation"),
                        "must be true or false",
                        "harus true atau false",
                    );
                    false
                }
            };
            rows.push(Row {
                level,
                when,
                interpretation,
            });
        }
        (metric, Some(Rule { rows, otherwise }))
    }

    fn condition(
        &mut self,
        document: &Value,
        path: &str,
        metric: &str,
        fields: &BTreeSet<String>,
    ) -> Option<Condition> {
        let field = document.get("field").and_then(Value::as_str).unwrap_or_default();
        if !fields.contains(field) {
            self.fault(
                &join(path, "field"),
                format!("`{field}` is no field of {metric}"),
                format!("`{field}` bukan kolom {metric}"),
            );
        }
        let op = Op::parse(document.get("op").and_then(Value::as_str).unwrap_or_default());
        if op.is_none() {
            self.fault(
                &join(path, "op"),
                "must be eq, lt, le, gt or ge",
                "harus eq, lt, le, gt, atau ge",
            );
        }
        let value = document.get("value").and_then(plain);
        if value.is_none() {
            self.fault(
                &join(path, "value"),
                "must be a single value",
                "harus nilai tunggal",
            );
        }
        Some(Condition {
            field: field.to_owned(),
            op: op?,
            value: value?,
        })
    }

    /// A level that exists, or null for no suggestion.
    fn level(&mut self, document: &Value, path: &str, key: &str, max: u32) -> Option<u32> {
        let found = document.get(key);
        let level = found
            .and_then(Value::as_u64)
            .and_then(|l| u32::try_from(l).ok())
            .filter(|l| *l <= max);
        if level.is_none() && !found.is_some_and(Value::is_null) {
            self.fault(
                &join(path, key),
                format!("must be null or a level from 0 to {max}"),
                format!("harus null atau tingkat 0 sampai {max}"),
            );
        }
        level
    }
}
