//! A survey of one unit and period: when it accepts responses, what may be changed, and whether it is compatible with others.

pub(super) mod terms;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, SubsecRound, TimeDelta, Utc};
use prima_platform::{
    failure::{Failure, Kind, Violation},
    request::Faults,
};
use prima_proto::name;

pub use self::terms::{AccessMode, ServicePopulation, period, population, service_id};
pub use super::asked::{Asked, OWN_PREFIX, OwnElement};
use super::instrument::{self, Wording};
use super::period::Period;
use super::sample;
use super::weights::WeightVariant;

/// The state of a survey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// `open_at` is in the future; no responses are accepted yet.
    Scheduled,
    /// Responses are accepted.
    Open,
    /// It was closed by a caller or at `close_at`, which is final unless a caller opens it again.
    Closed,
}

/// A survey that fulfils every rule of [`create`](super::draft::create). Its times have whole microseconds, as they are stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// Resource name.
    pub name: name::Survey,
    /// Title, at most 200 characters; may be empty.
    pub display_name: String,
    /// The reporting period.
    pub period: Period,
    /// Id of a known instrument.
    pub instrument: String,
    /// Weight variant, one that the instrument allows.
    pub weights: WeightVariant,
    /// Elements asked, in the printed order; at least one is not optional.
    pub asked: Vec<Asked>,
    /// Time from which responses are accepted; `None` means from the creation.
    pub open_at: Option<DateTime<Utc>>,
    /// Time until which responses are accepted (exclusive); `None` means until a caller closes the survey.
    pub close_at: Option<DateTime<Utc>>,
    /// When a caller closed it.
    pub closed_at: Option<DateTime<Utc>>,
    /// Service users in the previous period, at most 1,000,000,000; 0 when not declared.
    pub population: i64,
    /// The same per public service, each once; if there are any, `population` is their sum.
    pub service_populations: Vec<ServicePopulation>,
    /// Access modes, at least one.
    pub access: BTreeSet<AccessMode>,
    /// Whose words citizens are shown.
    pub wording: Wording,
}

/// New values of fields; `None` leaves a field unchanged, `Some(None)` clears it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Change {
    /// New title.
    pub display_name: Option<String>,
    /// New opening time; only while the survey is not open yet.
    pub open_at: Option<Option<DateTime<Utc>>>,
    /// New closing time.
    pub close_at: Option<Option<DateTime<Utc>>>,
    /// New number of users.
    pub population: Option<i64>,
    /// New numbers of users per public service.
    pub service_populations: Option<Vec<ServicePopulation>>,
    /// New access modes; an empty set means [`AccessMode::Agent`].
    pub access: Option<BTreeSet<AccessMode>>,
}

/// Why the state of a survey does not allow an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The survey is closed.
    #[error("the survey is closed")]
    Closed,
    /// The survey is not open yet.
    #[error("the survey is not open yet")]
    NotOpenYet,
    /// The response was submitted before the survey opened.
    #[error("the response was submitted before the survey opened")]
    BeforeOpening,
    /// The response was submitted after the survey closed.
    #[error("the response was submitted after the survey closed")]
    AfterClosing,
}

impl Refusal {
    /// The stable reason sent in `ErrorInfo`.
    pub fn reason(&self) -> &'static str {
        match self {
            Refusal::Closed => "SURVEY_CLOSED",
            Refusal::NotOpenYet => "SURVEY_NOT_OPEN",
            Refusal::BeforeOpening => "RESPONSE_BEFORE_OPENING",
            Refusal::AfterClosing => "RESPONSE_AFTER_CLOSING",
        }
    }

    /// The text for people, in Indonesian.
    pub fn localized(&self) -> String {
        match self {
            Refusal::Closed => "Survei sudah ditutup",
            Refusal::NotOpenYet => "Survei belum dibuka",
            Refusal::BeforeOpening => "Tanggapan diisi sebelum survei dibuka",
            Refusal::AfterClosing => "Tanggapan diisi setelah survei ditutup",
        }
        .to_owned()
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::new(
            Kind::Precondition,
            refusal.reason(),
            refusal.to_string(),
            refusal.localized(),
        )
    }
}

/// Why a survey was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The state of the survey does not allow changes.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The change has these faults; at least one.
    #[error("the change has {} faults", .0.len())]
    Invalid(Vec<Violation>),
}

impl From<ChangeError> for Failure {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Refused(refusal) => refusal.into(),
            ChangeError::Invalid(violations) => Self::invalid(violations),
        }
    }
}

impl Survey {
    /// The state of the survey at `now`. The end is exclusive: at `close_at` it is closed.
    pub fn state(&self, now: DateTime<Utc>) -> State {
        if self.closed_at.is_some() || self.close_at.is_some_and(|close| close <= now) {
            State::Closed
        } else if self.open_at.is_some_and(|open| open > now) {
            State::Scheduled
        } else {
            State::Open
        }
    }

    /// Closes the survey; a survey that is not open yet may be closed too.
    ///
    /// # Errors
    ///
    /// [`Refusal::Closed`] when it is closed already.
    pub fn close(&mut self, now: DateTime<Utc>) -> Result<(), Refusal> {
        match self.state(now) {
            State::Closed => Err(Refusal::Closed),
            State::Scheduled | State::Open => {
                self.closed_at = micros(Some(now));
                Ok(())
            }
        }
    }

    /// Opens a closed survey again, until a new closing time if there is one.
    ///
    /// # Errors
    ///
    /// The closing time is not after `now` and after the opening time.
    pub fn reopen(
        &mut self,
        close_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<(), Vec<Violation>> {
        let mut faults = Faults::default();
        let earliest = self.open_at.map_or(now, |open| open.max(now));
        if close_at.is_some_and(|close| close <= earliest) {
            faults.add(
                "close_time",
                "must be in the future, and after the opening time",
                "Waktu tutup harus di masa depan, dan setelah waktu buka",
            );
        }
        faults.part(())?;
        (self.closed_at, self.close_at) = (None, micros(close_at));
        Ok(())
    }

    /// Changes the given fields, or none of them when there is a fault.
    ///
    /// # Errors
    ///
    /// The survey is closed, or every fault of the change. The opening time of an open survey cannot be changed, because
    /// responses were accepted under it.
    pub fn change(&mut self, change: Change, now: DateTime<Utc>) -> Result<(), ChangeError> {
        let state = self.state(now);
        if state == State::Closed {
            return Err(Refusal::Closed.into());
        }
        let mut faults = Faults::default();
        let mut changed = self.clone();
        let schedule_field = if change.close_at.is_some() {
            "survey.close_time"
        } else {
            "survey.open_time"
        };
        if let Some(display_name) = change.display_name {
            changed.display_name = terms::display_name(&display_name, &mut faults);
        }
        if let Some(open_at) = change.open_at {
            changed.open_at = micros(open_at);
            if state == State::Open && changed.open_at != self.open_at {
                faults.add(
                    "survey.open_time",
                    "cannot change once the survey is open",
                    "Waktu buka tidak dapat diubah setelah survei dibuka",
                );
            }
        }
        if let Some(close_at) = change.close_at {
            changed.close_at = micros(close_at);
        }
        terms::check_schedule(
            changed.open_at,
            changed.close_at,
            now,
            schedule_field,
            &mut faults,
        );
        if change.population.is_some() || change.service_populations.is_some() {
            // With public services the sum may be omitted; without them the declared population is kept.
            let services = change
                .service_populations
                .unwrap_or_else(|| self.service_populations.clone());
            let kept = if services.is_empty() { self.population } else { 0 };
            let population = change.population.unwrap_or(kept);
            changed.population = terms::population("survey.", population, &services, &mut faults);
            changed.service_populations = services;
        }
        if let Some(access) = change.access {
            changed.access = terms::access(access);
        }
        *self = faults.part(changed).map_err(ChangeError::Invalid)?;
        Ok(())
    }

    /// When it ended: the time at which it was closed, else its closing time.
    fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.closed_at.or(self.close_at)
    }

    /// `Ok` when a response that was submitted at `submitted_at` may be stored at `now`. Devices that collect responses
    /// offline send them when they are connected again, so for `grace` after its end a survey accepts responses that
    /// were submitted before it.
    ///
    /// # Errors
    ///
    /// The survey is not open and did not end less than `grace` ago, or the response was not submitted while it was
    /// open.
    pub fn accepts(
        &self,
        submitted_at: DateTime<Utc>,
        now: DateTime<Utc>,
        grace: TimeDelta,
    ) -> Result<(), Refusal> {
        match self.state(now) {
            State::Closed => {
                let late = |end: DateTime<Utc>| submitted_at < end && now.signed_duration_since(end) < grace;
                if !self.ended_at().is_some_and(late) {
                    return Err(Refusal::Closed);
                }
            }
            State::Scheduled => return Err(Refusal::NotOpenYet),
            State::Open => {}
        }
        if self.open_at.is_some_and(|open| submitted_at < open) {
            return Err(Refusal::BeforeOpening);
        }
        if self.close_at.is_some_and(|close| submitted_at >= close) {
            return Err(Refusal::AfterClosing);
        }
        Ok(())
    }

    /// Whether the figures of both surveys can be pooled: they have the same instrument, weights and elements, in any order.
    /// Codes and whether an element is optional do not change the meaning of a figure.
    pub fn same_scheme(&self, other: &Survey) -> bool {
        fn elements(survey: &Survey) -> BTreeSet<(&str, Option<&OwnElement>)> {
            let asked = survey.asked.iter();
            asked.map(|a| (a.key.as_str(), a.own.as_ref())).collect()
        }
        self.instrument == other.instrument
            && self.weights == other.weights
            && elements(self) == elements(other)
    }

    /// The regulations and guidelines that govern it. Surveys that citizens answer with a link or a token are online.
    pub fn citations(&self) -> Vec<&'static str> {
        let online = self
            .access
            .iter()
            .any(|mode| matches!(mode, AccessMode::Link | AccessMode::Token));
        let known = instrument::find(&self.instrument);
        let year = self.period.first_day().year();
        known
            .map(|i| i.governing(year, online).collect())
            .unwrap_or_default()
    }

    /// The metric of the scores to which this survey contributes; `None` when its instrument has none.
    pub fn metric(&self) -> Option<&'static str> {
        instrument::find(&self.instrument)?.metric.as_deref()
    }

    /// Whether both may be surveys of one unit and period: they contribute to different metrics or to none, or they can be
    /// pooled.
    pub fn fits_beside(&self, other: &Survey) -> bool {
        let metric = self.metric();
        metric.is_none() || metric != other.metric() || self.same_scheme(other)
    }

    /// Minimum number of respondents: the sum of those of its public services, else that of the declared population, each
    /// after Krejcie and Morgan (annex of PermenPANRB 14/2017, where the population is that of each kind of service); else
    /// that of the instrument, else 1.
    pub fn minimum(&self) -> i64 {
        minimum(&self.instrument, [self])
    }

    /// Minimum number of respondents of one public service: that of Krejcie and Morgan for its declared population; `None` when
    /// none is declared.
    pub fn service_minimum(&self, service: &str) -> Option<i64> {
        let declared = self.service_populations.iter().find(|p| p.service == service)?;
        sample::krejcie_morgan(declared.population)
    }
}

/// The minimum number of respondents of surveys together: users of the same public service are added, and each service has
/// a sample of its own. Users of surveys without services count as those of one more service.
pub fn minimum<'a>(instrument: &str, surveys: impl IntoIterator<Item = &'a Survey>) -> i64 {
    let mut users: BTreeMap<&str, i64> = BTreeMap::new();
    for survey in surveys {
        let whole = [("", survey.population)];
        let services = survey.service_populations.iter().filter(|p| p.own_sample);
        let services: Vec<_> = services.map(|p| (p.service.as_str(), p.population)).collect();
        for (service, population) in if services.is_empty() {
            &whole[..]
        } else {
            &services
        } {
            let users = users.entry(service).or_default();
            *users = users.saturating_add(*population).min(sample::POPULATION_MAX);
        }
    }
    let declared = users.into_values().filter(|users| *users > 0);
    let of_instrument = || instrument::find(instrument).map_or(1, |i| i.minimum);
    sample::of_services(declared).unwrap_or_else(of_instrument)
}

/// The time in whole microseconds, as it is stored, so that times in memory equal those that are read back.
pub(super) fn micros(time: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    time.map(|t| t.trunc_subsecs(6))
}

#[cfg(test)]
#[path = "survey_tests.rs"]
mod tests;
