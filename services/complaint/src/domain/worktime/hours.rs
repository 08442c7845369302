//! When an agency is open.

use chrono::{NaiveTime, Timelike};
use prima_platform::failure::Violation;
use serde::{Deserialize, Serialize};

use super::zone::Zone;

/// Opening and closing time of each weekday, Monday first; `None` on a day without work. Whole minutes.
pub type Week = [Option<(NaiveTime, NaiveTime)>; 7];

/// Keys of the weekdays, Monday first.
pub const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Working hours of an agency in its own time zone. Always valid: see [`Hours::new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Hours {
    zone: Zone,
    week: Week,
}

#[derive(Deserialize)]
struct Written {
    zone: Zone,
    week: Week,
}

impl TryFrom<Written> for Hours {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        Self::new(written.zone, written.week).map_err(|faults| {
            let told = faults.iter().map(|f| format!("{} {}", f.field, f.description));
            told.collect::<Vec<_>>().join("; ")
        })
    }
}

impl Hours {
    /// Hours of a week. An agency that is open without a break closes at its last minute.
    ///
    /// # Errors
    ///
    /// Every fault, under `week[mon]` and so on, or `week`: a day that does not open before it closes, a time with seconds,
    /// no working day in the week.
    pub fn new(zone: Zone, week: Week) -> Result<Self, Vec<Violation>> {
        let mut faults = Vec::new();
        for (key, (open, close)) in WEEKDAYS.iter().zip(&week).filter_map(|(k, d)| Some((k, (*d)?))) {
            if open >= close {
                faults.push(Violation::new(
                    format!("week[{key}]"),
                    "must open before it closes",
                    "jam buka harus sebelum jam tutup",
                ));
            }
            if [open, close]
                .iter()
                .any(|t| t.second() != 0 || t.nanosecond() != 0)
            {
                faults.push(Violation::new(
                    format!("week[{key}]"),
                    "must be in whole minutes",
                    "harus dalam menit bulat",
                ));
            }
        }
        if week.iter().all(Option::is_none) {
            faults.push(Violation::new(
                "week",
                "needs one working day at least",
                "paling sedikit satu hari kerja",
            ));
        }
        if faults.is_empty() {
            Ok(Self { zone, week })
        } else {
            Err(faults)
        }
    }

    /// Monday to Friday, 08:00 to 16:00. INFERRED: the regulations seen name working days, not the hours of an agency.
    pub fn usual(zone: Zone) -> Self {
        let at = |hour| NaiveTime::MIN.with_hour(hour).unwrap_or_default();
        let day = Some((at(8), at(16)));
        Self {
            zone,
            week: [day, day, day, day, day, None, None],
        }
    }

    /// The time zone.
    pub fn zone(&self) -> Zone {
        self.zone
    }

    /// Opening and closing time of each weekday, Monday first.
    pub fn week(&self) -> &Week {
        &self.week
    }
}

impl Default for Hours {
    fn default() -> Self {
        Self::usual(Zone::default())
    }
}
