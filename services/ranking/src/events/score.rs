//! Scores of every service.

use prima_proto::{
    event::v1::{ScoreStatus, WithheldReason},
    score::Key,
};
use prost::{DecodeError, encoding};
use rust_decimal::Decimal;

use crate::domain::{Figures, Score, Status};

/// The fields of a `ScoreState` that tables keep. The others, such as its components, are skipped without being copied:
/// a replica that starts reads millions of states.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ScoreFigures {
    #[prost(string, tag = "4")]
    exact: String,
    #[prost(string, tag = "6")]
    value: String,
    #[prost(string, tag = "7")]
    category: String,
    #[prost(int64, tag = "9")]
    sample_size: i64,
    #[prost(int64, tag = "10")]
    sample_minimum: i64,
    #[prost(string, tag = "11")]
    standard_error: String,
    #[prost(int64, tag = "12")]
    units_counted: i64,
    #[prost(int64, tag = "13")]
    units_expected: i64,
    #[prost(string, tag = "14")]
    instrument: String,
    #[prost(enumeration = "ScoreStatus", tag = "15")]
    status: i32,
    #[prost(string, tag = "16")]
    aggregation: String,
    #[prost(bool, tag = "17")]
    recorded: bool,
    #[prost(int64, tag = "18")]
    counted: i64,
    #[prost(int64, tag = "19")]
    pending: i64,
    #[prost(enumeration = "WithheldReason", tag = "20")]
    withheld_reason: i32,
    #[prost(int64, tag = "21")]
    in_question: i64,
    #[prost(string, tag = "22")]
    value_with_questioned: String,
    #[prost(string, tag = "25")]
    category_display_name: String,
}

/// Fields of a `ScoreState` that its bus subject contains as well, or that tables do not keep: metric, period, subject,
/// fraction and components. All others stay in segments of the snapshot, also those that this release does not know.
const OMITTED: [u32; 5] = [1, 2, 3, 5, 8];

/// Appends the payload of a score to `to`, without the fields that tables do not keep. Fails when it is not a message.
pub fn shorten(payload: &[u8], to: &mut Vec<u8>) -> Result<(), DecodeError> {
    let mut rest = payload;
    while !rest.is_empty() {
        let field = rest;
        let (tag, wire_type) = encoding::decode_key(&mut rest)?;
        encoding::skip_field(wire_type, tag, &mut rest, encoding::DecodeContext::default())?;
        let length = field.len() - rest.len();
        if !OMITTED.contains(&tag) {
            to.extend_from_slice(field.get(..length).unwrap_or_default());
        }
    }
    Ok(())
}

/// The score that a state contains.
pub fn score(key: Key, state: ScoreFigures, withdrawn: bool) -> Score {
    // A status that only a later release knows counts as not final.
    let status = ScoreStatus::try_from(state.status).unwrap_or_default();
    Score {
        metric: key.metric,
        period: key.period,
        subject: key.subject,
        figures: Figures {
            value: state.value,
            category: state.category,
            category_display_name: state.category_display_name,
            sample_size: state.sample_size,
            sample_minimum: state.sample_minimum,
            units_counted: state.units_counted,
            units_expected: state.units_expected,
            status: if status == ScoreStatus::Final {
                Status::Final
            } else {
                Status::Provisional
            },
            recorded: state.recorded,
            counted: state.counted,
            pending: state.pending,
            too_few: state.withheld_reason == i32::from(WithheldReason::TooFew),
            in_question: state.in_question,
            value_with_questioned: state.value_with_questioned,
            exact: decimal(&state.exact),
            standard_error: decimal(&state.standard_error).filter(|error| !error.is_sign_negative()),
            instrument: state.instrument,
            aggregation: state.aggregation,
        },
        withdrawn: withdrawn || status == ScoreStatus::Withdrawn,
    }
}

/// An exact value or a standard error; `None` when it is not a decimal. Digits beyond those that a `Decimal` holds are rounded.
fn decimal(text: &str) -> Option<Decimal> {
    let is_plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    text.bytes().all(is_plain).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use prima_proto::event::v1::{ScoreComponent, ScoreState};
    use prost::Message;

    use super::*;
    use crate::domain::{
        LeagueTables, Subject,
        tests::{row, shown, unit, unit_name},
    };

    #[test]
    fn the_figures_are_those_of_the_published_state() {
        let published = ScoreState {
            metric: "skm".into(),
            period: "2026".into(),
            subject: "agencies/32".into(),
            exact: "91.395".into(),
            fraction: "18279/200".into(),
            value: "91.40".into(),
            category: "A".into(),
            components: vec![ScoreComponent {
                key: "u1".into(),
                value: "3.9".into(),
                coefficient: "25/9".into(),
            }],
            sample_size: 1,
            sample_minimum: 2,
            standard_error: "0.1".into(),
            units_counted: 3,
            units_expected: 4,
            instrument: "skm 1".into(),
            status: ScoreStatus::Final.into(),
            aggregation: "mean_of_units".into(),
            recorded: true,
            counted: 5,
            pending: 6,
            withheld_reason: WithheldReason::TooFew.into(),
            in_question: 7,
            value_with_questioned: "90.10".into(),
            category_display_name: "Sangat Baik".into(),
        };
        let read = ScoreFigures::decode(published.encode_to_vec().as_slice()).unwrap();
        let expected = ScoreFigures {
            exact: published.exact.clone(),
            value: published.value.clone(),
            category: published.category.clone(),
            sample_size: published.sample_size,
            sample_minimum: published.sample_minimum,
            standard_error: published.standard_error.clone(),
            units_counted: published.units_counted,
            units_expected: published.units_expected,
            instrument: published.instrument.clone(),
            aggregation: published.aggregation.clone(),
            status: published.status,
            recorded: published.recorded,
            counted: published.counted,
            pending: published.pending,
            withheld_reason: published.withheld_reason,
            in_question: published.in_question,
            value_with_questioned: published.value_with_questioned.clone(),
            category_display_name: published.category_display_name.clone(),
        };
        assert_eq!(read, expected);
        let mut shortened = Vec::new();
        shorten(&published.encode_to_vec(), &mut shortened).unwrap();
        assert_eq!(ScoreFigures::decode(shortened.as_slice()).unwrap(), read);
        let kept = ScoreState::decode(shortened.as_slice()).unwrap();
        assert_eq!(kept.standard_error, "0.1", "what tables may need later");
        assert!(kept.components.is_empty());
        assert!(shorten(&[0xff], &mut shortened).is_err());
    }

    #[test]
    fn a_standard_error_that_is_no_decimal_or_negative_is_none() {
        let key = Key::new("survey", "skm", "2024", Subject::Unit(unit_name("11/a")));
        for (text, error) in [
            ("0.8123", Some("0.8123")),
            ("0.0000", Some("0")),
            ("", None),
            ("NaN", None),
            ("1e3", None),
            ("-0.5", None),
        ] {
            let state = ScoreFigures {
                standard_error: text.to_owned(),
                ..ScoreFigures::default()
            };
            let read = score(key.clone(), state, false).figures.standard_error;
            assert_eq!(read, error.map(|error| error.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn equal_published_scores_with_unlike_exact_ones_share_a_rank() {
        let mut tables = LeagueTables::default();
        for (name, exact, value) in [
            ("a", "91.4399", "91.44"),
            ("b", "91.4351", "91.44"),
            ("c", "91.4349", "91.43"),
        ] {
            let unit_name = unit_name(&format!("11/{name}"));
            let published = ScoreState {
                exact: exact.to_owned(),
                value: value.to_owned(),
                ..Default::default()
            };
            tables.unit(unit_name.clone(), 1, unit("clinic"));
            let key = Key::new("survey", "skm", "2024", Subject::Unit(unit_name));
            let figures = ScoreFigures::decode(published.encode_to_vec().as_slice()).unwrap();
            tables.score("survey", 1, score(key, figures, false)).unwrap();
        }
        let expected = [
            row(1, "11/a", "91.44"),
            row(1, "11/b", "91.44"),
            row(3, "11/c", "91.43"),
        ];
        assert_eq!(shown(&tables, "clinic"), expected);
    }
}
