//! What people read: official names and descriptions.

use prima_platform::failure::Violation;

const DISPLAY_NAME_MAX: usize = 200;
const DESCRIPTION_MAX: usize = 2000;

/// An official name without the space around it.
///
/// # Errors
///
/// It is not 1 to 200 characters, or has control characters.
pub fn display_name(field: &str, raw: &str) -> Result<String, Violation> {
    let text = raw.trim();
    let length = text.chars().count();
    if (1..=DISPLAY_NAME_MAX).contains(&length) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(Violation::new(
        field,
        format!("must be 1 to {DISPLAY_NAME_MAX} characters, without control characters"),
        format!("Nama harus 1 sampai {DISPLAY_NAME_MAX} karakter, tanpa karakter kendali"),
    ))
}

/// A description without the space around it; may be empty.
///
/// # Errors
///
/// It is longer than 2000 characters, or has control characters other than line breaks and tabs.
pub fn description(field: &str, raw: &str) -> Result<String, Violation> {
    let text = raw.trim();
    let controls = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.chars().count() <= DESCRIPTION_MAX && !text.chars().any(controls) {
        return Ok(text.to_owned());
    }
    Err(Violation::new(
        field,
        format!("must be at most {DESCRIPTION_MAX} characters, without control characters"),
        format!("Uraian paling panjang {DESCRIPTION_MAX} karakter, tanpa karakter kendali"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_display_name_is_trimmed_and_has_1_to_200_characters() {
        assert_eq!(display_name("f", "  Kota Bogor ").unwrap(), "Kota Bogor");
        assert_eq!(display_name("f", &"é".repeat(200)).unwrap().chars().count(), 200);
        for text in ["", "  ", "a\u{0}b", "a\nb", "a\u{85}b", &"é".repeat(201)] {
            assert_eq!(display_name("f", text).unwrap_err().field, "f", "{text:?}");
        }
    }

    #[test]
    fn a_description_may_be_empty_and_have_lines() {
        assert_eq!(description("f", "").unwrap(), "");
        assert_eq!(description("f", " a\r\n\tb\n").unwrap(), "a\r\n\tb");
        assert_eq!(description("f", &"x".repeat(2000)).unwrap().len(), 2000);
        for text in ["a\u{0}b", "\u{1b}[0m", &"x".repeat(2001)] {
            assert!(description("f", text).is_err(), "{text:?}");
        }
    }
}
