//! Validation of texts that people write: names, descriptions, remarks, addresses of pages.

use url::Url;

use crate::failure::Violation;

/// Longest link, characters.
const LINK_MAX: usize = 500;

/// Constraints of a text.
#[derive(Debug, Clone, Copy)]
pub struct Text {
    /// Beginning of the Indonesian message; may be empty.
    what: &'static str,
    /// Least number of characters; `None` when it may be empty and the message need not say so.
    least: Option<usize>,
    /// Greatest number of characters.
    most: usize,
    /// Whether line breaks and tabs are allowed.
    lines: bool,
}

impl Text {
    /// One line of `least` to `most` characters. `what` begins the Indonesian message.
    pub const fn line(what: &'static str, least: usize, most: usize) -> Self {
        Self {
            what,
            least: Some(least),
            most,
            lines: false,
        }
    }

    /// Several lines, of `least` to `most` characters together.
    pub const fn lines(what: &'static str, least: usize, most: usize) -> Self {
        Self {
            what,
            least: Some(least),
            most,
            lines: true,
        }
    }

    /// Several lines, of at most `most` characters together; may be empty.
    pub const fn optional_lines(what: &'static str, most: usize) -> Self {
        Self {
            what,
            least: None,
            most,
            lines: true,
        }
    }

    /// The text without leading and trailing white space, with LF as line breaks.
    ///
    /// # Errors
    ///
    /// It is too short or too long, or has control characters that are not allowed.
    pub fn check(self, field: &str, raw: &str) -> Result<String, Violation> {
        let mut text = raw.trim().to_owned();
        if self.lines {
            text = line_ends(&text);
        }
        let allowed = |c: char| !c.is_control() || self.lines && matches!(c, '\n' | '\t');
        let length = self.least.unwrap_or_default()..=self.most;
        if length.contains(&text.chars().count()) && text.chars().all(allowed) {
            return Ok(text);
        }
        let most = self.most;
        let (english, indonesian) = match self.least {
            Some(least) => (
                format!("must be {least} to {most} characters"),
                format!("{} harus {least} sampai {most} karakter", self.what),
            ),
            None => (
                format!("must be at most {most} characters"),
                format!("{} paling panjang {most} karakter", self.what),
            ),
        };
        Err(Violation::new(
            field,
            format!("{english}, without control characters"),
            format!("{}, tanpa karakter kendali", indonesian.trim_start()),
        ))
    }
}

/// A text of several lines with LF at each end of a line, however it came: CRLF from forms of web pages, CR from old
/// files, VT and FF from word processors, NEL from mainframes.
pub fn line_ends(text: &str) -> String {
    let others = ['\r', '\u{b}', '\u{c}', '\u{85}'];
    text.replace("\r\n", "\n").replace(others, "\n")
}

/// Checks one line, and returns it without leading and trailing white space.
///
/// # Errors
///
/// It is not `least` to `most` characters, or has control characters.
pub fn line(field: &str, raw: &str, least: usize, most: usize) -> Result<String, Violation> {
    Text::line("", least, most).check(field, raw)
}

/// Checks several lines, and returns them without leading and trailing white space.
///
/// # Errors
///
/// They are not `least` to `most` characters, or have control characters other than line breaks and tabs.
pub fn lines(field: &str, raw: &str, least: usize, most: usize) -> Result<String, Violation> {
    Text::lines("", least, most).check(field, raw)
}

/// Checks a link, which may be empty, and returns it without leading and trailing white space.
///
/// # Errors
///
/// It is not an `https://…` or `http://…` URL of at most 500 characters, or it contains a user or a password.
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

/// Checks the address of a page or document.
///
/// # Errors
///
/// It does not begin with `https://` or `http://`, is longer than 500 characters, or has spaces or control characters.
pub fn url(field: &str, raw: &str) -> Result<String, Violation> {
    let host = raw
        .strip_prefix("https://")
        .or_else(|| raw.strip_prefix("http://"));
    let fits = host.is_some_and(|host| !host.is_empty() && !host.starts_with('/'))
        && raw.chars().count() <= LINK_MAX
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

    const NAME: Text = Text::line("Nama", 1, 200);
    const REMARK: Text = Text::optional_lines("Uraian", 2000);

    #[test]
    fn a_line_is_trimmed_and_has_its_length() {
        assert_eq!(line("f", "  Si Pandu ", 3, 200), Ok("Si Pandu".to_owned()));
        for text in ["", "ab", "a\nbc", &"é".repeat(201)] {
            assert_eq!(line("f", text, 3, 200).unwrap_err().field, "f", "{text:?}");
        }
        assert!(lines("f", "a\n\tb", 0, 5).is_ok() && lines("f", "a\u{1b}", 0, 5).is_err());
        assert_eq!(NAME.check("f", &"é".repeat(200)).unwrap().chars().count(), 200);
        for text in ["", "  ", "a\u{0}b", "a\nb", "a\u{85}b", &"é".repeat(201)] {
            assert_eq!(NAME.check("f", text).unwrap_err().field, "f", "{text:?}");
        }
    }

    #[test]
    fn lines_may_be_empty_and_have_one_kind_of_line_break() {
        assert_eq!(REMARK.check("f", "").unwrap(), "");
        assert_eq!(REMARK.check("f", " a\r\n\tb\rc\n").unwrap(), "a\n\tb\nc");
        assert!(Text::lines("", 1, 3).check("f", "a\r\nb").is_ok());
        assert_eq!(REMARK.check("f", "a\u{b}b\u{c}c\u{85}d").unwrap(), "a\nb\nc\nd");
        assert_eq!(REMARK.check("f", &"x".repeat(2000)).unwrap().len(), 2000);
        for text in ["a\u{0}b", "\u{1b}[0m", &"x".repeat(2001)] {
            assert!(REMARK.check("f", text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_fault_has_a_message_in_both_languages() {
        let messages = |text: Text| {
            let fault = text.check("f", "\u{0}").unwrap_err();
            [fault.description, fault.localized]
        };
        assert_eq!(
            messages(NAME),
            [
                "must be 1 to 200 characters, without control characters",
                "Nama harus 1 sampai 200 karakter, tanpa karakter kendali"
            ]
        );
        assert_eq!(
            messages(REMARK),
            [
                "must be at most 2000 characters, without control characters",
                "Uraian paling panjang 2000 karakter, tanpa karakter kendali"
            ]
        );
        assert_eq!(
            messages(Text::lines("", 0, 9)),
            [
                "must be 0 to 9 characters, without control characters",
                "harus 0 sampai 9 karakter, tanpa karakter kendali"
            ]
        );
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
