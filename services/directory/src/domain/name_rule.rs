//! What is wrong with a resource name or an id, told for people as well.

use prima_platform::failure::Violation;
use prima_proto::name::{self, Error, token};

/// Stands for every resource of a collection, as in `agencies/-/units`; so it is nobody's id.
pub const WILDCARD: &str = "-";

/// The fault of a name.
pub fn fault(field: impl Into<String>, error: &Error) -> Violation {
    let localized = match error {
        Error::Form { form } => format!("Nama harus berbentuk `{form}`"),
        Error::Token { token, max } => {
            format!("`{token}` harus 1 sampai {max} karakter: a-z, 0-9, dan -")
        }
    };
    Violation::new(field, error.to_string(), localized)
}

/// The id of something new.
fn new_id(field: &str, raw: &str, max: usize) -> Result<String, Violation> {
    let id = token(raw, max).map_err(|error| fault(field, &error))?;
    if id == WILDCARD {
        return Err(Violation::new(
            field,
            "`-` stands for all and can't be an id",
            "`-` berarti semua, bukan id",
        ));
    }
    Ok(id.to_owned())
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
