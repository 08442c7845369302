//! The figures of a unit: the cells in which a report is counted, and the score. No regulation defines the score;
//! `data/complaint-resolution.json` is this project's own definition.

mod cell;
mod disclosed;
mod figures;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use chrono::{DateTime, Datelike, Utc};
use prima_platform::number::{self, Rational};
use prima_proto::{
    period::{Period, jakarta_day},
    zone::day_of_agency,
};
use serde::Deserialize;

use super::{
    case::Case,
    workflow::{ActionKind, VERIFICATION, Workflow},
};

pub use cell::{Cell, Measure};
pub use disclosed::Averages;
pub use figures::{Counts, Figures, Group, Histogram};

fn month(day: chrono::NaiveDate) -> i64 {
    i64::from(day.year()) * 100 + i64::from(day.month())
}

/// The month of a time in the time zone of an agency, in the form that cells use.
pub fn month_of(agency: &str, at: DateTime<Utc>) -> i64 {
    month(day_of_agency(agency, at))
}

/// The first and the last month of a period, in the form that cells use.
pub fn months_of(period: &Period) -> (i64, i64) {
    (month(period.first_day()), month(period.last_day()))
}

/// The cells in which a report is counted for its unit, each once; none while it has no unit. They depend only on the
/// report and its workflow, neither of which a change of the calendar affects.
pub fn cells(case: &Case, workflow: &Workflow) -> Vec<Cell> {
    unit_cells(case, workflow, month_of(&case.agency, case.received_at))
}

/// The same as release 0.1.0 counted it: by the month of receipt in Jakarta.
pub fn cells_by_jakarta(case: &Case, workflow: &Workflow) -> Vec<Cell> {
    unit_cells(case, workflow, month(jakarta_day(case.received_at)))
}

fn unit_cells(case: &Case, workflow: &Workflow, month: i64) -> Vec<Cell> {
    if case.unit.is_empty() {
        return Vec::new();
    }
    let counted = measures(case, workflow).into_iter();
    let cell = |counted| cell(case, &case.agency, &case.unit, month, counted);
    counted.map(cell).collect()
}

/// The cells in which a report is counted against or in favour of those who hold it or held it, each once: of every
/// unit, and with an empty unit of every agency as a whole. A report without a unit is also counted there by its
/// outcome.
pub fn held_cells(case: &Case, workflow: &Workflow) -> Vec<Cell> {
    let missed = case.missed.iter();
    let mut late: BTreeSet<(&str, &str)> = missed.map(|m| (m.agency.as_str(), m.unit.as_str())).collect();
    let (agency, unit) = (case.agency.as_str(), case.unit.as_str());
    if case.resolved_in_time == Some(false) {
        late.insert((agency, unit));
    }
    let agencies: Vec<_> = late.iter().map(|(agency, _)| (*agency, "")).collect();
    late.extend(agencies);
    let closed = case.state_by == Some(ActionKind::Close);
    let in_time: BTreeSet<_> = [(agency, unit), (agency, "")].into_iter().collect();
    let in_time = in_time.difference(&late).filter(|_| closed);
    let in_time: Vec<_> = in_time.map(|holder| (*holder, (Measure::InTime, 0))).collect();
    let late = late.into_iter().map(|holder| (holder, (Measure::Late, 0)));
    let unassigned = if unit.is_empty() {
        measures(case, workflow)
    } else {
        Vec::new()
    };
    let unassigned = unassigned.into_iter().map(|counted| ((agency, ""), counted));
    late.chain(in_time)
        .chain(unassigned)
        .map(|((agency, unit), counted)| {
            cell(case, agency, unit, month_of(agency, case.received_at), counted)
        })
        .collect()
}

fn cell(case: &Case, agency: &str, unit: &str, month: i64, (measure, bucket): (Measure, i64)) -> Cell {
    // Only the slowest answer of a unit is published. Broken down, a busy unit would need a row for each hour of each
    // class.
    let split = measure != Measure::ResponseHours;
    Cell {
        agency: agency.to_owned(),
        unit: unit.to_owned(),
        month,
        class: if split { case.class.clone() } else { String::new() },
        channel: split.then_some(case.channel),
        sp4n: split && case.sp4n,
        measure,
        bucket,
    }
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

/// The score of a unit or an agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// Exact value, 0 to 100.
    pub value: Rational,
    /// Number of reports behind it.
    pub sample: i64,
    /// Figures that are published beside the score, by key; those without data are left out.
    pub components: Vec<(&'static str, Rational)>,
}

/// The score of a unit or an agency: among the reports that were closed in time and those of which a deadline passed
/// while they were held there, the share of the former; `None` when there are none. Nothing that happens to a late
/// report later makes it count less: an answer, archiving, merging, forwarding. Archived reports, and open ones, do not
/// count while none of their deadlines has passed.
pub fn score(figures: &Figures) -> Option<Score> {
    let all = &figures.all;
    let sample = all.in_time + all.late;
    let components = [
        ("verified_in_time", percent(all.verified_in_time, all.verified)),
        ("resolved", percent(all.resolved, all.received - all.archived)),
        ("rating", figures.ratings.mean()),
    ];
    Some(Score {
        value: percent(all.in_time, sample)?,
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
