//! What is consumed: agencies and units of the directory, scores of every service. Nothing is published.

mod agency;
mod score;
mod unit;

use prima_proto::{
    name,
    score::{Error, Key},
};
use prost::{DecodeError, Message};

use crate::domain::{AgencyFacts, Aggregate, Score, UnitFacts};

/// What a state says.
#[derive(Debug)]
pub enum Fact {
    /// Of an agency.
    Agency(name::Agency, AgencyFacts),
    /// Of a unit.
    Unit(name::Unit, UnitFacts),
    /// A score, with the service that publishes it.
    Score(String, Score),
}

/// What the states of a subject are about; `None`: nothing that is ranked.
///
/// # Errors
///
/// The subject names an agency or a unit wrongly, or is of a score and names neither: no state of it can be read.
pub fn about(subject: &str) -> Result<Option<Aggregate>, Error> {
    Ok(match subject.split('.').collect::<Vec<_>>().as_slice() {
        ["prima", "directory", "agency", agency] => Some(Aggregate::Agency(name::Agency::of(agency)?)),
        ["prima", "directory", "unit", agency, unit] => Some(Aggregate::Unit(name::Unit::of(agency, unit)?)),
        _ => Key::parse(subject)?.map(Aggregate::Score),
    })
}

/// Reads a state of `about`.
pub fn read(about: Aggregate, withdrawn: bool, payload: &[u8]) -> Result<Fact, DecodeError> {
    Ok(match about {
        Aggregate::Agency(name) => Fact::Agency(name, agency::facts(decode(withdrawn, payload)?, withdrawn)),
        Aggregate::Unit(name) => Fact::Unit(name, unit::facts(decode(withdrawn, payload)?, withdrawn)),
        Aggregate::Score(key) => {
            let source = key.service.clone();
            Fact::Score(source, score::score(key, decode(withdrawn, payload)?, withdrawn))
        }
    })
}

/// The payload of a state. That it ended is true whatever else it says, so an end needs no payload.
fn decode<T: Message + Default>(withdrawn: bool, payload: &[u8]) -> Result<T, DecodeError> {
    match T::decode(payload) {
        Err(_) if withdrawn => Ok(T::default()),
        read => read,
    }
}
