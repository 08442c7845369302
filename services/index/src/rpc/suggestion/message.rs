//! Messages of suggestions.

use prima_platform::number::{self, Rational};
use prima_proto::index::v1 as pb;

use crate::domain::{rule::Value, suggestion::Suggested};

/// A suggestion as a message, with the level that counts, `given`.
pub fn suggestion(suggested: &Suggested, given: Option<&Rational>) -> pb::Suggestion {
    let figure = |(field, value): &(&str, Value)| pb::Figure {
        field: (*field).to_owned(),
        value: value.text(),
    };
    let difference = given
        .zip(suggested.level)
        .map(|(given, level)| number::decimal(&(given - Rational::from_integer(level.into())), 2));
    pb::Suggestion {
        indicator: suggested.indicator.clone(),
        metric: suggested.metric.clone(),
        level: suggested.level.and_then(|l| i32::try_from(l).ok()),
        figures: suggested.figures.iter().map(figure).collect(),
        interpretation: suggested.interpretation,
        given_level: given.map(number::fraction).unwrap_or_default(),
        difference: difference.unwrap_or_default(),
        events: suggested
            .origins
            .iter()
            .map(|o| format!("{}@{}", o.subject, o.version))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::sourced::EventRef;

    fn suggested(level: Option<u32>) -> Suggested {
        Suggested {
            indicator: "service_charter_cycle".into(),
            metric: "directory.service_charter".into(),
            level,
            interpretation: false,
            figures: vec![
                ("exists", true.into()),
                ("enacted", Value::Missing),
                ("compliant", 3usize.into()),
            ],
            origins: vec![EventRef {
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
            let message = suggestion(&suggested(level), Some(&given));
            assert_eq!(message.difference, difference);
            assert_eq!(message.given_level, number::fraction(&given));
        }
        let message = suggestion(&suggested(Some(0)), None);
        assert_eq!(
            (message.given_level.as_str(), message.difference.as_str()),
            ("", "")
        );
        assert_eq!(
            (message.level, suggestion(&suggested(None), None).level),
            (Some(0), None)
        );
    }

    #[test]
    fn a_message_names_its_figures_and_events() {
        let message = suggestion(&suggested(Some(1)), None);
        let figures: Vec<(&str, &str)> = message
            .figures
            .iter()
            .map(|f| (f.field.as_str(), f.value.as_str()))
            .collect();
        assert_eq!(figures, [("exists", "true"), ("enacted", ""), ("compliant", "3")]);
        assert_eq!(message.events, ["prima.directory.unit.3271.dpmptsp@7"]);
    }
}
