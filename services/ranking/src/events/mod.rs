//! The consumed states: agencies and units of the directory, scores of every service. Nothing is published.

mod agency;
mod score;
mod unit;

use prima_proto::{
    name,
    score::{Error, Key},
};
use prost::{DecodeError, Message};

use crate::domain::{AgencyFacts, Aggregate, Score, UnitFacts};

/// The content of a state.
#[derive(Debug)]
pub enum Fact {
    /// An agency of the directory.
    Agency(name::Agency, AgencyFacts),
    /// A unit of the directory.
    Unit(name::Unit, UnitFacts),
    /// A score, with the service that published it.
    Score(String, Score),
}

/// The aggregate of the states of a subject; `None` when it is not ranked.
///
/// # Errors
///
/// The subject is malformed, so that none of its states can be read.
pub fn aggregate_of(subject: &str) -> Result<Option<Aggregate>, Error> {
    Ok(match subject.split('.').collect::<Vec<_>>().as_slice() {
        ["prima", "directory", "agency", agency] => Some(Aggregate::Agency(name::Agency::of(agency)?)),
        ["prima", "directory", "unit", agency, unit] => Some(Aggregate::Unit(name::Unit::of(agency, unit)?)),
        _ => Key::parse(subject)?.map(Aggregate::Score),
    })
}

/// Parses a state of an aggregate.
pub fn read(aggregate: Aggregate, withdrawn: bool, payload: &[u8]) -> Result<Fact, DecodeError> {
    Ok(match aggregate {
        Aggregate::Agency(name) => Fact::Agency(name, agency::facts(decode(withdrawn, payload)?, withdrawn)),
        Aggregate::Unit(name) => Fact::Unit(name, unit::facts(decode(withdrawn, payload)?, withdrawn)),
        Aggregate::Score(key) => {
            let source = key.service.clone();
            Fact::Score(source, score::score(key, decode(withdrawn, payload)?, withdrawn))
        }
    })
}

/// Decodes a payload. That a state is withdrawn is known without its payload, so the payload of a withdrawn state may
/// be unreadable.
fn decode<T: Message + Default>(withdrawn: bool, payload: &[u8]) -> Result<T, DecodeError> {
    match T::decode(payload) {
        Err(_) if withdrawn => Ok(T::default()),
        read => read,
    }
}
