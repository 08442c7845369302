//! Validation of texts that people write: names, descriptions, remarks, addresses of pages.
//!
//! A name is what stands in a list or a table and is told apart from other names by looking. It refuses what can't be seen
//! and what looks like something else (see [`unicode`]). A free text, such as a report or a remark, is kept as it was
//! written, but for characters that rearrange the text around it.

use url::Url;

use crate::{failure::Violation, unicode};

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
    /// Whether it is a name.
    name: bool,
}

impl Text {
    /// A name of `least` to `most` characters. `what` begins the Indonesian message.
    pub const fn name(what: &'static str, least: usize, most: usize) -> Self {
        Self {
            name: true,
            ..Self::line(what, least, most)
        }
    }

    /// One line of `least` to `most` characters. `what` begins the Indonesian message.
    pub const fn line(what: &'static str, least: usize, most: usize) -> Self {
        Self {
            what,
            least: Some(least),
            most,
            lines: false,
            name: false,
        }
    }

    /// Several lines, of `least` to `most` characters together.
    pub const fn lines(what: &'static str, least: usize, most: usize) -> Self {
        Self {
            what,
            least: Some(least),
            most,
            lines: true,
            name: false,
        }
    }

    /// Several lines, of at most `most` characters together; may be empty.
    pub const fn optional_lines(what: &'static str, most: usize) -> Self {
        Self {
            what,
            least: None,
            most,
            lines: true,
            name: false,
        }
    }

    /// The text in composed form (NFC) without leading and trailing white space, with LF as line breaks.
    ///
    /// # Errors
    ///
    /// It is too short or too long, or has control characters that are not allowed. Characters that can't be seen do not count
    /// towards the least number. A name also has invisible characters, such that change the direction of writing, that are
    /// not defined, or that look like letters of another script.
    pub fn check(self, field: &str, raw: &str) -> Result<String, Violation> {
        let raw = raw.trim();
        let text = match (self.name, self.lines) {
            (true, _) => unicode::name(raw),
            (false, true) => kept(raw),
            (false, false) => unicode::free(raw),
        };
        let allowed = |c: char| !c.is_control() || self.lines && matches!(c, '\n' | '\t');
        let visible = || text.chars().filter(|c| !unicode::is_invisible(*c)).count();
        let fits = text.chars().count() <= self.most && visible() >= self.least.unwrap_or_default();
        let mut messages = Vec::new();
        if !fits || !text.chars().all(allowed) {
            messages.push(self.length());
        }
        if self.name {
            messages.extend(unicode::faults(&text).iter().map(unicode::Fault::messages));
        }
        let Some(first) = messages.first_mut() else {
            return Ok(text);
        };
        // The faults of letters go on after that of the length, or after the beginning of a sentence.
        if !matches!(first, [english, _] if english.starts_with("must")) {
            let [english, indonesian] = first;
            *english = format!("must be {english}");
            *indonesian = format!("{} harus {indonesian}", self.what)
                .trim_start()
                .to_owned();
        }
        let [english, indonesian] = [0, 1].map(|language| {
            let each = messages.iter().filter_map(|both| both.get(language));
            each.map(String::as_str).collect::<Vec<_>>().join("; ")
        });
        Err(Violation::new(field, english, indonesian))
    }

    /// What its length and its control characters must be, in English and Indonesian.
    fn length(self) -> [String; 2] {
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
        [
            format!("{english}, without control characters"),
            format!("{}, tanpa karakter kendali", indonesian.trim_start()),
        ]
    }
}

/// A free text of several lines as it is kept: in composed form (NFC), without characters that rearrange the text around
/// them (see [`unicode::free`]), and with LF at each end of a line.
pub fn kept(text: &str) -> String {
    line_ends(&unicode::free(text))
}

/// A text of several lines with LF at each end of a line, however it came: CRLF from forms of web pages, CR from old
/// files, VT and FF from word processors, NEL from mainframes, the separators of Unicode.
fn line_ends(text: &str) -> String {
    let others = ['\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];
    text.replace("\r\n", "\n").replace(others, "\n")
}

/// Checks a name, and returns it without leading and trailing white space.
///
/// # Errors
///
/// Those of [`Text::check`].
pub fn name(field: &str, raw: &str, least: usize, most: usize) -> Result<String, Violation> {
    Text::name("", least, most).check(field, raw)
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
/// It is not an `https://…` or `http://…` URL of at most 500 characters, it contains a user or a password, or its letters look
/// like others.
pub fn link(field: &str, raw: &str) -> Result<String, Violation> {
    if raw.trim().is_empty() {
        return Ok(String::new());
    }
    url(field, raw)
}

/// Checks the address of a page or document, and returns it without leading and trailing white space.
///
/// # Errors
///
/// Those of [`link`], or it is empty.
pub fn url(field: &str, raw: &str) -> Result<String, Violation> {
    let text = raw.trim();
    let whole =
        text.chars().count() <= LINK_MAX && !text.chars().any(|c| c.is_control() || c.is_whitespace());
    let starts = ["http://", "https://"].iter().any(|s| {
        text.get(..s.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(s))
    });
    let plain = Url::parse(text)
        .is_ok_and(|url| url.has_host() && url.username().is_empty() && url.password().is_none());
    if whole && starts && plain && unicode::faults(text).is_empty() {
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

    const NAME: Text = Text::name("Nama", 1, 200);
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
    fn a_name_with_letters_that_deceive_has_every_fault() {
        assert_eq!(
            NAME.check("f", "Kota\u{a0}Bogor e\u{301}").unwrap(),
            "Kota Bogor é"
        );
        let fault = NAME.check("f", "\u{202e}K\u{43e}ta\u{200b}\n").unwrap_err();
        assert_eq!(
            fault.description,
            "must be without characters that are invisible or change the direction of writing (U+202E, U+200B); \
             without letters of one script that look like those of another (U+043E)"
        );
        let fault = name("f", "K\u{43e}", 3, 9).unwrap_err();
        assert_eq!(
            fault.localized,
            "harus 3 sampai 9 karakter, tanpa karakter kendali; tanpa huruf yang menyerupai huruf aksara lain (U+043E)"
        );
        assert_eq!(
            NAME.check("f", "K\u{43e}").unwrap_err().localized,
            "Nama harus tanpa huruf yang menyerupai huruf aksara lain (U+043E)"
        );
    }

    #[test]
    fn a_free_text_keeps_its_letters_and_is_not_rearranged() {
        let text = "Antre 😡 👨\u{200d}👩 Сара";
        assert_eq!(line("f", text, 5, 100).unwrap(), text);
        assert_eq!(lines("f", "a\u{202e}b\u{2028}c", 1, 9).unwrap(), "ab\nc");
        assert!(line("f", "a\u{200b}\u{200b}\u{200b}\u{200b}", 5, 100).is_err());
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
            "https://pol\u{440}i.go.id",
            "https://a.id/\u{202e}x",
            "éééééé",
            &format!("https://a.id/{}", "x".repeat(500)),
        ] {
            assert_eq!(link("f", bad).unwrap_err().field, "f", "{bad}");
        }
    }

    #[test]
    fn an_address_is_a_page_of_the_web() {
        assert!(url("f", "https://example.go.id/a?b=c").is_ok());
        for text in ["", "https://", "ftp://a", "javascript:alert(1)", "https://a b"] {
            assert!(url("f", text).is_err(), "{text:?}");
        }
    }
}
