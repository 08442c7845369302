//! Facts that other services publish of a unit, and the figures of each metric of `pekppp-2022.json` that they
//! support at the evaluation date.
//!
//! Facts are dated; a figure uses only facts dated on or before the evaluation date. Facts without a date (the
//! components of a standard, the existence of a charter, respondents) count as they stand. "In the last n months"
//! means on or after the same day n calendar months earlier; where that month has no such day, its last day.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Months, NaiveDate};
use prima_proto::period::Period;

use super::{
    complaint::{self, Performance},
    number::Rational,
    portfolio::{self, Portfolio},
    rule::{Figures, Value},
    sourced::{EventRef, SourcedFigures, months_between, percent},
};

/// Components of a service standard (UU 25/2009 article 21).
const COMPONENTS: i32 = 14;
/// Components of service delivery, which must be published.
const DELIVERY: i32 = 6;
/// Scale of a satisfaction survey (PermenPANRB 14/2017).
const SCALE: (i32, i32) = (1, 4);
/// The number of elements that a survey may leave out because they do not apply to the unit, such as the cost of a
/// free service (PermenPANRB 14/2017).
const ELEMENTS_LEFT_OUT: i32 = 1;

/// All facts of one unit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// From the directory; `None` while it has not announced the unit.
    pub unit: Option<Unit>,
    /// From the survey service, by the survey's name.
    pub surveys: BTreeMap<String, Survey>,
    /// From the innovation service, by year.
    pub portfolios: BTreeMap<i32, Portfolio>,
    /// From the complaint service, by year.
    pub complaints: BTreeMap<i32, Performance>,
}

/// The directory's entry of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unit {
    /// The event that it was read from.
    pub origin: EventRef,
    /// Standard of each public service; `None` for a service without one.
    pub services: Vec<Option<Standard>>,
    /// Service charter.
    pub charter: Option<Charter>,
}

/// A place where something was made public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Medium {
    /// Kind.
    pub kind: String,
    /// Whether it is electronic.
    pub electronic: bool,
    /// First day.
    pub since: NaiveDate,
}

/// A service standard.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standard {
    /// Components that have a text, of 14.
    pub components: i32,
    /// Components of service delivery that are public, of 6.
    pub delivery_published: i32,
    /// Day of enactment.
    pub enacted: Option<NaiveDate>,
    /// Days on which the public took part.
    pub involved: Vec<NaiveDate>,
    /// Days of monitoring and evaluation.
    pub monitored: Vec<NaiveDate>,
    /// Days of review.
    pub reviewed: Vec<NaiveDate>,
    /// Where it is public.
    pub media: Vec<Medium>,
    /// First day on SIPPN.
    pub sippn: Option<NaiveDate>,
}

/// A service charter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Charter {
    /// Day it was signed.
    pub signed: Option<NaiveDate>,
    /// Whether it contains the three required statements.
    pub complete: bool,
    /// Where it is public.
    pub media: Vec<Medium>,
}

/// A survey with its result. Days are those of Jakarta.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// The event that it was read from.
    pub origin: EventRef,
    /// Instrument and version.
    pub instrument: String,
    /// Period of the survey.
    pub period: Period,
    /// First day of responses; the period's first when `None`.
    pub opened: Option<NaiveDate>,
    /// Last day of responses; the period's last when `None`.
    pub ended: Option<NaiveDate>,
    /// Responses counted.
    pub respondents: i64,
    /// Whether the minimum sample is reached.
    pub sample_met: bool,
    /// Lowest and highest score.
    pub scale: (i32, i32),
    /// The number of elements that it asks, and the number in its instrument.
    pub elements: (i32, i32),
    /// First day on which the result was public.
    pub published: Option<NaiveDate>,
    /// Media of the result: kind, and whether it is electronic.
    pub media: Vec<(String, bool)>,
    /// Follow-up plan.
    pub follow_ups: Vec<FollowUp>,
}

/// One planned action after a survey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUp {
    /// Day it was planned.
    pub planned: NaiveDate,
    /// Day it was done.
    pub done: Option<NaiveDate>,
}

/// The figures of `metric` at `date`; `None` when no service has published a fact that the metric could be read from.
/// That is no reason to suggest the lowest level.
pub fn figures(metric: &str, facts: &Facts, date: NaiveDate) -> Option<SourcedFigures> {
    let unit = facts.unit.as_ref();
    // A unit without public services has no standard that could be missing.
    let services = unit.filter(|u| !u.services.is_empty());
    match metric {
        "directory.service_standard" => services.map(|u| u.sourced(service_standard(u, date))),
        "directory.standard_publication" => services.map(|u| u.sourced(standard_publication(u, date))),
        "directory.standard_review" => services.map(|u| u.sourced(standard_review(u, date))),
        "directory.service_charter" => unit.map(|u| u.sourced(service_charter(u, date))),
        "survey.execution" => survey_execution(&facts.satisfaction(date), date),
        "survey.publication" => survey_publication(&facts.satisfaction(date), date),
        "survey.followup_completion" => followup_completion(&facts.satisfaction(date), date),
        "survey.followup_speed" => followup_speed(&facts.satisfaction(date), date),
        "platform.support_modules" => services.map(|u| support_modules(u, facts, date)),
        "innovation.portfolio" => portfolio::achievement(&facts.portfolios, date),
        "innovation.resources" => portfolio::resources(&facts.portfolios, date),
        "complaint.channels" => complaint::channels(&facts.complaints, date),
        "complaint.online_media" => complaint::online_media(&facts.complaints, date),
        "complaint.response_time" => complaint::response_time(&facts.complaints, date),
        "complaint.documentation" => complaint::documentation(&facts.complaints, date),
        "complaint.completion" => complaint::completion(&facts.complaints, date),
        _ => None,
    }
}

/// Whether `day` lies in the last `months` calendar months before `date`, `date` included.
fn within(day: NaiveDate, months: u32, date: NaiveDate) -> bool {
    let start = date.checked_sub_months(Months::new(months));
    day <= date && start.is_none_or(|start| start <= day)
}

/// Kinds among media that are public at `date`.
fn kinds<'a>(media: impl IntoIterator<Item = &'a Medium>, date: NaiveDate) -> BTreeSet<&'a str> {
    let public = media.into_iter().filter(|m| m.since <= date);
    public.map(|m| m.kind.as_str()).collect()
}

impl Unit {
    fn sourced(&self, figures: Figures) -> SourcedFigures {
        SourcedFigures {
            figures,
            origins: vec![self.origin.clone()],
        }
    }

    fn standards(&self) -> impl Iterator<Item = &Standard> {
        self.services.iter().flatten()
    }

    /// Whether there are standards and `holds` is true for every one.
    fn every(&self, holds: impl Fn(&Standard) -> bool) -> bool {
        self.standards().next().is_some() && self.standards().all(holds)
    }
}

/// Every condition must hold for every standard. Monitoring must lie in the last 12 months.
fn service_standard(unit: &Unit, date: NaiveDate) -> Figures {
    let complete = |s: &Option<Standard>| s.as_ref().is_some_and(|s| s.components >= COMPONENTS);
    vec![
        ("exists", unit.standards().next().is_some().into()),
        ("all_components", unit.services.iter().all(complete).into()),
        (
            "enacted",
            unit.every(|s| s.enacted.is_some_and(|d| d <= date)).into(),
        ),
        (
            "public_involved",
            unit.every(|s| s.involved.iter().any(|d| *d <= date)).into(),
        ),
        (
            "monitored",
            unit.every(|s| s.monitored.iter().any(|d| within(*d, 12, date)))
                .into(),
        ),
    ]
}

/// Components and SIPPN must hold for every service; media are the kinds in use for any of them.
fn standard_publication(unit: &Unit, date: NaiveDate) -> Figures {
    let on_sippn = |s: &Standard| s.sippn.is_some_and(|d| d <= date);
    // A standard that is public nowhere is not published.
    let public = |s: &Standard| {
        if on_sippn(s) || !kinds(&s.media, date).is_empty() {
            s.delivery_published
        } else {
            0
        }
    };
    let all = |s: &Option<Standard>| s.as_ref().is_some_and(|s| public(s) >= DELIVERY);
    let delivery = if unit.services.iter().all(all) {
        "all"
    } else if unit.standards().any(|s| public(s) > 0) {
        "some"
    } else {
        "none"
    };
    let media = kinds(unit.standards().flat_map(|s| &s.media), date);
    vec![
        ("delivery_components", Value::Word(delivery.to_owned())),
        ("media_count", media.len().into()),
        ("on_sippn", unit.every(on_sippn).into()),
    ]
}

fn standard_review(unit: &Unit, date: NaiveDate) -> Figures {
    let share = |reviewed: &dyn Fn(NaiveDate) -> bool| {
        let count = unit
            .standards()
            .filter(|s| s.reviewed.iter().any(|d| reviewed(*d)));
        percent(count.count(), unit.services.len())
    };
    vec![
        ("within_1y_percent", share(&|d| within(d, 12, date))),
        ("within_2y_percent", share(&|d| within(d, 24, date))),
        ("ever_percent", share(&|d| d <= date)),
    ]
}

fn service_charter(unit: &Unit, date: NaiveDate) -> Figures {
    let charter = unit.charter.as_ref();
    let public = |electronic| {
        charter.is_some_and(|c| {
            c.media
                .iter()
                .any(|m| m.electronic == electronic && m.since <= date)
        })
    };
    vec![
        ("exists", charter.is_some().into()),
        (
            "enacted",
            charter.and_then(|c| c.signed).is_some_and(|d| d <= date).into(),
        ),
        ("compliant", charter.is_some_and(|c| c.complete).into()),
        ("published_print", public(false).into()),
        ("published_electronic", public(true).into()),
    ]
}

impl Facts {
    /// Satisfaction surveys (SKM) that had begun at `date`, ordered by name.
    fn satisfaction(&self, date: NaiveDate) -> Vec<&Survey> {
        let begun = |s: &&Survey| s.instrument.starts_with("skm-") && s.begins() <= date;
        self.surveys.values().filter(begun).collect()
    }
}

impl Survey {
    fn begins(&self) -> NaiveDate {
        self.opened.unwrap_or(self.period.first_day())
    }

    fn ends(&self) -> NaiveDate {
        self.ended.unwrap_or(self.period.last_day()).max(self.begins())
    }

    fn published_at(&self, date: NaiveDate) -> Option<NaiveDate> {
        self.published.filter(|d| *d <= date)
    }

    fn planned_at(&self, date: NaiveDate) -> impl Iterator<Item = &FollowUp> {
        self.follow_ups.iter().filter(move |f| f.planned <= date)
    }

    /// Whether it complies with PermenPANRB 14/2017: its elements, its scale, its sample.
    fn compliant(&self) -> bool {
        let (asked, elements) = self.elements;
        asked > 0 && asked + ELEMENTS_LEFT_OUT >= elements && self.scale == SCALE && self.sample_met
    }
}

impl FollowUp {
    fn done_at(&self, date: NaiveDate) -> Option<NaiveDate> {
        self.done.filter(|d| *d <= date)
    }
}

/// Figures of the survey of the last 12 months that supports most, because the criteria build on each other.
fn survey_execution(surveys: &[&Survey], date: NaiveDate) -> Option<SourcedFigures> {
    let latest = surveys.iter().max_by_key(|s| s.ends())?;
    let criteria = |survey: &&Survey| {
        let public = |electronic| {
            survey.published_at(date).is_some() && survey.media.iter().any(|(_, e)| *e == electronic)
        };
        let followed = survey.planned_at(date).any(|f| f.done_at(date).is_some());
        (
            [survey.compliant(), public(false), public(true), followed],
            survey.ends(),
        )
    };
    let run = surveys
        .iter()
        .filter(|s| s.respondents > 0 && within(s.ends().min(date), 12, date))
        .max_by_key(|s| criteria(s));
    let [compliant, print, electronic, followed] = run.map(|s| criteria(s).0).unwrap_or_default();
    Some(SourcedFigures {
        figures: vec![
            ("conducted", run.is_some().into()),
            ("compliant", compliant.into()),
            ("published_print", print.into()),
            ("published_electronic", electronic.into()),
            ("followed_up", followed.into()),
        ],
        origins: vec![run.unwrap_or(latest).origin.clone()],
    })
}

/// Figures of the report that was published last.
fn survey_publication(surveys: &[&Survey], date: NaiveDate) -> Option<SourcedFigures> {
    let latest = surveys.iter().max_by_key(|s| (s.published_at(date), s.ends()))?;
    let media: BTreeSet<&str> = match latest.published_at(date) {
        Some(_) => latest.media.iter().map(|(kind, _)| kind.as_str()).collect(),
        None => BTreeSet::new(),
    };
    Some(SourcedFigures {
        figures: vec![("media_count", media.len().into())],
        origins: vec![latest.origin.clone()],
    })
}

/// Figures of the surveys whose period ends in the year before. Without such a survey the unit is not evaluated.
fn followup_completion(surveys: &[&Survey], date: NaiveDate) -> Option<SourcedFigures> {
    let before = |s: &&&Survey| s.period.last_day().year() == date.year() - 1;
    let surveys: Vec<&&Survey> = surveys.iter().filter(before).collect();
    if surveys.is_empty() {
        return None;
    }
    let items: Vec<&FollowUp> = surveys.iter().flat_map(|s| s.planned_at(date)).collect();
    let done = items.iter().filter(|f| f.done_at(date).is_some()).count();
    Some(SourcedFigures {
        figures: vec![
            ("plan_items", items.len().into()),
            ("completed_percent", percent(done, items.len())),
        ],
        origins: surveys.iter().map(|s| s.origin.clone()).collect(),
    })
}

/// Figures of the reports published in the last 24 months.
fn followup_speed(surveys: &[&Survey], date: NaiveDate) -> Option<SourcedFigures> {
    if surveys.is_empty() {
        return None;
    }
    let mut months = None;
    let mut open = false;
    let mut origins = Vec::new();
    for survey in surveys {
        let Some(published) = survey.published_at(date).filter(|d| within(*d, 24, date)) else {
            continue;
        };
        origins.push(survey.origin.clone());
        for item in survey.planned_at(date) {
            match item.done_at(date) {
                Some(done) => months = months.max(Some(months_until(published, done))),
                None => open = true,
            }
        }
    }
    let months = months.filter(|_| !open);
    Some(SourcedFigures {
        figures: vec![(
            "months_to_complete",
            months.map_or(Value::Missing, |n| {
                Value::Number(Rational::from_integer(n.into()))
            }),
        )],
        origins,
    })
}

/// The smallest n for which `done` is not after `from` plus n calendar months.
fn months_until(from: NaiveDate, done: NaiveDate) -> u32 {
    let same_month = months_between(from, done);
    let reached = from.checked_add_months(Months::new(same_month));
    if reached.is_none_or(|reached| done <= reached) {
        same_month
    } else {
        same_month + 1
    }
}

/// Which data Prima itself keeps for the unit. Parts for which no service publishes facts are missing, so the level
/// stops before them.
fn support_modules(unit: &Unit, facts: &Facts, date: NaiveDate) -> SourcedFigures {
    let surveys = facts.satisfaction(date);
    let connected = complaint::connected(&facts.complaints, date);
    let mut origins = vec![unit.origin.clone()];
    origins.extend(connected.map(|(_, origin)| origin.clone()));
    origins.extend(surveys.iter().map(|s| s.origin.clone()));
    let survey = if surveys.is_empty() {
        Value::Missing
    } else {
        true.into()
    };
    SourcedFigures {
        figures: vec![
            ("service_standard_data", unit.standards().next().is_some().into()),
            (
                "sp4n_complaints",
                connected.map_or(Value::Missing, |(connected, _)| connected.into()),
            ),
            ("satisfaction_survey", survey),
            ("staff_performance", Value::Missing),
            ("faq_finance_or_other", Value::Missing),
        ],
        origins,
    }
}

#[cfg(test)]
#[path = "facts_tests.rs"]
mod tests;
