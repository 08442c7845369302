//! What people write: titles, names, remarks, texts, addresses of pages.

use crate::failure::Violation;

/// One line without the space around it.
///
/// # Errors
///
/// It is not `least` to `most` characters, or has control characters.
pub fn line(field: &str, raw: &str, least: usize, most: usize) -> Result<String, Violation> {
    let text = raw.trim();
    if (least..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(Violation::new(
        field,
        format!("must be {least} to {most} characters, without control characters"),
        format!("harus {least} sampai {most} karakter, tanpa karakter kendali"),
    ))
}

/// Lines without the space around them.
///
/// # Errors
///
/// They are not `least` to `most` characters, or have control characters other than line breaks and tabs.
pub fn lines(field: &str, raw: &str, least: usize, most: usize) -> Result<String, Violation> {
    let text = raw.trim();
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if (least..=most).contains(&text.chars().count()) && !text.chars().any(control) {
        return Ok(text.to_owned());
    }
    Err(Violation::new(
        field,
        format!("must be {least} to {most} characters, without control characters"),
        format!("harus {least} sampai {most} karakter, tanpa karakter kendali"),
    ))
}

/// The address of a page or document.
///
/// # Errors
///
/// It does not begin with `https://` or `http://`, is longer than 500 characters, or has spaces or control characters.
pub fn url(field: &str, raw: &str) -> Result<String, Violation> {
    let host = raw
        .strip_prefix("https://")
        .or_else(|| raw.strip_prefix("http://"));
    let fits = host.is_some_and(|host| !host.is_empty() && !host.starts_with('/'))
        && raw.chars().count() <= 500
        && !raw.chars().any(|c| c.is_whitespace() || c.is_control());
    if fits {
        return Ok(raw.to_owned());
    }
    Err(Violation::new(
        field,
        "must begin with https:// or http://, at most 500 characters without spaces",
        "harus diawali https:// atau http://, paling panjang 500 karakter tanpa spasi",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_and_has_its_length() {
        assert_eq!(line("f", "  Si Pandu ", 3, 200), Ok("Si Pandu".to_owned()));
        for text in ["", "ab", "a\nbc", &"é".repeat(201)] {
            assert_eq!(line("f", text, 3, 200).unwrap_err().field, "f", "{text:?}");
        }
        assert!(lines("f", "a\n\tb", 0, 5).is_ok() && lines("f", "a\u{1b}", 0, 5).is_err());
    }

    #[test]
    fn an_address_is_a_page_of_the_web() {
        assert!(url("f", "https://example.go.id/a?b=c").is_ok());
        for text in [
            "",
            "https://",
            "https:///a",
            "ftp://a",
            "javascript:alert(1)",
            "https://a b",
            "https://a\n",
        ] {
            assert!(url("f", text).is_err(), "{text:?}");
        }
    }
}
