//! Instruments: the elements, weights, categories and profile codes of one version of a questionnaire, read from
//! embedded data. A version never changes once it is in use: a new one gets a new id.

mod data;
mod model;

use std::sync::LazyLock;

pub use model::{Aspect, Category, Choice, Element, Instrument, Malformed, OWN_PREFIX, ProfileField};

/// The default instrument of a survey: PermenPANRB 14/2017.
pub const DEFAULT: &str = "skm-2017";

static INSTRUMENTS: LazyLock<Result<Vec<Instrument>, Malformed>> = LazyLock::new(data::load);

/// Every instrument, ordered by id.
///
/// # Errors
///
/// The embedded data is malformed or contradicts itself; then the service must not start.
pub fn all() -> Result<&'static [Instrument], &'static Malformed> {
    INSTRUMENTS.as_ref().map(Vec::as_slice)
}

/// The instrument with this id. `None` when there is none, or when the embedded data is malformed (see [`all`]).
pub fn find(id: &str) -> Option<&'static Instrument> {
    all().ok()?.iter().find(|i| i.id == id)
}

#[cfg(test)]
#[path = "instrument_tests.rs"]
mod tests;
