//! Renders what the service publishes: figures and scores of units, and scores of agencies.

use chrono::NaiveDate;
use prima_platform::{
    number::{self, Rational},
    outbox::State,
};
use prima_proto::{
    event::v1 as event,
    name,
    period::Period,
    score::{self, ALL_CASES, Figures, Key},
    subject,
};
use prost::Message;

use crate::{
    domain::{
        desk::{self, DeskChannel, Record},
        performance::{Group, Score, definition},
    },
    store::figures::Facts,
};

/// Name of the service, its schema and its stream.
pub const SERVICE: &str = "complaint";
/// Must be raised whenever the same state is rendered differently.
const REVISION: i64 = 2;

/// Microseconds of an hour.
const HOUR: i64 = 3_600_000_000;

fn state(subject: String, event_type: &'static str, version: i64, payload: Option<Vec<u8>>) -> State {
    State::new(subject, event_type, REVISION, version, payload)
}

fn decimal(value: Option<Rational>, places: u32) -> String {
    value
        .map(|value| number::decimal(&value, places))
        .unwrap_or_default()
}

fn day(day: Option<NaiveDate>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}

fn group((key, group): (impl Into<String>, &Group)) -> event::ComplaintGroupFacts {
    let counts = &group.counts;
    event::ComplaintGroupFacts {
        key: key.into(),
        received: counts.received,
        archived: counts.archived,
        resolved: counts.resolved,
        resolved_in_time: counts.resolved_in_time,
        overdue: counts.overdue,
        verified: counts.verified,
        verified_in_time: counts.verified_in_time,
        reopened: counts.reopened,
        mean_days: decimal(group.days.mean(), 2),
        median_days: decimal(group.days.median(), 1),
    }
}

fn channel(channel: &DeskChannel) -> event::ComplaintChannelFacts {
    event::ComplaintChannelFacts {
        kind: channel.channel.key().to_owned(),
        online: desk::is_online(channel.channel),
        since_date: channel.since.to_string(),
        until_date: day(channel.until),
    }
}

fn record(record: &Record) -> event::ComplaintRecordFacts {
    event::ComplaintRecordFacts {
        kind: record.kind.key().to_owned(),
        date: record.date.to_string(),
    }
}

pub fn facts(facts: &Facts) -> event::ComplaintPerformanceState {
    let (figures, consulted, desk) = (&facts.figures, &facts.consulted, &facts.desk);
    let (all, sp4n) = (&figures.all, &figures.sp4n);
    let hours = |hours: Option<i64>| hours.map(|h| h.to_string()).unwrap_or_default();
    let rounded_up = |micros: i64| micros.div_euclid(HOUR) + i64::from(micros.rem_euclid(HOUR) > 0);
    // A class or channel that has only merged reports has no figures to show.
    let shown = |group: &Group| group.counts.received > 0;
    let by_class = figures.by_class.iter().filter(|(_, g)| shown(g));
    let by_channel = figures.by_channel.iter().filter(|(_, g)| shown(g));
    let (unit, agency) = match &facts.subject {
        name::Subject::Unit(unit) => (unit.to_string(), String::new()),
        name::Subject::Agency(agency) => (String::new(), agency.to_string()),
    };
    event::ComplaintPerformanceState {
        unit,
        agency,
        late: all.late,
        in_time: all.in_time,
        period: facts.period.to_string(),
        received: all.received,
        archived: all.archived,
        merged: all.merged,
        verified: all.verified,
        verified_in_time: all.verified_in_time,
        resolved: all.resolved,
        resolved_in_time: all.resolved_in_time,
        overdue: all.overdue,
        open: all.open,
        reopened: all.reopened,
        sp4n: sp4n.received,
        sp4n_archived: sp4n.archived,
        sp4n_resolved: sp4n.resolved,
        mean_days: decimal(figures.days.mean(), 2),
        median_days: decimal(figures.days.median(), 1),
        mean_response_days: decimal(figures.response_days.mean(), 2),
        slowest_response_hours: hours(figures.response_hours.highest()),
        ratings: figures.ratings.count(),
        rating_total: figures.ratings.total(),
        by_class: by_class.map(group).collect(),
        by_channel: by_channel.map(|(key, of)| group((*key, of))).collect(),
        consultations: consulted.received,
        consultations_completed: consulted.completed,
        slowest_consultation_hours: hours(consulted.slowest_first_answer_micros.map(rounded_up)),
        channels: desk.channels_in_order().into_iter().map(channel).collect(),
        separate_since_date: day(desk.separate_since),
        sp4n_since_date: day(desk.sp4n_since),
        records: desk.records_in_order().into_iter().map(record).collect(),
    }
}

/// The event with the figures of a unit in a year.
pub fn performance(unit: &name::Unit, year: &Facts, version: i64) -> State {
    let subject = subject::complaint_performance(unit, year.period.as_str());
    let payload = Some(facts(year).encode_to_vec());
    state(subject, subject::COMPLAINT_PERFORMANCE_TYPE, version, payload)
}

fn key(period: &Period, subject: impl Into<name::Subject>) -> Key {
    Key::new(SERVICE, &definition().metric, period.as_str(), subject)
}

fn published(key: Key, value: &Rational, last: bool) -> score::Score {
    key.score(Figures {
        exact: number::exact(value),
        fraction: number::fraction(value),
        value: number::decimal(value, 2),
        category: String::new(),
        instrument: definition().id.clone(),
        settled: last,
    })
}

fn scored(event: score::Event, version: i64) -> State {
    state(event.subject, event.event_type, version, event.payload)
}

/// The score of a unit or an agency in a period. `last` says that only a reopened report can still change it.
pub fn score(facts: &Facts, score: &Score, last: bool) -> event::ScoreState {
    of_reports(facts, score, last).state()
}

fn of_reports(facts: &Facts, score: &Score, last: bool) -> score::Score {
    let key = key(&facts.period, facts.subject.clone());
    let published = published(key, &score.value, last).sample(score.sample, definition().sample_minimum);
    let components = score.components.iter();
    let components = components.map(|(key, value)| (*key, number::decimal(value, 4)));
    match facts.subject {
        name::Subject::Unit(_) => published.components(components),
        name::Subject::Agency(_) => published.units(facts.units, facts.units, ALL_CASES),
    }
}

/// The event with the score of a unit or an agency in a year; it withdraws the score when `value` is `None`.
pub fn score_event(facts: &Facts, version: i64, value: Option<&Score>, last: bool) -> State {
    let event = match value {
        Some(value) => of_reports(facts, value, last).event(),
        None => key(&facts.period, facts.subject.clone()).withdrawn(),
    };
    scored(event, version)
}
