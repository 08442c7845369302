//! Names, ids, years and repeats, with their faults.

use prima_platform::{failure::Violation, faults::Faults, request_id};
use prima_proto::name;

use crate::{app::Once, domain::calendar};

/// What requests of this service are made of.
pub trait Fields {
    /// A resource name.
    fn name<T>(
        &mut self,
        field: &str,
        raw: &str,
        parse: impl Fn(&str) -> Result<T, name::Error>,
    ) -> Option<T>;

    /// A resource name that may be missing; the inner `None` is one that is not given.
    fn optional_name<T>(
        &mut self,
        field: &str,
        raw: &str,
        parse: impl Fn(&str) -> Result<T, name::Error>,
    ) -> Option<Option<T>>;

    /// The last part of a new resource's name.
    fn new_id(&mut self, field: &str, raw: &str) -> Option<String>;

    /// The request's id with the digest of its body; take it before the body is taken apart.
    fn once(&mut self, request_id: &str, digest: Vec<u8>) -> Option<Once>;

    /// A year, or 0 where that means any.
    fn year(&mut self, field: &str, value: i32, any: bool) -> i32;
}

impl Fields for Faults {
    fn name<T>(
        &mut self,
        field: &str,
        raw: &str,
        parse: impl Fn(&str) -> Result<T, name::Error>,
    ) -> Option<T> {
        self.take(parse(raw).map_err(|error| name_fault(field, &error)))
    }

    fn optional_name<T>(
        &mut self,
        field: &str,
        raw: &str,
        parse: impl Fn(&str) -> Result<T, name::Error>,
    ) -> Option<Option<T>> {
        if raw.is_empty() {
            return Some(None);
        }
        self.name(field, raw, parse).map(Some)
    }

    fn new_id(&mut self, field: &str, raw: &str) -> Option<String> {
        let id = self.name(field, raw, |raw| {
            name::token(raw, name::TOKEN_MAX).map(str::to_owned)
        })?;
        if id == "-" {
            self.add(
                field,
                "`-` stands for all and can't be an id",
                "`-` berarti semua, bukan id",
            );
            return None;
        }
        Some(id)
    }

    fn once(&mut self, request_id: &str, digest: Vec<u8>) -> Option<Once> {
        self.take(request_id::check("request_id", request_id))?;
        Some(Once {
            request_id: request_id.to_owned(),
            digest,
        })
    }

    fn year(&mut self, field: &str, value: i32, any: bool) -> i32 {
        if any && value == 0 {
            return 0;
        }
        self.or_default(calendar::check_year(field, value))
    }
}

/// The fault of a name, told for people as well.
pub fn name_fault(field: &str, error: &name::Error) -> Violation {
    let localized = match error {
        name::Error::Form { form } => format!("Nama harus berbentuk `{form}`"),
        name::Error::Token { token, max } => {
            format!("`{token}` harus 1 sampai {max} karakter: a-z, 0-9, dan -")
        }
    };
    Violation::new(field, error.to_string(), localized)
}
