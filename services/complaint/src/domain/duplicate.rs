//! Whether two reports tell of the same.

use chrono::TimeDelta;
use prima_platform::{
    near::{self, Trigrams},
    number::{Rational, whole},
};

/// How alike two reports are at least to be shown, percent, by text or by title.
const LEAST: i64 = 40;
/// How far apart in time two reports are at most.
pub const SPAN: TimeDelta = TimeDelta::days(30);
/// How many reports are compared at most, the nearest in time.
pub const COMPARED: usize = 500;
/// How many are shown at most.
pub const SHOWN: usize = 20;

/// What a report says, as it is compared.
pub struct Words {
    title: Trigrams,
    text: Trigrams,
}

/// How alike two reports are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Likeness {
    /// Share of the trigrams of words that both have, percent.
    pub text: Rational,
    /// Share of the trigrams of letters of the titles that both have, percent.
    pub title: Rational,
}

impl Words {
    /// What is compared of a title and a text.
    pub fn new(title: &str, text: &str) -> Self {
        Self {
            title: near::of_title(title),
            text: near::of_text(title, text),
        }
    }

    /// How alike both are; `None` when too little to hint at.
    pub fn likeness(&self, other: &Self) -> Option<Likeness> {
        let likeness = Likeness {
            text: near::similarity(&self.text, &other.text),
            title: near::similarity(&self.title, &other.title),
        };
        (*likeness.most() >= whole(LEAST)).then_some(likeness)
    }
}

impl Likeness {
    /// By which the most alike come first: the higher of both shares.
    pub fn most(&self) -> &Rational {
        (&self.text).max(&self.title)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(a: (&str, &str), b: (&str, &str)) -> bool {
        Words::new(a.0, a.1).likeness(&Words::new(b.0, b.1)).is_some()
    }

    #[test]
    fn a_like_title_or_a_like_text_is_enough() {
        let one = (
            "Lampu jalan mati",
            "Lampu jalan di depan pasar sudah mati sejak seminggu lalu",
        );
        let same_title = (
            "Lampu jalan mati",
            "Tolong segera diperbaiki karena gelap sekali pada malam hari",
        );
        let same_text = ("Gelap gulita", one.1);
        let other = (
            "Antrean panjang",
            "Antrean di loket pembayaran melewati dua jam setiap hari Senin",
        );
        assert!(alike(one, same_title) && alike(one, same_text));
        assert!(!alike(one, other) && !alike(same_title, same_text));
    }

    #[test]
    fn forty_percent_is_alike_and_less_is_not() {
        // Seven words of a text give five trigrams, the first of the two here shares two of eight, the second four of ten.
        let base = ("", "a b c d e f g");
        let share = |text| near::similarity(&near::of_text("", base.1), &near::of_text("", text));
        assert_eq!(share("a b c d x y z"), whole(25));
        assert!(!alike(base, ("", "a b c d x y z")));
        assert_eq!(
            share("a b c d e f x y z"),
            prima_platform::number::percent(4, 8).unwrap()
        );
        assert_eq!(share("a b c d e f u v x y z"), whole(40));
        assert!(alike(base, ("", "a b c d e f u v x y z")));
    }
}
