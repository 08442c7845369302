//! Figures of a unit: what each report adds to them, and the score made of them. The definition of the score is data,
//! and ours.

mod figures;

use std::{collections::BTreeMap, sync::LazyLock};

use chrono::{DateTime, Datelike, Utc};
use prima_platform::number::{self, Rational};
use prima_proto::period::{Period, jakarta_day};
use serde::Deserialize;

use super::{
    case::{Case, Channel},
    workflow::{ActionKind, VERIFICATION, Workflow},
};

pub use figures::{Counts, Figures, Group, Histogram};

/// What is counted of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// It came in and is no part of another one.
    Received,
    /// It was archived with a reason.
    Archived,
    /// It became a part of another one; then nothing else of it counts.
    Merged,
    /// It was verified.
    Verified,
    /// It was verified within the deadline of verification, or without one.
    VerifiedInTime,
    /// It is closed.
    Resolved,
    /// It is closed, and was answered within the deadline of its class, or of a class without one.
    ResolvedInTime,
    /// It is neither closed nor archived, and a deadline was told as passed: that of verification while it is not
    /// verified, or that of its class. A clock that has stopped, as at a forward, tells nothing any more.
    Overdue,
    /// It is neither closed nor archived.
    Open,
    /// It was opened again at least once.
    Reopened,
    /// It was rated last with so many stars.
    Rating,
    /// It is closed, so many working days after its disposition.
    Days,
    /// It is closed, and what closed it was answered so many working days after its disposition.
    ResponseDays,
    /// It was first answered within so many clock hours, rounded up.
    ResponseHours,
}

impl Measure {
    /// All measures.
    pub const ALL: [Self; 14] = [
        Self::Received,
        Self::Archived,
        Self::Merged,
        Self::Verified,
        Self::VerifiedInTime,
        Self::Resolved,
        Self::ResolvedInTime,
        Self::Overdue,
        Self::Open,
        Self::Reopened,
        Self::Rating,
        Self::Days,
        Self::ResponseDays,
        Self::ResponseHours,
    ];

    /// Stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Archived => "archived",
            Self::Merged => "merged",
            Self::Verified => "verified",
            Self::VerifiedInTime => "verified_in_time",
            Self::Resolved => "resolved",
            Self::ResolvedInTime => "resolved_in_time",
            Self::Overdue => "overdue",
            Self::Open => "open",
            Self::Reopened => "reopened",
            Self::Rating => "rating",
            Self::Days => "days",
            Self::ResponseDays => "response_days",
            Self::ResponseHours => "response_hours",
        }
    }

    /// The measure with this key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.key() == key)
    }
}

/// Where a report is counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// Id of the agency that has it.
    pub agency: String,
    /// Id of the unit that has it.
    pub unit: String,
    /// When it was received: year * 100 + month, in Jakarta.
    pub month: i64,
    /// Key of its class; empty where the measure is not split.
    pub class: String,
    /// How it came; `None` where the measure is not split.
    pub channel: Option<Channel>,
    /// Whether it came by SP4N; false where the measure is not split.
    pub sp4n: bool,
    /// What is counted.
    pub measure: Measure,
    /// The stars, days or hours; 0 where there are none.
    pub bucket: i64,
}

/// The month of a time, as cells name it.
pub fn month_of(at: DateTime<Utc>) -> i64 {
    let day = jakarta_day(at);
    i64::from(day.year()) * 100 + i64::from(day.month())
}

/// First and last month of a period, as cells name them.
pub fn months_of(period: &Period) -> (i64, i64) {
    let month = |day: chrono::NaiveDate| i64::from(day.year()) * 100 + i64::from(day.month());
    (month(period.first_day()), month(period.last_day()))
}

/// The cells in which a report counts, each once; none while it has no unit. They follow from the report and its
/// workflow alone, neither of which another calendar changes.
pub fn cells(case: &Case, workflow: &Workflow) -> Vec<Cell> {
    if case.unit.is_empty() {
        return Vec::new();
    }
    let cell = |(measure, bucket)| {
        // Only the slowest answer of all is asked for: split, a busy unit would have a row for each hour of each class.
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
    // Level 0 is the reminder before it. What was told of a stopped clock stays, but is not the doing of who has it now.
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

/// What the counts of cells change by when a report that counted in `before` counts in `after`.
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
    /// Name and version.
    pub id: String,
    /// Metric.
    pub metric: String,
    /// How sure it is.
    pub mark: String,
    /// Reports from which on a unit is compared with others.
    pub sample_minimum: i64,
}

/// The definition in force.
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
    /// Reports behind it.
    pub sample: i64,
    /// Parts that stand beside it, by key; those of nothing are left out.
    pub components: Vec<(&'static str, Rational)>,
}

/// The score of a unit: the share of reports answered in time among those that are resolved or overdue; `None` while
/// there are none. Open reports that are not overdue, and archived ones, are in neither part.
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

/// `part` of `whole` in percent; `None` of nothing.
fn percent(part: i64, whole: i64) -> Option<Rational> {
    number::percent(usize::try_from(part).ok()?, usize::try_from(whole).ok()?)
}

#[cfg(test)]
mod tests;
