//! The rule language of instruments (`rule_language` of `pekppp-2022.json`). Rows are tried from the top; the first
//! row whose conditions all hold gives the level, otherwise `otherwise` does. The result is a suggestion; the
//! evaluator decides.

use std::cmp::Ordering;

use super::number::{self, Rational};

/// Decimals of a displayed figure; comparisons are exact.
const SHOWN_DECIMALS: u32 = 4;

/// A figure of a metric, or the value that it is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// No figure is known.
    Missing,
    /// Yes or no.
    Truth(bool),
    /// A number.
    Number(Rational),
    /// One of a list of words.
    Word(String),
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Truth(truth)
    }
}

impl From<usize> for Value {
    fn from(count: usize) -> Self {
        Self::Number(Rational::from_integer(count.into()))
    }
}

impl Value {
    /// The text for people: `true`, `false`, a decimal with at most four places, or a word; empty when missing.
    pub fn text(&self) -> String {
        match self {
            Self::Missing => String::new(),
            Self::Truth(truth) => truth.to_string(),
            Self::Number(number) => {
                let text = number::decimal(number, SHOWN_DECIMALS);
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
            Self::Word(word) => word.clone(),
        }
    }
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// Equal; a missing figure equals only a missing value.
    Eq,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
}

impl Op {
    /// Parses this name.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "eq" => Some(Self::Eq),
            "lt" => Some(Self::Lt),
            "le" => Some(Self::Le),
            "gt" => Some(Self::Gt),
            "ge" => Some(Self::Ge),
            _ => None,
        }
    }

    /// Whether the comparison of `figure` with `value` is true. Only numbers have an order; with a missing figure
    /// every comparison but `eq null` is false.
    fn holds(self, figure: &Value, value: &Value) -> bool {
        if self == Self::Eq {
            return figure == value;
        }
        let (Value::Number(figure), Value::Number(value)) = (figure, value) else {
            return false;
        };
        let order = figure.cmp(value);
        match self {
            Self::Eq => order == Ordering::Equal,
            Self::Lt => order == Ordering::Less,
            Self::Le => order != Ordering::Greater,
            Self::Gt => order == Ordering::Greater,
            Self::Ge => order != Ordering::Less,
        }
    }
}

/// One test of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Field of the metric.
    pub field: String,
    /// How it is compared.
    pub op: Op,
    /// The value that it is compared with.
    pub value: Value,
}

/// One row of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Level that it gives; `None` for no suggestion.
    pub level: Option<u32>,
    /// All of them must hold.
    pub when: Vec<Condition>,
    /// Whether the row is Prima's interpretation of a case that the criteria leave open.
    pub interpretation: bool,
}

/// How the figures of one metric suggest a level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The rows, tried from the top.
    pub rows: Vec<Row>,
    /// Level when no row holds; `None` for no suggestion.
    pub otherwise: Option<u32>,
}

/// The result of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Level; `None` for no suggestion.
    pub level: Option<u32>,
    /// Whether the row that gave it is Prima's interpretation.
    pub interpretation: bool,
}

/// Figures of a metric by field. An absent field counts as missing.
pub type Figures = Vec<(&'static str, Value)>;

impl Rule {
    /// The level that `figures` support.
    pub fn apply(&self, figures: &[(&str, Value)]) -> Verdict {
        let figure = |field: &str| {
            figures
                .iter()
                .find(|(name, _)| *name == field)
                .map_or(&Value::Missing, |(_, value)| value)
        };
        let holds = |row: &&Row| row.when.iter().all(|c| c.op.holds(figure(&c.field), &c.value));
        match self.rows.iter().find(holds) {
            Some(row) => Verdict {
                level: row.level,
                interpretation: row.interpretation,
            },
            None => Verdict {
                level: self.otherwise,
                interpretation: false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{instrument, read};

    fn value(json: &serde_json::Value) -> Value {
        match json {
            serde_json::Value::Null => Value::Missing,
            serde_json::Value::Bool(truth) => (*truth).into(),
            other => match read::rational(other) {
                Some(number) => Value::Number(number),
                None => Value::Word(other.as_str().unwrap().to_owned()),
            },
        }
    }

    #[test]
    fn every_suggestion_vector_gives_its_level() {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../../../../tests/data/ipp.json")).unwrap();
        let (instrument, _) = instrument::built_in()
            .iter()
            .find(|(i, _)| i.id == "pekppp-2022")
            .unwrap();
        let forms = instrument.forms.as_ref().unwrap();
        let rows = golden["suggestion_vectors"]["rows"].as_array().unwrap();
        let mut checked = 0;
        for row in rows {
            let fields = row["fields"].as_object().unwrap();
            let figures: Vec<(&str, Value)> = fields.iter().map(|(k, v)| (k.as_str(), value(v))).collect();
            let expected = row["level"].as_u64().map(|l| u32::try_from(l).unwrap());
            let mut found = 0;
            for form in [&forms.offline, &forms.online] {
                for indicator in form.indicators.iter().filter(|i| row["key"] == i.key.as_str()) {
                    let verdict = indicator.rule.as_ref().unwrap().apply(&figures);
                    assert_eq!(verdict.level, expected, "{row}");
                    found += 1;
                }
            }
            assert!(found > 0, "{row}");
            checked += 1;
        }
        assert_eq!(checked, 123);
    }

    fn number(n: i64) -> Value {
        Value::Number(Rational::from_integer(n.into()))
    }

    #[test]
    fn a_missing_figure_equals_only_a_missing_value() {
        assert!(Op::Eq.holds(&Value::Missing, &Value::Missing));
        for op in [Op::Eq, Op::Lt, Op::Le, Op::Gt, Op::Ge] {
            assert!(!op.holds(&Value::Missing, &number(0)), "{op:?}");
            assert!(!op.holds(&Value::Missing, &false.into()), "{op:?}");
            assert!(!op.holds(&number(0), &Value::Missing), "{op:?}");
        }
        for op in [Op::Lt, Op::Le, Op::Gt, Op::Ge] {
            assert!(!op.holds(&Value::Missing, &Value::Missing), "{op:?}");
        }
    }

    #[test]
    fn the_first_row_that_holds_gives_the_level_and_whether_it_is_an_interpretation() {
        let row = |level, interpretation, field: &str, value| Row {
            level,
            when: vec![Condition {
                field: field.into(),
                op: Op::Ge,
                value: number(value),
            }],
            interpretation,
        };
        let rule = Rule {
            rows: vec![
                row(Some(3), false, "a", 5),
                row(None, true, "a", 3),
                row(Some(1), false, "a", 3),
            ],
            otherwise: Some(0),
        };
        let apply = |n| rule.apply(&[("a", number(n))]);
        let verdict = |level, interpretation| Verdict {
            level,
            interpretation,
        };
        assert_eq!(apply(5), verdict(Some(3), false));
        assert_eq!(apply(4), verdict(None, true));
        assert_eq!(apply(2), verdict(Some(0), false));
        assert_eq!(rule.apply(&[]), verdict(Some(0), false));
    }

    #[test]
    fn a_figure_is_shown_short_and_compared_exactly() {
        let third = Value::Number(Rational::new(100.into(), 3.into()));
        assert_eq!(third.text(), "33.3333");
        assert_eq!(number(100).text(), "100");
        assert_eq!(number(0).text(), "0");
        assert_eq!(Value::Number(Rational::new(25.into(), 2.into())).text(), "12.5");
        let almost = Value::Number(Rational::new(99_999_999.into(), 1_000_000.into()));
        assert!(!Op::Ge.holds(&almost, &number(100)));
    }

    proptest! {
        #[test]
        fn exactly_one_of_less_equal_and_greater_holds(a in -50i64..50, b in -50i64..50) {
            let (x, y) = (number(a), number(b));
            let results = [Op::Lt, Op::Eq, Op::Gt].map(|op| op.holds(&x, &y));
            prop_assert_eq!(results.iter().filter(|h| **h).count(), 1);
            prop_assert_eq!(Op::Le.holds(&x, &y), results[0] || results[1]);
            prop_assert_eq!(Op::Ge.holds(&x, &y), results[2] || results[1]);
        }
    }
}
