//! Splits a text into words.

use crate::unicode;

/// The words of a text as they are compared, in lower case and folded (see [`unicode::folded`]): runs of letters and digits.
pub fn words(text: &str) -> Vec<String> {
    runs(&unicode::folded(text))
}

/// The words of a text in lower case, without being folded.
pub fn unfolded(text: &str) -> Vec<String> {
    runs(&text.to_lowercase())
}

fn runs(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Number of words as people count them: parts between spaces that contain a letter or a digit.
pub fn count(text: &str) -> usize {
    text.split_whitespace()
        .filter(|w| w.chars().any(char::is_alphanumeric))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded() {
        assert_eq!(words("S\u{200b}i-Раndu, DESA!"), ["si", "pandu", "desa"]);
        assert_eq!(unfolded("Café, DESA"), ["café", "desa"]);
    }

    #[test]
    fn words_are_counted_as_people_do() {
        assert_eq!(count("Pelayanan satu-pintu, cepat & murah."), 4);
        assert_eq!(count("  "), 0);
    }
}
