//! Where a subject is sorted in a table.

use std::num::NonZeroU64;

use rust_decimal::Decimal;

/// Which of two values is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The greater one.
    HigherFirst,
    /// The smaller one.
    LowerFirst,
}

/// Where a subject is sorted: the ranked ones first, by published value and then by tie-breakers, then those without a
/// rank. The direction is part of it, so that whoever compares sort keys need not know of it.
///
/// The first integer orders usual values by itself: those with up to four decimal places, with small tie-breakers. Of any
/// other value it holds as much as fits, and `rest` decides between two that share it. A search in a large table
/// compares some fifty times, and a decimal with its scale would make each of these comparisons slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SortKey {
    compact: Compact,
    rest: Rest,
}

/// From the highest bit: the place (0 for ranked subjects), the value in units of `1 / UNIT`, two tie-breakers. Value and
/// tie-breakers are inverted, since the greatest sorts first. It is never zero, because the value has a bit to spare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Compact(NonZeroU64);

/// What the first integer has no room for; zeros when it has room for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Rest {
    value: (i64, u64, u64),
    ties: [i64; 2],
}

/// Places of subjects: ranked ones, then up to 31 groups without a rank.
const PLACE_BITS: u32 = 5;
const VALUE_BITS: u32 = 31;
const TIE_BITS: u32 = 14;
const PLACE_MAX: u64 = (1 << PLACE_BITS) - 1;
const VALUE_MASK: u64 = (1 << VALUE_BITS) - 1;
const TIE_MASK: u64 = (1 << TIE_BITS) - 1;
/// Stands for no value at all, which sorts after all values.
const NO_VALUE: u64 = 0;
const VALUE_MAX: i128 = (VALUE_MASK - 1) as i128;
/// Stands for zero, so that negative values have room too.
const VALUE_ZERO: i128 = 1 << (VALUE_BITS - 1);
/// Decimal places of the units in which a value is held.
const UNIT_PLACES: u32 = 4;
/// Tie-breakers of a value that is not exact: less than every tie-breaker, or greater.
const BELOW: u64 = 0;
const ABOVE: u64 = TIE_MASK;
/// Stands for a tie-breaker of zero.
const TIE_ZERO: u64 = 1;
const TIE_LIMIT: i64 = (ABOVE - TIE_ZERO - 1) as i64;

impl Compact {
    const fn new(place: u64, value: u64, ties: [u64; 2]) -> Self {
        let [first, second] = ties;
        let bits = (place << (64 - PLACE_BITS))
            | ((!value & VALUE_MASK) << (2 * TIE_BITS))
            | ((!first & TIE_MASK) << TIE_BITS)
            | (!second & TIE_MASK);
        match NonZeroU64::new(bits) {
            Some(bits) => Self(bits),
            None => Self(NonZeroU64::MIN),
        }
    }

    /// Whether two equal ones are those of equal sort keys.
    pub(super) fn is_exact(self) -> bool {
        let inside = |tie: u64| tie != BELOW && tie != ABOVE;
        let bits = self.0.get();
        inside(bits & TIE_MASK) && inside((bits >> TIE_BITS) & TIE_MASK)
    }

    pub(super) fn is_ranked(self) -> bool {
        self.0.get() >> (64 - PLACE_BITS) == 0
    }

    /// The same in another place.
    fn placed(self, place: u64) -> Self {
        let rest = self.0.get() & (u64::MAX >> PLACE_BITS);
        NonZeroU64::new(rest | (place << (64 - PLACE_BITS))).map_or(self, Self)
    }

    /// The first integer; a smaller one comes first.
    pub(super) fn bits(self) -> u64 {
        self.0.get()
    }
}

impl SortKey {
    /// Listed without a rank and without a value, after all others.
    pub const UNRANKED: Self = Self {
        compact: Compact::new(PLACE_MAX, NO_VALUE, [TIE_ZERO; 2]),
        rest: Rest {
            value: (0, 0, 0),
            ties: [0; 2],
        },
    };

    /// Ranked by this value, the highest first; the same for `91.4` and `91.40`.
    pub fn ranked(value: Decimal) -> Self {
        Self::ordered(Direction::HigherFirst, value, [0; 2])
    }

    /// Ranked by this value, and among equal ones by two tie-breakers, of which the greater comes first.
    pub fn ordered(direction: Direction, value: Decimal, ties: [i64; 2]) -> Self {
        let value = match direction {
            Direction::HigherFirst => value,
            Direction::LowerFirst => -value,
        };
        Self::new(0, Some(value), ties)
    }

    /// Listed without a rank, in the group `place` (from 1, at most 30) of those without one, and within the group by
    /// value.
    pub fn unranked(place: u8, direction: Direction, value: Option<Decimal>) -> Self {
        let value = value.map(|value| match direction {
            Direction::HigherFirst => value,
            Direction::LowerFirst => -value,
        });
        Self::new(u64::from(place).clamp(1, PLACE_MAX - 1), value, [0; 2])
    }

    /// The same without a rank, in the group `place` (from 1, at most 30) of those without one.
    pub fn without_rank(self, place: u8) -> Self {
        let place = u64::from(place).clamp(1, PLACE_MAX - 1);
        Self {
            compact: self.compact.placed(place),
            rest: self.rest,
        }
    }

    /// The sort key as text.
    pub fn text(self) -> String {
        let Rest {
            value: (high, middle, low),
            ties: [first, second],
        } = self.rest;
        let compact = self.compact.0;
        match self.rest == Rest::default() {
            true => format!("{compact:x}"),
            false => format!("{compact:x}.{high:x}.{middle:x}.{low:x}.{first:x}.{second:x}"),
        }
    }

    /// Parses the text of a sort key.
    pub fn parse(text: &str) -> Option<Self> {
        let (compact, rest) = text.split_once('.').unwrap_or((text, ""));
        let number = |part: &str| u64::from_str_radix(part, 16).ok();
        let rest: Vec<u64> = match rest {
            "" => Vec::new(),
            rest => rest.split('.').map(number).collect::<Option<_>>()?,
        };
        let rest = match rest.as_slice() {
            [] => Rest::default(),
            [high, middle, low, first, second] => Rest {
                value: (high.cast_signed(), *middle, *low),
                ties: [first.cast_signed(), second.cast_signed()],
            },
            _ => return None,
        };
        let compact = Compact(NonZeroU64::new(number(compact)?)?);
        Some(Self { compact, rest })
    }

    /// Whether a subject with this sort key has a rank.
    pub fn is_ranked(self) -> bool {
        self.compact.is_ranked()
    }

    fn new(place: u64, value: Option<Decimal>, ties: [i64; 2]) -> Self {
        let (units, off) = value.map_or((NO_VALUE, None), units);
        let fields = match off {
            Some(outside) => [outside; 2],
            None => tie_fields(ties),
        };
        let compact = Compact::new(place, units, fields);
        let rest = match value {
            Some(value) if !compact.is_exact() => Rest {
                value: whole(value),
                ties: ties.map(|tie| !tie),
            },
            Some(_) | None => Rest::default(),
        };
        Self { compact, rest }
    }

    pub(super) fn compact(self) -> Compact {
        self.compact
    }
}

/// The value in units of `1 / UNIT`, rounded down, and if it is not exact, whether it is above or below that.
fn units(value: Decimal) -> (u64, Option<u64>) {
    let (mantissa, scale) = (value.mantissa(), value.scale());
    let (floor, is_exact) = match scale.checked_sub(UNIT_PLACES) {
        None | Some(0) => {
            let unit = 10_i128.pow(UNIT_PLACES - scale.min(UNIT_PLACES));
            (mantissa.saturating_mul(unit), true)
        }
        Some(more) => {
            let unit = 10_i128.pow(more);
            (mantissa.div_euclid(unit), mantissa.rem_euclid(unit) == 0)
        }
    };
    let shifted = floor.saturating_add(VALUE_ZERO);
    let lowest = i128::from(NO_VALUE) + 1;
    let clamped = u64::try_from(shifted.clamp(lowest, VALUE_MAX)).unwrap_or(NO_VALUE);
    let off = if shifted < lowest {
        Some(BELOW)
    } else if shifted > VALUE_MAX || !is_exact {
        Some(ABOVE)
    } else {
        None
    };
    (clamped, off)
}

/// The tie-breakers as they are held; after one that does not fit, the next one must not decide.
fn tie_fields([first, second]: [i64; 2]) -> [u64; 2] {
    let field = |tie: i64| match tie {
        ..0 => BELOW,
        0..=TIE_LIMIT => tie.unsigned_abs() + TIE_ZERO,
        _ => ABOVE,
    };
    match field(first) {
        outside @ (BELOW | ABOVE) => [outside; 2],
        first => [first, field(second)],
    }
}

/// The greatest number of decimal places of a `Decimal`; scaled by it, every fraction is a whole number.
const PLACES: u32 = 28;
/// Bits of a fraction with `PLACES` places: 10^28 < 2^94.
const FRACTION_BITS: u32 = 94;

/// Three integers that compare like the value, the highest first.
fn whole(value: Decimal) -> (i64, u64, u64) {
    let unit = 10_i128.pow(value.scale());
    let (whole, fraction) = (
        value.mantissa().div_euclid(unit),
        value.mantissa().rem_euclid(unit),
    );
    let fraction = fraction * 10_i128.pow(PLACES.saturating_sub(value.scale()));
    // The whole part takes 97 bits with its sign: 34 of them fit above the fraction, and 63 remain for the first
    // integer.
    let whole_bits = 128 - FRACTION_BITS;
    let high = (whole >> whole_bits) as i64;
    let low = ((whole as u128) << FRACTION_BITS) | fraction.unsigned_abs();
    (!high, !((low >> 64) as u64), !(low as u64))
}

/// A sort key as it is kept: twelve bytes less for nearly all, since nearly all need no `rest`.
#[derive(Debug)]
pub(super) struct KeptKey {
    compact: Compact,
    rest: Option<Box<Rest>>,
}

impl KeptKey {
    pub(super) fn key(&self) -> SortKey {
        SortKey {
            compact: self.compact,
            rest: self.rest.as_deref().copied().unwrap_or_default(),
        }
    }
}

impl From<SortKey> for KeptKey {
    fn from(key: SortKey) -> Self {
        Self {
            compact: key.compact,
            rest: (!key.compact.is_exact()).then(|| Box::new(key.rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimals() -> impl Strategy<Value = Decimal> {
        // Values of all sizes, and few values in many scales, so that some are equal.
        let all = (
            0..=79_228_162_514_264_337_593_543_950_335_i128,
            0..96_u32,
            any::<bool>(),
            0..=28_u32,
        )
            .prop_map(|(mantissa, shift, negative, scale)| {
                let mantissa = mantissa >> shift;
                Decimal::from_i128_with_scale(if negative { -mantissa } else { mantissa }, scale)
            });
        let near = (-30..=30_i64, 0..=7_u32).prop_map(|(n, scale)| Decimal::new(n, scale));
        // Around the limits of what the first integer holds.
        let limit = (-3..=3_i64, any::<bool>(), 4..=6_u32).prop_map(|(n, negative, scale)| {
            let limit = (1 << (VALUE_BITS - 1)) * 10_i64.pow(scale - UNIT_PLACES) + n;
            Decimal::new(if negative { -limit } else { limit }, scale)
        });
        prop_oneof![all, near, limit]
    }

    fn ties() -> impl Strategy<Value = [i64; 2]> {
        let tie = prop_oneof![
            -2..=2_i64,
            TIE_LIMIT - 2..=TIE_LIMIT + 2,
            Just(i64::MIN),
            Just(i64::MAX)
        ];
        [tie.clone(), tie]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn sort_keys_order_as_their_values_and_then_as_their_tie_breakers_do(
            (a, b) in (decimals(), decimals()), (s, t) in (ties(), ties()), same in any::<bool>(),
        ) {
            let b = if same { a } else { b };
            let key = |value, ties| SortKey::ordered(Direction::HigherFirst, value, ties);
            prop_assert_eq!(key(a, s).cmp(&key(b, t)), b.cmp(&a).then(t.cmp(&s)));
            prop_assert_eq!(key(a, s), key(a.normalize(), s));
            let reversed = |value, ties| SortKey::ordered(Direction::LowerFirst, value, ties);
            prop_assert_eq!(reversed(a, s).cmp(&reversed(b, t)), a.cmp(&b).then(t.cmp(&s)));
            prop_assert_eq!(KeptKey::from(key(a, s)).key(), key(a, s));
            prop_assert_eq!(SortKey::parse(&key(a, s).text()), Some(key(a, s)));
            if key(a, s).compact == key(b, t).compact && key(a, s).compact.is_exact() {
                prop_assert_eq!((a, s), (b, t));
            }
        }

        #[test]
        fn those_without_a_rank_come_last_by_group_and_then_by_value(
            (a, b) in (decimals(), decimals()), ties in ties(), place in 1..=30_u8, other in 1..=30_u8,
        ) {
            let unranked = |place, value| SortKey::unranked(place, Direction::HigherFirst, value);
            let ranked = SortKey::ordered(Direction::HigherFirst, a, ties);
            prop_assert!(ranked.is_ranked() && !unranked(place, Some(b)).is_ranked());
            prop_assert!(ranked < unranked(place, Some(b)));
            prop_assert_eq!(unranked(place, Some(a)).cmp(&unranked(other, Some(b))), place.cmp(&other).then(b.cmp(&a)));
            prop_assert!(unranked(place, Some(a)) < unranked(place, None));
            prop_assert!(unranked(place, None) < SortKey::UNRANKED);
            let ranked = |value| SortKey::ordered(Direction::HigherFirst, value, [0; 2]);
            prop_assert_eq!(ranked(a).without_rank(place), unranked(place, Some(a)));
            prop_assert_eq!(SortKey::UNRANKED.without_rank(place), unranked(place, None));
            prop_assert_eq!(SortKey::parse(&unranked(place, Some(a)).text()), Some(unranked(place, Some(a))));
        }
    }

    #[test]
    fn usual_values_need_one_integer() {
        for value in ["0", "-12.5", "91.40", "100", "0.0001", "107374.1822", "-107374"] {
            assert!(
                SortKey::ranked(value.parse().unwrap()).compact.is_exact(),
                "{value}"
            );
        }
        for value in ["0.00001", "107374.1823", "-200000"] {
            assert!(
                !SortKey::ranked(value.parse().unwrap()).compact.is_exact(),
                "{value}"
            );
        }
        assert!(SortKey::UNRANKED.compact.is_exact());
    }
}
