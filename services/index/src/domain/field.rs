//! Fields whose rules are those of an instrument and its forms.

use prima_platform::{failure::Violation, request::shown};

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
