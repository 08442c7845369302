//! Rights: which callers may perform an operation, and which may see a resource.

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

/// Succeeds for the unit or its agency admin.
pub fn require_unit(caller: &Caller, agency: &str) -> Result<(), Failure> {
    caller.require(&[Role::Operator, Role::Admin], agency)
}

/// Succeeds for the agency admin.
pub fn require_agency_admin(caller: &Caller, agency: &str) -> Result<(), Failure> {
    caller.require(&[Role::Admin], agency)
}

/// Succeeds for the ministry.
pub fn require_ministry(caller: &Caller) -> Result<(), Failure> {
    caller.require(&[Role::Admin], "*")
}

/// Succeeds for an evaluator of every agency. The ministry's own token does not count as one: the ministry runs the
/// round and does not score in it.
pub fn require_evaluator(caller: &Caller) -> Result<(), Failure> {
    caller.require(&[Role::Evaluator], "*")
}

/// Succeeds for an evaluator or the ministry, who both read what is scored.
pub fn require_evaluator_or_ministry(caller: &Caller) -> Result<(), Failure> {
    caller.require(&[Role::Evaluator, Role::Admin], "*")
}

/// Succeeds for the unit, the agency admin, an evaluator or the ministry.
pub fn require_reader(caller: &Caller, agency: &str) -> Result<(), Failure> {
    require_unit(caller, agency).or_else(|denied| require_evaluator_or_ministry(caller).map_err(|_| denied))
}

/// Succeeds for callers who may see an entry of this agency. The name of an entry does not reveal its agency, so all
/// others get `NOT_FOUND`.
pub fn require_visible(caller: &Caller, agency: &str, name: impl Display) -> Result<(), Failure> {
    found(require_reader(caller, agency).ok(), name)
}

/// Whether the caller may see an innovation. Everyone may see one that was implemented, as in the catalogue; only its
/// agency, evaluators and the ministry may see an idea.
pub fn may_see(caller: &Caller, stored: &Stored) -> bool {
    stored.innovation.start_date.is_some() || may_see_ideas(caller, &stored.name.unit.agency)
}

/// Whether the caller may see the innovations that an agency has not implemented yet.
pub fn may_see_ideas(caller: &Caller, agency: &str) -> bool {
    caller.names(agency) || require_reader(caller, agency).is_ok()
}

/// Reads an innovation that the caller may see.
///
/// # Errors
///
/// `NOT_FOUND`: it does not exist, or the caller may not see it.
pub async fn visible_innovation(
    conn: &impl ConnectionTrait,
    caller: &Caller,
    name: &name::Innovation,
) -> Result<Stored, Failure> {
    let stored = innovation_get(conn, name, Lock::None).await?;
    found(stored.filter(|stored| may_see(caller, stored)), name)
}
