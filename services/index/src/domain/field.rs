//! The fields of requests, as this service takes them: resource names, and texts, which stay as they came.

use chrono::NaiveDate;
use prima_platform::{failure::Violation, request};
use prima_proto::name::{self, Error};
use url::Url;

/// Longest link, characters.
const LINK_MAX: usize = 500;

fn named<T>(field: &str, raw: &str, parse: fn(&str) -> Result<T, Error>) -> Result<T, Violation> {
    request::name(field, raw, parse, |error| format!("nama tidak benar: {error}"))
}

/// The name of an agency.
pub fn agency(field: &str, raw: &str) -> Result<name::Agency, Violation> {
    named(field, raw, name::Agency::parse)
}

/// The name of a unit.
pub fn unit(field: &str, raw: &str) -> Result<name::Unit, Violation> {
    named(field, raw, name::Unit::parse)
}

/// The name of a cycle.
pub fn cycle(field: &str, raw: &str) -> Result<name::Cycle, Violation> {
    named(field, raw, name::Cycle::parse)
}

/// The id of a new cycle.
pub fn new_cycle(field: &str, raw: &str) -> Result<String, Violation> {
    named(field, raw, |raw| {
        name::token(raw, name::TOKEN_MAX).map(str::to_owned)
    })
}

/// The name of an assessment.
pub fn assessment(field: &str, raw: &str) -> Result<name::Assessment, Violation> {
    named(field, raw, name::Assessment::parse)
}

/// Lines of `least` to `most` characters.
///
/// # Errors
///
/// They are shorter without the space around them, longer with it, or have control characters other than line breaks.
pub fn lines(field: &str, raw: String, least: usize, most: usize) -> Result<String, Violation> {
    let control = raw.chars().any(|c| c.is_control() && c != '\n');
    if raw.trim().chars().count() >= least && raw.chars().count() <= most && !control {
        return Ok(raw);
    }
    Err(Violation::new(
        field,
        format!("must be {least} to {most} characters, of control characters only line breaks"),
        format!("harus {least} sampai {most} karakter, tanpa karakter kendali selain baris baru"),
    ))
}

/// One line of `least` to `most` characters; may be empty.
///
/// # Errors
///
/// It is shorter or longer, or has control characters.
pub fn optional_line(field: &str, raw: String, least: usize, most: usize) -> Result<String, Violation> {
    let length = raw.chars().count();
    if (length == 0 || (least..=most).contains(&length)) && !raw.chars().any(char::is_control) {
        return Ok(raw);
    }
    Err(Violation::new(
        field,
        format!("must be empty or {least} to {most} characters without control characters"),
        format!("harus kosong atau {least} sampai {most} karakter tanpa karakter kendali"),
    ))
}

/// A link of the web.
///
/// # Errors
///
/// It is no `https://…` or `http://…` of at most 500 characters, or carries a user or a password.
pub fn link(field: &str, raw: String) -> Result<String, Violation> {
    let whole = raw.chars().count() <= LINK_MAX && !raw.chars().any(|c| c.is_control() || c.is_whitespace());
    let plain = Url::parse(&raw).is_ok_and(|url| {
        let web = matches!(url.scheme(), "https" | "http") && url.has_host();
        web && url.username().is_empty() && url.password().is_none()
    });
    if whole && plain {
        return Ok(raw);
    }
    Err(Violation::new(
        field,
        format!(
            "must be a link, https://… or http://…, of at most {LINK_MAX} characters and without a password"
        ),
        format!("harus tautan https://… atau http://…, paling panjang {LINK_MAX} karakter, tanpa sandi"),
    ))
}

/// A day, written `YYYY-MM-DD`.
///
/// # Errors
///
/// It is none, or is written in another way.
pub fn day(field: &str, raw: &str) -> Result<NaiveDate, Violation> {
    request::day(field, raw)
        .map_err(|_| Violation::new(field, "must be a day, YYYY-MM-DD", "harus tanggal, YYYY-MM-DD"))
}

/// The number of what is counted from 1.
///
/// # Errors
///
/// It is less.
pub fn number(field: &str, raw: i64) -> Result<i64, Violation> {
    if raw >= 1 {
        return Ok(raw);
    }
    Err(Violation::new(field, "must be 1 or more", "harus 1 atau lebih"))
}

/// An indicator, which the form `has` or not.
///
/// # Errors
///
/// It has not.
pub fn indicator(field: &str, has: bool) -> Result<(), Violation> {
    if has {
        return Ok(());
    }
    Err(Violation::new(
        field,
        "is no indicator of the form",
        "bukan indikator formulir ini",
    ))
}

/// A number of respondents.
///
/// # Errors
///
/// It is not 0 to a billion.
pub fn respondents(field: &str, raw: i64) -> Result<i64, Violation> {
    if (0..=1_000_000_000).contains(&raw) {
        return Ok(raw);
    }
    Err(Violation::new(
        field,
        "must be 0 to 1,000,000,000",
        "harus 0 sampai 1.000.000.000",
    ))
}

/// The one of `allowed` that has this name; `None` for an empty text.
///
/// # Errors
///
/// None has it.
pub fn choice<T: Clone>(
    field: &str,
    raw: &str,
    allowed: &[T],
    name: impl Fn(&T) -> &str,
) -> Result<Option<T>, Violation> {
    let found = allowed.iter().find(|one| name(one) == raw);
    match found {
        None if !raw.is_empty() => Err(no_choice(field, allowed, name)),
        found => Ok(found.cloned()),
    }
}

/// The same, and the first one for an empty text.
///
/// # Errors
///
/// None has it, or there is none.
pub fn choice_or_first<T: Clone>(
    field: &str,
    raw: &str,
    allowed: &[T],
    name: impl Fn(&T) -> &str,
) -> Result<T, Violation> {
    let chosen = choice(field, raw, allowed, &name)?.or_else(|| allowed.first().cloned());
    chosen.ok_or_else(|| no_choice(field, allowed, name))
}

fn no_choice<T>(field: &str, allowed: &[T], name: impl Fn(&T) -> &str) -> Violation {
    let names = allowed.iter().map(name).collect::<Vec<_>>().join(", ");
    Violation::new(
        field,
        format!("must be empty or one of: {names}"),
        format!("harus kosong atau salah satu dari: {names}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_as_it_came() {
        let checked = |raw: &str| lines("f", raw.to_owned(), 1, 5).ok();
        assert_eq!(checked(" a\n "), Some(" a\n ".to_owned()));
        for raw in ["", "  ", "a\tb", "a\r\nb", "     a"] {
            assert_eq!(checked(raw), None, "{raw:?}");
        }
        assert!(optional_line("f", String::new(), 5, 500).is_ok());
        assert!(optional_line("f", "a\nb".to_owned(), 1, 500).is_err());
    }

    #[test]
    fn an_empty_choice_is_none_or_the_first() {
        let allowed = ["a", "b"];
        let chosen = |raw: &str| choice("f", raw, &allowed, |one| one);
        assert_eq!(
            (chosen(""), chosen("b"), chosen("c").is_err()),
            (Ok(None), Ok(Some("b")), true)
        );
        let first = |allowed: &[&'static str]| choice_or_first("f", "", allowed, |one| one).ok();
        assert_eq!((first(&allowed), first(&[])), (Some("a"), None));
    }
}
