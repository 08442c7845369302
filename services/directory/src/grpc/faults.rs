//! Gathers every fault of a request before it is refused.

use prima_platform::failure::{Failure, Violation};

/// The faults found so far.
#[derive(Debug, Default)]
pub struct Faults(Vec<Violation>);

impl Faults {
    /// Notes a fault.
    pub fn add(&mut self, fault: Violation) {
        self.0.push(fault);
    }

    /// The value, or `None` and its fault noted.
    pub fn take<T>(&mut self, parsed: Result<T, Violation>) -> Option<T> {
        parsed.map_err(|fault| self.0.push(fault)).ok()
    }

    /// The value, or `None` and its faults noted.
    pub fn take_all<T>(&mut self, parsed: Result<T, Vec<Violation>>) -> Option<T> {
        parsed.map_err(|faults| self.0.extend(faults)).ok()
    }

    /// What is in a message field; `None` and noted when it is not given.
    pub fn required<T>(&mut self, field: &str, message: Option<T>) -> Option<T> {
        if message.is_none() {
            self.add(Violation::new(
                field,
                "is required",
                format!("Isian `{field}` wajib ada"),
            ));
        }
        message
    }

    /// The request, unless a fault was noted.
    pub fn settle<T>(self, request: Option<T>) -> Result<T, Failure> {
        match request {
            Some(request) if self.0.is_empty() => Ok(request),
            _ => Err(Failure::invalid(self.0)),
        }
    }
}
