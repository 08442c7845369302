//! The definition of a new survey, and its checks.

mod elements;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use prima_platform::{
    failure::Violation,
    request::{Faults, shown},
};
use prima_proto::name;

use super::asked::Asked;
use super::instrument::{self, Instrument, Wording};
use super::survey::terms::{self, AccessMode, ServicePopulation};
use super::survey::{Survey, micros};
use super::weights::WeightVariant;

/// An unchecked definition of a survey.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Draft {
    /// Title.
    pub display_name: String,
    /// Period as text.
    pub period: String,
    /// Id of the instrument; an empty text means `skm-2017`.
    pub instrument: String,
    /// Weight variant; `None` means the default of the instrument.
    pub weights: Option<WeightVariant>,
    /// Elements asked; an empty list means all elements of the instrument. An empty code is filled from the instrument.
    pub asked: Vec<Asked>,
    /// Time from which responses are accepted.
    pub open_at: Option<DateTime<Utc>>,
    /// Time until which responses are accepted (exclusive).
    pub close_at: Option<DateTime<Utc>>,
    /// Service users in the previous period; may be 0 when `service_populations` is given.
    pub population: i64,
    /// Service users per public service.
    pub service_populations: Vec<ServicePopulation>,
    /// Access modes; an empty set means [`AccessMode::Agent`].
    pub access: BTreeSet<AccessMode>,
    /// Whose words citizens are shown.
    pub wording: Wording,
}

/// Creates a survey from a draft.
///
/// # Errors
///
/// Every fault of the draft, each with the path of its field in `CreateSurveyRequest`.
pub fn create(name: name::Survey, draft: Draft, now: DateTime<Utc>) -> Result<Survey, Vec<Violation>> {
    let mut faults = Faults::default();
    let display_name = terms::display_name(&draft.display_name, &mut faults);
    let period = faults.take(terms::period("survey.period", &draft.period));
    let id = if draft.instrument.is_empty() {
        instrument::DEFAULT
    } else {
        draft.instrument.as_str()
    };
    let instrument = instrument::find(id);
    if instrument.is_none() {
        faults.add(
            "survey.instrument",
            format!("`{}` is not a known instrument", shown(id)),
            format!("Instrumen `{}` tidak dikenal", shown(id)),
        );
    }
    if let Some((used, period)) = instrument.zip(period.as_ref()) {
        faults.take(instrument::check_in_force("survey.instrument", used, period));
    }
    let unworded = |i: &&Instrument| i.elements.iter().any(|element| element.official.is_none());
    if let Some(used) = instrument
        .filter(unworded)
        .filter(|_| draft.wording == Wording::Official)
    {
        faults.add(
            "survey.wording",
            format!("the official wording of {} is not known", used.id),
            format!("Rumusan resmi {} belum tersedia", used.id),
        );
    }
    let weights = weights(draft.weights, &draft.asked, instrument, &mut faults);
    let asked = elements::asked(draft.asked, instrument, &mut faults);
    let (open_at, close_at) = (micros(draft.open_at), micros(draft.close_at));
    terms::check_schedule(open_at, close_at, now, "survey.close_time", &mut faults);
    let population = terms::population(
        "survey.",
        draft.population,
        &draft.service_populations,
        &mut faults,
    );
    match (period, instrument) {
        (Some(period), Some(instrument)) => faults.part(Survey {
            name,
            display_name,
            period,
            instrument: instrument.id.clone(),
            weights,
            asked,
            open_at,
            close_at,
            closed_at: None,
            population,
            service_populations: draft.service_populations,
            access: terms::access(draft.access),
            wording: draft.wording,
        }),
        _ => Err(faults.refused().violations),
    }
}

/// The chosen weight variant, or the default of the instrument. All distinct keys are counted, even unknown ones, because a
/// faulty key is reported only once, in its own field.
fn weights(
    given: Option<WeightVariant>,
    asked: &[Asked],
    instrument: Option<&Instrument>,
    faults: &mut Faults,
) -> WeightVariant {
    let field = "survey.weight_variant";
    let fallback = instrument.map_or(WeightVariant::Exact, Instrument::default_variant);
    let weights = given.unwrap_or(fallback);
    if let Some(instrument) = instrument.filter(|i| !i.variants.contains(&weights)) {
        let allowed: Vec<&str> = instrument.variants.iter().map(|v| v.as_str()).collect();
        let (id, allowed) = (&instrument.id, allowed.join(", "));
        faults.add(
            field,
            format!("{weights} is not a weight variant of {id}; it has {allowed}"),
            format!("Instrumen {id} tidak mengenal bobot {weights}; pilihannya {allowed}"),
        );
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
    if let Some(needed) = weights.elements().filter(|needed| *needed != count) {
        faults.add(
            field,
            format!("{weights} needs exactly {needed} elements, the survey asks {count}"),
            format!("Bobot {weights} memerlukan tepat {needed} unsur, survei ini memuat {count}"),
        );
    }
    weights
}

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
