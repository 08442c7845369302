//! Computes a simulated index.

use std::collections::BTreeMap;

use num_traits::One;
use prima_platform::{
    failure::{Failure, found},
    number::{self, Rational},
    request::{Faults, shown},
    service::Context,
};
use prima_proto::index::v1 as pb;

use super::message;
use crate::{
    domain::{
        field,
        instrument::{Instrument, Policy, Weighting},
        read,
        score::{self, Input},
    },
    store::instrument_get,
};

/// The simulated index, and where its input deviates from the instrument's own rules.
pub async fn simulate(
    ctx: &Context,
    message: pb::SimulateIndexRequest,
) -> Result<pb::SimulateIndexResponse, Failure> {
    let id = &message.instrument;
    let known = instrument_get(ctx.db.reader(), id).await?;
    let instrument = found(known, format!("instrument {}", shown(id)))?.instrument;
    let mut faults = Faults::default();
    let input = input(&instrument, &message, &mut faults);
    let input = faults.settle(Some(input))?;
    let index = score::compute(&instrument, &input);
    Ok(pb::SimulateIndexResponse {
        value: Some(message::value(&instrument, &index)),
        assumptions: assumptions(&instrument, &input),
    })
}

/// The input of a simulation, or its faults.
fn input(instrument: &Instrument, r: &pb::SimulateIndexRequest, faults: &mut Faults) -> Input {
    let forms = instrument.forms.as_ref();
    let form = forms.and_then(|f| f.get(&r.form));
    if forms.is_some() != form.is_some() || (forms.is_none() && !r.form.is_empty()) {
        faults.add(
            "form",
            "must be `offline` or `online`, and empty where the instrument has no forms",
            "harus `offline` (luring) atau `online` (daring), dan kosong bila instrumen tidak memiliki formulir",
        );
    }
    let levels = numbers("levels", &r.levels, instrument.max, faults);
    for key in levels.keys() {
        if !form.is_some_and(|f| f.indicators.iter().any(|i| i.key == *key)) {
            unknown(format!("levels.{}", shown(key)), faults);
        }
    }
    let aspect_scores = numbers("aspect_scores", &r.aspect_scores, instrument.max, faults);
    let aspect_weights = numbers("aspect_weights", &r.aspect_weights, 1, faults);
    let leave_out = (!r.leave_out_aspect.is_empty()).then(|| r.leave_out_aspect.clone());
    let aspects = [
        ("aspect_scores", aspect_scores.keys().collect::<Vec<_>>()),
        ("aspect_weights", aspect_weights.keys().collect()),
        ("leave_out_aspect", leave_out.iter().collect()),
    ];
    for (field, keys) in aspects {
        for key in keys.into_iter().filter(|key| instrument.aspect(key).is_none()) {
            unknown(format!("{field}.{}", shown(key)), faults);
        }
    }
    let sum: Rational = instrument
        .aspects
        .iter()
        .map(|a| aspect_weights.get(&a.key).unwrap_or(&a.weight).clone())
        .sum();
    if !sum.is_one() && r.aspect_weights.len() == aspect_weights.len() {
        let sum = number::fraction(&sum);
        faults.add(
            "aspect_weights",
            format!("all weights together sum to {sum}, not to 1"),
            format!("jumlah semua bobot {sum}, bukan 1"),
        );
    }
    let f03 = match r.f03.as_str() {
        "" => None,
        text => {
            let number = number_in(text, instrument.max);
            if number.is_none() || forms.is_none() {
                off_scale("f03", instrument.max, faults);
            }
            number
        }
    };
    for (field, number) in [
        ("respondents", r.respondents),
        ("minimum_respondents", r.minimum_respondents),
    ] {
        faults.take(field::respondents(field, number));
    }
    let policies = forms.map(|f| f.policies.as_slice()).unwrap_or_default();
    let weightings = forms.map(|f| f.weightings.as_slice()).unwrap_or_default();
    Input {
        form: r.form.clone(),
        levels,
        aspect_scores,
        f03,
        respondents: (r.respondents > 0).then_some(r.respondents),
        minimum_respondents: (r.minimum_respondents > 0).then_some(r.minimum_respondents),
        policy: faults.or_default(field::choice(
            "under_minimum_policy",
            &r.under_minimum_policy,
            policies,
            |p| Policy::as_str(*p),
        )),
        weighting: faults.or_default(field::choice("weighting", &r.weighting, weightings, |w| {
            Weighting::as_str(*w)
        })),
        aspect_weights,
        leave_out,
    }
}

/// Parses numbers by key, each a decimal or a fraction from 0 to `max`; a fault names field and key.
fn numbers(
    field: &str,
    given: &BTreeMap<String, String>,
    max: u32,
    faults: &mut Faults,
) -> BTreeMap<String, Rational> {
    let mut numbers = BTreeMap::new();
    for (key, text) in given {
        match number_in(text, max) {
            Some(number) => {
                numbers.insert(key.clone(), number);
            }
            None => off_scale(&format!("{field}.{}", shown(key)), max, faults),
        }
    }
    numbers
}

/// A decimal or a fraction from 0 to `max`.
fn number_in(text: &str, max: u32) -> Option<Rational> {
    if text.len() > 60 {
        return None;
    }
    let number = read::parse(text)?;
    let range = Rational::from_integer(0.into())..=Rational::from_integer(max.into());
    range.contains(&number).then_some(number)
}

fn off_scale(field: &str, max: u32, faults: &mut Faults) {
    faults.add(
        field,
        format!("must be a decimal or a fraction from 0 to {max}"),
        format!("harus desimal atau pecahan 0 sampai {max}"),
    );
}

fn unknown(field: String, faults: &mut Faults) {
    faults.add(
        field,
        "is unknown in this instrument",
        "tidak dikenal dalam instrumen ini",
    );
}

/// Where an input deviates from the instrument's own rules.
fn assumptions(instrument: &Instrument, input: &Input) -> Vec<pb::Assumption> {
    let mut varied = Vec::new();
    let mut vary = |key: String, original: String, simulated: String| {
        if original != simulated {
            varied.push(pb::Assumption {
                key,
                original,
                simulated,
            });
        }
    };
    if let Some(forms) = &instrument.forms {
        let first = |w: Option<&Weighting>| w.map_or("", |w| w.as_str()).to_owned();
        if let Some(weighting) = input.weighting {
            vary(
                "weighting".into(),
                first(forms.weightings.first()),
                weighting.as_str().into(),
            );
        }
        if let Some(policy) = input.policy {
            let original = forms.policies.first().map_or("", |p| p.as_str());
            vary(
                "under_minimum_policy".into(),
                original.into(),
                policy.as_str().into(),
            );
        }
        if let Some(minimum) = input.minimum_respondents {
            let original = forms.minimum_respondents.to_string();
            vary("minimum_respondents".into(), original, minimum.to_string());
        }
        for key in input.aspect_scores.keys() {
            vary(format!("aspect_scores.{key}"), "levels".into(), "score".into());
        }
    }
    for (key, weight) in &input.aspect_weights {
        let original = instrument.aspect(key).map(|a| number::fraction(&a.weight));
        vary(
            format!("aspect_weights.{key}"),
            original.unwrap_or_default(),
            number::fraction(weight),
        );
    }
    if let Some(key) = &input.leave_out {
        vary("leave_out_aspect".into(), String::new(), key.clone());
    }
    varied
}
