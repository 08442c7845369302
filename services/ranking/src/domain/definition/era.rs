//! Which scores may be compared over time.

use std::str::FromStr;

use chrono::Datelike;
use prima_proto::period::Period;

/// Scores with one method: those of other eras are not compared with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Era {
    /// Key, unique in the definition.
    pub key: String,
    /// The instruments with which they were made; empty for any.
    pub instruments: Vec<String>,
    /// First year; `None` without a beginning.
    pub from_year: Option<i32>,
    /// Last year; `None` while it goes on.
    pub to_year: Option<i32>,
}

impl Era {
    fn includes(&self, instrument: &str, year: Option<i32>) -> bool {
        let of_instrument =
            self.instruments.is_empty() || self.instruments.iter().any(|own| own == instrument);
        let begun = self
            .from_year
            .is_none_or(|from| year.is_some_and(|year| from <= year));
        let not_over = self.to_year.is_none_or(|to| year.is_some_and(|year| year <= to));
        of_instrument && begun && not_over
    }
}

impl super::Definition {
    /// The era of a score, by its instrument and the year of its period: scores of one era may be compared. Outside of all
    /// eras, and without eras, scores of one instrument may.
    pub fn era<'a>(&'a self, instrument: &'a str, year: Option<i32>) -> &'a str {
        let era = self.eras.iter().find(|era| era.includes(instrument, year));
        era.map_or(instrument, |era| era.key.as_str())
    }

    /// The era of a score in a period.
    pub fn era_in<'a>(&'a self, instrument: &'a str, period: &str) -> &'a str {
        let year = Period::from_str(period)
            .ok()
            .map(|period| period.first_day().year());
        self.era(instrument, year)
    }
}
