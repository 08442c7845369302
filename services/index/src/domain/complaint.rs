//! Figures of consultation and complaints of a unit at the evaluation date.
//!
//! The complaint service publishes one state of a unit for every year in which it received something. Each state also
//! contains how the unit can be reached, and its records of reporting and follow-up. Hence:
//!
//! - how the unit can be reached is read from the newest state of any year, by its dated facts alone;
//! - the results of reports and consultations are read from the state of the year before that of the evaluation date,
//!   as it stands; without a state of that year they are not evaluated;
//! - records of reporting, monitoring, follow-up and publication count when they are dated in that year.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};

use super::{
    number::whole,
    rule::Value,
    sourced::{EventRef, SourcedFigures, percent},
};

/// The performance of a unit in one year.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Performance {
    /// The event that it was read from.
    pub origin: EventRef,
    /// Reports received, without those merged into another one.
    pub received: usize,
    /// Reports merged into another one.
    pub merged: usize,
    /// Of the received reports, those archived with a reason.
    pub archived: usize,
    /// Of the received reports, those closed.
    pub resolved: usize,
    /// Of the received reports, those through SP4N-LAPOR!.
    pub sp4n: usize,
    /// Of the reports through SP4N-LAPOR!, those archived with a reason.
    pub sp4n_archived: usize,
    /// Of the reports through SP4N-LAPOR!, those closed.
    pub sp4n_resolved: usize,
    /// Consultations received.
    pub consultations: usize,
    /// Of the consultations, those completed with an answer.
    pub consultations_completed: usize,
    /// Slowest first answer to a report or a consultation, in clock hours; `None` while nothing was answered.
    pub slowest_hours: Option<i64>,
    /// How the unit can be reached.
    pub desk: Desk,
}

/// How a unit can be reached, and its records of reporting, monitoring, follow-up and publication.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Desk {
    /// Channels.
    pub channels: Vec<Channel>,
    /// First day of a complaint desk that is separate from the front office.
    pub separate_since: Option<NaiveDate>,
    /// First day of the connection to SP4N-LAPOR!.
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

/// The kind of a face-to-face channel.
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

    /// Whether the unit has published by then how it can be reached; a unit that has not is not evaluated.
    fn is_described(&self, date: NaiveDate) -> bool {
        self.is_separate(date) || self.is_connected(date) || self.channels.iter().any(|c| c.since <= date)
    }

    fn recorded(&self, kind: &str, year: i32) -> bool {
        self.records
            .iter()
            .any(|(own, date)| own == kind && date.year() == year)
    }
}

/// The newest state.
fn newest(years: &BTreeMap<i32, Performance>) -> Option<&Performance> {
    let newest = years.iter().max_by_key(|(year, p)| (p.origin.version, **year));
    newest.map(|(_, performance)| performance)
}

/// The newest state, when it contains how the unit could be reached at `date`.
fn reachable(years: &BTreeMap<i32, Performance>, date: NaiveDate) -> Option<&Performance> {
    newest(years).filter(|p| p.desk.is_described(date))
}

/// The state of the year before that of `date`.
fn year_before(years: &BTreeMap<i32, Performance>, date: NaiveDate) -> Option<&Performance> {
    years.get(&(date.year() - 1))
}

fn sourced(figures: Vec<(&'static str, Value)>, of: &Performance) -> SourcedFigures {
    SourcedFigures {
        figures,
        origins: vec![of.origin.clone()],
    }
}

/// Figures of `complaint.channels`.
pub(super) fn channels(years: &BTreeMap<i32, Performance>, date: NaiveDate) -> Option<SourcedFigures> {
    let newest = reachable(years, date)?;
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
    Some(sourced(figures, newest))
}

/// Figures of `complaint.online_media`. Media are counted as in the list of indicator 26 in `pekppp-2022.json`: short
/// messages and the telephone are one medium, SP4N-LAPOR! is one by itself.
pub(super) fn online_media(years: &BTreeMap<i32, Performance>, date: NaiveDate) -> Option<SourcedFigures> {
    let newest = reachable(years, date)?;
    let medium = |kind: &'_ str| match kind {
        "sms" | "phone" => "message-or-phone".to_owned(),
        other => other.to_owned(),
    };
    let online = newest.desk.open(date).filter(|c| c.online);
    let mut media: BTreeSet<String> = online.map(|c| medium(&c.kind)).collect();
    if newest.desk.is_connected(date) {
        media.insert("sp4n".to_owned());
    }
    Some(sourced(vec![("media_count", media.len().into())], newest))
}

/// Figures of `complaint.response_time`.
pub(super) fn response_time(years: &BTreeMap<i32, Performance>, date: NaiveDate) -> Option<SourcedFigures> {
    let year = year_before(years, date)?;
    let hours = year
        .slowest_hours
        .map_or(Value::Missing, |hours| Value::Number(whole(hours)));
    Some(sourced(vec![("hours", hours)], year))
}

/// Figures of `complaint.documentation`. Everything received here is kept, so a received report or consultation is an
/// archived one.
pub(super) fn documentation(years: &BTreeMap<i32, Performance>, date: NaiveDate) -> Option<SourcedFigures> {
    let year = year_before(years, date)?;
    let newest = newest(years)?;
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
    let mut sourced = sourced(figures, year);
    if newest.origin != year.origin {
        sourced.origins.push(newest.origin.clone());
    }
    Some(sourced)
}

/// Figures of `complaint.completion`. A report that was archived with a reason could not be completed and is not
/// counted. When all reports through SP4N were archived, there is no percentage.
pub(super) fn completion(years: &BTreeMap<i32, Performance>, date: NaiveDate) -> Option<SourcedFigures> {
    let year = year_before(years, date)?;
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
    Some(sourced(figures, year))
}

/// Whether the unit is connected to SP4N-LAPOR! at `date`, and the event that contains it; `None` while the unit has
/// not published how it can be reached.
pub(super) fn connected(years: &BTreeMap<i32, Performance>, date: NaiveDate) -> Option<(bool, &EventRef)> {
    let newest = reachable(years, date)?;
    Some((newest.desk.is_connected(date), &newest.origin))
}

#[cfg(test)]
#[path = "complaint_tests.rs"]
mod tests;
