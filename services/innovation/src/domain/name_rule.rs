//! Resource names and ids in the fields of requests.

use prima_platform::{failure::Violation, request};
use prima_proto::name::{Error, TOKEN_MAX, token};

/// What is wrong with a name, for people.
fn localized(error: &Error) -> String {
    match error {
        Error::Form { form } => format!("Nama harus berbentuk `{form}`"),
        Error::Token { token, max } => {
            format!("`{token}` harus 1 sampai {max} karakter: a-z, 0-9, dan -")
        }
    }
}

/// A resource name, as `parse` reads it.
///
/// # Errors
///
/// Those of `parse`.
pub fn name<T>(field: &str, raw: &str, parse: impl FnOnce(&str) -> Result<T, Error>) -> Result<T, Violation> {
    request::name(field, raw, parse, localized)
}

/// A resource name that may be empty.
///
/// # Errors
///
/// Those of `parse`.
pub fn optional<T>(
    field: &str,
    raw: &str,
    parse: impl FnOnce(&str) -> Result<T, Error>,
) -> Result<Option<T>, Violation> {
    request::optional(raw, |raw| name(field, raw, parse))
}

/// A key, or the last part of a new resource's name.
///
/// # Errors
///
/// It is not 1 to 63 characters of `[a-z0-9-]`, or is `-`.
pub fn id(field: &str, raw: &str) -> Result<String, Violation> {
    let parse = |raw: &str| token(raw, TOKEN_MAX).map(str::to_owned);
    request::new_id(field, raw, parse, localized)
}
