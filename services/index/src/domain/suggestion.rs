//! Levels that live data supports.

use chrono::NaiveDate;

use super::{
    facts::{self, Facts},
    instrument::Instrument,
    known::{Known, Origin},
    rule::{Figures, Verdict},
};

/// The level that live data supports of one indicator, with what is behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggested {
    /// Key of the indicator.
    pub indicator: String,
    /// Metric that feeds it.
    pub metric: String,
    /// Level; `None` when the data supports none.
    pub level: Option<u32>,
    /// Whether the row that gave it is our reading of a case that the criteria leave open.
    pub interpretation: bool,
    /// Figures behind it; none when no service has told any.
    pub figures: Figures,
    /// Events behind it.
    pub origins: Vec<Origin>,
}

/// A suggestion for every indicator of the form `offline` or `online` of `instrument` that live data feeds, in the order
/// of the form, at `evaluation_date`; none where the instrument has no such form. An indicator of which no service has
/// told anything gets no level, never the lowest one.
pub fn suggest(
    instrument: &Instrument,
    form: &str,
    facts: &Facts,
    evaluation_date: NaiveDate,
) -> Vec<Suggested> {
    let form = instrument.forms.as_ref().and_then(|forms| forms.get(form));
    let fed = form.into_iter().flat_map(|form| &form.indicators);
    let suggested = fed.filter_map(|indicator| {
        let rule = indicator.rule.as_ref()?;
        let known = facts::figures(&indicator.fed_by, facts, evaluation_date);
        let verdict = known.as_ref().map(|k| rule.apply(&k.figures));
        let Verdict {
            level,
            interpretation,
        } = verdict.unwrap_or_default();
        let Known { figures, origins } = known.unwrap_or_default();
        Some(Suggested {
            indicator: indicator.key.clone(),
            metric: indicator.fed_by.clone(),
            level,
            interpretation,
            figures,
            origins,
        })
    });
    suggested.collect()
}
