//! Detection of near duplicates: similarity of trigrams, and index keys that similar texts are likely to share, which
//! work in any database.
//!
//! Titles are compared by trigrams of letters, as in `pg_trgm`; texts by trigrams of words, because the letters of any
//! two long texts are similar. An index of single trigrams would have hundreds of rows for each text, most of which
//! occur in every other text as well. MinHash with bands needs 24 rows for a title and 24 for a text, independent of
//! the length: two texts share a row with a probability of 1-(1-s³)²⁴, which is 96 % at a similarity of one half, 99.9
//! % at two thirds and 2 % at one tenth. Texts that share a row are then compared exactly.

use std::collections::BTreeSet;

use crate::{
    number::{self, Rational},
    words::words,
};

const BANDS: u64 = 24;
const ROWS: u64 = 3;

/// Trigrams, as hashes.
pub type Trigrams = BTreeSet<u64>;

/// FNV-1a. The values are stored, so the function must never change.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Spreads the bits of a number (the finalizer of SplitMix64).
fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Trigrams of the letters of each word, padded with two spaces in front and one at the end.
pub fn of_title(title: &str) -> Trigrams {
    let mut found = Trigrams::new();
    for word in words(title) {
        let letters: Vec<char> = format!("  {word} ").chars().collect();
        found.extend(
            letters
                .windows(3)
                .map(|three| hash(&three.iter().collect::<String>())),
        );
    }
    found
}

/// Trigrams of the words of title and text; for fewer than three words, one hash of all of them.
pub fn of_text(title: &str, text: &str) -> Trigrams {
    let mut all = words(title);
    all.extend(words(text));
    if all.len() < 3 {
        return Trigrams::from([hash(&all.join(" "))]);
    }
    all.windows(3).map(|three| hash(&three.join(" "))).collect()
}

/// Number of common trigrams divided by the number of all trigrams (Jaccard similarity), percent.
pub fn similarity(a: &Trigrams, b: &Trigrams) -> Rational {
    let common = a.intersection(b).count();
    number::percent(common, a.len() + b.len() - common).unwrap_or_else(|| number::whole(0))
}

/// Index keys of a set of trigrams; `kind` distinguishes titles from texts.
fn keys(kind: u64, trigrams: &Trigrams) -> Vec<i64> {
    if trigrams.is_empty() {
        return Vec::new();
    }
    let smallest = |seed: u64| trigrams.iter().map(|t| mix(t ^ mix(seed))).min().unwrap_or(0);
    (0..BANDS)
        .map(|band| {
            let rows = (0..ROWS).map(|row| smallest(band * ROWS + row + 1));
            let key = rows.fold(mix(kind * BANDS + band), |key, row| mix(key ^ row));
            i64::from_ne_bytes(key.to_ne_bytes())
        })
        .collect()
}

/// All index keys of a title and a text, without duplicates. They are unkeyed hashes of words, so a text that must be
/// encrypted must not be indexed with them.
pub fn index_keys(title: &str, text: &str) -> BTreeSet<i64> {
    let mut all: BTreeSet<i64> = keys(1, &of_title(title)).into_iter().collect();
    all.extend(keys(2, &of_text(title, text)));
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn share(a: &str, b: &str) -> String {
        number::decimal(&similarity(&of_title(a), &of_title(b)), 2)
    }

    #[test]
    fn titles_are_compared_by_letters_without_case_and_signs() {
        assert_eq!(share("Si-Pandu Desa", "si pandu DESA!"), "100.00");
        assert_eq!(share("abc", "xyz"), "0.00");
        // "word": "  w", " wo", "wor", "ord", "rd "; "words" has two others in place of "rd ".
        assert_eq!(share("word", "words"), "57.14");
    }

    #[test]
    fn a_text_with_a_changed_word_is_similar_and_another_text_is_not() {
        let text = "Warga mengurus akta kelahiran dari balai desa tanpa datang ke kantor dinas di kota";
        let changed = text.replace("balai", "kantor");
        let other = "Petugas mengunjungi rumah warga lanjut usia untuk memeriksa kesehatan setiap bulan";
        let of = |t: &str| of_text("Akta Desa", t);
        assert!(similarity(&of(text), &of(&changed)) >= number::whole(50));
        assert!(similarity(&of(text), &of(other)) < number::whole(10));
        assert!(!index_keys("Akta Desa", text).is_disjoint(&index_keys("Akta Desa", &changed)));
        assert!(index_keys("Akta Desa", text).is_disjoint(&index_keys("Kunjungan Lansia", other)));
    }

    #[test]
    fn keys_never_change() {
        // They are stored: with other values, indexed texts could not be found any more.
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(index_keys("Sipandu", "").len(), 48);
    }

    proptest! {
        #[test]
        fn a_similarity_is_symmetric_and_that_of_a_title_with_itself_is_100(a in "[a-z ]{3,60}", b in "[a-z ]{3,60}") {
            let (x, y) = (of_title(&a), of_title(&b));
            prop_assert_eq!(similarity(&x, &y), similarity(&y, &x));
            prop_assert!(similarity(&x, &y) <= number::whole(100));
            if !x.is_empty() {
                prop_assert_eq!(similarity(&x, &x), number::whole(100));
            }
        }

        #[test]
        fn titles_that_differ_by_a_letter_share_a_key(words in prop::collection::vec("[a-z]{5,9}", 6..9), at in 0usize..30) {
            let title = words.join(" ");
            let mut changed: Vec<char> = title.chars().collect();
            changed[at] = 'q';
            let changed: String = changed.into_iter().collect();
            let alike = similarity(&of_title(&title), &of_title(&changed));
            if alike >= number::whole(75) {
                prop_assert!(!index_keys(&title, "").is_disjoint(&index_keys(&changed, "")), "{alike}");
            }
        }
    }
}
