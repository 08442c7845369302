//! What is said about something that was accepted, so that nobody has to find out later that it does not count as expected.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use prima_proto::name;

use super::period::Period;

/// Most different days of one survey that a stream of responses is checked for.
const DAYS_MAX: usize = 4000;
/// The first and the last zone of Indonesia, hours before UTC.
const ZONES: [i64; 2] = [7, 9];

/// A notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The stable reason.
    pub reason: &'static str,
    /// The message in English, for engineers.
    pub english: String,
    /// The message in Indonesian, for people.
    pub indonesian: String,
}

/// That the directory does not know the unit of a survey.
pub fn unit_unknown(unit: &name::Unit) -> Notice {
    Notice {
        reason: "UNIT_UNKNOWN",
        english: format!("the directory does not know {unit}; its score is in no table until it does"),
        indonesian: format!(
            "unit {unit} belum terdaftar di direktori; nilainya belum masuk peringkat sampai unit itu didaftarkan"
        ),
    }
}

/// That responses of the same import are in other surveys of the unit too.
pub fn imported_elsewhere(import_id: &str, others: &[String]) -> Notice {
    let others = others.join(", ");
    Notice {
        reason: "IMPORTED_ELSEWHERE",
        english: format!("the import {import_id} is also in {others}"),
        indonesian: format!(
            "impor {import_id} juga ada di {others}; bila berkasnya sama, jawabannya terhitung dua kali"
        ),
    }
}

/// That a change compares other units than those of the period. `base` and `own` count the units of the other period and
/// of this one, `same` those that both have.
pub fn other_units(base_period: &Period, base: usize, period: &Period, own: usize, same: usize) -> Notice {
    Notice {
        reason: "OTHER_UNITS",
        english: format!(
            "{own} units of {period} are compared with {base} of {base_period}; {same} are in both"
        ),
        indonesian: format!(
            "perubahan membandingkan {own} unit ({period}) dengan {base} unit ({base_period}); yang sama {same} unit"
        ),
    }
}

/// Counts responses by the day on which they were submitted. A day is that of the westernmost and of the easternmost zone,
/// so that no response of the first or the last day of a period is taken for one outside.
#[derive(Debug, Clone, Default)]
pub struct Days {
    counts: BTreeMap<[NaiveDate; 2], i64>,
}

impl Days {
    /// Counts a response.
    pub fn add(&mut self, submitted_at: DateTime<Utc>) {
        let day = |hours| (submitted_at + TimeDelta::hours(hours)).date_naive();
        let days = ZONES.map(day);
        if self.counts.len() < DAYS_MAX || self.counts.contains_key(&days) {
            *self.counts.entry(days).or_default() += 1;
        }
    }

    /// That responses were submitted outside the period; `None` when none was.
    pub fn outside(&self, survey: &name::Survey, period: &Period) -> Option<Notice> {
        let (first, last) = (period.first_day(), period.last_day());
        let is_outside = |[west, east]: &[NaiveDate; 2]| *east < first || *west > last;
        let all: i64 = self.counts.values().sum();
        let outside: Vec<_> = self.counts.iter().filter(|(days, _)| is_outside(days)).collect();
        let count: i64 = outside.iter().map(|(_, count)| **count).sum();
        let ([from, _], [to, _]) = (outside.first()?.0, outside.last()?.0);
        Some(Notice {
            reason: "OUTSIDE_PERIOD",
            english: format!(
                "{count} of {all} responses to {survey} were submitted outside {period} ({first} to {last}): {from} to {to}"
            ),
            indonesian: format!(
                "{count} dari {all} jawaban bertanggal di luar periode survei {period} ({first} sampai {last}): {from} sampai {to}"
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;
    use proptest::prelude::*;

    use super::*;

    fn survey() -> name::Survey {
        name::Survey::parse("agencies/3271/units/dpmptsp/surveys/x").unwrap()
    }

    fn outside(times: &[&str], period: &str) -> Option<String> {
        let mut days = Days::default();
        times.iter().for_each(|time| days.add(time.parse().unwrap()));
        let notice = days.outside(&survey(), &period.parse().unwrap())?;
        Some(notice.indonesian)
    }

    #[test]
    fn responses_of_other_months_are_counted_with_their_days() {
        let text = outside(
            &[
                "2024-01-03T03:00:00Z",
                "2024-05-09T03:00:00Z",
                "2024-11-01T03:00:00Z",
            ],
            "2024-q4",
        );
        let text = text.unwrap();
        assert!(
            text.starts_with("2 dari 3") && text.ends_with("2024-01-03 sampai 2024-05-09"),
            "{text}"
        );
        assert_eq!(outside(&["2024-11-01T03:00:00Z"], "2024-q4"), None);
        assert_eq!(outside(&[], "2024"), None);
    }

    #[test]
    fn no_zone_of_indonesia_makes_a_response_one_of_another_period() {
        // 00:30 WIT of 1 January, and 23:30 WIB of 31 December.
        assert_eq!(outside(&["2023-12-31T15:30:00Z"], "2024"), None);
        assert_eq!(outside(&["2024-12-31T16:30:00Z"], "2024"), None);
        assert!(outside(&["2023-12-31T14:59:00Z"], "2024").is_some());
        assert!(outside(&["2024-12-31T17:00:00Z"], "2024").is_some());
    }

    proptest! {
        #[test]
        fn every_response_is_counted_once(seconds in prop::collection::vec(1_700_000_000..1_740_000_000_i64, 1..50)) {
            let mut days = Days::default();
            let times: Vec<DateTime<Utc>> = seconds.iter().filter_map(|s| DateTime::from_timestamp(*s, 0)).collect();
            times.iter().for_each(|time| days.add(*time));
            let period: Period = "2024".parse().unwrap();
            let zone = |hours: i32| FixedOffset::east_opt(hours * 3600).unwrap();
            let of_year = |time: &&DateTime<Utc>| {
                let day = |hours| time.with_timezone(&zone(hours)).date_naive();
                (period.first_day()..=period.last_day()).contains(&day(7)) || (period.first_day()..=period.last_day()).contains(&day(9))
            };
            let outside = times.len() - times.iter().filter(of_year).count();
            let said = days.outside(&survey(), &period).map(|notice| notice.indonesian);
            match said {
                None => prop_assert_eq!(outside, 0),
                Some(text) => prop_assert!(text.starts_with(&format!("{outside} dari {} ", times.len())), "{}", text),
            }
        }
    }
}
