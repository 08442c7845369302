//! Resource names and new ids of the directory in the fields of requests.

use prima_platform::{
    failure::Violation,
    request::{self, optional},
};
use prima_proto::name::{self, Error, token};

/// What is wrong with a name, for people.
fn localized(error: &Error) -> String {
    match error {
        Error::Form { form } => format!("Nama harus berbentuk `{form}`"),
        Error::Token { token, max } => {
            format!("`{token}` harus 1 sampai {max} karakter: a-z, 0-9, dan -")
        }
    }
}

/// The name of an agency.
pub fn agency(field: &str, raw: &str) -> Result<name::Agency, Violation> {
    request::name(field, raw, name::Agency::parse, localized)
}

/// The name of an agency, which may be empty.
pub fn optional_agency(field: &str, raw: &str) -> Result<Option<name::Agency>, Violation> {
    optional(raw, |raw| agency(field, raw))
}

/// The name of a unit.
pub fn unit(field: &str, raw: &str) -> Result<name::Unit, Violation> {
    request::name(field, raw, name::Unit::parse, localized)
}

/// The name of a public service.
pub fn public_service(field: &str, raw: &str) -> Result<name::PublicService, Violation> {
    request::name(field, raw, name::PublicService::parse, localized)
}

fn new_id(field: &str, raw: &str, max: usize) -> Result<String, Violation> {
    let parse = |raw: &str| token(raw, max).map(str::to_owned);
    request::new_id(field, raw, parse, localized)
}

/// The name of a new agency.
///
/// # Errors
///
/// The id is not 1 to 32 characters of `[a-z0-9-]`, or is `-`.
pub fn new_agency(field: &str, id: &str) -> Result<name::Agency, Violation> {
    Ok(name::Agency {
        agency: new_id(field, id, name::AGENCY_MAX)?,
    })
}

/// The id of a new unit or public service.
///
/// # Errors
///
/// The id is not 1 to 63 characters of `[a-z0-9-]`, or is `-`.
pub fn new_child(field: &str, id: &str) -> Result<String, Violation> {
    new_id(field, id, name::TOKEN_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_never_the_wildcard() {
        assert_eq!(
            new_agency("agency_id", "3271").unwrap().to_string(),
            "agencies/3271"
        );
        for id in ["-", "", "A", "a.b", &"a".repeat(33)] {
            assert_eq!(
                new_agency("agency_id", id).unwrap_err().field,
                "agency_id",
                "{id}"
            );
        }
        assert!(new_child("unit_id", &"a".repeat(63)).is_ok());
        assert!(new_child("unit_id", "-").is_err() && new_child("unit_id", &"a".repeat(64)).is_err());
    }
}
