//! Checks of request fields whose rules come from an instrument and its forms.

use prima_platform::{failure::Violation, request::shown};

/// A number that counts from 1.
///
/// # Errors
///
/// It is less than 1.
pub fn number(field: &str, raw: i64) -> Result<i64, Violation> {
    if raw >= 1 {
        return Ok(raw);
    }
    Err(Violation::new(field, "must be 1 or more", "harus 1 atau lebih"))
}

/// The key of an indicator; `has` is whether the form has it.
///
/// # Errors
///
/// The form lacks it.
pub fn indicator(field: &str, key: &str, has: bool) -> Result<(), Violation> {
    if has {
        return Ok(());
    }
    let shown = shown(key);
    Err(Violation::new(
        field,
        format!("`{shown}` is no indicator of the form"),
        format!("`{shown}` bukan indikator formulir ini"),
    ))
}

/// A number of respondents.
///
/// # Errors
///
/// It is not between 0 and a billion.
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

/// The element of `allowed` with this name; `None` for an empty text.
///
/// # Errors
///
/// None has this name.
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

/// Like [`choice`], but the first element for an empty text.
///
/// # Errors
///
/// None has this name, or `allowed` is empty.
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
