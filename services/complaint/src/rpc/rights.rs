//! Checks of roles, and the failures for callers who lack them.

use std::fmt::Display;

use prima_platform::{
    caller::{self, Caller},
    failure::{Failure, Kind},
};

use crate::domain::workflow::Role;

/// The caller's highest role in an agency.
///
/// # Errors
///
/// `PERMISSION_DENIED` when the caller has none.
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

/// Requires a liaison officer of the agency, or a higher role.
pub fn require_liaison(caller: &Caller, agency: &str) -> Result<(), Failure> {
    require(caller, &[caller::Role::Operator, caller::Role::Admin], agency)
}

/// Requires the coordinator of the agency or the national admin.
pub fn require_coordinator(caller: &Caller, agency: &str) -> Result<(), Failure> {
    require(caller, &[caller::Role::Admin], agency)
}

/// The failure does not repeat the agency, because a tracking code or a telephone number may have been given in its
/// place by mistake.
fn require(caller: &Caller, roles: &[caller::Role], agency: &str) -> Result<(), Failure> {
    caller.require_token()?;
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

/// Requires the national admin.
pub fn require_national(caller: &Caller) -> Result<(), Failure> {
    caller.require(&[caller::Role::Admin], "*")
}

/// Turns a refusal into `NOT_FOUND`, for names that do not contain the agency: a caller must not learn what other
/// agencies have.
pub fn as_not_found<T>(allowed: Result<T, Failure>, name: impl Display) -> Result<T, Failure> {
    allowed.map_err(|_| not_found(name))
}

/// The failure for something that does not exist. It does not repeat the name, because a tracking code or a telephone
/// number may have been given in its place by mistake.
pub fn not_found(name: impl Display) -> Failure {
    let name = name.to_string();
    let kind = name.split('/').next().unwrap_or_default();
    Failure::new(
        Kind::NotFound,
        "NOT_FOUND",
        format!("nothing in `{kind}` has this name"),
        format!("Tidak ada data dengan nama tersebut di `{kind}`"),
    )
}

/// The result of a look-up by `name`, or [`not_found`].
pub fn found<T>(found: Option<T>, name: impl Display) -> Result<T, Failure> {
    found.ok_or_else(|| not_found(name))
}

/// The failure for an action that the current state does not allow.
pub fn precondition(
    reason: &'static str,
    english: impl Into<String>,
    indonesian: impl Into<String>,
) -> Failure {
    Failure::new(Kind::Precondition, reason, english, indonesian)
}
