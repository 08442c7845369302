//! A survey as a caller describes it, and the rules that make it one.

mod elements;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use prima_platform::failure::Violation;
use prima_proto::name;

use super::{AccessMode, Asked, ServicePopulation, Survey, micros};
use crate::domain::index::{COMPATIBLE_ELEMENTS, WeightVariant};
use crate::domain::instrument::{self, Instrument};
use crate::domain::period::Period;
use crate::domain::{sample, shown};

const DISPLAY_NAME_MAX: usize = 200;
/// More public services than any unit has.
const SERVICES_MAX: usize = 1000;
/// [`sample::POPULATION_MAX`] as people write it in Indonesia.
const POPULATION_MAX: &str = "1.000.000.000";

/// A survey as a caller describes it, unchecked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Draft {
    /// Title.
    pub display_name: String,
    /// Period as text.
    pub period: String,
    /// Id of the instrument; `skm-2017` when empty.
    pub instrument: String,
    /// How elements are weighed; the default of the instrument when `None`.
    pub weights: Option<WeightVariant>,
    /// Elements asked; all of the instrument when empty. An empty code is filled from the instrument.
    pub asked: Vec<Asked>,
    /// From when responses are taken.
    pub open_at: Option<DateTime<Utc>>,
    /// Until when responses are taken (exclusive).
    pub close_at: Option<DateTime<Utc>>,
    /// Users of the service in the period before; may be 0 with `service_populations`.
    pub population: i64,
    /// Users per public service.
    pub service_populations: Vec<ServicePopulation>,
    /// How responses may come in; none means [`AccessMode::Agent`].
    pub access: BTreeSet<AccessMode>,
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
    let weights = weights(draft.weights, &draft.asked, instrument, &mut faults);
    let asked = elements::asked(draft.asked, instrument, &mut faults);
    let (open_at, close_at) = (micros(draft.open_at), micros(draft.close_at));
    check_schedule(open_at, close_at, now, "survey.close_time", &mut faults);
    let population = population(draft.population, &draft.service_populations, &mut faults);
    match (period, instrument) {
        (Ok(period), Some(instrument)) if faults.is_empty() => Ok(Survey {
            name,
            display_name: draft.display_name,
            period,
            instrument: instrument.id.clone(),
            weights,
            asked,
            open_at,
            close_at,
            closed_at: None,
            population,
            service_populations: draft.service_populations,
            access: access(draft.access),
        }),
        _ => Err(faults),
    }
}

pub(super) fn check_display_name(text: &str, faults: &mut Vec<Violation>) {
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

/// The weights chosen, or those of the instrument. Counts distinct keys, known or not: what is wrong with a key is
/// told once, at the key.
fn weights(
    given: Option<WeightVariant>,
    asked: &[Asked],
    instrument: Option<&Instrument>,
    faults: &mut Vec<Violation>,
) -> WeightVariant {
    let field = "survey.weight_variant";
    let fallback = instrument.map_or(WeightVariant::Exact, Instrument::default_variant);
    let weights = given.unwrap_or(fallback);
    if let Some(instrument) = instrument.filter(|i| !i.variants.contains(&weights)) {
        let allowed: Vec<&str> = instrument.variants.iter().map(|v| v.as_str()).collect();
        let (id, allowed) = (&instrument.id, allowed.join(", "));
        faults.push(Violation::new(
            field,
            format!("{weights} is not a weight variant of {id}; it has {allowed}"),
            format!("Instrumen {id} tidak mengenal bobot {weights}; pilihannya {allowed}"),
        ));
        return weights;
    }
    let count = match (asked.is_empty(), instrument) {
        (true, None) => return weights,
        (true, Some(instrument)) => instrument.elements.len(),
        (false, _) => asked
            .iter()
            .map(|a| a.key.as_str())
            .collect::<BTreeSet<_>>()
            .len(),
    };
    if !weights.fits(count) {
        faults.push(Violation::new(
            field,
            format!("{weights} needs exactly {COMPATIBLE_ELEMENTS} elements, the survey asks {count}"),
            format!(
                "Bobot {weights} memerlukan tepat {COMPATIBLE_ELEMENTS} unsur, survei ini memuat {count}"
            ),
        ));
    }
    weights
}

pub(super) fn check_schedule(
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

/// The population declared: the sum of the services when there are any.
pub(super) fn population(given: i64, services: &[ServicePopulation], faults: &mut Vec<Violation>) -> i64 {
    let range = 0..=sample::POPULATION_MAX;
    if !range.contains(&given) {
        faults.push(Violation::new(
            "survey.population",
            format!("must be 0 to {}", sample::POPULATION_MAX),
            format!("Jumlah pengguna layanan harus 0 sampai {POPULATION_MAX}"),
        ));
    }
    if services.is_empty() {
        return given;
    }
    let before = faults.len();
    check_services(services, faults);
    if faults.len() > before {
        return given;
    }
    let sum = services.iter().map(|s| s.population).fold(0, i64::saturating_add);
    if sum > sample::POPULATION_MAX {
        faults.push(Violation::new(
            "survey.service_populations",
            format!("must add up to at most {}", sample::POPULATION_MAX),
            format!("Jumlah seluruh pengguna layanan paling banyak {POPULATION_MAX}"),
        ));
    } else if range.contains(&given) && given != 0 && given != sum {
        faults.push(Violation::new(
            "survey.population",
            format!("must be 0 or {sum}, the sum of service_populations"),
            format!("Jumlah pengguna layanan harus 0 atau {sum}, yaitu jumlah dari semua jenis layanan"),
        ));
    }
    sum
}

fn check_services(services: &[ServicePopulation], faults: &mut Vec<Violation>) {
    let field = "survey.service_populations";
    if services.len() > SERVICES_MAX {
        faults.push(Violation::new(
            field,
            format!("must be at most {SERVICES_MAX}"),
            format!("Paling banyak {SERVICES_MAX} jenis layanan"),
        ));
        return;
    }
    let mut seen = BTreeSet::new();
    for (at, one) in services.iter().enumerate() {
        if let Err(error) = name::token(&one.service, name::TOKEN_MAX) {
            let max = name::TOKEN_MAX;
            faults.push(Violation::new(
                format!("{field}[{at}].service"),
                error.to_string(),
                format!("Id jenis layanan harus 1 sampai {max} karakter dari a-z, 0-9, dan -"),
            ));
        } else if !seen.insert(one.service.as_str()) {
            faults.push(Violation::new(
                format!("{field}[{at}].service"),
                format!("`{}` comes more than once", one.service),
                format!("Jenis layanan `{}` disebut lebih dari sekali", one.service),
            ));
        }
        if !(1..=sample::POPULATION_MAX).contains(&one.population) {
            faults.push(Violation::new(
                format!("{field}[{at}].population"),
                format!("must be 1 to {}", sample::POPULATION_MAX),
                format!("Jumlah pengguna layanan harus 1 sampai {POPULATION_MAX}"),
            ));
        }
    }
}

/// The ways in; [`AccessMode::Agent`] when none are given.
pub(super) fn access(mut given: BTreeSet<AccessMode>) -> BTreeSet<AccessMode> {
    if given.is_empty() {
        given.insert(AccessMode::Agent);
    }
    given
}

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
