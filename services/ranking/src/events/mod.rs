//! The consumed states: agencies and units of the directory, scores of every service, and the definitions of league
//! tables, which this service publishes itself.

mod agency;
mod definition;
mod error;
pub mod publish;
mod score;
mod unit;

use prima_proto::{
    name,
    score::{self as subject, Key},
};
use prost::{DecodeError, Message};

pub use error::Error;

use crate::domain::{AgencyFacts, Aggregate, Definition, Score, UnitFacts};

/// The content of a state.
#[derive(Debug)]
pub enum Fact {
    /// An agency of the directory.
    Agency(name::Agency, AgencyFacts),
    /// A unit of the directory.
    Unit(name::Unit, UnitFacts),
    /// A score, with the service that published it.
    Score(String, Score),
    /// The definition of the tables of a metric; `None` when it was withdrawn.
    Definition(String, Option<Definition>),
}

/// The aggregate of the states of a subject; `None` when it is not ranked.
///
/// # Errors
///
/// The subject is malformed, so that none of its states can be read.
pub fn aggregate_of(subject: &str) -> Result<Option<Aggregate>, subject::Error> {
    Ok(match subject.split('.').collect::<Vec<_>>().as_slice() {
        ["prima", "directory", "agency", agency] => Some(Aggregate::Agency(name::Agency::of(agency)?)),
        ["prima", "directory", "unit", agency, unit] => Some(Aggregate::Unit(name::Unit::of(agency, unit)?)),
        ["prima", "ranking", "definition", metric] => Some(Aggregate::Definition((*metric).to_owned())),
        _ => Key::parse(subject)?.map(Aggregate::Score),
    })
}

/// Parses a state of an aggregate.
pub fn read(aggregate: Aggregate, withdrawn: bool, payload: &[u8]) -> Result<Fact, Error> {
    Ok(match aggregate {
        Aggregate::Agency(name) => Fact::Agency(name, agency::facts(decode(withdrawn, payload)?, withdrawn)),
        Aggregate::Unit(name) => Fact::Unit(name, unit::facts(decode(withdrawn, payload)?, withdrawn)),
        Aggregate::Score(key) => {
            let source = key.service.clone();
            Fact::Score(source, score::score(key, decode(withdrawn, payload)?, withdrawn))
        }
        Aggregate::Definition(metric) => {
            let definition = definition::definition(&decode(withdrawn, payload)?, withdrawn)?;
            Fact::Definition(metric, definition)
        }
    })
}

/// Appends the payload of a state to `to`, without what tables do not keep of it.
pub fn shorten(subject: &str, payload: &[u8], to: &mut Vec<u8>) {
    let start = to.len();
    let is_score = subject.split('.').nth(2) == Some("score");
    // One that can't be read stays as it is.
    if !is_score || score::shorten(payload, to).is_err() {
        to.truncate(start);
        to.extend_from_slice(payload);
    }
}

/// Decodes a payload. That a state is withdrawn is known without its payload, so the payload of a withdrawn state may
/// be unreadable.
fn decode<T: Message + Default>(withdrawn: bool, payload: &[u8]) -> Result<T, DecodeError> {
    match T::decode(payload) {
        Err(_) if withdrawn => Ok(T::default()),
        read => read,
    }
}
