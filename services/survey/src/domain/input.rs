//! What people type: lines, remarks, links and days, checked the same way everywhere.

use chrono::NaiveDate;
use prima_platform::failure::Violation;
use url::Url;

/// Longest link, in characters.
pub const LINK_MAX: usize = 500;

/// One line without the space around it, `min` to `max` characters. A fault of `field` is added when it is shorter,
/// longer, or has control characters.
pub fn line(field: &str, raw: &str, min: usize, max: usize, faults: &mut Vec<Violation>) -> String {
    let text = raw.trim();
    let length = text.chars().count();
    if !(min..=max).contains(&length) || text.chars().any(char::is_control) {
        faults.push(Violation::new(
            field,
            format!("must be {min} to {max} characters, without control characters"),
            format!("harus {min} sampai {max} karakter, tanpa karakter kendali"),
        ));
    }
    text.to_owned()
}

/// Text of several lines without the space around it, at most `max` characters; may be empty. A fault of `field` is
/// added when it is longer, or has control characters other than line breaks and tabs.
pub fn remark(field: &str, raw: &str, max: usize, faults: &mut Vec<Violation>) -> String {
    let text = raw.trim();
    let controls = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.chars().count() > max || text.chars().any(controls) {
        faults.push(Violation::new(
            field,
            format!("must be at most {max} characters, without control characters"),
            format!("paling panjang {max} karakter, tanpa karakter kendali"),
        ));
    }
    text.to_owned()
}

/// A link, `https://…` or `http://…`, at most 500 characters. A fault of `field` is added for anything else, and for a
/// link that carries a password.
pub fn link(field: &str, raw: &str, faults: &mut Vec<Violation>) -> String {
    let text = raw.trim();
    let whole = text.chars().count() <= LINK_MAX && !text.chars().any(|c| c.is_control() || c == ' ');
    let read = Url::parse(text).ok().filter(|u| {
        matches!(u.scheme(), "http" | "https")
            && u.has_host()
            && u.username().is_empty()
            && u.password().is_none()
    });
    let starts = text.get(..7).is_some_and(|s| s.eq_ignore_ascii_case("http://"))
        || text.get(..8).is_some_and(|s| s.eq_ignore_ascii_case("https://"));
    if !whole || !starts || read.is_none() {
        faults.push(Violation::new(
            field,
            format!("must be a link, https://… or http://…, of at most {LINK_MAX} characters"),
            format!("harus berupa tautan https://… atau http://…, paling panjang {LINK_MAX} karakter"),
        ));
    }
    text.to_owned()
}

/// A calendar day, `YYYY-MM-DD`. Adds a fault of `field` when it is none.
pub fn day(field: &str, text: &str, faults: &mut Vec<Violation>) -> Option<NaiveDate> {
    // Parsing alone would also take `2024-1-1`.
    let read = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let read = read.filter(|d| d.format("%Y-%m-%d").to_string() == text);
    if read.is_none() {
        faults.push(Violation::new(
            field,
            "must be a day, YYYY-MM-DD",
            "harus berupa tanggal YYYY-MM-DD",
        ));
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(check: impl Fn(&mut Vec<Violation>)) -> usize {
        let mut faults = Vec::new();
        check(&mut faults);
        assert!(faults.iter().all(|f| f.field == "f"));
        faults.len()
    }

    #[test]
    fn only_a_whole_web_address_is_a_link() {
        for good in [
            "https://dpmptsp.kotabogor.go.id/skm/2024.pdf",
            "http://a.id",
            "HTTPS://a.id/x?y=z#q",
            " https://a.id ",
            "https://a.id:8443/é",
        ] {
            assert_eq!(count(|f| drop(link("f", good, f))), 0, "{good}");
        }
        for bad in [
            "",
            "a.id",
            "ftp://a.id",
            "https://",
            "https:a.id",
            "https:/a.id",
            "javascript:alert(1)",
            "https://a.id/x y",
            "https://a.id/\n",
            "https://user:secret@a.id",
            "éééééé",
            &format!("https://a.id/{}", "x".repeat(500)),
        ]
        .into_iter()
        .filter(|b| b.trim() == *b)
        {
            assert_eq!(count(|f| drop(link("f", bad, f))), 1, "{bad}");
        }
    }

    #[test]
    fn a_day_has_one_form() {
        assert!(day("f", "2024-02-29", &mut Vec::new()).is_some());
        for bad in [
            "",
            "2023-02-29",
            "2024-1-01",
            "24-01-01",
            "2024-01-01 ",
            "01-01-2024",
            "+2024-01-01",
        ] {
            assert_eq!(count(|f| assert_eq!(day("f", bad, f), None)), 1, "{bad}");
        }
    }

    #[test]
    fn a_line_is_one_line_and_a_remark_may_have_several() {
        assert_eq!(line("f", "  Loket A ", 1, 7, &mut Vec::new()), "Loket A");
        for bad in ["", "  ", "a\nb", "12345678"] {
            assert_eq!(count(|f| drop(line("f", bad, 1, 7, f))), 1, "{bad:?}");
        }
        assert_eq!(count(|f| drop(remark("f", "a\nb", 3, f))), 0);
        assert_eq!(count(|f| drop(remark("f", "a\u{0}b", 9, f))), 1);
        assert_eq!(count(|f| drop(remark("f", "abcd", 3, f))), 1);
    }
}
