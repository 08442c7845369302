//! Suggested levels: those that live data supports.

use chrono::NaiveDate;

use super::{
    facts::{self, Facts},
    instrument::Instrument,
    rule::{Figures, Verdict},
    sourced::{EventRef, SourcedFigures},
};

/// The suggested level of one indicator, with its sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggested {
    /// Key of the indicator.
    pub indicator: String,
    /// Metric that feeds it.
    pub metric: String,
    /// Level; `None` when the data supports none.
    pub level: Option<u32>,
    /// Whether the rule's row is Prima's interpretation of a case that the criteria leave open.
    pub interpretation: bool,
    /// The figures that it follows from; empty when no service has published any.
    pub figures: Figures,
    /// The events that the figures were read from.
    pub origins: Vec<EventRef>,
}

/// A suggestion for every indicator with a metric of live data on the form `offline` or `online` of `instrument`, in
/// the order of the form, at `evaluation_date`; empty where the instrument has no such form. An indicator without
/// published facts gets no level, never the lowest one.
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
        let sourced = facts::figures(&indicator.fed_by, facts, evaluation_date);
        let verdict = sourced.as_ref().map(|k| rule.apply(&k.figures));
        let Verdict {
            level,
            interpretation,
        } = verdict.unwrap_or_default();
        let SourcedFigures { figures, origins } = sourced.unwrap_or_default();
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
