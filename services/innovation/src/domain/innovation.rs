//! Innovations: their content, and which states can follow each other.

use std::ops::RangeInclusive;

use chrono::{Datelike, NaiveDate};
use prima_platform::failure::{Failure, Kind, Violation};
use serde::{Deserialize, Serialize};

use super::{
    calendar::{FIRST_YEAR, YEARS},
    catalogue,
};

/// Status of an innovation; it only moves forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Gagasan.
    #[default]
    Idea,
    /// Persiapan.
    Preparation,
    /// Diterapkan.
    Implemented,
    /// Dihentikan; final.
    Stopped,
}

impl Status {
    /// Its name in the database and in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idea => "idea",
            Self::Preparation => "preparation",
            Self::Implemented => "implemented",
            Self::Stopped => "stopped",
        }
    }
}

/// The legal basis (payung hukum).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LegalBasis {
    /// None.
    #[default]
    None,
    /// Drafted.
    Draft,
    /// In force.
    Enacted,
}

impl LegalBasis {
    /// Its name in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Draft => "draft",
            Self::Enacted => "enacted",
        }
    }
}

/// A resource other than the legal basis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Support {
    /// Anggaran.
    Budget,
    /// Sarana dan prasarana.
    Facilities,
    /// SDM.
    People,
}

impl Support {
    /// Its name in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Budget => "budget",
            Self::Facilities => "facilities",
            Self::People => "people",
        }
    }
}

/// A document or page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Title.
    pub title: String,
    /// Address.
    pub url: String,
}

/// An award.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Award {
    /// Year of the round.
    pub year: i32,
    /// Key, such as `top-45`.
    pub award: String,
    /// Resource name of the round; empty for awards from before Prima.
    #[serde(default)]
    pub round: String,
}

/// The content of an innovation, without its name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Innovation {
    /// Title.
    pub title: String,
    /// Description.
    pub description: String,
    /// Inisiator.
    pub initiator: String,
    /// Key of a category; may be empty.
    pub category: String,
    /// Goals of sustainable development.
    pub sdgs: Vec<i32>,
    /// Status.
    pub status: Status,
    /// First day of implementation.
    pub start_date: Option<NaiveDate>,
    /// Last day.
    pub stop_date: Option<NaiveDate>,
    /// Name of the innovation it replicates; empty when it is new.
    pub source: String,
    /// Documents and links.
    pub documents: Vec<Link>,
    /// The legal basis.
    pub legal_basis: LegalBasis,
    /// Other resources.
    pub supports: Vec<Support>,
    /// Awards from before Prima.
    pub former_awards: Vec<Award>,
}

impl Innovation {
    /// Every fault of its fields on the day `today`; fields are named under `innovation.`.
    pub fn faults(&self, today: NaiveDate) -> Vec<Violation> {
        let mut faults = Vec::new();
        let mut fault = |wrong: bool, field: &str, english: &str, indonesian: &str| {
            if wrong {
                faults.push(Violation::new(format!("innovation.{field}"), english, indonesian));
            }
        };
        let implemented = self.status == Status::Implemented;
        let stopped = self.status == Status::Stopped;
        fault(
            implemented && self.start_date.is_none(),
            "start_date",
            "is required once it is implemented",
            "wajib diisi bila inovasi sudah diterapkan",
        );
        fault(
            self.status < Status::Implemented && self.start_date.is_some(),
            "start_date",
            "must be empty until it is implemented",
            "harus kosong sebelum inovasi diterapkan",
        );
        fault(
            self.start_date.is_some_and(|d| d > today),
            "start_date",
            "must not be in the future",
            "tidak boleh di masa depan",
        );
        fault(
            stopped != self.stop_date.is_some(),
            "stop_date",
            "must be given when it is stopped, and only then",
            "diisi bila inovasi dihentikan, selain itu kosong",
        );
        fault(
            self.stop_date
                .is_some_and(|d| d > today || self.start_date.is_some_and(|s| d < s)),
            "stop_date",
            "must lie between start_date and today",
            "harus antara tanggal mulai dan hari ini",
        );
        fault(
            !self.category.is_empty() && catalogue::category(&self.category).is_none(),
            "category",
            "is not a known category",
            "kategori tidak dikenal",
        );
        fault(
            self.sdgs.iter().any(|n| !(1..=17).contains(n)) || repeats(&self.sdgs),
            "sdgs",
            "must be goals 1 to 17, each once",
            "harus tujuan 1 sampai 17, masing-masing satu kali",
        );
        fault(
            repeats(&self.supports),
            "supports",
            "must not repeat",
            "tidak boleh berulang",
        );
        fault(
            self.former_awards
                .iter()
                .any(|a| !(2000..=2100).contains(&a.year)),
            "former_awards",
            "must have years from 2000 to 2100",
            "tahun penghargaan harus antara 2000 dan 2100",
        );
        faults
    }

    /// Succeeds when `next` may follow this state.
    ///
    /// # Errors
    ///
    /// The status would move back, or a stopped innovation would change.
    pub fn followed_by(&self, next: &Self) -> Result<(), Failure> {
        if self.status == Status::Stopped || next.status < self.status {
            return Err(Failure::new(
                Kind::Precondition,
                "STATUS_GOES_BACK",
                format!("{} can't become {}", self.status.as_str(), next.status.as_str()),
                "Status inovasi tidak dapat dikembalikan ke tahap sebelumnya; inovasi yang dihentikan tidak dapat diubah",
            ));
        }
        Ok(())
    }

    /// The years in whose portfolios of the unit it is included: from registration or implementation, whichever came
    /// first, until it was stopped or `this_year`.
    pub fn years(&self, registered: NaiveDate, this_year: i32) -> RangeInclusive<i32> {
        let first = self.start_date.map_or(registered, |start| start.min(registered));
        let last = self
            .stop_date
            .map_or(this_year, |stop| stop.year().min(this_year));
        first.year().clamp(FIRST_YEAR, *YEARS.end())..=last
    }

    /// Whether it was in operation in `year`, if only for a day; such innovations count for the obligation.
    pub fn in_operation_in(&self, year: i32) -> bool {
        self.start_date.is_some_and(|start| start.year() <= year)
            && self.stop_date.is_none_or(|stop| stop.year() >= year)
    }
}

fn repeats<T: PartialEq>(list: &[T]) -> bool {
    (1..)
        .zip(list)
        .any(|(next, one)| list.iter().skip(next).any(|other| other == one))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at_work() -> Innovation {
        Innovation {
            title: "Sipandu".into(),
            status: Status::Implemented,
            start_date: Some(date("2020-03-01")),
            ..Innovation::default()
        }
    }

    fn fields(innovation: &Innovation) -> Vec<String> {
        innovation
            .faults(date("2022-06-01"))
            .into_iter()
            .map(|f| f.field)
            .collect()
    }

    #[test]
    fn dates_fit_the_status() {
        assert!(fields(&at_work()).is_empty());
        for (change, field) in [
            (
                Innovation {
                    start_date: None,
                    ..at_work()
                },
                "innovation.start_date",
            ),
            (
                Innovation {
                    start_date: Some(date("2022-06-02")),
                    ..at_work()
                },
                "innovation.start_date",
            ),
            (
                Innovation {
                    status: Status::Idea,
                    ..at_work()
                },
                "innovation.start_date",
            ),
            (
                Innovation {
                    status: Status::Stopped,
                    ..at_work()
                },
                "innovation.stop_date",
            ),
            (
                Innovation {
                    stop_date: Some(date("2021-01-01")),
                    ..at_work()
                },
                "innovation.stop_date",
            ),
            (
                Innovation {
                    category: "apa".into(),
                    ..at_work()
                },
                "innovation.category",
            ),
            (
                Innovation {
                    sdgs: vec![3, 3],
                    ..at_work()
                },
                "innovation.sdgs",
            ),
            (
                Innovation {
                    sdgs: vec![18],
                    ..at_work()
                },
                "innovation.sdgs",
            ),
        ] {
            assert_eq!(fields(&change), [field], "{change:?}");
        }
        let stopped = Innovation {
            status: Status::Stopped,
            stop_date: Some(date("2020-02-29")),
            ..at_work()
        };
        assert_eq!(fields(&stopped), ["innovation.stop_date"], "before it began");
    }

    #[test]
    fn a_status_only_goes_forward_and_ends_with_stopped() {
        let stopped = Innovation {
            status: Status::Stopped,
            stop_date: Some(date("2021-12-31")),
            ..at_work()
        };
        let idea = Innovation::default();
        assert!(idea.followed_by(&at_work()).is_ok() && at_work().followed_by(&stopped).is_ok());
        assert!(at_work().followed_by(&at_work()).is_ok());
        assert!(at_work().followed_by(&idea).is_err() && stopped.followed_by(&stopped).is_err());
    }

    #[test]
    fn an_innovation_belongs_to_the_years_from_its_registration_to_its_end() {
        let registered = date("2021-05-01");
        assert_eq!(at_work().years(registered, 2022), 2020..=2022);
        assert_eq!(Innovation::default().years(registered, 2022), 2021..=2022);
        let old = Innovation {
            start_date: Some(date("1999-01-01")),
            ..at_work()
        };
        assert_eq!(old.years(registered, 2022), 2014..=2022);
        let stopped = Innovation {
            stop_date: Some(date("2021-01-01")),
            ..at_work()
        };
        assert_eq!(stopped.years(registered, 2022), 2020..=2021);
        assert!(
            stopped.in_operation_in(2021) && !stopped.in_operation_in(2022) && !stopped.in_operation_in(2019)
        );
        assert!(
            !Innovation::default().in_operation_in(2021),
            "an idea is not in operation"
        );
    }
}
