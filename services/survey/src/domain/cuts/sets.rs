//! Sets of people, as bits.

/// Most people of a survey here.
pub const MOST: usize = 384;

/// A set of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Set([u128; MOST / 128]);

impl Set {
    pub fn of(people: impl IntoIterator<Item = usize>) -> Self {
        let mut set = Self::default();
        people
            .into_iter()
            .for_each(|at| set.0[at / 128] |= 1 << (at % 128));
        set
    }

    pub fn with(&self, other: &Self, each: impl Fn(u128, u128) -> u128) -> Self {
        let mut set = *self;
        set.0.iter_mut().zip(other.0).for_each(|(a, b)| *a = each(*a, b));
        set
    }

    pub fn apart(&self, other: &Self) -> usize {
        self.with(other, |a, b| a ^ b).len()
    }

    pub fn and(&self, other: &Self) -> Self {
        self.with(other, |a, b| a & b)
    }

    pub fn without(&self, other: &Self) -> Self {
        self.with(other, |a, b| a & !b)
    }

    pub fn len(&self) -> usize {
        self.0.iter().map(|part| part.count_ones() as usize).sum()
    }
}
