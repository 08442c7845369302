//! Gathers every fault of a request before it is refused.

use crate::failure::{Failure, Violation};

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

    /// The request, unless a fault was noted.
    pub fn settle<T>(self, request: Option<T>) -> Result<T, Failure> {
        match request {
            Some(request) if self.0.is_empty() => Ok(request),
            _ => Err(Failure::invalid(self.0)),
        }
    }
}
