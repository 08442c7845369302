//! Gathers every fault of a request before it is refused.

use prima_platform::{
    failure::{Failure, Violation},
    request_id,
};
use prima_proto::name;

use crate::{app::Once, domain::calendar};

/// The faults found so far.
#[derive(Debug, Default)]
pub struct Faults(Vec<Violation>);

impl Faults {
    /// Notes a fault.
    pub fn add(
        &mut self,
        field: impl Into<String>,
        english: impl Into<String>,
        indonesian: impl Into<String>,
    ) {
        self.0.push(Violation::new(field, english, indonesian));
    }

    /// The value, or `None` and its fault noted.
    pub fn take<T>(&mut self, parsed: Result<T, Violation>) -> Option<T> {
        parsed.map_err(|fault| self.0.push(fault)).ok()
    }

    /// The value, or `None` and its faults noted.
    pub fn take_all<T>(&mut self, parsed: Result<T, Vec<Violation>>) -> Option<T> {
        parsed.map_err(|faults| self.0.extend(faults)).ok()
    }

    /// The value or its default, with a fault noted.
    pub fn or_default<T: Default>(&mut self, parsed: Result<T, Violation>) -> T {
        self.take(parsed).unwrap_or_default()
    }

    /// What is in a message field; `None` and noted when it is not given.
    pub fn required<T>(&mut self, field: &str, message: Option<T>) -> Option<T> {
        if message.is_none() {
            self.add(field, "is required", format!("Isian `{field}` wajib ada"));
        }
        message
    }

    /// A resource name.
    pub fn name<T>(
        &mut self,
        field: &str,
        raw: &str,
        parse: impl Fn(&str) -> Result<T, name::Error>,
    ) -> Option<T> {
        self.take(parse(raw).map_err(|error| name_fault(field, &error)))
    }

    /// A resource name that may be missing; the inner `None` is one that is not given.
    pub fn optional_name<T>(
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

    /// The last part of a new resource's name.
    pub fn new_id(&mut self, field: &str, raw: &str) -> Option<String> {
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

    /// The request's id with the digest of its body; take it before the body is taken apart.
    pub fn once(&mut self, request_id: &str, digest: Vec<u8>) -> Option<Once> {
        self.take(request_id::check("request_id", request_id))?;
        Some(Once {
            request_id: request_id.to_owned(),
            digest,
        })
    }

    /// A number in a range.
    pub fn range(&mut self, field: &str, value: i32, least: i32, most: i32) -> i32 {
        if !(least..=most).contains(&value) {
            self.add(
                field,
                format!("must be {least} to {most}"),
                format!("harus {least} sampai {most}"),
            );
        }
        value
    }

    /// A year, or 0 where that means any.
    pub fn year(&mut self, field: &str, value: i32, any: bool) -> i32 {
        if any && value == 0 {
            return 0;
        }
        self.or_default(calendar::check_year(field, value))
    }

    /// The request, unless a fault was noted.
    pub fn settle<T>(self, request: Option<T>) -> Result<T, Failure> {
        match request {
            Some(request) if self.0.is_empty() => Ok(request),
            _ => Err(Failure::invalid(self.0)),
        }
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
