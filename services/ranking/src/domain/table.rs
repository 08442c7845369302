//! One league table: its members in the order of their ranks.

use std::cmp::Ordering;
use std::sync::Arc;

use prima_proto::name::{self, Subject};
use rust_decimal::Decimal;

use super::blocks::Blocks;

/// Name of a table: metric, period and cohort.
pub type TableKey = name::LeagueTable;

/// Chosen by measurement with 100,000 members: 64 and 256 are a tenth slower, 512 a third.
const BLOCK: usize = 128;

/// Where a subject is sorted: by published value, highest first, or after all ranked subjects.
///
/// The value is stored as three integers that compare like it: a search in a large table compares some fifty times,
/// and comparing decimals of different scales that often would cost more than everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SortKey(i64, u64, u64);

/// The greatest number of decimal places of a `Decimal`; scaled by it, every fraction is a whole number.
const PLACES: u32 = 28;
/// Bits of a fraction with `PLACES` places: 10^28 < 2^94.
const FRACTION_BITS: u32 = 94;

impl SortKey {
    /// Listed without a rank, after all ranked subjects.
    pub const UNRANKED: Self = Self(i64::MAX, 0, 0);

    /// Ranked by this value; exact, and the same for `91.4` and `91.40`.
    pub fn ranked(value: Decimal) -> Self {
        let unit = 10_i128.pow(value.scale());
        let (whole, fraction) = (
            value.mantissa().div_euclid(unit),
            value.mantissa().rem_euclid(unit),
        );
        let fraction = fraction * 10_i128.pow(PLACES.saturating_sub(value.scale()));
        // The whole part takes 97 bits with its sign: 34 of them fit above the fraction, and 63 remain for the first
        // integer, which therefore never equals that of `UNRANKED`.
        let whole_bits = 128 - FRACTION_BITS;
        let high = (whole >> whole_bits) as i64;
        let low = ((whole as u128) << FRACTION_BITS) | fraction.unsigned_abs();
        // All bits are inverted, so that the highest value sorts first.
        Self(!high, !((low >> 64) as u64), !(low as u64))
    }

    /// Whether a subject with this sort key has a rank.
    pub fn is_ranked(self) -> bool {
        self != Self::UNRANKED
    }
}

/// One member of a table.
#[derive(Debug, Clone)]
struct Entry {
    sort_key: SortKey,
    /// First bytes of the agency id. They settle nearly all ties without following the pointer to the subject, which
    /// costs a cache miss for each comparison.
    prefix: u64,
    subject: Arc<Subject>,
}

impl Entry {
    fn new(subject: &Arc<Subject>, sort_key: SortKey) -> Self {
        let prefix = subject.agency_id().bytes().chain(std::iter::repeat(0)).take(8);
        let prefix = prefix.fold(0, |sum, byte| (sum << 8) | u64::from(byte));
        Self {
            sort_key,
            prefix,
            subject: Arc::clone(subject),
        }
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.sort_key
            .cmp(&other.sort_key)
            .then_with(|| self.prefix.cmp(&other.prefix))
            .then_with(|| match Arc::ptr_eq(&self.subject, &other.subject) {
                true => Ordering::Equal,
                false => self.subject.cmp(&other.subject),
            })
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry {}

/// Members in the order of the table: ranked by value, ties by subject; then those without a rank, by subject.
///
/// The caller supplies the current sort key of a member that it moves: `LeagueTables` keeps it, so a table needs no
/// map of its own.
#[derive(Debug, Clone, Default)]
pub struct Table {
    entries: Blocks<Entry, BLOCK>,
}

impl Table {
    /// Number of members, with and without a rank.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when the table has no members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of members with a rank.
    pub fn ranked(&self) -> usize {
        self.entries.position(|entry| entry.sort_key.is_ranked())
    }

    /// Number of members listed without a rank.
    pub fn unranked(&self) -> usize {
        self.len() - self.ranked()
    }

    /// Standard competition rank (1, 2, 2, 4) of a value in this table: one more than the number of members with a
    /// greater value. `None` for the sort key of members without a rank.
    pub fn rank(&self, sort_key: SortKey) -> Option<usize> {
        sort_key
            .is_ranked()
            .then(|| self.entries.position(|entry| entry.sort_key < sort_key) + 1)
    }

    /// Number of members up to and including this subject with this sort key, whether it is still there or not.
    pub fn up_to(&self, subject: &Arc<Subject>, sort_key: SortKey) -> usize {
        let last = Entry::new(subject, sort_key);
        self.entries.position(|entry| *entry <= last)
    }

    /// Members from position `offset` (counted from 0), each with its rank.
    pub fn iter_from(&self, offset: usize) -> impl Iterator<Item = (Option<usize>, &Arc<Subject>)> {
        let mut above: Option<(SortKey, Option<usize>)> = None;
        self.entries.iter_from(offset).enumerate().map(move |(i, entry)| {
            let rank = match above {
                // The first row of a page may be tied with the last row of the page before.
                None => self.rank(entry.sort_key),
                Some((sort_key, rank)) if sort_key == entry.sort_key => rank,
                Some(_) => entry.sort_key.is_ranked().then_some(offset + i + 1),
            };
            above = Some((entry.sort_key, rank));
            (rank, &entry.subject)
        })
    }

    /// Adds a member; false when it was there with this sort key.
    pub fn insert(&mut self, subject: &Arc<Subject>, sort_key: SortKey) -> bool {
        self.entries.insert(Entry::new(subject, sort_key))
    }

    /// Removes a member; false when it was not there with this sort key.
    pub fn remove(&mut self, subject: &Arc<Subject>, sort_key: SortKey) -> bool {
        self.entries.remove(&Entry::new(subject, sort_key))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sort_key(value: &str) -> SortKey {
        SortKey::ranked(value.parse().unwrap())
    }

    fn decimals() -> impl Strategy<Value = Decimal> {
        // Values of all sizes, and few values in many scales, so that some are equal.
        let any = (
            0..=79_228_162_514_264_337_593_543_950_335_i128,
            0..96_u32,
            any::<bool>(),
            0..=28_u32,
        )
            .prop_map(|(mantissa, shift, negative, scale)| {
                let mantissa = mantissa >> shift;
                Decimal::from_i128_with_scale(if negative { -mantissa } else { mantissa }, scale)
            });
        let near = (-30..=30_i64, 0..=2_u32).prop_map(|(n, scale)| Decimal::new(n, scale));
        prop_oneof![any, near]
    }

    proptest! {
        #[test]
        fn sort_keys_order_as_their_values_do(a in decimals(), b in decimals()) {
            prop_assert_eq!(SortKey::ranked(a).cmp(&SortKey::ranked(b)), b.cmp(&a));
            prop_assert_eq!(SortKey::ranked(a), SortKey::ranked(a.normalize()));
            prop_assert!(SortKey::ranked(a) < SortKey::UNRANKED);
            prop_assert!(SortKey::ranked(a).is_ranked());
        }
    }

    fn subject(agency: &str) -> Arc<Subject> {
        Arc::new(Subject::parse(&format!("agencies/{agency}")).unwrap())
    }

    fn table(members: &[(&str, SortKey)]) -> Table {
        let mut table = Table::default();
        for (agency, sort_key) in members {
            assert!(table.insert(&subject(agency), *sort_key));
        }
        table
    }

    fn ranks(table: &Table, offset: usize) -> Vec<(Option<usize>, String)> {
        table
            .iter_from(offset)
            .map(|(rank, subject)| (rank, subject.agency_id().to_owned()))
            .collect()
    }

    #[test]
    fn ties_share_a_rank_and_leave_a_gap() {
        let table = table(&[
            ("d", sort_key("7")),
            ("c", sort_key("91.40")),
            ("u", SortKey::UNRANKED),
            ("a", sort_key("95")),
            ("b", sort_key("91.4")),
        ]);
        let expected = [
            (Some(1), "a"),
            (Some(2), "b"),
            (Some(2), "c"),
            (Some(4), "d"),
            (None, "u"),
        ];
        let expected: Vec<_> = expected.map(|(rank, id)| (rank, id.to_owned())).into();
        for offset in 0..=5 {
            assert_eq!(ranks(&table, offset), expected[offset..]);
        }
        assert_eq!((table.len(), table.ranked(), table.unranked()), (5, 4, 1));
    }

    #[test]
    fn values_of_any_size_and_sign_are_ordered() {
        let values = [
            "79228162514264337593543950335",
            "1",
            "0.0000000000000000000000000001",
            "0",
            "-0.5",
            "-2",
        ];
        let ids = ["f", "e", "d", "c", "b", "a"];
        let members: Vec<_> = ids.into_iter().zip(values.map(sort_key)).collect();
        let found: String = ranks(&table(&members), 0).into_iter().map(|(_, id)| id).collect();
        assert_eq!(found, ids.concat());
        assert_eq!(table(&members).rank(sort_key("-0")), Some(4));
    }

    #[test]
    fn ties_beyond_the_first_bytes_of_the_agency_are_by_subject() {
        let ids = ["abcdefgh", "abcdefgh-1", "abcdefgh-2", "abcdefghz", "b"];
        let members: Vec<_> = ids.into_iter().rev().map(|id| (id, sort_key("1"))).collect();
        assert_eq!(
            ranks(&table(&members), 0)
                .into_iter()
                .map(|(_, id)| id)
                .collect::<Vec<_>>(),
            ids
        );
    }

    #[test]
    fn a_member_is_removed_only_by_its_current_sort_key() {
        let mut table = table(&[("a", sort_key("1"))]);
        assert!(!table.remove(&subject("a"), sort_key("2")));
        assert!(table.remove(&subject("a"), sort_key("1.0")));
        assert!(table.is_empty());
    }
}
