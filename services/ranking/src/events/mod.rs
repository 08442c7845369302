//! What is consumed: agencies and units of the directory, scores of every service.

use prima_proto::{
    event::v1::{AgencyState, ScoreState, ScoreStatus, UnitState},
    name,
};
use prost::Message;

use crate::domain::{AgencyFacts, Kind, Score, Status, Subject, UnitFacts};

/// What a state says.
#[derive(Debug)]
pub enum Fact {
    /// Of an agency.
    Agency(name::Agency, AgencyFacts),
    /// Of a unit.
    Unit(name::Unit, UnitFacts),
    /// A score, with the service that publishes it.
    Score(String, Score),
    /// Nothing that is ranked.
    Other,
}

/// Why a state can't be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The payload is not the message of its type.
    #[error("payload: {0}")]
    Payload(#[from] prost::DecodeError),
    /// The subject names no aggregate.
    #[error("subject: {0}")]
    Subject(#[from] name::Error),
    /// The subject of a score names neither unit nor agency.
    #[error("the subject names neither unit nor agency")]
    Form,
}

/// Reads a state. What ended has no payload, so names come from the subject.
pub fn read(subject: &str, withdrawn: bool, payload: &[u8]) -> Result<Fact, Error> {
    match subject.split('.').collect::<Vec<_>>().as_slice() {
        ["prima", "directory", "agency", agency] => {
            let name = name::Agency::parse(&format!("agencies/{agency}"))?;
            let state = AgencyState::decode(payload)?;
            let facts = AgencyFacts {
                display_name: state.display_name,
                kind: Kind::parse(&state.kind),
                parent: name::Agency::parse(&state.parent).ok(),
                withdrawn,
            };
            Ok(Fact::Agency(name, facts))
        }
        ["prima", "directory", "unit", agency, unit] => {
            let name = name::Unit::parse(&format!("agencies/{agency}/units/{unit}"))?;
            let state = UnitState::decode(payload)?;
            let facts = UnitFacts {
                display_name: state.display_name,
                unit_type: state.unit_type,
                withdrawn,
            };
            Ok(Fact::Unit(name, facts))
        }
        ["prima", service, "score", metric, period, "unit", agency, unit] => {
            let of = name::Unit::parse(&format!("agencies/{agency}/units/{unit}"))?;
            score(service, metric, period, Subject::Unit(of), withdrawn, payload)
        }
        ["prima", service, "score", metric, period, "agency", agency] => {
            let of = name::Agency::parse(&format!("agencies/{agency}"))?;
            score(service, metric, period, Subject::Agency(of), withdrawn, payload)
        }
        ["prima", _, "score", ..] => Err(Error::Form),
        _ => Ok(Fact::Other),
    }
}

fn score(
    service: &str,
    metric: &str,
    period: &str,
    subject: Subject,
    withdrawn: bool,
    payload: &[u8],
) -> Result<Fact, Error> {
    let state = ScoreState::decode(payload)?;
    let status = ScoreStatus::try_from(state.status);
    let withdrawn = withdrawn || matches!(status, Ok(ScoreStatus::Withdrawn));
    let score = Score {
        metric: metric.to_owned(),
        period: period.to_owned(),
        subject,
        // A withdrawn score has no value; the board wants one that parses.
        value: if withdrawn { "0".to_owned() } else { state.value },
        category: state.category,
        sample_size: state.sample_size,
        sample_minimum: state.sample_minimum,
        units_counted: state.units_counted,
        units_expected: state.units_expected,
        // A status of a later release is not final for us.
        status: if matches!(status, Ok(ScoreStatus::Final)) {
            Status::Final
        } else {
            Status::Provisional
        },
        recorded: state.recorded,
        withdrawn,
    };
    Ok(Fact::Score(service.to_owned(), score))
}
