//! What a unit has to show of consultation and complaints at one stated date.
//!
//! The complaint service tells one state of a unit for every year in which it received something, and with each state
//! how the unit can be reached and what it did with what it heard. Hence:
//!
//! - how it can be reached is read from the state told last, whatever its year, by its dated facts alone;
//! - what came of reports and consultations is read from the state of the year before that of the evaluation date, as it
//!   stands; a year of which nothing is told is not judged;
//! - records of reporting, monitoring, follow-up and publication count when they are dated in that year.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};

use super::{
    known::{Known, Origin, percent},
    number::whole,
    rule::Value,
};

/// What is told of one year.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Performance {
    /// The event.
    pub origin: Origin,
    /// Reports received, those merged into another one left out.
    pub received: usize,
    /// Reports merged into another one.
    pub merged: usize,
    /// Of those received, archived with a reason.
    pub archived: usize,
    /// Of those received, closed.
    pub resolved: usize,
    /// Of those received, through SP4N-LAPOR!.
    pub sp4n: usize,
    /// Of these, archived with a reason.
    pub sp4n_archived: usize,
    /// Of these, closed.
    pub sp4n_resolved: usize,
    /// Consultations received.
    pub consultations: usize,
    /// Of these, completed with an answer.
    pub consultations_completed: usize,
    /// Slowest first answer to a report or a consultation in clock hours; `None` while nothing was answered.
    pub slowest_hours: Option<i64>,
    /// How the unit can be reached.
    pub desk: Desk,
}

/// How a unit can be reached, and what it did with what it heard.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Desk {
    /// Channels.
    pub channels: Vec<Channel>,
    /// First day of a desk apart from the front office.
    pub separate_since: Option<NaiveDate>,
    /// First day of being connected to SP4N-LAPOR!.
    pub sp4n_since: Option<NaiveDate>,
    /// Records: kind and day.
    pub records: Vec<(String, NaiveDate)>,
}

/// One channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Kind.
    pub kind: String,
    /// Whether it is online.
    pub online: bool,
    /// First day.
    pub since: NaiveDate,
    /// Last day.
    pub until: Option<NaiveDate>,
}

/// The kind of the channel at which both meet.
const FACE_TO_FACE: &str = "face_to_face";

impl Desk {
    /// Channels that are open at `date`.
    fn open(&self, date: NaiveDate) -> impl Iterator<Item = &Channel> {
        self.channels
            .iter()
            .filter(move |c| c.since <= date && c.until.is_none_or(|until| date <= until))
    }

    fn is_separate(&self, date: NaiveDate) -> bool {
        self.separate_since.is_some_and(|since| since <= date)
    }

    fn is_connected(&self, date: NaiveDate) -> bool {
        self.sp4n_since.is_some_and(|since| since <= date)
    }

    /// Whether the unit has told at all how it could be reached by then; one that has not is not judged.
    fn is_told(&self, date: NaiveDate) -> bool {
        self.is_separate(date) || self.is_connected(date) || self.channels.iter().any(|c| c.since <= date)
    }

    fn recorded(&self, kind: &str, year: i32) -> bool {
        self.records
            .iter()
            .any(|(own, date)| own == kind && date.year() == year)
    }
}

/// The state told last.
fn newest(told: &BTreeMap<i32, Performance>) -> Option<&Performance> {
    let newest = told.iter().max_by_key(|(year, p)| (p.origin.version, **year));
    newest.map(|(_, performance)| performance)
}

/// The state told last, when the desk in it is told at `date`.
fn reachable(told: &BTreeMap<i32, Performance>, date: NaiveDate) -> Option<&Performance> {
    newest(told).filter(|p| p.desk.is_told(date))
}

/// The state of the year before that of `date`.
fn year_before(told: &BTreeMap<i32, Performance>, date: NaiveDate) -> Option<&Performance> {
    told.get(&(date.year() - 1))
}

fn known(figures: Vec<(&'static str, Value)>, of: &Performance) -> Known {
    Known {
        figures,
        origins: vec![of.origin.clone()],
    }
}

/// Figures of `complaint.channels`.
pub(super) fn channels(told: &BTreeMap<i32, Performance>, date: NaiveDate) -> Option<Known> {
    let newest = reachable(told, date)?;
    let desk = &newest.desk;
    let offline = desk.open(date).any(|c| c.kind == FACE_TO_FACE);
    let figures = vec![
        ("offline", offline.into()),
        (
            "separate_from_front_office",
            (offline && desk.is_separate(date)).into(),
        ),
        ("online", desk.open(date).any(|c| c.online).into()),
        ("sp4n_connected", desk.is_connected(date).into()),
    ];
    Some(known(figures, newest))
}

/// Figures of `complaint.online_media`. What counts as one medium follows the list of indicator 26 in `pekppp-2022.json`:
/// short messages and the telephone are one, SP4N-LAPOR! is one by itself.
pub(super) fn online_media(told: &BTreeMap<i32, Performance>, date: NaiveDate) -> Option<Known> {
    let newest = reachable(told, date)?;
    let medium = |kind: &'_ str| match kind {
        "sms" | "phone" => "message-or-phone".to_owned(),
        other => other.to_owned(),
    };
    let online = newest.desk.open(date).filter(|c| c.online);
    let mut media: BTreeSet<String> = online.map(|c| medium(&c.kind)).collect();
    if newest.desk.is_connected(date) {
        media.insert("sp4n".to_owned());
    }
    Some(known(vec![("media_count", media.len().into())], newest))
}

/// Figures of `complaint.response_time`.
pub(super) fn response_time(told: &BTreeMap<i32, Performance>, date: NaiveDate) -> Option<Known> {
    let year = year_before(told, date)?;
    let hours = year
        .slowest_hours
        .map_or(Value::Missing, |hours| Value::Number(whole(hours)));
    Some(known(vec![("hours", hours)], year))
}

/// Figures of `complaint.documentation`. What came in here is kept, so that there is anything means that it is archived.
pub(super) fn documentation(told: &BTreeMap<i32, Performance>, date: NaiveDate) -> Option<Known> {
    let year = year_before(told, date)?;
    let newest = newest(told)?;
    let recorded = |kind| newest.desk.recorded(kind, date.year() - 1).into();
    let figures = vec![
        (
            "archived",
            (year.received + year.merged + year.consultations > 0).into(),
        ),
        ("reported", recorded("report")),
        ("monitored", recorded("monitoring")),
        ("followed_up", recorded("follow-up")),
        ("published", recorded("publication")),
    ];
    let mut known = known(figures, year);
    if newest.origin != year.origin {
        known.origins.push(newest.origin.clone());
    }
    Some(known)
}

/// Figures of `complaint.completion`. What was archived with a reason was no complaint that could be completed; where all
/// that came through SP4N was, there is no percentage.
pub(super) fn completion(told: &BTreeMap<i32, Performance>, date: NaiveDate) -> Option<Known> {
    let year = year_before(told, date)?;
    let received = year.received.saturating_sub(year.archived) + year.consultations;
    let sp4n = year.sp4n.saturating_sub(year.sp4n_archived);
    let sp4n_used = year.sp4n > 0;
    let completed = if sp4n_used {
        percent(year.sp4n_resolved, sp4n)
    } else {
        percent(year.resolved + year.consultations_completed, received)
    };
    let figures = vec![
        ("received", received.into()),
        ("sp4n_used", sp4n_used.into()),
        ("completed_percent", completed),
    ];
    Some(known(figures, year))
}

/// Whether complaints are managed here and the unit is connected to SP4N-LAPOR! at `date`, and the event that tells it;
/// `None` while the unit has not told how it can be reached.
pub(super) fn connected(told: &BTreeMap<i32, Performance>, date: NaiveDate) -> Option<(bool, &Origin)> {
    let newest = reachable(told, date)?;
    Some((newest.desk.is_connected(date), &newest.origin))
}

#[cfg(test)]
#[path = "complaint_tests.rs"]
mod tests;
