//! Words of an answer, and whether the answer is filler text.

use std::collections::BTreeSet;

pub use prima_platform::words::{count, words};

/// An answer with fewer words is filler.
const WORDS_MIN: usize = 5;
/// From this number of words on, at least every fifth word must be a new one.
const REPEATS_FROM: usize = 10;

/// Whether an answer is filler: it has fewer than five words, contains `lorem ipsum`, repeats the same few words, or
/// consists mostly of words without a vowel. The rule is defined by Prima; filler as a cause of rejection is from the
/// rules of 2018.
pub fn is_filler(text: &str) -> bool {
    let words = words(text);
    let distinct: BTreeSet<&str> = words.iter().map(String::as_str).collect();
    let without_vowel = words
        .iter()
        .filter(|w| !w.chars().any(|c| "aiueo".contains(c) || c.is_ascii_digit()))
        .count();
    words.len() < WORDS_MIN
        || (distinct.contains("lorem") && distinct.contains("ipsum"))
        || (words.len() >= REPEATS_FROM && distinct.len() * 5 < words.len())
        || distinct.len() < 3
        || without_vowel * 2 > words.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filler_is_distinguished_from_an_answer() {
        for text in [
            "-",
            "sudah ada di lampiran",
            "Lorem ipsum dolor sit amet consectetur",
            &"inovasi ini bagus ".repeat(20),
            "xxx xxx xxx xxx xxx xxx",
            "sdf ghj klm qwr tyz",
        ] {
            assert!(is_filler(text), "{text:?}");
        }
        assert!(!is_filler(
            "Warga mengurus akta dari balai desa tanpa datang ke kota."
        ));
    }
}
