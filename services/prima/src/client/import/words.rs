//! Compares texts that people write, without regard to case, spaces, punctuation and the marks of HTML.

use std::borrow::Cow;

/// Signs that HTML writes as names.
const ENTITIES: [(&str, &str); 6] = [
    ("&nbsp;", " "),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&#39;", "'"),
    ("&amp;", "&"),
];

/// A text without the tags and entities of HTML, in which form tools write questions and answers.
pub(super) fn unmarked(text: &str) -> Cow<'_, str> {
    if !text.contains(['<', '&']) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('<') {
        plain.push_str(before);
        let tag = behind
            .trim_start_matches('/')
            .starts_with(|c: char| c.is_ascii_alphabetic());
        match behind.split_once('>').filter(|_| tag) {
            Some((_, after)) => {
                plain.push(' ');
                rest = after;
            }
            None => {
                plain.push('<');
                rest = behind;
            }
        }
    }
    plain.push_str(rest);
    for (name, sign) in ENTITIES {
        plain = plain.replace(name, sign);
    }
    Cow::Owned(plain)
}

/// The words of a text, lower case: runs of letters and digits.
pub(super) fn words(text: &str) -> Vec<String> {
    unmarked(text)
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The letters and digits of a text, lower case.
pub(super) fn squash(text: &str) -> String {
    words(text).concat()
}

/// Whether two texts have the same letters and digits.
pub(super) fn same(one: &str, other: &str) -> bool {
    squash(one) == squash(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_spaces_and_punctuation_do_not_count() {
        assert!(same(" Sangat  SESUAI. ", "sangat sesuai"));
        assert!(same("Biaya/Tarif", "biaya tarif"));
        assert!(!same("Sesuai", "Tidak sesuai"));
        assert!(same("<p>Sangat&nbsp;<b>sesuai</b><br/></p>", "sangat sesuai"));
        assert!(same("kurang dari < 2 hari", "Kurang dari 2 hari"));
        assert_eq!(
            words("1. Jenis-Kelamin (L/P)"),
            ["1", "jenis", "kelamin", "l", "p"]
        );
    }
}
