//! What the index service publishes: the score of a unit or an agency.

use prima_platform::{
    number::{self, Rational},
    outbox::State,
    trace,
};
use prima_proto::{event::v1 as event, name, subject};
use prost::Message;

use crate::{
    domain::{
        band::Published,
        cycle::Cycle,
        instrument::Policy,
        level::Inputs,
        score::{F02, F03, Index},
        subject::Subject,
    },
    store::{assessment::AgencyRow, external::Row},
};

/// Name of the service, its schema, its stream and the subjects of its scores.
pub const NAME: &str = "index";
/// Raised when the same state is rendered differently.
const REVISION: i64 = 1;

/// The score of a subject; withdrawn when there is none any more.
fn score(metric: &str, period: &str, of: &Subject, version: i64, score: Option<event::ScoreState>) -> State {
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
pub fn external(row: &Row, subject: &Subject, published: &Published) -> State {
    let (metric, period) = (row.metric.as_str(), row.period.as_str());
    let state = event::ScoreState {
        metric: metric.to_owned(),
        period: period.to_owned(),
        subject: subject.to_string(),
        exact: exact(&published.exact),
        fraction: number::fraction(&published.exact),
        value: published.value.clone(),
        category: published.category.clone(),
        instrument: row.era.clone(),
        status: event::ScoreStatus::Final as i32,
        recorded: true,
        ..Default::default()
    };
    score(metric, period, subject, row.version, Some(state))
}

/// What every score of a cycle says.
fn of_cycle(cycle: &Cycle, subject: String, published: &Published) -> event::ScoreState {
    let status = match cycle.final_at {
        Some(_) => event::ScoreStatus::Final,
        None => event::ScoreStatus::Provisional,
    };
    event::ScoreState {
        metric: cycle.scheme.metric().to_owned(),
        period: cycle.year.clone(),
        subject,
        exact: exact(&published.exact),
        fraction: number::fraction(&published.exact),
        value: published.value.clone(),
        category: published.category.clone(),
        instrument: cycle.instrument.clone(),
        status: status as i32,
        ..Default::default()
    }
}

/// Decimals of a component.
const COMPONENT: u32 = 4;

/// The score of a unit in a cycle, withdrawn while it has no index. Where too few respondents take the index away, the
/// score names the minimum; where they do not, there is none to miss.
pub fn unit_index(cycle: &Cycle, unit: &name::Unit, version: i64, inputs: &Inputs, index: &Index) -> State {
    let state = index.published.as_ref().map(|published| {
        let parts = [F02, F03].map(|key| (key, index.part(key)));
        let aspects = index
            .aspects()
            .iter()
            .map(|node| (node.key.as_str(), node.value.as_ref()));
        let components = aspects.chain(parts).filter_map(|(key, value)| {
            Some(event::ScoreComponent {
                key: key.to_owned(),
                value: number::decimal(value?, COMPONENT),
            })
        });
        event::ScoreState {
            components: components.collect(),
            sample_size: inputs.f03.as_ref().map_or(0, |f| f.respondents),
            sample_minimum: match inputs.policy {
                Policy::Incomplete => inputs.minimum_respondents,
                Policy::ScoreZero | Policy::UseAvailable => 0,
            },
            ..of_cycle(cycle, unit.to_string(), published)
        }
    });
    let subject = Subject::Unit(unit.clone());
    score(cycle.scheme.metric(), &cycle.year, &subject, version, state)
}

/// The score of an agency in a cycle, withdrawn while no unit has an index.
pub fn agency_index(cycle: &Cycle, row: &AgencyRow, published: Option<&Published>) -> State {
    let agency = name::Agency {
        agency: row.agency.clone(),
    };
    let state = published.map(|published| event::ScoreState {
        units_counted: row.counted,
        units_expected: row.expected,
        aggregation: "mean_of_units".to_owned(),
        ..of_cycle(cycle, agency.to_string(), published)
    });
    let subject = Subject::Agency(agency);
    score(cycle.scheme.metric(), &cycle.year, &subject, row.version, state)
}

/// A decimal without trailing zeros, at most 18 places.
fn exact(value: &Rational) -> String {
    let text = number::decimal(value, 18);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
