//! Levels that live data supports.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use prima_platform::failure::Failure;
use prima_proto::{index::v1 as pb, name};
use sea_orm::ConnectionTrait;

use crate::{
    domain::{
        facts::{self, Facts, Known, Origin},
        instrument::Instrument,
        number::{self, Rational},
        rule::{self, Figures, Verdict},
    },
    events, store,
};

/// The level that live data supports of one indicator, with what is behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggested {
    /// Key of the indicator.
    pub indicator: String,
    /// Metric that feeds it.
    pub metric: String,
    /// Level; `None` when the data supports none.
    pub level: Option<u32>,
    /// Whether the row that gave it is our reading of a case that the criteria leave open.
    pub interpretation: bool,
    /// Figures behind it; none when no service has told any.
    pub figures: Figures,
    /// Events behind it.
    pub origins: Vec<Origin>,
}

/// A suggestion for every indicator of the form `offline` or `online` of `instrument` that live data feeds, in the order
/// of the form, at `evaluation_date`; none where the instrument has no such form. An indicator of which no service has
/// told anything gets no level, never the lowest one.
pub fn suggest(
    instrument: &Instrument,
    form: &str,
    facts: &Facts,
    evaluation_date: NaiveDate,
) -> Vec<Suggested> {
    let form = instrument.forms.as_ref().and_then(|forms| forms.get(form));
    let fed = form.into_iter().flat_map(|form| &form.indicators);
    let suggested = fed.filter_map(|indicator| {
        let rule = indicator.rule.as_ref()?;
        let known = facts::figures(&indicator.fed_by, facts, evaluation_date);
        let verdict = known.as_ref().map(|k| rule.apply(&k.figures));
        let Verdict {
            level,
            interpretation,
        } = verdict.unwrap_or_default();
        let Known { figures, origins } = known.unwrap_or_default();
        Some(Suggested {
            indicator: indicator.key.clone(),
            metric: indicator.fed_by.clone(),
            level,
            interpretation,
            figures,
            origins,
        })
    });
    suggested.collect()
}

/// The answer of ListSuggestions for `unit`, beside the levels `given` per indicator that count.
pub async fn list(
    conn: &impl ConnectionTrait,
    unit: &name::Unit,
    instrument: &Instrument,
    form: &str,
    evaluation_date: NaiveDate,
    given: &BTreeMap<String, Rational>,
) -> Result<pb::ListSuggestionsResponse, Failure> {
    let facts = facts_of(conn, unit).await?;
    let suggested = suggest(instrument, form, &facts, evaluation_date);
    Ok(pb::ListSuggestionsResponse {
        suggestions: suggested
            .iter()
            .map(|s| s.message(given.get(&s.indicator)))
            .collect(),
    })
}

/// All that is told of a unit.
pub async fn facts_of(conn: &impl ConnectionTrait, unit: &name::Unit) -> Result<Facts, Failure> {
    let kept = store::fact::fact_list(conn, unit).await?;
    events::facts::facts(&kept).map_err(Failure::internal)
}

impl Suggested {
    /// As its message, beside the level that was `given` and counts.
    pub fn message(&self, given: Option<&Rational>) -> pb::Suggestion {
        let figure = |(field, value): &(&str, rule::Value)| pb::Figure {
            field: (*field).to_owned(),
            value: value.text(),
        };
        let difference = given
            .zip(self.level)
            .map(|(given, level)| number::decimal(&(given - Rational::from_integer(level.into())), 2));
        pb::Suggestion {
            indicator: self.indicator.clone(),
            metric: self.metric.clone(),
            level: self.level.and_then(|l| i32::try_from(l).ok()),
            figures: self.figures.iter().map(figure).collect(),
            interpretation: self.interpretation,
            given_level: given.map(number::fraction).unwrap_or_default(),
            difference: difference.unwrap_or_default(),
            events: self
                .origins
                .iter()
                .map(|o| format!("{}@{}", o.subject, o.version))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suggested(level: Option<u32>) -> Suggested {
        Suggested {
            indicator: "service_charter_cycle".into(),
            metric: "directory.service_charter".into(),
            level,
            interpretation: false,
            figures: vec![
                ("exists", true.into()),
                ("enacted", rule::Value::Missing),
                ("compliant", 3usize.into()),
            ],
            origins: vec![Origin {
                subject: "prima.directory.unit.3271.dpmptsp".into(),
                version: 7,
            }],
        }
    }

    #[test]
    fn the_difference_is_given_minus_suggested() {
        for (given, level, difference) in [
            ((9, 2), Some(3), "1.50"),
            ((7, 3), Some(5), "-2.67"),
            ((4, 1), Some(4), "0.00"),
            ((4, 1), None, ""),
        ] {
            let given = Rational::new(given.0.into(), given.1.into());
            let message = suggested(level).message(Some(&given));
            assert_eq!(message.difference, difference);
            assert_eq!(message.given_level, number::fraction(&given));
        }
        let message = suggested(Some(0)).message(None);
        assert_eq!(
            (message.given_level.as_str(), message.difference.as_str()),
            ("", "")
        );
        assert_eq!(
            (message.level, suggested(None).message(None).level),
            (Some(0), None)
        );
    }

    #[test]
    fn a_message_names_its_figures_and_events() {
        let message = suggested(Some(1)).message(None);
        let figures: Vec<(&str, &str)> = message
            .figures
            .iter()
            .map(|f| (f.field.as_str(), f.value.as_str()))
            .collect();
        assert_eq!(figures, [("exists", "true"), ("enacted", ""), ("compliant", "3")]);
        assert_eq!(message.events, ["prima.directory.unit.3271.dpmptsp@7"]);
    }
}
