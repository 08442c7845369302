//! Renders the published states: portfolios of units, and scores of units and agencies.

use prima_platform::{clock::from_micros, number, outbox::State};
use prima_proto::{
    event::v1 as event,
    name,
    score::{self, Figures, Key, MEAN_OF_UNITS},
    subject,
};
use prost::Message;

use super::NAME;
use crate::{
    domain::{
        calendar,
        innovation::{Award, Support},
        number::Rational,
        obligation::{self, Labels},
    },
    store::{entry, innovation, replication},
};

/// The revision of the rendering; it is raised when the same state is rendered differently.
const REVISION: i64 = 1;

fn state(subject: String, event_type: &'static str, version: i64, payload: Option<Vec<u8>>) -> State {
    State::new(subject, event_type, REVISION, version, payload)
}

fn award(award: &Award) -> event::AwardFacts {
    event::AwardFacts {
        year: award.year,
        award: award.award.clone(),
        announce_date: String::new(),
    }
}

/// An innovation in a portfolio: with dates, never ages.
pub fn facts(stored: &innovation::Stored) -> event::InnovationFacts {
    let one = &stored.innovation;
    let text = |date: Option<chrono::NaiveDate>| date.map(|d| d.to_string()).unwrap_or_default();
    event::InnovationFacts {
        name: stored.name.to_string(),
        title: one.title.clone(),
        status: one.status.as_str().to_owned(),
        start_date: text(one.start_date),
        stop_date: text(one.stop_date),
        register_date: calendar::day(from_micros(stored.created_at)).to_string(),
        category: one.category.clone(),
        sdgs: one.sdgs.clone(),
        source: one.source.clone(),
        legal_basis: one.legal_basis.as_str().to_owned(),
        supports: one
            .supports
            .iter()
            .map(|s: &Support| s.as_str().to_owned())
            .collect(),
        former_awards: one.former_awards.iter().map(award).collect(),
    }
}

/// The day in Jakarta of a time in unix microseconds; empty when it is 0.
fn day_or_empty(micros: i64) -> String {
    match micros {
        0 => String::new(),
        micros => calendar::day(from_micros(micros)).to_string(),
    }
}

/// An entry in a portfolio; `announced_at` is when its awards were announced, unix microseconds.
pub fn entry_facts(
    stored: &entry::Stored,
    awards: &[String],
    announced_at: i64,
) -> event::CompetitionEntryFacts {
    event::CompetitionEntryFacts {
        name: stored.name.to_string(),
        innovation: stored.innovation.clone(),
        group: stored.proposal.group.clone(),
        state: stored.state.as_str().to_owned(),
        awards: awards
            .iter()
            .map(|award| event::AwardFacts {
                year: stored.year,
                award: award.clone(),
                announce_date: day_or_empty(announced_at),
            })
            .collect(),
        submit_date: day_or_empty(stored.submitted_at),
    }
}

/// A replication in a portfolio.
pub fn replication_facts(stored: &replication::Stored) -> event::ReplicationFacts {
    event::ReplicationFacts {
        name: stored.name.to_string(),
        innovation: stored.name.innovation.to_string(),
        adopter: stored.adopter.to_string(),
        adopt_date: stored.replication.adopted.to_string(),
        partial: stored.replication.partial,
    }
}

/// The portfolio of a unit.
pub fn portfolio(
    unit: &name::Unit,
    period: &str,
    version: i64,
    portfolio: &event::InnovationPortfolioState,
) -> State {
    let subject = subject::innovation_portfolio(unit, period);
    let payload = Some(portfolio.encode_to_vec());
    state(subject, subject::INNOVATION_PORTFOLIO_TYPE, version, payload)
}

fn key(period: &str, subject: impl Into<name::Subject>) -> Key {
    Key::new(NAME, &obligation::definition().metric, period, subject)
}

/// A score, with the number of innovations in operation as its one component.
fn score(key: Key, labels: &Labels, value: &Rational, at_work: i64, settled: bool) -> score::Score {
    let category = match at_work > 0 {
        true => &labels.with,
        false => &labels.without,
    };
    key.score(Figures {
        exact: number::exact(value),
        fraction: number::fraction(value),
        value: number::decimal(value, 2),
        category: category.clone(),
        instrument: obligation::definition().id.clone(),
        settled,
    })
    .components([("innovations", number::decimal(&number::whole(at_work), 4))])
}

fn scored(event: score::Event, version: i64) -> State {
    state(event.subject, event.event_type, version, event.payload)
}

/// The score of a unit, with the number of innovations in operation; withdrawn when the unit has none.
pub fn unit_score(
    unit: &name::Unit,
    period: &str,
    version: i64,
    value: Option<&Rational>,
    at_work: i64,
    settled: bool,
) -> State {
    let key = key(period, unit);
    let event = match value {
        Some(value) => score(key, &obligation::definition().unit, value, at_work, settled).event(),
        None => key.withdrawn(),
    };
    scored(event, version)
}

/// The score of an agency as computed.
#[derive(Debug)]
pub struct AgencyScore {
    /// Exact value.
    pub value: Rational,
    /// Innovations in operation.
    pub innovations: i64,
    /// Active units, all of which count.
    pub units: i64,
    /// Whether it cannot change any more.
    pub settled: bool,
}

/// The score of an agency; withdrawn when the agency has none any more.
pub fn agency_score(agency: &name::Agency, period: &str, version: i64, value: Option<&AgencyScore>) -> State {
    let labels = &obligation::definition().agency;
    let key = key(period, agency);
    let event = match value {
        Some(s) => score(key, labels, &s.value, s.innovations, s.settled)
            .units(s.units, s.units, MEAN_OF_UNITS)
            .event(),
        None => key.withdrawn(),
    };
    scored(event, version)
}
