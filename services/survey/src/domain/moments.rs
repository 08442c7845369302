//! Exact sums of products of a survey's answers. Variances, covariances and the standard error of an index follow from them,
//! and they are cheap to update when responses are added or voided.

use num_bigint::BigInt;
use num_traits::{Signed, Zero};

use super::number::Rational;

/// Sums over the respondents who answered both elements of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pair {
    /// Number of respondents who answered both.
    pub answers: i64,
    /// Sum of their scores of the first element.
    pub first: i64,
    /// Sum of their scores of the second element.
    pub second: i64,
    /// Sum of the products of both scores.
    pub product: i64,
}

impl Pair {
    fn swapped(self) -> Self {
        Self {
            first: self.second,
            second: self.first,
            ..self
        }
    }

    /// Exact sum of `(x - mean x)(y - mean y)` over the respondents who answered both; `None` when there are none.
    pub fn centred(&self) -> Option<Rational> {
        let answers = i128::from(self.answers);
        let product = i128::from(self.product) * answers - i128::from(self.first) * i128::from(self.second);
        (answers > 0).then(|| Rational::new(product.into(), answers.into()))
    }
}

/// Moments of the answers to the elements that a survey asks, in the survey's order. They depend only on the responses, not on
/// the order in which responses were added and removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moments {
    elements: usize,
    rows: i64,
    /// The pairs (0,0), (0,1), …, (1,1), (1,2), ….
    pairs: Vec<Pair>,
}

impl Moments {
    /// The moments of no response to a survey that asks this many elements.
    pub fn none(elements: usize) -> Self {
        Self {
            elements,
            rows: 0,
            pairs: vec![Pair::default(); elements * (elements + 1) / 2],
        }
    }

    /// Number of elements of the survey.
    pub fn elements(&self) -> usize {
        self.elements
    }

    /// Number of responses; negative in a difference that removes more than it adds.
    pub fn rows(&self) -> i64 {
        self.rows
    }

    /// Adds one response, which has a digit per element and any other character where there is no answer.
    pub fn add(&mut self, answers: &str) {
        self.apply(answers, 1);
    }

    /// Removes a response that was added.
    pub fn remove(&mut self, answers: &str) {
        self.apply(answers, -1);
    }

    fn apply(&mut self, answers: &str, sign: i64) {
        let answers = answers.as_bytes();
        self.rows += sign;
        let mut pairs = self.pairs.iter_mut();
        for u in 0..self.elements {
            let Some(first) = score(answers.get(u)) else {
                // Without an answer to this element, none of its pairs changes.
                let _skipped = pairs.nth(self.elements - u - 1);
                continue;
            };
            for v in u..self.elements {
                let Some(pair) = pairs.next() else { return };
                if let Some(second) = score(answers.get(v)) {
                    pair.answers += sign;
                    pair.first += sign * first;
                    pair.second += sign * second;
                    pair.product += sign * first * second;
                }
            }
        }
    }

    /// Adds the moments of other responses to the same elements, which may be negative. Moments of another number of elements are
    /// ignored.
    pub fn merge(&mut self, other: &Self) {
        if self.elements != other.elements {
            return;
        }
        self.rows += other.rows;
        for (pair, more) in self.pairs.iter_mut().zip(&other.pairs) {
            pair.answers += more.answers;
            pair.first += more.first;
            pair.second += more.second;
            pair.product += more.product;
        }
    }

    /// The sums of two elements by their indexes; `None` beyond the last element.
    pub fn pair(&self, first: usize, second: usize) -> Option<Pair> {
        if first > second {
            return self.pair(second, first).map(Pair::swapped);
        }
        if second >= self.elements {
            return None;
        }
        // The rows before this one have `elements`, `elements - 1`, … pairs.
        let before = first * self.elements - first * first.saturating_sub(1) / 2;
        self.pairs.get(before + second - first).copied()
    }

    /// The same moments with the elements in another order: `order` has the current index of each element. `None` unless it has
    /// every index once.
    pub fn reordered(&self, order: &[usize]) -> Option<Self> {
        let mut indexes = order.to_vec();
        indexes.sort_unstable();
        if !indexes.into_iter().eq(0..self.elements) {
            return None;
        }
        let mut pairs = Vec::with_capacity(self.pairs.len());
        for (at, first) in order.iter().enumerate() {
            for second in order.iter().skip(at) {
                pairs.push(self.pair(*first, *second)?);
            }
        }
        Some(Self { pairs, ..*self })
    }

    /// Sample covariance (with `n - 1`) of two elements over the respondents who answered both; the variance when both are the
    /// same element. `None` with fewer than two such respondents.
    pub fn covariance(&self, first: usize, second: usize) -> Option<Rational> {
        let pair = self.pair(first, second)?;
        let free = pair.answers - 1;
        (free > 0).then(|| pair.centred().map(|sum| sum / BigInt::from(free)))?
    }

    /// Correlation of an element with the sum of the other elements: the derived importance of the element. When elements are
    /// optional, each covariance is over the respondents who answered both. `None` when the element or the sum of the others
    /// does not vary.
    pub fn importance(&self, element: usize) -> Option<Correlation> {
        let others = || (0..self.elements).filter(move |other| *other != element);
        let mut covariance = Rational::zero();
        let mut rest = Rational::zero();
        for first in others() {
            covariance += self.covariance(element, first)?;
            for second in others() {
                rest += self.covariance(first, second)?;
            }
        }
        let spread = self.covariance(element, element)? * rest;
        if !spread.is_positive() {
            return None;
        }
        // Covariances over different respondents may give a value above 1.
        let squared = (&covariance * &covariance / spread).min(Rational::from_integer(1.into()));
        Some(Correlation {
            negative: covariance.is_negative(),
            squared,
        })
    }

    /// The text that is stored: a JSON list of the number of responses and the four sums of every pair.
    pub fn text(&self) -> String {
        use std::fmt::Write;
        let mut text = format!("[{}", self.rows);
        for pair in &self.pairs {
            // Writing to a `String` cannot fail.
            let _written = write!(
                text,
                ",{},{},{},{}",
                pair.answers, pair.first, pair.second, pair.product
            );
        }
        text.push(']');
        text
    }

    /// Parses a text of [`Self::text`] with this many elements; an empty text means no responses. `None` for any other text.
    pub fn parse(text: &str, elements: usize) -> Option<Self> {
        let mut moments = Self::none(elements);
        if text.is_empty() {
            return Some(moments);
        }
        let numbers: Vec<i64> = serde_json::from_str(text).ok()?;
        let (rows, sums) = numbers.split_first()?;
        let (sums, rest) = sums.as_chunks::<4>();
        if sums.len() != moments.pairs.len() || !rest.is_empty() {
            return None;
        }
        moments.rows = *rows;
        for (pair, [answers, first, second, product]) in moments.pairs.iter_mut().zip(sums) {
            *pair = Pair {
                answers: *answers,
                first: *first,
                second: *second,
                product: *product,
            };
        }
        Some(moments)
    }
}

/// A correlation coefficient r, exact as its sign and its square: `r = ±√squared`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correlation {
    /// Whether r is below 0.
    pub negative: bool,
    /// r², 0 to 1.
    pub squared: Rational,
}

fn score(answer: Option<&u8>) -> Option<i64> {
    answer
        .filter(|a| a.is_ascii_digit())
        .map(|a| i64::from(*a - b'0'))
}

#[cfg(test)]
#[path = "moments_tests.rs"]
mod tests;
