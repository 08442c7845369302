//! What is consumed: agencies and units of the directory, scores of every service. Nothing is published.

mod agency;
mod payload;
mod score;
mod unit;

use prima_proto::name;
use prost::DecodeError;

use crate::domain::{AgencyFacts, Aggregate, Score, Subject, UnitFacts};

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

/// The subject names neither unit nor agency of a score, or names them wrongly: no state of it can be read.
#[derive(Debug, thiserror::Error)]
pub enum BadSubject {
    /// A name in it is malformed.
    #[error("subject: {0}")]
    Name(#[from] name::Error),
    /// It names neither unit nor agency.
    #[error("the subject names neither unit nor agency")]
    Form,
}

/// What the states of a subject are about; `None`: nothing that is ranked.
pub fn about(subject: &str) -> Result<Option<Aggregate>, BadSubject> {
    let agency = |agency: &str| name::Agency::parse(&format!("agencies/{agency}"));
    let unit = |agency: &str, unit: &str| name::Unit::parse(&format!("agencies/{agency}/units/{unit}"));
    let score = |source: &str, metric: &str, period: &str, subject| Aggregate::Score {
        source: source.to_owned(),
        metric: metric.to_owned(),
        period: period.to_owned(),
        subject,
    };
    Ok(Some(match subject.split('.').collect::<Vec<_>>().as_slice() {
        ["prima", "directory", "agency", of] => Aggregate::Agency(agency(of)?),
        ["prima", "directory", "unit", of, id] => Aggregate::Unit(unit(of, id)?),
        ["prima", service, "score", metric, period, "unit", of, id] => {
            score(service, metric, period, Subject::Unit(unit(of, id)?))
        }
        ["prima", service, "score", metric, period, "agency", of] => {
            score(service, metric, period, Subject::Agency(agency(of)?))
        }
        ["prima", _, "score", ..] => return Err(BadSubject::Form),
        _ => return Ok(None),
    }))
}

/// Reads a state of `about`.
pub fn read(about: Aggregate, withdrawn: bool, payload: &[u8]) -> Result<Fact, DecodeError> {
    Ok(match about {
        Aggregate::Agency(name) => Fact::Agency(name, agency::read(withdrawn, payload)?),
        Aggregate::Unit(name) => Fact::Unit(name, unit::read(withdrawn, payload)?),
        Aggregate::Score {
            source,
            metric,
            period,
            subject,
        } => Fact::Score(source, score::read(metric, period, subject, withdrawn, payload)?),
    })
}
