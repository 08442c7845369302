//! Levels that live data supports.

use chrono::NaiveDate;
use prima_platform::failure::Failure;
use prima_proto::name;
use sea_orm::ConnectionTrait;

use crate::{
    domain::{
        facts::{self, Facts, Known, Origin},
        instrument::{Form, Instrument},
        rule::{Figures, Verdict},
    },
    events, store,
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

/// A suggestion for every indicator of a form of `instrument` that live data feeds, in the order of the form, at
/// `evaluation_date`. An indicator of which no service has told anything gets no level, never the lowest one.
pub fn suggest(
    instrument: &Instrument,
    form: &Form,
    facts: &Facts,
    evaluation_date: NaiveDate,
) -> Vec<Suggested> {
    let suggested = form.indicators.iter().filter_map(|indicator| {
        let rule = indicator.rule.as_ref()?;
        let known = facts::figures(&indicator.fed_by, facts, evaluation_date);
        let verdict = known.as_ref().map(|k| rule.apply(&k.figures)).unwrap_or_default();
        let Verdict {
            level,
            interpretation,
        } = verdict;
        let Known { figures, origins } = known.unwrap_or_default();
        Some(Suggested {
            indicator: indicator.key.clone(),
            metric: indicator.fed_by.clone(),
            level: level.filter(|l| *l <= instrument.max),
            interpretation,
            figures,
            origins,
        })
    });
    suggested.collect()
}

/// All that is told of a unit.
pub async fn facts_of(conn: &impl ConnectionTrait, unit: &name::Unit) -> Result<Facts, Failure> {
    let kept = store::fact::fact_list(conn, unit).await?;
    events::facts::facts(&kept).map_err(Failure::internal)
}
