//! Scores as they are published. A [`Key`] identifies a score; the bus subject and the corresponding fields of the
//! payload are made from it, so that they always agree.

use std::fmt;

use prost::Message;

use crate::{
    event::v1::{ScoreComponent, ScoreState, ScoreStatus, WithheldReason},
    name::{self, Subject},
    subject::SCORE_TYPE,
};

/// Aggregation of an agency's score: the mean of the exact values of its units.
pub const MEAN_OF_UNITS: &str = "mean_of_units";

/// Aggregation of an agency's score: its own cases, each counted once, whichever of its units holds them.
pub const ALL_CASES: &str = "all_cases";

/// Identifies a score, with the service that publishes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The service that publishes it.
    pub service: String,
    /// Metric, such as `skm`.
    pub metric: String,
    /// Period, such as `2024-q3`.
    pub period: String,
    /// The unit or agency.
    pub subject: Subject,
}

/// Why a bus subject of a score is malformed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An id in it is malformed.
    #[error("subject: {0}")]
    Name(#[from] name::Error),
    /// It contains neither a unit nor an agency.
    #[error("the subject names neither unit nor agency")]
    Form,
}

impl Key {
    /// Key of a score of `service`.
    pub fn new(service: &str, metric: &str, period: &str, subject: impl Into<Subject>) -> Self {
        Self {
            service: service.to_owned(),
            metric: metric.to_owned(),
            period: period.to_owned(),
            subject: subject.into(),
        }
    }

    /// Parses a bus subject; `None` when it is not that of a score. Metric and period are not checked.
    ///
    /// # Errors
    ///
    /// It contains neither a unit nor an agency, or a malformed id.
    pub fn parse(subject: &str) -> Result<Option<Self>, Error> {
        let tokens: Vec<&str> = subject.split('.').collect();
        let ["prima", service, "score", key @ ..] = tokens.as_slice() else {
            return Ok(None);
        };
        let (metric, period, subject) = match key {
            [metric, period, "unit", agency, unit] => {
                (metric, period, Subject::Unit(name::Unit::of(agency, unit)?))
            }
            [metric, period, "agency", agency] => {
                (metric, period, Subject::Agency(name::Agency::of(agency)?))
            }
            _ => return Err(Error::Form),
        };
        Ok(Some(Self::new(service, metric, period, subject)))
    }

    /// The score with these figures.
    pub fn score(self, figures: Figures) -> Score {
        let status = match figures.settled {
            true => ScoreStatus::Final,
            false => ScoreStatus::Provisional,
        };
        let bus_subject = self.to_string();
        let state = ScoreState {
            metric: self.metric,
            period: self.period,
            subject: self.subject.to_string(),
            exact: figures.exact,
            fraction: figures.fraction,
            value: figures.value,
            category: figures.category,
            instrument: figures.instrument,
            status: status.into(),
            ..ScoreState::default()
        };
        Score { bus_subject, state }
    }

    /// The withdrawal of the score.
    pub fn withdrawn(&self) -> Event {
        Event {
            subject: self.to_string(),
            event_type: SCORE_TYPE,
            payload: None,
        }
    }
}

/// The bus subject.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "prima.{}.score.{}.{}.", self.service, self.metric, self.period)?;
        match &self.subject {
            Subject::Agency(agency) => write!(f, "agency.{}", agency.agency),
            Subject::Unit(unit) => write!(f, "unit.{}.{}", unit.agency, unit.unit),
        }
    }
}

/// Figures that every score has.
#[derive(Debug)]
pub struct Figures {
    /// Exact value, a decimal with at most 18 places; empty, as `fraction` and `value`, when only a category is published.
    pub exact: String,
    /// Exact value as a fraction in lowest terms, `numerator/denominator`.
    pub fraction: String,
    /// Published value, rounded once by the rule of the instrument.
    pub value: String,
    /// Category of the published value; empty if there is none.
    pub category: String,
    /// Instrument and version that produced it.
    pub instrument: String,
    /// Whether it is final.
    pub settled: bool,
}

/// A score to be published.
#[derive(Debug)]
pub struct Score {
    bus_subject: String,
    state: ScoreState,
}

impl Score {
    /// Sets its components: their keys, and their values as decimals with four places.
    #[must_use]
    pub fn components<K: Into<String>>(mut self, parts: impl IntoIterator<Item = (K, String)>) -> Self {
        let component = |(key, value): (K, String)| ScoreComponent {
            key: key.into(),
            value,
            coefficient: String::new(),
        };
        self.state.components = parts.into_iter().map(component).collect();
        self
    }

    /// Sets what one point of each component contributes to the exact value, as fractions. Those of all components together say
    /// that the exact value is the sum of the contributions.
    #[must_use]
    pub fn coefficients<K: AsRef<str>>(mut self, parts: impl IntoIterator<Item = (K, String)>) -> Self {
        for (key, coefficient) in parts {
            let found = self
                .state
                .components
                .iter_mut()
                .find(|part| part.key == key.as_ref());
            if let Some(component) = found {
                component.coefficient = coefficient;
            }
        }
        self
    }

    /// Sets the sample size and the minimum sample; 0 if there is none.
    #[must_use]
    pub fn sample(mut self, size: i64, minimum: i64) -> Self {
        (self.state.sample_size, self.state.sample_minimum) = (size, minimum);
        self
    }

    /// Of a score that is made of responses: sets how many are in it, how many people's changes wait, and why there is no
    /// value.
    #[must_use]
    pub fn released(mut self, counted: i64, pending: i64, withheld: WithheldReason) -> Self {
        (self.state.counted, self.state.pending) = (counted, pending);
        self.state.withheld_reason = withheld.into();
        self
    }

    /// Of a score that is made of responses: sets how many are in question and not in it, and its value if they were
    /// accepted; empty if there is none.
    #[must_use]
    pub fn questioned(mut self, responses: i64, value: String) -> Self {
        (self.state.in_question, self.state.value_with_questioned) = (responses, value);
        self
    }

    /// Sets its standard error, a decimal; empty if there is none.
    #[must_use]
    pub fn standard_error(mut self, error: String) -> Self {
        self.state.standard_error = error;
        self
    }

    /// For an agency: sets the number of units counted, the number expected, and the aggregation, such as
    /// [`MEAN_OF_UNITS`].
    #[must_use]
    pub fn units(mut self, counted: i64, expected: i64, aggregation: &str) -> Self {
        (self.state.units_counted, self.state.units_expected) = (counted, expected);
        aggregation.clone_into(&mut self.state.aggregation);
        self
    }

    /// Sets the name of its category for people, where the key alone does not tell it.
    #[must_use]
    pub fn category_display_name(mut self, name: String) -> Self {
        self.state.category_display_name = name;
        self
    }

    /// Sets whether it was recorded from an earlier publication, not computed.
    #[must_use]
    pub fn recorded(mut self, recorded: bool) -> Self {
        self.state.recorded = recorded;
        self
    }

    /// The payload as a message.
    pub fn state(self) -> ScoreState {
        self.state
    }

    /// The event that is published.
    pub fn event(self) -> Event {
        Event {
            subject: self.bus_subject,
            event_type: SCORE_TYPE,
            payload: Some(self.state.encode_to_vec()),
        }
    }
}

/// Event of a score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Bus subject.
    pub subject: String,
    /// Type of the payload.
    pub event_type: &'static str,
    /// Protobuf message; `None` for a withdrawal.
    pub payload: Option<Vec<u8>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(subject: &str) -> Key {
        Key::parse(subject).unwrap().unwrap()
    }

    const UNIT: &str = "prima.survey.score.skm.2024-q3.unit.3271.dpmptsp";
    const AGENCY: &str = "prima.index.score.ipp.2024.agency.3271";

    #[test]
    fn a_key_prints_as_it_was_parsed() {
        for subject in [UNIT, AGENCY] {
            assert_eq!(key(subject).to_string(), subject);
        }
        let unit = name::Unit::of("3271", "dpmptsp").unwrap();
        assert_eq!(key(UNIT), Key::new("survey", "skm", "2024-q3", &unit));
        for other in ["", "prima.directory.unit.3271.a", "prima.survey.result.3271.a.b"] {
            assert_eq!(Key::parse(other), Ok(None), "{other}");
        }
        for wrong in [
            "prima.survey.score.skm.2024",
            "prima.survey.score.skm.2024.unit.3271",
            "prima.survey.score.skm.2024.agency.3271.a",
            "prima.survey.score.skm.2024.region.32",
        ] {
            assert_eq!(Key::parse(wrong), Err(Error::Form), "{wrong}");
        }
        let misnamed = Key::parse("prima.survey.score.skm.2024.agency.A");
        assert!(matches!(misnamed, Err(Error::Name(_))));
    }

    #[test]
    fn payload_and_subject_of_a_score_agree() {
        let figures = |settled| Figures {
            exact: "80.125".into(),
            fraction: "641/8".into(),
            value: "80.13".into(),
            category: "B".into(),
            instrument: "i-1".into(),
            settled,
        };
        let score = |settled| {
            let score = key(AGENCY).score(figures(settled));
            score
                .components([("f02", "4.0000".to_owned())])
                .coefficients([("f02", "3/4".to_owned()), ("other", "1/4".to_owned())])
                .sample(9, 10)
                .released(9, 2, WithheldReason::FirstStep)
                .questioned(12, "79.50".into())
                .standard_error("0.1000".into())
                .units(2, 3, MEAN_OF_UNITS)
                .category_display_name("Baik".into())
                .recorded(true)
        };
        let expected = ScoreState {
            metric: "ipp".into(),
            period: "2024".into(),
            subject: "agencies/3271".into(),
            exact: "80.125".into(),
            fraction: "641/8".into(),
            value: "80.13".into(),
            category: "B".into(),
            components: vec![ScoreComponent {
                key: "f02".into(),
                value: "4.0000".into(),
                coefficient: "3/4".into(),
            }],
            sample_size: 9,
            sample_minimum: 10,
            standard_error: "0.1000".into(),
            units_counted: 2,
            units_expected: 3,
            instrument: "i-1".into(),
            status: ScoreStatus::Final.into(),
            aggregation: "mean_of_units".into(),
            recorded: true,
            counted: 9,
            pending: 2,
            withheld_reason: WithheldReason::FirstStep.into(),
            in_question: 12,
            value_with_questioned: "79.50".into(),
            category_display_name: "Baik".into(),
        };
        assert_eq!(score(true).state(), expected);
        assert_eq!(score(false).state().status(), ScoreStatus::Provisional);
        let event = Event {
            subject: AGENCY.into(),
            event_type: "prima.score",
            payload: Some(expected.encode_to_vec()),
        };
        assert_eq!(score(true).event(), event);
        let payload = None;
        assert_eq!(key(AGENCY).withdrawn(), Event { payload, ..event });
    }
}
