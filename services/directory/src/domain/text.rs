//! What people write: official names, descriptions, days and links.

use chrono::NaiveDate;
use prima_platform::failure::Violation;
use url::Url;

const DISPLAY_NAME_MAX: usize = 200;
const DESCRIPTION_MAX: usize = 2000;
const BODY_MAX: usize = 10_000;
const LINK_MAX: usize = 500;

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
    if text.chars().count() <= DESCRIPTION_MAX && lines(text) {
        return Ok(text.to_owned());
    }
    Err(Violation::new(
        field,
        format!("must be at most {DESCRIPTION_MAX} characters, without control characters"),
        format!("Uraian paling panjang {DESCRIPTION_MAX} karakter, tanpa karakter kendali"),
    ))
}

/// Whether all control characters of a text are line breaks and tabs.
fn lines(text: &str) -> bool {
    !text
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// The text of a component or charter, without the space around it.
///
/// # Errors
///
/// It is not 1 to 10,000 characters, or has control characters other than line breaks and tabs.
pub fn body(field: &str, raw: &str) -> Result<String, Violation> {
    let text = raw.trim();
    if (1..=BODY_MAX).contains(&text.chars().count()) && lines(text) {
        return Ok(text.to_owned());
    }
    Err(Violation::new(
        field,
        format!("must be 1 to {BODY_MAX} characters, without control characters"),
        format!("Isi harus 1 sampai {BODY_MAX} karakter, tanpa karakter kendali"),
    ))
}

/// A day, written `YYYY-MM-DD`.
///
/// # Errors
///
/// It is none, or is written in another way.
pub fn day(field: &str, raw: &str) -> Result<NaiveDate, Violation> {
    // chrono also reads `2024-1-2` and years of other lengths.
    let date = NaiveDate::parse_from_str(raw, "%Y-%m-%d").ok();
    date.filter(|date| raw.len() == 10 && date.to_string() == raw)
        .ok_or_else(|| {
            Violation::new(
                field,
                "must be a date of the form `YYYY-MM-DD`",
                "Tanggal harus sah dan berbentuk `YYYY-MM-DD`",
            )
        })
}

/// A day of something that has happened, written `YYYY-MM-DD`.
///
/// # Errors
///
/// It is no day, or lies after `today`.
pub fn past_day(field: &str, raw: &str, today: NaiveDate) -> Result<NaiveDate, Violation> {
    let day = day(field, raw)?;
    if day <= today {
        return Ok(day);
    }
    Err(Violation::new(
        field,
        format!("must not be after {today}, today in Jakarta"),
        format!("Tanggal tidak boleh setelah hari ini, {today} WIB"),
    ))
}

/// A link without the space around it; may be empty.
///
/// # Errors
///
/// It is no `https://…` or `http://…` of at most 500 characters, or carries a user or a password.
pub fn link(field: &str, raw: &str) -> Result<String, Violation> {
    let text = raw.trim();
    if text.is_empty() {
        return Ok(String::new());
    }
    let whole = text.chars().count() <= LINK_MAX && !text.chars().any(|c| c.is_control() || c == ' ');
    let starts = ["http://", "https://"].iter().any(|s| {
        text.get(..s.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(s))
    });
    let plain = Url::parse(text)
        .is_ok_and(|url| url.has_host() && url.username().is_empty() && url.password().is_none());
    if whole && starts && plain {
        return Ok(text.to_owned());
    }
    Err(Violation::new(
        field,
        format!("must be a link, https://… or http://…, of at most {LINK_MAX} characters"),
        format!("Tautan harus https://… atau http://…, paling panjang {LINK_MAX} karakter"),
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

    #[test]
    fn a_date_is_written_in_one_way() {
        assert_eq!(day("d", "2024-02-29").unwrap().to_string(), "2024-02-29");
        for text in [
            "",
            "2023-02-29",
            "2024-1-02",
            "2024-01-2",
            "24-01-02",
            "2024-01-02 ",
            "+2024-1-02",
            "02-01-2024",
        ] {
            assert_eq!(day("d", text).unwrap_err().field, "d", "{text}");
        }
    }

    #[test]
    fn what_has_happened_is_not_after_today() {
        let today = day("d", "2024-02-29").unwrap();
        assert!(past_day("d", "2024-02-29", today).is_ok());
        assert_eq!(past_day("d", "2024-03-01", today).unwrap_err().field, "d");
    }

    #[test]
    fn only_a_whole_web_address_is_a_link() {
        for good in ["", "https://a.id/x.pdf", "http://a.id", "HTTPS://a.id/x?y=z#q"] {
            assert_eq!(link("f", good).unwrap(), good);
        }
        for bad in [
            "a.id",
            "ftp://a.id",
            "https://",
            "https:/a.id",
            "javascript:alert(1)",
            "https://a.id/x y",
            "https://user:secret@a.id",
            "éééééé",
            &format!("https://a.id/{}", "x".repeat(500)),
        ] {
            assert_eq!(link("f", bad).unwrap_err().field, "f", "{bad}");
        }
    }
}
