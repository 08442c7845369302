//! Working hours of agencies.

use chrono::{NaiveTime, Timelike};
use prima_platform::failure::Violation;
use serde::{Deserialize, Serialize};

use prima_proto::zone::Zone;

/// Opening and closing time of each weekday, Monday first, in whole minutes; `None` on a day without work.
pub type Week = [Option<(NaiveTime, NaiveTime)>; 7];

/// Keys of the weekdays, Monday first.
pub const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Working hours of an agency in its own time zone. Values are always valid, because [`Hours::new`] checks them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawHours")]
pub struct Hours {
    zone: Zone,
    week: Week,
}

#[derive(Deserialize)]
struct RawHours {
    zone: Zone,
    week: Week,
}

impl TryFrom<RawHours> for Hours {
    type Error = String;

    fn try_from(written: RawHours) -> Result<Self, String> {
        Self::new(written.zone, written.week).map_err(|faults| {
            let descriptions = faults.iter().map(|f| format!("{} {}", f.field, f.description));
            descriptions.collect::<Vec<_>>().join("; ")
        })
    }
}

impl Hours {
    /// The hours of a week. Breaks within a day are not modelled.
    ///
    /// # Errors
    ///
    /// Every fault, under `week[mon]` and so on, or under `week`: a day that does not open before it closes, a time
    /// that is not in whole minutes, a week without a working day.
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
                    "harus dalam menit penuh",
                ));
            }
        }
        if week.iter().all(Option::is_none) {
            faults.push(Violation::new(
                "week",
                "must have at least one working day",
                "harus memiliki paling sedikit satu hari kerja",
            ));
        }
        if faults.is_empty() {
            Ok(Self { zone, week })
        } else {
            Err(faults)
        }
    }

    /// The default hours, Monday to Friday, 08:00 to 16:00. INFERRED: the regulations that were seen mention working
    /// days, but no hours.
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
