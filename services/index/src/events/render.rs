//! Renders states for the outbox.

use prima_platform::{
    number::{self, Rational},
    outbox::State,
    trace,
};
use prima_proto::{event::v1 as event, subject};
use prost::Message;

use crate::{
    NAME,
    app::record_external::{Record, Subject},
};

/// Raised when the same state is rendered differently.
const REVISION: i64 = 1;

/// The score of a subject; withdrawn when there is none any more.
pub fn score(
    metric: &str,
    period: &str,
    of: &Subject,
    version: i64,
    score: Option<event::ScoreState>,
) -> State {
    let subject = match of {
        Subject::Agency(agency) => subject::agency_score(NAME, metric, period, agency),
        Subject::Unit(unit) => subject::unit_score(NAME, metric, period, unit),
    };
    State {
        subject,
        event_type: subject::SCORE_TYPE,
        revision: REVISION,
        version,
        withdrawn: score.is_none(),
        payload: score.map(|s| s.encode_to_vec()).unwrap_or_default(),
        traceparent: trace::traceparent(&tracing::Span::current()),
    }
}

/// A recorded score: settled, and labelled as recorded.
pub fn external(record: &Record, version: i64) -> State {
    let (metric, period) = (record.metric.key.as_str(), record.period.as_str());
    let state = event::ScoreState {
        metric: metric.to_owned(),
        period: period.to_owned(),
        subject: match &record.subject {
            Subject::Agency(agency) => agency.to_string(),
            Subject::Unit(unit) => unit.to_string(),
        },
        exact: exact(&record.published.exact),
        fraction: number::fraction(&record.published.exact),
        value: record.published.value.clone(),
        category: record.published.category.clone(),
        instrument: record.era.id.clone(),
        status: event::ScoreStatus::Final as i32,
        recorded: true,
        ..Default::default()
    };
    score(metric, period, &record.subject, version, Some(state))
}

/// A decimal without trailing zeros, at most 18 places.
pub fn exact(value: &Rational) -> String {
    let text = number::decimal(value, 18);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
