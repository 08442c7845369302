//! Results that were published before this system computed them, and are therefore recorded.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use prima_platform::{
    failure::Violation,
    request::{self, Faults, shown, text::Text},
    unicode,
};
use prima_proto::name;

use super::{
    index::Published,
    instrument::{self, Instrument},
    number::{self, Rational},
    period::Period,
    survey,
};

const SOURCE: Text = Text::name("Sumber", 3, 500);
const REASON: Text = Text::line("Alasan", 5, 500);
const CATEGORY_MAX: usize = 10;
const ELEMENTS_MAX: usize = 50;
const ELEMENT_MAX: usize = 63;
/// The metric of recorded results.
const METRIC: &str = "skm";
/// Scale of an instrument that this system does not know: that of SKM since 2003.
const SCALE: (u8, u8) = (1, 4);

/// The unit or the agency of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A unit.
    Unit(name::Unit),
    /// An agency.
    Agency(name::Agency),
}

impl Subject {
    /// Parses `agencies/{agency}` or `agencies/{agency}/units/{unit}`; `None` for anything else, and for `-`.
    pub fn parse(text: &str) -> Option<Self> {
        let subject = match name::Unit::parse(text) {
            Ok(unit) => Self::Unit(unit),
            Err(_) => Self::Agency(name::Agency::parse(text).ok()?),
        };
        (subject.agency() != "-" && subject.unit() != "-").then_some(subject)
    }

    /// The unit with this id; the agency when the id of the unit is empty.
    pub fn of(agency: String, unit: String) -> Self {
        if unit.is_empty() {
            Self::Agency(name::Agency { agency })
        } else {
            Self::Unit(name::Unit { agency, unit })
        }
    }

    /// Id of the agency.
    pub fn agency(&self) -> &str {
        match self {
            Self::Unit(unit) => &unit.agency,
            Self::Agency(agency) => &agency.agency,
        }
    }

    /// Id of the unit; empty for an agency.
    pub fn unit(&self) -> &str {
        match self {
            Self::Unit(unit) => &unit.unit,
            Self::Agency(_) => "",
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unit(unit) => unit.fmt(f),
            Self::Agency(agency) => agency.fmt(f),
        }
    }
}

/// How the result of an agency was aggregated from its units.
pub const ROLL_UPS: [&str; 2] = ["mean_of_units", "respondent_weighted"];

/// A published result; [`check`] turns an unchecked one into the one that is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Result {
    /// Resource name of the unit or agency.
    pub subject: String,
    /// Period.
    pub period: String,
    /// Instrument and version.
    pub instrument: String,
    /// Published index; a checked one has two decimals.
    pub index: String,
    /// Published category; a checked one is filled in from the instrument.
    pub category: String,
    /// Published number of respondents; 0 when it is not known.
    pub respondents: i64,
    /// Published means per element key.
    pub elements: BTreeMap<String, String>,
    /// The publication from which it is recorded.
    pub source: String,
    /// How it was aggregated, for an agency; a checked one is filled in.
    pub roll_up: String,
    /// Reason for replacing an earlier record; may be empty.
    pub reason: String,
}

impl Result {
    /// The published index.
    pub fn published(&self) -> Option<Published> {
        published(&self.instrument, &self.index, &self.category)
    }
}

/// Checks a result at `now`.
///
/// # Errors
///
/// Every fault, each with the path of its field in `RecordResultRequest`.
pub fn check(raw: Result, now: DateTime<Utc>) -> std::result::Result<(Subject, Result), Vec<Violation>> {
    let mut faults = Faults::default();
    let f = &mut faults;
    let subject = Subject::parse(&raw.subject);
    if subject.is_none() {
        fault(
            f,
            "subject",
            "must be agencies/{agency} or agencies/{agency}/units/{unit}",
            "harus berbentuk agencies/{agency} atau agencies/{agency}/units/{unit}",
        );
    }
    let period = check_period(&raw.period, now, f);
    let known = instrument::find(&raw.instrument);
    if known.is_none() && name::token(&raw.instrument, name::TOKEN_MAX).is_err() {
        fault(
            f,
            "instrument",
            "must be 1 to 63 characters of a-z, 0-9 and -",
            "harus 1 sampai 63 karakter: a-z, 0-9 dan -",
        );
    }
    if known.is_some_and(|i| i.metric.as_deref() != Some(METRIC)) {
        fault(
            f,
            "instrument",
            "is not an instrument of SKM",
            "Bukan instrumen SKM",
        );
    }
    if let Some((used, period)) = known.zip(period.as_ref()) {
        f.take(instrument::check_in_force("result.instrument", used, period));
    }
    let index = f.take(index(&raw.index, known));
    let category = check_category(&raw.category, index.as_ref(), known, f);
    if raw.respondents < 0 {
        fault(f, "respondents", "must not be negative", "tidak boleh negatif");
    }
    check_elements(&raw.elements, known, f);
    let source = f.or_default(SOURCE.check("result.source", &raw.source));
    let roll_up = check_roll_up(&raw.roll_up, subject.as_ref(), f);
    let reason = request::optional(&raw.reason, |raw| REASON.check("result.reason", raw));
    let reason = f.or_default(reason).unwrap_or_default();
    match (subject, index) {
        (Some(subject), Some(index)) => {
            let checked = Result {
                index: number::decimal(&index, 2),
                category,
                source,
                roll_up,
                reason,
                ..raw
            };
            faults.part((subject, checked))
        }
        _ => Err(faults.refused().violations),
    }
}

/// A recorded value as it is published again: with its own category and without rounding.
pub fn published(instrument: &str, value: &str, category: &str) -> Option<Published> {
    let exact = number::parse_decimal(value)?;
    let name = instrument::find(instrument)
        .and_then(|i| i.category(&exact))
        .filter(|c| c.grade == category)
        .map(|c| c.name.clone());
    Some(Published {
        exact,
        value: value.to_owned(),
        grade: category.to_owned(),
        name: name.unwrap_or_default(),
    })
}

fn fault(faults: &mut Faults, field: &str, english: &str, indonesian: &str) {
    faults.add(format!("result.{field}"), english, indonesian);
}

fn whole(n: i64) -> Rational {
    Rational::from_integer(n.into())
}

/// A decimal with at most this many decimal places and at most six digits before them.
fn decimal(text: &str, places: usize) -> Option<Rational> {
    let (before, after) = text.split_once('.').unwrap_or((text, ""));
    let short = before.len() <= 6 && after.len() <= places;
    number::parse_decimal(text).filter(|_| short)
}

/// The index, which lies on the scale of its instrument. What looks like the mean of the scores that reports print beside it
/// (NI), or like the 0 of a list for a year without a survey, is told.
fn index(text: &str, known: Option<&Instrument>) -> std::result::Result<Rational, Violation> {
    // Of an instrument that is not known here neither is the scale of its index.
    let conversion = whole(known.map_or(1, |i| i.conversion.into()));
    let (min, max) = known.map_or((whole(0), whole(100)), |i| {
        (whole(i.min.into()), whole(i.max.into()))
    });
    let (low, high) = (&min * &conversion, &max * &conversion);
    let read = decimal(text, 2);
    if let Some(index) = read.clone().filter(|index| (&low..=&high).contains(&index)) {
        return Ok(index);
    }
    let [low, high] = [low, high].map(|n| number::decimal(&n, 0));
    let mut english = format!("must be {low} to {high} with at most two decimals");
    let mut indonesian = format!("harus {low} sampai {high} dengan paling banyak dua desimal");
    if let Some(given) = read {
        let shown = number::decimal(&given, 2);
        let comma = |text: &str| text.replace('.', ",");
        if given == whole(0) {
            english.push_str("; 0 is no result: leave out a period without a survey");
            indonesian.push_str("; 0 bukan hasil: periode tanpa survei tidak dicatat");
        } else if (&min..=&max).contains(&&given) {
            let meant = number::decimal(&(&given * &conversion), 2);
            english.push_str(&format!(
                "; {shown} looks like the mean of the scores (NI), the index is {meant}"
            ));
            indonesian.push_str(&format!(
                "; {} tampak sebagai NI; IKM = {}",
                comma(&shown),
                comma(&meant)
            ));
        }
    }
    Err(Violation::new("result.index", english, indonesian))
}

fn check_period(text: &str, now: DateTime<Utc>, faults: &mut Faults) -> Option<Period> {
    let period = faults.take(survey::period("result.period", text));
    if period.as_ref().is_some_and(|period| !period.ended(now)) {
        fault(
            faults,
            "period",
            "has not ended; its surveys are computed by this system",
            "Periode belum berakhir; hasil surveinya dihitung oleh sistem ini",
        );
    }
    period
}

fn check_category(
    given: &str,
    index: Option<&Rational>,
    known: Option<&Instrument>,
    faults: &mut Faults,
) -> String {
    if given.chars().count() > CATEGORY_MAX || !unicode::is_plain(given) {
        fault(
            faults,
            "category",
            "must be at most 10 characters, without such that deceive",
            "paling panjang 10 karakter, tanpa yang mengecoh",
        );
        return String::new();
    }
    let Some(right) = index.zip(known).and_then(|(index, known)| known.category(index)) else {
        return given.to_owned();
    };
    let named = given.to_lowercase() == right.name.to_lowercase();
    if !given.is_empty() && given != right.grade && !named {
        let (given, right) = (shown(given), &right.grade);
        fault(
            faults,
            "category",
            &format!("`{given}` contradicts the index, for which the instrument has `{right}`"),
            &format!("`{given}` tidak sesuai dengan nilai: menurut instrumen `{right}`"),
        );
    }
    right.grade.clone()
}

fn check_elements(elements: &BTreeMap<String, String>, known: Option<&Instrument>, faults: &mut Faults) {
    if elements.len() > ELEMENTS_MAX {
        fault(faults, "elements", "must be at most 50", "paling banyak 50 unsur");
    }
    let (min, max) = known.map_or(SCALE, |i| (i.min, i.max));
    for (key, text) in elements.iter().take(ELEMENTS_MAX) {
        let field = format!("elements.{}", shown(key));
        let named = match known {
            Some(instrument) => instrument.element(key).is_some(),
            None => {
                (1..=ELEMENT_MAX).contains(&key.len())
                    && key
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            }
        };
        if !named {
            fault(
                faults,
                &field,
                "is not an element of the instrument",
                "bukan unsur instrumen",
            );
        }
        let value = decimal(text, 4).filter(|v| *v >= whole(min.into()) && *v <= whole(max.into()));
        if value.is_none() {
            fault(
                faults,
                &field,
                &format!("must be {min} to {max} with at most four decimals"),
                &format!("harus {min} sampai {max} dengan paling banyak empat desimal"),
            );
        }
    }
}

fn check_roll_up(given: &str, subject: Option<&Subject>, faults: &mut Faults) -> String {
    match subject {
        Some(Subject::Unit(_)) if !given.is_empty() => fault(
            faults,
            "roll_up",
            "is only for the result of an agency",
            "hanya untuk hasil instansi",
        ),
        Some(Subject::Agency(_)) if given.is_empty() => {
            return ROLL_UPS.first().map(|r| (*r).to_owned()).unwrap_or_default();
        }
        _ if !given.is_empty() && !ROLL_UPS.contains(&given) => fault(
            faults,
            "roll_up",
            "must be mean_of_units or respondent_weighted",
            "harus mean_of_units atau respondent_weighted",
        ),
        _ => {}
    }
    given.to_owned()
}

#[cfg(test)]
#[path = "recorded_tests.rs"]
mod tests;
