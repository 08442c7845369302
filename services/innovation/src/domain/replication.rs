//! Replication, follow-up and knowledge transfer.

use chrono::NaiveDate;
use prima_platform::failure::Violation;
use serde::{Deserialize, Serialize};

use super::innovation::Link;

/// The content of a replication, without names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replication {
    /// Innovation that the adopter registered for it; may be empty.
    pub replica: String,
    /// Day of adoption.
    pub adopted: NaiveDate,
    /// Whether it was adopted only in part.
    pub partial: bool,
    /// Evidence.
    pub evidence: Vec<Link>,
    /// Follow-ups, the oldest first.
    pub follow_ups: Vec<FollowUp>,
}

/// A follow-up: whether a replica was in use on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    /// Day of the follow-up.
    pub date: NaiveDate,
    /// Whether it was in use.
    pub in_use: bool,
    /// Remark.
    pub remark: String,
}

/// An event of knowledge transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Title.
    pub title: String,
    /// Day.
    pub date: NaiveDate,
    /// Names of the units that took part.
    pub receivers: Vec<String>,
    /// Evidence.
    pub evidence: Vec<Link>,
}

/// Maximum number of follow-ups of one replication.
const FOLLOW_UPS_MAX: usize = 100;

impl Replication {
    /// Whether it was in use at the last follow-up; without a follow-up it counts as in use.
    pub fn in_use(&self) -> bool {
        self.follow_ups.last().is_none_or(|f| f.in_use)
    }

    /// Adds a follow-up, in order of days.
    ///
    /// # Errors
    ///
    /// The day is before the adoption or in the future, has a follow-up already, or there are a hundred follow-ups.
    pub fn follow_up(&mut self, new: FollowUp, today: NaiveDate) -> Result<(), Vec<Violation>> {
        let mut faults = Vec::new();
        if new.date < self.adopted || new.date > today {
            faults.push(Violation::new(
                "follow_up.date",
                "must be between the adoption and today",
                "harus antara tanggal adopsi dan hari ini",
            ));
        }
        if self.follow_ups.len() >= FOLLOW_UPS_MAX || self.follow_ups.iter().any(|f| f.date == new.date) {
            faults.push(Violation::new(
                "follow_up.date",
                "has a follow-up already, or there are 100 follow-ups already",
                "sudah dicatat, atau sudah ada 100 pemantauan",
            ));
        }
        if faults.is_empty() {
            self.follow_ups.push(new);
            self.follow_ups.sort_by_key(|f| f.date);
            Ok(())
        } else {
            Err(faults)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_follow_up_decides_whether_a_replica_is_in_use() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let mut replication = Replication {
            replica: String::new(),
            adopted: day("2020-01-01"),
            partial: false,
            evidence: Vec::new(),
            follow_ups: Vec::new(),
        };
        let follow_up = |date: &str, in_use: bool| FollowUp {
            date: day(date),
            in_use,
            remark: String::new(),
        };
        let today = day("2023-01-01");
        assert!(replication.in_use());
        replication
            .follow_up(follow_up("2022-01-01", false), today)
            .unwrap();
        replication
            .follow_up(follow_up("2021-01-01", true), today)
            .unwrap();
        assert!(
            !replication.in_use(),
            "the latest day counts, not the one recorded last"
        );
        for date in ["2019-12-31", "2023-01-02", "2022-01-01"] {
            assert!(
                replication.follow_up(follow_up(date, true), today).is_err(),
                "{date}"
            );
        }
    }
}
