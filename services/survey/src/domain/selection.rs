//! Selections of stored responses: by where and when they came from, and by flag.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use prima_platform::request::{self, Faults};
use prima_proto::name;

/// Why a response is conspicuous.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    /// All its answers are the same.
    StraightLine,
    /// One of many of one source and device within a short time.
    Burst,
    /// One of many of one device in a day.
    SharedDevice,
}

/// Responses of a survey that fulfil every condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Their source, as stored; empty for any.
    pub source: String,
    /// When they were accepted: from (inclusive) until (exclusive).
    pub accepted: Times,
    /// When they were answered.
    pub submitted: Times,
    /// Their flags; each applies.
    pub flags: BTreeSet<Flag>,
    /// Label of their import; empty for any.
    pub import: String,
    /// Number of their quarantine; 0 for any.
    pub quarantine: i64,
}

/// An interval of time: from (inclusive) and until (exclusive), each of which may be absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    /// The first time.
    pub from: Option<DateTime<Utc>>,
    /// The end.
    pub until: Option<DateTime<Utc>>,
}

impl Times {
    /// The interval, or a fault of the field of its end when it contains no time.
    pub fn check(self, field: &str, faults: &mut Faults) -> Self {
        if let (Some(from), Some(until)) = (self.from, self.until)
            && from >= until
        {
            faults.add(
                field,
                "must be after the beginning of the interval",
                "Akhir selang waktu harus sesudah awalnya",
            );
        }
        self
    }
}

impl Selection {
    /// Whether it selects every response.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

/// A source of responses, as stored: `link`, `agent`, `token:<batch>` or `kiosk:<device>`.
pub fn source(field: &str, raw: &str, faults: &mut Faults) -> String {
    let known = match raw.split_once(':') {
        None => matches!(raw, "link" | "agent"),
        Some(("token", batch)) => batch
            .parse::<i64>()
            .is_ok_and(|n| n > 0 && n.to_string() == batch),
        Some(("kiosk", device)) => name::id(device).is_ok(),
        Some(_) => false,
    };
    if !known {
        faults.add(
            field,
            "must be `link`, `agent`, `token:{batch}` or `kiosk:{device}`",
            format!(
                "Sumber `{}` harus `link`, `agent`, `token:{{batch}}`, atau `kiosk:{{device}}`",
                request::shown(raw)
            ),
        );
    }
    raw.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stored_source_can_be_selected_and_no_other_text() {
        let faulty = |raw: &str| {
            let mut faults = Faults::default();
            source("source", raw, &mut faults);
            faults.part(()).is_err()
        };
        for stored in ["link", "agent", "token:1", "token:12", "kiosk:lobi-2"] {
            assert!(!faulty(stored), "{stored}");
        }
        for other in [
            "links", "token", "token:", "token:01", "token:-1", "kiosk:", "kiosk:A", "link:1", "agent ",
        ] {
            assert!(faulty(other), "{other}");
        }
    }

    #[test]
    fn an_interval_without_a_time_is_a_fault() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0);
        let faulty = |from, until| {
            let mut faults = Faults::default();
            Times { from, until }.check("until", &mut faults);
            faults.part(()).is_err()
        };
        assert!(faulty(at(5), at(5)) && faulty(at(6), at(5)));
        assert!(!faulty(at(4), at(5)) && !faulty(at(9), None) && !faulty(None, at(0)));
    }
}
