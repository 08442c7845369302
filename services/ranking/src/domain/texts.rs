//! Numbers for texts, so that each text is stored once and compared by its number.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};

/// Between the parts of a text. It sorts before every character of an id, so that joined texts are in the order of their
/// parts.
const SEPARATOR: char = '\0';

/// Texts of one or more parts, numbered in the order in which they were first seen; none is ever removed.
#[derive(Debug, Default)]
pub(super) struct Texts {
    /// All texts, one after the other: a text takes its bytes and no allocation of its own.
    all: String,
    /// Where each text ends.
    ends: Vec<usize>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

/// The parts joined as [`Texts`] stores them.
pub(super) fn joined(parts: &[&str]) -> String {
    parts.join(SEPARATOR.encode_utf8(&mut [0; 4]))
}

/// The parts of a stored text.
pub(super) fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(SEPARATOR)
}

fn hash<'a>(hasher: &DefaultHashBuilder, parts: impl Iterator<Item = &'a str>) -> u64 {
    let mut hasher = hasher.build_hasher();
    for part in parts {
        hasher.write(part.as_bytes());
        hasher.write_u8(0);
    }
    hasher.finish()
}

/// Whether a stored text has these parts, found without joining them.
fn is(text: &str, parts: &[&str]) -> bool {
    let mut rest = text;
    for (n, part) in parts.iter().enumerate() {
        let after = if n == 0 {
            Some(rest)
        } else {
            rest.strip_prefix(SEPARATOR)
        };
        match after.and_then(|after| after.strip_prefix(part)) {
            Some(left) => rest = left,
            None => return false,
        }
    }
    rest.is_empty()
}

impl Texts {
    /// The text with this number, its parts joined.
    pub(super) fn get(&self, number: u32) -> &str {
        let number = number as usize;
        let start = match number.checked_sub(1) {
            Some(before) => self.ends.get(before).copied().unwrap_or_default(),
            None => 0,
        };
        let end = self.ends.get(number).copied().unwrap_or_default();
        self.all.get(start..end).unwrap_or_default()
    }

    /// The number of the text with these parts; `None` when it was never seen.
    pub(super) fn find(&self, parts: &[&str]) -> Option<u32> {
        let hash = hash(&self.hasher, parts.iter().copied());
        self.numbers
            .find(hash, |number| is(self.get(*number), parts))
            .copied()
    }

    /// Number of texts.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The number of the text with these parts, which gets one when it was never seen.
    pub(super) fn number(&mut self, parts: &[&str]) -> u32 {
        if let Some(known) = self.find(parts) {
            return known;
        }
        let number = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        for (n, part) in parts.iter().enumerate() {
            if n > 0 {
                self.all.push(SEPARATOR);
            }
            self.all.push_str(part);
        }
        self.ends.push(self.all.len());
        let own = hash(&self.hasher, parts.iter().copied());
        // Taken out meanwhile, because the table hashes its numbers again by their texts when it grows.
        let mut numbers = std::mem::take(&mut self.numbers);
        numbers.insert_unique(own, number, |number| {
            hash(&self.hasher, self::parts(self.get(*number)))
        });
        self.numbers = numbers;
        number
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn equal_texts_have_one_number(texts in prop::collection::vec(prop::collection::vec("[a-c-]{0,2}", 1..4), 0..200)) {
            let mut known = Texts::default();
            let mut seen: Vec<Vec<String>> = Vec::new();
            for text in texts {
                let given: Vec<&str> = text.iter().map(String::as_str).collect();
                let expected = seen.iter().position(|other| *other == text);
                prop_assert_eq!(known.find(&given).map(|number| number as usize), expected);
                prop_assert_eq!(known.number(&given) as usize, expected.unwrap_or(seen.len()));
                if expected.is_none() {
                    seen.push(text.clone());
                }
            }
            for (number, text) in (0..).zip(&seen) {
                prop_assert!(parts(known.get(number)).eq(text.iter().map(String::as_str)));
                let given: Vec<&str> = text.iter().map(String::as_str).collect();
                prop_assert_eq!(known.get(number), joined(&given));
            }
        }
    }
}
