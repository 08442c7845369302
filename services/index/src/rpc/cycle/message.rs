//! Cycles from messages and to messages.

use std::collections::BTreeSet;

use prima_platform::{
    clock::{from_micros, from_proto, micros, to_proto},
    etag,
    failure::Violation,
    request::Choice,
    unicode,
};
use prima_proto::index::v1 as pb;

use crate::domain::cycle::{Cycle, Scheme, Window};

/// Maximum number of evaluators that a cycle names, and of deciders of objections.
const NAMED_MAX: usize = 1000;
/// Longest subject of a token, bytes.
const SUBJECT_MAX: usize = 200;
const SCHEME: Choice = Choice {
    english: "scheme",
    indonesian: "Skema",
};

/// Checks the token subjects that a cycle names.
pub fn subjects(field: &str, given: Vec<String>) -> Result<Vec<String>, Violation> {
    let each_once: BTreeSet<&String> = given.iter().collect();
    let sound = |s: &String| (1..=SUBJECT_MAX).contains(&s.len()) && unicode::is_plain(s);
    if given.len() <= NAMED_MAX && each_once.len() == given.len() && given.iter().all(sound) {
        return Ok(given);
    }
    Err(Violation::new(
        field,
        "must be at most 1000 subjects of tokens, each once, of 1 to 200 bytes, without characters that deceive",
        "harus paling banyak 1000 subjek token, masing-masing satu kali, 1 sampai 200 bita, tanpa karakter yang mengecoh",
    ))
}

/// Parses the scheme in a field.
pub fn scheme(field: &str, raw: i32) -> Result<Scheme, Violation> {
    SCHEME.required(field, raw, |scheme| match scheme {
        pb::Scheme::Unspecified => None,
        pb::Scheme::Nasional => Some(Scheme::Nasional),
        pb::Scheme::Mandiri => Some(Scheme::Mandiri),
        pb::Scheme::Khusus => Some(Scheme::Khusus),
    })
}

/// Parses the window in a field.
pub fn window(field: &str, given: Option<pb::Window>) -> Result<Window, Violation> {
    let time = |t: &Option<prost_types::Timestamp>| t.as_ref().and_then(from_proto).map(micros);
    let found = given.and_then(|w| {
        Some(Window {
            open: time(&w.open_time)?,
            close: time(&w.close_time)?,
        })
    });
    found.filter(|w| w.open < w.close).ok_or_else(|| {
        Violation::new(
            field,
            "needs an open_time and a close_time after it",
            "perlu open_time dan close_time sesudahnya",
        )
    })
}

fn at(micros: i64) -> prost_types::Timestamp {
    to_proto(from_micros(micros))
}

fn window_message(window: Window) -> pb::Window {
    pb::Window {
        open_time: Some(at(window.open)),
        close_time: Some(at(window.close)),
    }
}

/// A cycle as a message.
pub fn cycle(cycle: &Cycle) -> pb::Cycle {
    let scheme = match cycle.scheme {
        Scheme::Nasional => pb::Scheme::Nasional,
        Scheme::Mandiri => pb::Scheme::Mandiri,
        Scheme::Khusus => pb::Scheme::Khusus,
    };
    let settings = &cycle.settings;
    pb::Cycle {
        name: cycle.name().to_string(),
        display_name: settings.display_name.clone(),
        scheme: scheme.into(),
        year: cycle.year.clone(),
        agency: match cycle.agency.as_str() {
            "" => String::new(),
            agency => format!("agencies/{agency}"),
        },
        instrument: cycle.instrument.clone(),
        weighting: settings.weighting.as_str().to_owned(),
        roll_up: settings.roll_up.clone(),
        minimum_respondents: settings.minimum_respondents,
        under_minimum_policy: settings.policy.as_str().to_owned(),
        evaluation_date: settings.evaluation_date.clone(),
        suggestions_count: settings.suggestions_count,
        self_assessment_window: Some(window_message(settings.self_assessment)),
        evidence_window: Some(window_message(settings.evidence)),
        evaluation_window: Some(window_message(settings.evaluation)),
        objection_window: settings.objection.map(window_message),
        final_time: cycle.final_at.map(at),
        create_time: Some(at(cycle.created_at)),
        etag: etag::of(cycle.etag),
        evaluators: settings.evaluators.clone(),
        objection_deciders: settings.objection_deciders.clone(),
    }
}

/// A cycle as a message, without its evaluators and deciders.
pub fn without_evaluators(of: &Cycle) -> pb::Cycle {
    pb::Cycle {
        evaluators: Vec::new(),
        objection_deciders: Vec::new(),
        ..cycle(of)
    }
}
