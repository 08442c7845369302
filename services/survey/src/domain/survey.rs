//! A survey of one unit and period: how it is created, when it takes responses, what may still change.

use std::collections::BTreeSet;

use chrono::{DateTime, SubsecRound, Utc};
use prima_platform::failure::Violation;
use prima_proto::name;
use serde::{Deserialize, Serialize};

use super::index::{COMPATIBLE_ELEMENTS, WeightVariant};
use super::instrument::{self, Instrument};
use super::period::Period;
use super::{sample, shown};

const DISPLAY_NAME_MAX: usize = 200;
const CODE_MAX: usize = 16;

/// One element (unsur) that a survey asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Stable key of the instrument.
    pub key: String,
    /// Code printed for it in this survey, such as `U1`.
    pub code: String,
    /// Whether a response may leave it out.
    pub optional: bool,
}

/// Where a survey is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// `open_at` is ahead: no responses yet.
    Scheduled,
    /// Takes responses.
    Open,
    /// Ended, by hand or at `close_at`. Final.
    Closed,
}

/// A survey that holds every rule of [`create`]. Its times have whole microseconds, as the store keeps them.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// Resource name.
    pub name: name::Survey,
    /// Title, at most 200 characters; may be empty.
    pub display_name: String,
    /// The period it reports on.
    pub period: Period,
    /// Id of a known instrument.
    pub instrument: String,
    /// Weight of an element.
    pub weights: WeightVariant,
    /// Elements asked, in the order printed; at least one is not optional.
    pub asked: Vec<Asked>,
    /// From when responses are taken; at once when `None`.
    pub open_at: Option<DateTime<Utc>>,
    /// Until when responses are taken (exclusive); until closed by hand when `None`.
    pub close_at: Option<DateTime<Utc>>,
    /// When it was closed by hand.
    pub closed_at: Option<DateTime<Utc>>,
    /// Users of the service in the period before, at most 1,000,000,000; 0 when not declared.
    pub population: i64,
}

/// A survey as a caller describes it, unchecked.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Title.
    pub display_name: String,
    /// Period as text.
    pub period: String,
    /// Id of the instrument; `skm-2017` when empty.
    pub instrument: String,
    /// Weight of an element.
    pub weights: WeightVariant,
    /// Elements asked; all of the instrument when empty. An empty code is filled from the instrument.
    pub asked: Vec<Asked>,
    /// From when responses are taken.
    pub open_at: Option<DateTime<Utc>>,
    /// Until when responses are taken (exclusive).
    pub close_at: Option<DateTime<Utc>>,
    /// Users of the service in the period before.
    pub population: i64,
}

/// What to change in a survey; `None` leaves a field as it is, `Some(None)` clears it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Change {
    /// New title.
    pub display_name: Option<String>,
    /// New opening; only while it is ahead.
    pub open_at: Option<Option<DateTime<Utc>>>,
    /// New end.
    pub close_at: Option<Option<DateTime<Utc>>>,
    /// New number of users.
    pub population: Option<i64>,
}

/// Why the state of a survey does not allow what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The survey has ended.
    #[error("the survey is closed")]
    Closed,
    /// The survey has not begun.
    #[error("the survey is not open yet")]
    NotOpenYet,
    /// The response was given before the survey opened.
    #[error("the response was submitted before the survey opened")]
    BeforeOpening,
    /// The response was given when the survey had ended.
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

    /// The refusal for people, in Indonesian.
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

/// Why a survey was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// Its state does not allow changes.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The change has these faults; at least one.
    #[error("the change has {} faults", .0.len())]
    Invalid(Vec<Violation>),
}

/// Makes a survey of a draft.
///
/// # Errors
///
/// Every fault of the draft, each with the path of its field in `CreateSurveyRequest`.
pub fn create(name: name::Survey, draft: Draft, now: DateTime<Utc>) -> Result<Survey, Vec<Violation>> {
    let mut faults = Vec::new();
    check_display_name(&draft.display_name, &mut faults);
    let period = draft.period.parse::<Period>().map_err(|error| {
        faults.push(Violation::new(
            "survey.period",
            error.to_string(),
            "Periode harus `YYYY`, `YYYY-s1` sampai `-s2`, `YYYY-q1` sampai `-q4`, \
             atau `YYYY-m01` sampai `-m12`, dengan tahun 2000 sampai 2100",
        ));
    });
    let id = if draft.instrument.is_empty() {
        instrument::DEFAULT
    } else {
        draft.instrument.as_str()
    };
    let instrument = instrument::find(id);
    if instrument.is_none() {
        faults.push(Violation::new(
            "survey.instrument",
            format!("`{}` is not a known instrument", shown(id)),
            format!("Instrumen `{}` tidak dikenal", shown(id)),
        ));
    }
    check_weights(draft.weights, &draft.asked, instrument, &mut faults);
    let asked = asked(draft.asked, instrument, &mut faults);
    let (open_at, close_at) = (micros(draft.open_at), micros(draft.close_at));
    check_schedule(open_at, close_at, now, "survey.close_time", &mut faults);
    check_population(draft.population, &mut faults);
    match (period, instrument) {
        (Ok(period), Some(instrument)) if faults.is_empty() => Ok(Survey {
            name,
            display_name: draft.display_name,
            period,
            instrument: instrument.id.clone(),
            weights: draft.weights,
            asked,
            open_at,
            close_at,
            closed_at: None,
            population: draft.population,
        }),
        _ => Err(faults),
    }
}

impl Survey {
    /// Where the survey is in its life at `now`. The end is exclusive: at `close_at` it is closed.
    pub fn state(&self, now: DateTime<Utc>) -> State {
        if self.closed_at.is_some() || self.close_at.is_some_and(|close| close <= now) {
            State::Closed
        } else if self.open_at.is_some_and(|open| open > now) {
            State::Scheduled
        } else {
            State::Open
        }
    }

    /// Ends intake for good; a survey that has not opened yet may be closed too.
    ///
    /// # Errors
    ///
    /// [`Refusal::Closed`] when it has ended already.
    pub fn close(&mut self, now: DateTime<Utc>) -> Result<(), Refusal> {
        match self.state(now) {
            State::Closed => Err(Refusal::Closed),
            State::Scheduled | State::Open => {
                self.closed_at = micros(Some(now));
                Ok(())
            }
        }
    }

    /// Changes the fields given: all of them, or none when there is a fault.
    ///
    /// # Errors
    ///
    /// Refused when the survey has ended; else every fault of the change. Once the survey is open its opening
    /// stands: responses were taken under it.
    pub fn change(&mut self, change: Change, now: DateTime<Utc>) -> Result<(), ChangeError> {
        let state = self.state(now);
        if state == State::Closed {
            return Err(Refusal::Closed.into());
        }
        let mut faults = Vec::new();
        let mut changed = self.clone();
        let schedule_field = if change.close_at.is_some() {
            "survey.close_time"
        } else {
            "survey.open_time"
        };
        if let Some(display_name) = change.display_name {
            check_display_name(&display_name, &mut faults);
            changed.display_name = display_name;
        }
        if let Some(open_at) = change.open_at {
            changed.open_at = micros(open_at);
            if state == State::Open && changed.open_at != self.open_at {
                faults.push(Violation::new(
                    "survey.open_time",
                    "cannot change once the survey is open",
                    "Waktu buka tidak dapat diubah setelah survei dibuka",
                ));
            }
        }
        if let Some(close_at) = change.close_at {
            changed.close_at = micros(close_at);
        }
        check_schedule(
            changed.open_at,
            changed.close_at,
            now,
            schedule_field,
            &mut faults,
        );
        if let Some(population) = change.population {
            check_population(population, &mut faults);
            changed.population = population;
        }
        if !faults.is_empty() {
            return Err(ChangeError::Invalid(faults));
        }
        *self = changed;
        Ok(())
    }

    /// Whether a response submitted at `submitted_at` may be stored at `now`.
    ///
    /// # Errors
    ///
    /// The survey must be open now, and the response submitted while it was.
    pub fn accepts(&self, submitted_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), Refusal> {
        match self.state(now) {
            State::Closed => return Err(Refusal::Closed),
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

    /// Whether the figures of both surveys can be put together: same instrument, weights and elements asked,
    /// in any order. Codes and optional marks do not change what a figure means.
    pub fn same_scheme(&self, other: &Survey) -> bool {
        let keys = |survey: &Survey| {
            survey
                .asked
                .iter()
                .map(|a| a.key.clone())
                .collect::<BTreeSet<_>>()
        };
        self.instrument == other.instrument && self.weights == other.weights && keys(self) == keys(other)
    }

    /// Least number of respondents: Krejcie-Morgan of the declared population, or 1 when none is declared.
    pub fn minimum(&self) -> i64 {
        sample::krejcie_morgan(self.population).unwrap_or(1)
    }
}

fn check_display_name(text: &str, faults: &mut Vec<Violation>) {
    let field = "survey.display_name";
    if text.chars().count() > DISPLAY_NAME_MAX {
        faults.push(Violation::new(
            field,
            format!("must be at most {DISPLAY_NAME_MAX} characters"),
            format!("Judul survei paling panjang {DISPLAY_NAME_MAX} karakter"),
        ));
    }
    if text.chars().any(char::is_control) {
        faults.push(Violation::new(
            field,
            "must not have control characters",
            "Judul survei tidak boleh memuat karakter kendali",
        ));
    }
}

/// Counts distinct keys, known or not: what is wrong with a key is told once, at the key.
fn check_weights(
    weights: WeightVariant,
    asked: &[Asked],
    instrument: Option<&Instrument>,
    faults: &mut Vec<Violation>,
) {
    let count = match (asked.is_empty(), instrument) {
        (true, None) => return,
        (true, Some(instrument)) => instrument.elements.len(),
        (false, _) => asked
            .iter()
            .map(|a| a.key.as_str())
            .collect::<BTreeSet<_>>()
            .len(),
    };
    if !weights.fits(count) {
        faults.push(Violation::new(
            "survey.weight_variant",
            format!("{weights} needs exactly {COMPATIBLE_ELEMENTS} elements, the survey asks {count}"),
            format!(
                "Bobot {weights} memerlukan tepat {COMPATIBLE_ELEMENTS} unsur, survei ini memuat {count}"
            ),
        ));
    }
}

/// The elements with their codes filled in; all of the instrument when none are given.
fn asked(given: Vec<Asked>, instrument: Option<&Instrument>, faults: &mut Vec<Violation>) -> Vec<Asked> {
    if given.is_empty() {
        return instrument
            .map(|i| i.elements.iter().map(ask).collect())
            .unwrap_or_default();
    }
    if given.iter().all(|a| a.optional) {
        faults.push(Violation::new(
            "survey.elements",
            "at least one element must not be optional",
            "Paling sedikit satu unsur harus wajib dijawab",
        ));
    }
    let mut seen = BTreeSet::new();
    let mut asked = Vec::with_capacity(given.len());
    for (at, mut element) in given.into_iter().enumerate() {
        let key = shown(&element.key);
        let field = format!("survey.elements[{at}].key");
        let known = instrument.and_then(|i| i.element(&element.key));
        if !seen.insert(element.key.clone()) {
            faults.push(Violation::new(
                field,
                format!("`{key}` is asked more than once"),
                format!("Unsur `{key}` ditanyakan lebih dari sekali"),
            ));
        } else if let (None, Some(instrument)) = (known, instrument) {
            faults.push(Violation::new(
                field,
                format!("`{key}` is not an element of {}", instrument.id),
                format!("Unsur `{key}` tidak ada dalam instrumen {}", instrument.id),
            ));
        }
        if element.code.chars().count() > CODE_MAX || element.code.chars().any(char::is_control) {
            faults.push(Violation::new(
                format!("survey.elements[{at}].code"),
                format!("must be at most {CODE_MAX} characters without control characters"),
                format!("Kode unsur paling panjang {CODE_MAX} karakter tanpa karakter kendali"),
            ));
        }
        if let (true, Some(known)) = (element.code.is_empty(), known) {
            element.code.clone_from(&known.code);
        }
        asked.push(element);
    }
    asked
}

fn ask(element: &instrument::Element) -> Asked {
    Asked {
        key: element.key.clone(),
        code: element.code.clone(),
        optional: false,
    }
}

fn check_schedule(
    open_at: Option<DateTime<Utc>>,
    close_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    order_field: &str,
    faults: &mut Vec<Violation>,
) {
    if close_at.zip(open_at).is_some_and(|(close, open)| close <= open) {
        faults.push(Violation::new(
            order_field,
            "close_time must be after open_time",
            "Waktu tutup harus setelah waktu buka",
        ));
    }
    if close_at.is_some_and(|close| close <= now) {
        faults.push(Violation::new(
            "survey.close_time",
            "has passed already",
            "Waktu tutup sudah lewat",
        ));
    }
}

fn check_population(population: i64, faults: &mut Vec<Violation>) {
    if !(0..=sample::POPULATION_MAX).contains(&population) {
        faults.push(Violation::new(
            "survey.population",
            format!("must be 0 to {}", sample::POPULATION_MAX),
            "Jumlah pengguna layanan harus 0 sampai 1.000.000.000",
        ));
    }
}

/// The store keeps microseconds; what is compared in memory must be what is read back.
fn micros(time: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    time.map(|t| t.trunc_subsecs(6))
}

#[cfg(test)]
#[path = "survey_tests.rs"]
mod tests;
