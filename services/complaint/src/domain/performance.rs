//! The figures of a unit: the cells in which a report is counted, and the score. No regulation defines the score;
//! `data/complaint-resolution.json` is this project's own definition.

mod cell;
mod disclosed;
mod figures;

use std::{collections::BTreeMap, sync::LazyLock};

use chrono::{DateTime, Datelike, Utc};
use prima_platform::number::{self, Rational};
use prima_proto::period::{Period, jakarta_day};
use serde::Deserialize;

use super::{
    case::Case,
    workflow::{ActionKind, VERIFICATION, Workflow},
};

pub use cell::{Cell, Measure};
pub use disclosed::Averages;
pub use figures::{Counts, Figures, Group, Histogram};

/// The month of a time, in the form that cells use.
pub fn month_of(at: DateTime<Utc>) -> i64 {
    let day = jakarta_day(at);
    i64::from(day.year()) * 100 + i64::from(day.month())
}

/// The first and the last month of a period, in the form that cells use.
pub fn months_of(period: &Period) -> (i64, i64) {
    let month = |day: chrono::NaiveDate| i64::from(day.year()) * 100 + i64::from(day.month());
    (month(period.first_day()), month(period.last_day()))
}

/// The cells in which a report is counted, each once; none while it has no unit. They depend only on the report and its
/// workflow, neither of which a change of the calendar affects.
pub fn cells(case: &Case, workflow: &Workflow) -> Vec<Cell> {
    if case.unit.is_empty() {
        return Vec::new();
    }
    let cell = |(measure, bucket)| {
        // Only the slowest answer of a unit is published. Broken down, a busy unit would need a row for each hour of
        // each class.
        let split = measure != Measure::ResponseHours;
        Cell {
            agency: case.agency.clone(),
            unit: case.unit.clone(),
            month: month_of(case.received_at),
            class: if split { case.class.clone() } else { String::new() },
            channel: split.then_some(case.channel),
            sp4n: split && case.sp4n,
            measure,
            bucket,
        }
    };
    measures(case, workflow).into_iter().map(cell).collect()
}

fn measures(case: &Case, workflow: &Workflow) -> Vec<(Measure, i64)> {
    if case.merged_into.is_some() {
        return vec![(Measure::Merged, 0)];
    }
    let resolved = case.state_by == Some(ActionKind::Close);
    // Level 0 is only the reminder. The level of a stopped clock stays recorded, but was not caused by the agency that
    // handles the report now.
    let passed = |clock: &str| {
        let goes_on = case.clocks.get(clock).is_some_and(|c| c.stopped_at.is_none());
        goes_on && case.fired.get(clock).is_some_and(|level| *level > 0)
    };
    let unverified = case.verified_at.is_none() && passed(VERIFICATION);
    let unresolved = workflow.resolution().is_some_and(|rule| passed(&rule.key));
    let flags = [
        (Measure::Received, true),
        (Measure::Archived, case.is_settled() && !resolved),
        (Measure::Verified, case.verified_at.is_some()),
        (
            Measure::VerifiedInTime,
            case.verified_at.is_some() && case.verified_in_time != Some(false),
        ),
        (Measure::Resolved, resolved),
        (
            Measure::ResolvedInTime,
            resolved && case.resolved_in_time != Some(false),
        ),
        (Measure::Overdue, case.is_open() && (unverified || unresolved)),
        (Measure::Open, case.is_open()),
        (Measure::Reopened, case.reopened > 0),
    ];
    let hours = case.first_response_at.map(|at| {
        let seconds = (at - case.received_at).num_milliseconds().max(0);
        seconds.div_euclid(HOUR) + i64::from(seconds.rem_euclid(HOUR) > 0)
    });
    let buckets = [
        (Measure::Rating, case.rating.map(i64::from)),
        (Measure::Days, case.days_to_close.map(i64::from)),
        (Measure::ResponseDays, case.days_to_answer.map(i64::from)),
        (Measure::ResponseHours, hours),
    ];
    let flags = flags.into_iter().filter(|(_, holds)| *holds).map(|(m, _)| (m, 0));
    let buckets = buckets.into_iter().filter_map(|(m, bucket)| Some((m, bucket?)));
    flags.chain(buckets).collect()
}

/// Milliseconds of an hour.
const HOUR: i64 = 3_600_000;

/// How the counts of cells change when a report moves from the cells `before` to the cells `after`.
pub fn difference(before: Vec<Cell>, after: Vec<Cell>) -> BTreeMap<Cell, i64> {
    let mut changes = BTreeMap::new();
    for (cells, by) in [(before, -1), (after, 1)] {
        for cell in cells {
            *changes.entry(cell).or_insert(0) += by;
        }
    }
    changes.retain(|_, by| *by != 0);
    changes
}

/// The definition of the score.
#[derive(Debug, Default, Deserialize)]
pub struct Definition {
    /// Name with version.
    pub id: String,
    /// Key of the metric.
    pub metric: String,
    /// How reliable the source is, in the terms of `domain.md`.
    #[serde(rename = "mark")]
    pub confidence: String,
    /// Number of reports from which on a unit is compared with others.
    pub sample_minimum: i64,
}

/// The current definition.
pub fn definition() -> &'static Definition {
    static DEFINITION: LazyLock<Definition> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../../data/complaint-resolution.json")).unwrap_or_default()
    });
    &DEFINITION
}

/// The score of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// Exact value, 0 to 100.
    pub value: Rational,
    /// Number of reports behind it.
    pub sample: i64,
    /// Figures that are published beside the score, by key; those without data are left out.
    pub components: Vec<(&'static str, Rational)>,
}

/// The score of a unit: the share of reports that were resolved in time among those that are resolved or overdue;
/// `None` when there are none. Archived reports, and open ones that are not overdue, do not count.
pub fn score(figures: &Figures) -> Option<Score> {
    let all = &figures.all;
    let sample = all.resolved + all.overdue;
    let components = [
        ("verified_in_time", percent(all.verified_in_time, all.verified)),
        ("resolved", percent(all.resolved, all.received - all.archived)),
        ("rating", figures.ratings.mean()),
    ];
    Some(Score {
        value: percent(all.resolved_in_time, sample)?,
        sample,
        components: components
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .collect(),
    })
}

/// `part` of `whole` in percent; `None` when `whole` is 0.
fn percent(part: i64, whole: i64) -> Option<Rational> {
    number::percent(usize::try_from(part).ok()?, usize::try_from(whole).ok()?)
}

#[cfg(test)]
mod tests;
