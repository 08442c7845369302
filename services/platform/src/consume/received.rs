//! The subjects that a follower has received.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Subjects, each with the version that was received last. A stream may have millions of them, so they share one text
/// instead of having one each.
#[derive(Debug, Default)]
pub struct Received {
    text: String,
    /// Where each subject ends in the text, and its version.
    subjects: Vec<(usize, i64)>,
    /// Positions in `subjects`.
    index: HashTable<usize>,
    hasher: DefaultHashBuilder,
}

impl Received {
    /// The version of a subject; `None` when it was not received.
    pub fn version(&self, subject: &str) -> Option<i64> {
        let hash = self.hasher.hash_one(subject);
        let at = self.index.find(hash, |at| self.subject(*at) == subject)?;
        self.subjects.get(*at).map(|(_, version)| *version)
    }

    /// Records the version of a subject.
    pub fn insert(&mut self, subject: &str, version: i64) {
        let hash = self.hasher.hash_one(subject);
        if let Some(at) = self.index.find(hash, |at| self.subject(*at) == subject) {
            if let Some((_, known)) = self.subjects.get_mut(*at) {
                *known = version;
            }
            return;
        }
        let at = self.subjects.len();
        self.text.push_str(subject);
        self.subjects.push((self.text.len(), version));
        // Taken out meanwhile, because the index hashes its subjects again when it grows.
        let mut index = std::mem::take(&mut self.index);
        index.insert_unique(hash, at, |at| self.hasher.hash_one(self.subject(*at)));
        self.index = index;
    }

    /// The subjects with their versions.
    pub fn iter(&self) -> impl Iterator<Item = (&str, i64)> {
        let subjects = self.subjects.iter().enumerate();
        subjects.map(|(at, (_, version))| (self.subject(at), *version))
    }

    fn subject(&self, at: usize) -> &str {
        let start = at.checked_sub(1).and_then(|before| self.subjects.get(before));
        let start = start.map_or(0, |(end, _)| *end);
        let end = self.subjects.get(at).map_or(start, |(end, _)| *end);
        self.text.get(start..end).unwrap_or_default()
    }
}

impl<S: AsRef<str>> FromIterator<(S, i64)> for Received {
    fn from_iter<I: IntoIterator<Item = (S, i64)>>(subjects: I) -> Self {
        let mut received = Self::default();
        for (subject, version) in subjects {
            received.insert(subject.as_ref(), version);
        }
        received
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_last_version_of_each_subject_is_kept(
            subjects in prop::collection::vec(("[a-c.]{0,3}", 0..9_i64), 0..200), other in "[a-c.]{0,3}",
        ) {
            let expected: BTreeMap<&str, i64> = subjects.iter().map(|(s, version)| (s.as_str(), *version)).collect();
            let received: Received = subjects.iter().map(|(s, version)| (s, *version)).collect();
            prop_assert_eq!(received.iter().collect::<BTreeMap<_, _>>(), expected.clone());
            prop_assert_eq!(received.iter().count(), expected.len());
            prop_assert_eq!(received.version(&other), expected.get(other.as_str()).copied());
        }
    }
}
