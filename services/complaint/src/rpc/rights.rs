//! Who may do what, and how what may not be is refused.

use std::fmt::Display;

use prima_platform::{
    caller::{self, Caller},
    failure::{Failure, Kind},
};

use crate::domain::workflow::Role;

/// The highest role that the caller holds for an agency.
///
/// # Errors
///
/// `PERMISSION_DENIED` without any.
pub fn role_in(caller: &Caller, agency: &str) -> Result<Role, Failure> {
    if require_national(caller).is_ok() {
        return Ok(Role::NationalAdmin);
    }
    if require_coordinator(caller, agency).is_ok() {
        return Ok(Role::CoordinatorAdmin);
    }
    require_liaison(caller, agency)?;
    Ok(Role::LiaisonOfficer)
}

/// `Ok` for a liaison officer of the agency and who stands for them.
pub fn require_liaison(caller: &Caller, agency: &str) -> Result<(), Failure> {
    require(caller, &[caller::Role::Operator, caller::Role::Admin], agency)
}

/// `Ok` for who may read reports of some agency. To be asked before anything is looked up by a name that does not tell
/// its agency.
pub fn require_some(caller: &Caller) -> Result<(), Failure> {
    caller.holds(&[caller::Role::Operator, caller::Role::Admin])
}

/// `Ok` for the coordinator of the agency and the national admin.
pub fn require_coordinator(caller: &Caller, agency: &str) -> Result<(), Failure> {
    require(caller, &[caller::Role::Admin], agency)
}

/// The agency is not repeated: a code or a telephone number may stand there by mistake.
fn require(caller: &Caller, roles: &[caller::Role], agency: &str) -> Result<(), Failure> {
    caller.known()?;
    caller.require(roles, agency).map_err(|_| {
        let names: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        Failure::new(
            Kind::Denied,
            "PERMISSION_DENIED",
            format!("needs the role {} in the agency", names.join(" or ")),
            format!("Perlu peran {} di instansi tersebut", names.join(" atau ")),
        )
    })
}

/// `Ok` for the national admin.
pub fn require_national(caller: &Caller) -> Result<(), Failure> {
    caller.require(&[caller::Role::Admin], "*")
}

/// `Ok` for a system or desk that takes reports in, of any agency.
pub fn require_intake(caller: &Caller) -> Result<(), Failure> {
    caller.holds(&[caller::Role::Intake, caller::Role::Operator, caller::Role::Admin])
}

/// `Ok` for who may read what an agency has; an empty one stands for the country.
pub fn require_reader(caller: &Caller, agency: &str) -> Result<(), Failure> {
    if agency.is_empty() {
        require_national(caller)
    } else {
        require_liaison(caller, agency)
    }
}

/// What another agency has, and whose name does not tell so, is as if it were not there.
pub fn hidden<T>(allowed: Result<T, Failure>, name: impl Display) -> Result<T, Failure> {
    allowed.map_err(|_| not_found(name))
}

/// What is named does not exist. The name is not repeated: a code or a telephone number may stand there by mistake.
pub fn not_found(name: impl Display) -> Failure {
    let name = name.to_string();
    let kind = name.split('/').next().unwrap_or_default();
    Failure::new(
        Kind::NotFound,
        "NOT_FOUND",
        format!("nothing in `{kind}` has this name"),
        format!("Tidak ada yang bernama demikian di `{kind}`"),
    )
}

/// What was looked up by `name`, which is not repeated when there is none.
pub fn found<T>(found: Option<T>, name: impl Display) -> Result<T, Failure> {
    found.ok_or_else(|| not_found(name))
}

/// A refusal that the state gives.
pub fn precondition(
    reason: &'static str,
    english: impl Into<String>,
    indonesian: impl Into<String>,
) -> Failure {
    Failure::new(Kind::Precondition, reason, english, indonesian)
}
