//! Which scores may be compared over time.

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
    pub(super) fn includes(&self, instrument: &str, year: Option<i32>) -> bool {
        let of_instrument =
            self.instruments.is_empty() || self.instruments.iter().any(|own| own == instrument);
        let begun = self
            .from_year
            .is_none_or(|from| year.is_some_and(|year| from <= year));
        let not_over = self.to_year.is_none_or(|to| year.is_some_and(|year| year <= to));
        of_instrument && begun && not_over
    }
}
