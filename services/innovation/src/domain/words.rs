//! Words of an answer: what the platform tells of them, and whether they say anything.

use std::collections::BTreeSet;

pub use prima_platform::words::{count, words};

/// An answer with fewer words says nothing.
const LEAST: usize = 5;
/// From this many words on, at least every fifth must be a new one.
const REPEATS_FROM: usize = 10;

/// Whether an answer is filler: fewer than five words, `lorem ipsum`, the same few words again and again, or words
/// without a vowel for the most part. The rule is ours; the cause of rejection is from the rules of 2018.
pub fn is_filler(text: &str) -> bool {
    let words = words(text);
    let distinct: BTreeSet<&str> = words.iter().map(String::as_str).collect();
    let dumb = words
        .iter()
        .filter(|w| !w.chars().any(|c| "aiueo".contains(c) || c.is_ascii_digit()))
        .count();
    words.len() < LEAST
        || (distinct.contains("lorem") && distinct.contains("ipsum"))
        || (words.len() >= REPEATS_FROM && distinct.len() * 5 < words.len())
        || distinct.len() < 3
        || dumb * 2 > words.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filler_is_told_from_an_answer() {
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
