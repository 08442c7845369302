//! Who may do what, and who sees what.

use std::fmt::Display;

use prima_platform::{
    caller::{Caller, Role},
    failure::{Failure, found},
};
use prima_proto::name;
use sea_orm::ConnectionTrait;

use crate::store::{
    Lock,
    innovation::{Stored, innovation_get},
};

/// `Ok` for the unit or its agency admin.
pub fn require_unit(caller: &Caller, agency: &str) -> Result<(), Failure> {
    caller.require(&[Role::Operator, Role::Admin], agency)
}

/// `Ok` for the agency admin.
pub fn require_agency_admin(caller: &Caller, agency: &str) -> Result<(), Failure> {
    caller.require(&[Role::Admin], agency)
}

/// `Ok` for the ministry.
pub fn require_ministry(caller: &Caller) -> Result<(), Failure> {
    caller.require(&[Role::Admin], "*")
}

/// `Ok` for an evaluator of every agency. The ministry's own token is none: it runs the round and does not judge in it.
pub fn require_evaluator(caller: &Caller) -> Result<(), Failure> {
    caller.require(&[Role::Evaluator], "*")
}

/// `Ok` for an evaluator or the ministry, who both read what is judged.
pub fn require_evaluator_or_ministry(caller: &Caller) -> Result<(), Failure> {
    caller.require(&[Role::Evaluator, Role::Admin], "*")
}

/// `Ok` for the unit, the agency admin, an evaluator or the ministry.
pub fn require_reader(caller: &Caller, agency: &str) -> Result<(), Failure> {
    require_unit(caller, agency).or_else(|denied| require_evaluator_or_ministry(caller).map_err(|_| denied))
}

/// `Ok` for whoever sees an entry of this agency. Its name tells no agency, so it is `NOT_FOUND` to all others.
pub fn require_seen(caller: &Caller, agency: &str, name: impl Display) -> Result<(), Failure> {
    found(require_reader(caller, agency).ok(), name)
}

/// Whether the caller sees an innovation: everybody one that was put to work, as the catalogue shows it; an idea only its
/// agency, evaluators and the ministry.
pub fn sees(caller: &Caller, stored: &Stored) -> bool {
    stored.innovation.start_date.is_some() || sees_ideas(caller, &stored.name.unit.agency)
}

/// Whether the caller sees what an agency has not put to work yet.
pub fn sees_ideas(caller: &Caller, agency: &str) -> bool {
    caller.names(agency) || require_reader(caller, agency).is_ok()
}

/// An innovation that the caller sees.
///
/// # Errors
///
/// `NOT_FOUND`: there is none, or the caller does not see it.
pub async fn innovation_seen(
    conn: &impl ConnectionTrait,
    caller: &Caller,
    name: &name::Innovation,
) -> Result<Stored, Failure> {
    let stored = innovation_get(conn, name, Lock::None).await?;
    found(stored.filter(|stored| sees(caller, stored)), name)
}
