//! One league table: who sits where.

use std::cmp::Ordering;
use std::sync::Arc;

use prima_proto::name::{self, Subject};
use rust_decimal::Decimal;

use super::blocks::Blocks;

/// Name of a table: metric, period and cohort.
pub type TableKey = name::LeagueTable;

/// Measured with 100,000 members: 64 and 256 are a tenth slower, 512 a third.
const BLOCK: usize = 128;

/// Where a subject sits: by published value, highest first, or after all who are ranked.
///
/// It is the value as three words that compare as plain integers: a search in a large table compares some fifty
/// times, and comparing decimals of unknown scales that often would cost more than all the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seat(i64, u64, u64);

/// Decimal places of a `Decimal` at most: in as many, any fraction is a whole number.
const PLACES: u32 = 28;
/// Bits that a fraction of `PLACES` places takes: 10^28 < 2^94.
const FRACTION_BITS: u32 = 94;

impl Seat {
    /// Listed only.
    pub const UNRANKED: Self = Self(i64::MAX, 0, 0);

    /// Ranked by this value; exact, and the same for `91.4` and `91.40`.
    pub fn ranked(value: Decimal) -> Self {
        let unit = 10_i128.pow(value.scale());
        let (whole, fraction) = (
            value.mantissa().div_euclid(unit),
            value.mantissa().rem_euclid(unit),
        );
        let fraction = fraction * 10_i128.pow(PLACES.saturating_sub(value.scale()));
        // The whole part takes 97 bits with its sign: 34 of them fit above the fraction, 63 are left for the first
        // word, which therefore never is that of `UNRANKED`.
        let whole_bits = 128 - FRACTION_BITS;
        let high = (whole >> whole_bits) as i64;
        let low = ((whole as u128) << FRACTION_BITS) | fraction.unsigned_abs();
        // All bits turned: the highest value comes first.
        Self(!high, !((low >> 64) as u64), !(low as u64))
    }

    /// True when the seat has a rank.
    pub fn is_ranked(self) -> bool {
        self != Self::UNRANKED
    }
}

/// One member of a table.
#[derive(Debug, Clone)]
struct Place {
    seat: Seat,
    /// First bytes of the agency id: settles nearly all ties without following the pointer to the subject, which
    /// costs a cache miss for each comparison.
    prefix: u64,
    subject: Arc<Subject>,
}

impl Place {
    fn new(subject: &Arc<Subject>, seat: Seat) -> Self {
        let prefix = subject.agency_id().bytes().chain(std::iter::repeat(0)).take(8);
        let prefix = prefix.fold(0, |sum, byte| (sum << 8) | u64::from(byte));
        Self {
            seat,
            prefix,
            subject: Arc::clone(subject),
        }
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        self.seat
            .cmp(&other.seat)
            .then_with(|| self.prefix.cmp(&other.prefix))
            .then_with(|| match Arc::ptr_eq(&self.subject, &other.subject) {
                true => Ordering::Equal,
                false => self.subject.cmp(&other.subject),
            })
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Place {}

/// Members in the order of the table: ranked by value, ties by subject; then those without a rank, by subject.
///
/// Whoever moves a member names the seat it had: the board keeps it, and so the table needs no map of its own.
#[derive(Debug, Clone, Default)]
pub struct Table {
    places: Blocks<Place, BLOCK>,
}

impl Table {
    /// Number of members, with and without a rank.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// True when nobody is listed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of members with a rank.
    pub fn ranked(&self) -> usize {
        self.places.position(|place| place.seat.is_ranked())
    }

    /// Number of members listed without a rank.
    pub fn unranked(&self) -> usize {
        self.len() - self.ranked()
    }

    /// Standard competition rank (1, 2, 2, 4) of a value here: one more than the members with a greater value.
    /// `None` for a seat without rank.
    pub fn rank(&self, seat: Seat) -> Option<usize> {
        seat.is_ranked()
            .then(|| self.places.position(|place| place.seat < seat) + 1)
    }

    /// Number of members up to and with one that sat there, whether it still does or not.
    pub fn up_to(&self, subject: &Arc<Subject>, seat: Seat) -> usize {
        let last = Place::new(subject, seat);
        self.places.position(|place| *place <= last)
    }

    /// Members from position `offset` (from 0) on, each with its rank.
    pub fn iter_from(&self, offset: usize) -> impl Iterator<Item = (Option<usize>, &Arc<Subject>)> {
        let mut above: Option<(Seat, Option<usize>)> = None;
        self.places.iter_from(offset).enumerate().map(move |(i, place)| {
            let rank = match above {
                // The first of the page may be tied with one on the page before.
                None => self.rank(place.seat),
                Some((seat, rank)) if seat == place.seat => rank,
                Some(_) => place.seat.is_ranked().then_some(offset + i + 1),
            };
            above = Some((place.seat, rank));
            (rank, &place.subject)
        })
    }

    /// Seats a member; false when it sat there already.
    pub fn insert(&mut self, subject: &Arc<Subject>, seat: Seat) -> bool {
        self.places.insert(Place::new(subject, seat))
    }

    /// Takes a member from its seat; false when it did not sit there.
    pub fn remove(&mut self, subject: &Arc<Subject>, seat: Seat) -> bool {
        self.places.remove(&Place::new(subject, seat))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seat(value: &str) -> Seat {
        Seat::ranked(value.parse().unwrap())
    }

    fn decimals() -> impl Strategy<Value = Decimal> {
        // Of all sizes, and of few values in many scales, so that some are equal.
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
        fn seats_order_as_their_values_do(a in decimals(), b in decimals()) {
            prop_assert_eq!(Seat::ranked(a).cmp(&Seat::ranked(b)), b.cmp(&a));
            prop_assert_eq!(Seat::ranked(a), Seat::ranked(a.normalize()));
            prop_assert!(Seat::ranked(a) < Seat::UNRANKED);
            prop_assert!(Seat::ranked(a).is_ranked());
        }
    }

    fn subject(agency: &str) -> Arc<Subject> {
        Arc::new(Subject::parse(&format!("agencies/{agency}")).unwrap())
    }

    fn table(members: &[(&str, Seat)]) -> Table {
        let mut table = Table::default();
        for (agency, seat) in members {
            assert!(table.insert(&subject(agency), *seat));
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
            ("d", seat("7")),
            ("c", seat("91.40")),
            ("u", Seat::UNRANKED),
            ("a", seat("95")),
            ("b", seat("91.4")),
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
        let members: Vec<_> = ids.into_iter().zip(values.map(seat)).collect();
        let found: String = ranks(&table(&members), 0).into_iter().map(|(_, id)| id).collect();
        assert_eq!(found, ids.concat());
        assert_eq!(table(&members).rank(seat("-0")), Some(4));
    }

    #[test]
    fn ties_beyond_the_first_bytes_of_the_agency_are_by_subject() {
        let ids = ["abcdefgh", "abcdefgh-1", "abcdefgh-2", "abcdefghz", "b"];
        let members: Vec<_> = ids.into_iter().rev().map(|id| (id, seat("1"))).collect();
        assert_eq!(
            ranks(&table(&members), 0)
                .into_iter()
                .map(|(_, id)| id)
                .collect::<Vec<_>>(),
            ids
        );
    }

    #[test]
    fn a_member_leaves_only_from_the_seat_it_has() {
        let mut table = table(&[("a", seat("1"))]);
        assert!(!table.remove(&subject("a"), seat("2")));
        assert!(table.remove(&subject("a"), seat("1.0")));
        assert!(table.is_empty());
    }
}
