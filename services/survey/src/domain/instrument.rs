//! Instruments: the elements, weights, categories and profile codes of one version of a questionnaire, read from
//! embedded data. A version never changes once it is in use: a new one gets a new id.

mod data;
mod model;

use std::sync::LazyLock;

use chrono::Datelike;
use prima_platform::failure::Violation;

use super::period::Period;

pub use model::{
    Aspect, Category, Choice, Citation, Element, Instrument, Malformed, OWN_PREFIX, ProfileField, Wording,
};

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

/// Checks that an instrument was in force in a period. Of a year in which two were, either may be used.
///
/// # Errors
///
/// It was not; the message names the version that was, if there is one.
pub fn check_in_force(field: &str, used: &Instrument, period: &Period) -> Result<(), Violation> {
    let year = period.first_day().year();
    if used.in_force(year) {
        return Ok(());
    }
    let family = |i: &Instrument| i.id.rsplit_once('-').map(|(family, _)| family.to_owned());
    let versions = all().unwrap_or_default().iter();
    let right = versions
        .filter(|i| family(i) == family(used))
        .find(|i| i.in_force(year));
    let (id, from) = (&used.id, used.from_year);
    let (english, indonesian) = match used.to_year {
        Some(to) => (
            format!("from {from} to {to}"),
            format!("tahun {from} sampai {to}"),
        ),
        None => (format!("from {from}"), format!("sejak tahun {from}")),
    };
    let (meant, maksud) = match right {
        Some(right) => (
            format!("; that of {period} is {}", right.id),
            format!("; untuk {period} gunakan {} ({})", right.id, right.title),
        ),
        None => (String::new(), format!("; tidak ada instrumen untuk {period}")),
    };
    Err(Violation::new(
        field,
        format!("{id} was in force {english}{meant}"),
        format!("Instrumen {id} berlaku {indonesian}{maksud}"),
    ))
}

#[cfg(test)]
#[path = "instrument_tests.rs"]
mod tests;
