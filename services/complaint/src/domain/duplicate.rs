//! Compares reports to find possible duplicates.

use chrono::TimeDelta;
use prima_platform::{
    near_duplicate::{self, Trigrams},
    number::{Rational, whole},
};

/// Similarity in percent, of text or title, from which on a report is shown as a possible duplicate.
const SIMILARITY_MIN: i64 = 40;
/// How far apart in time two reports may be.
pub const SPAN: TimeDelta = TimeDelta::days(30);
/// How many reports are compared at most, those nearest in time.
pub const COMPARED_MAX: usize = 500;
/// How many possible duplicates are shown at most.
pub const SHOWN_MAX: usize = 20;

/// The trigrams of a report.
pub struct ReportTrigrams {
    title: Trigrams,
    text: Trigrams,
}

/// The similarity of two reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Similarity {
    /// Share of word trigrams that both texts contain, in percent.
    pub text: Rational,
    /// Share of letter trigrams that both titles contain, in percent.
    pub title: Rational,
}

impl ReportTrigrams {
    /// The trigrams of a title and a text.
    pub fn new(title: &str, text: &str) -> Self {
        Self {
            title: near_duplicate::of_title(title),
            text: near_duplicate::of_text(title, text),
        }
    }

    /// The similarity to another report; `None` when it is too low to be shown.
    pub fn similarity(&self, other: &Self) -> Option<Similarity> {
        let similarity = Similarity {
            text: near_duplicate::similarity(&self.text, &other.text),
            title: near_duplicate::similarity(&self.title, &other.title),
        };
        (*similarity.highest() >= whole(SIMILARITY_MIN)).then_some(similarity)
    }
}

impl Similarity {
    /// The higher of both shares, by which possible duplicates are ordered.
    pub fn highest(&self) -> &Rational {
        (&self.text).max(&self.title)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(a: (&str, &str), b: (&str, &str)) -> bool {
        ReportTrigrams::new(a.0, a.1)
            .similarity(&ReportTrigrams::new(b.0, b.1))
            .is_some()
    }

    #[test]
    fn a_similar_title_or_a_similar_text_is_enough() {
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
    fn a_similarity_of_forty_percent_is_shown_and_less_is_not() {
        // A text of seven words has five trigrams. The first comparison shares two of eight, the last one four of ten.
        let base = ("", "a b c d e f g");
        let share = |text| {
            near_duplicate::similarity(
                &near_duplicate::of_text("", base.1),
                &near_duplicate::of_text("", text),
            )
        };
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
