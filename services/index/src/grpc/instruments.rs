//! Instruments: listed, checked, added; and indexes that are only simulated.

use num_traits::One;
use prima_platform::{
    caller::Caller,
    failure::{Failure, Violation},
    number::{self, Rational},
    page::Page,
    request_id,
};
use prima_proto::index::v1 as pb;

use super::convert;
use crate::{
    app::{App, instruments},
    domain::{
        instrument::{Instrument, Policy, Weighting},
        score::{self, Input},
    },
};

/// Longest document, bytes.
const DOCUMENT_MAX: usize = 1 << 20;

pub async fn list_instruments(
    app: &App,
    caller: &Caller,
    r: pb::ListInstrumentsRequest,
) -> Result<pb::ListInstrumentsResponse, Failure> {
    caller.known()?;
    let page = Page::parse(r.page_size, &r.page_token, &[])?;
    let mut all = instruments::list(app.context.db.reader()).await?;
    all.retain(|k| k.instrument.id > page.after);
    let next_page_token = page.cut(&mut all, |k| k.instrument.id.clone());
    Ok(pb::ListInstrumentsResponse {
        instruments: all.iter().map(convert::instrument).collect(),
        next_page_token,
    })
}

async fn known(app: &App, id: &str) -> Result<instruments::Known, Failure> {
    let found = instruments::find(app.context.db.reader(), id).await?;
    found.ok_or_else(|| Failure::not_found(&format!("instrument {}", convert::shown(id))))
}

pub async fn get_instrument(
    app: &App,
    caller: &Caller,
    r: pb::GetInstrumentRequest,
) -> Result<pb::GetInstrumentResponse, Failure> {
    caller.known()?;
    let known = known(app, &r.id).await?;
    Ok(pb::GetInstrumentResponse {
        instrument: Some(convert::instrument(&known)),
        document: known.document,
    })
}

fn too_long(document: &str) -> Option<Violation> {
    (document.len() > DOCUMENT_MAX).then(|| {
        Violation::new(
            "document",
            format!("must be at most {DOCUMENT_MAX} bytes"),
            format!("paling besar {DOCUMENT_MAX} bita"),
        )
    })
}

pub async fn check_instrument(
    _app: &App,
    caller: &Caller,
    r: pb::CheckInstrumentRequest,
) -> Result<pb::CheckInstrumentResponse, Failure> {
    caller.known()?;
    if let Some(fault) = too_long(&r.document) {
        return Err(vec![fault].into());
    }
    Ok(match Instrument::read(&r.document) {
        Ok(instrument) => pb::CheckInstrumentResponse {
            faults: Vec::new(),
            instrument: Some(convert::instrument(&instruments::Known {
                instrument,
                document: r.document,
                created_at: None,
            })),
        },
        Err(faults) => pb::CheckInstrumentResponse {
            faults: faults
                .into_iter()
                .map(|f| pb::InstrumentFault {
                    path: f.field,
                    description: f.description,
                    localized_message: f.localized,
                })
                .collect(),
            instrument: None,
        },
    })
}

pub async fn add_instrument(
    app: &App,
    caller: &Caller,
    r: pb::AddInstrumentRequest,
) -> Result<pb::AddInstrumentResponse, Failure> {
    let mut faults: Vec<Violation> = request_id::check("request_id", &r.request_id)
        .err()
        .into_iter()
        .collect();
    faults.extend(too_long(&r.document));
    if !faults.is_empty() {
        return Err(faults.into());
    }
    let digest = request_id::digest(&r);
    let instrument = instruments::add(app, caller, &r.request_id, &digest, r.document).await?;
    Ok(pb::AddInstrumentResponse {
        instrument: Some(instrument),
    })
}

pub async fn simulate_index(
    app: &App,
    caller: &Caller,
    r: pb::SimulateIndexRequest,
) -> Result<pb::SimulateIndexResponse, Failure> {
    caller.known()?;
    let known = known(app, &r.instrument).await?;
    let instrument = &known.instrument;
    let mut faults = Vec::new();
    let input = input(instrument, &r, &mut faults);
    if !faults.is_empty() {
        return Err(faults.into());
    }
    let index = score::compute(instrument, &input);
    Ok(pb::SimulateIndexResponse {
        value: Some(convert::value(instrument, &index)),
        assumptions: assumptions(instrument, &input),
    })
}

/// A text that must be empty or one of the names that the instrument allows.
fn choice<T: Copy>(
    field: &str,
    text: &str,
    allowed: &[T],
    name: impl Fn(T) -> &'static str,
    faults: &mut Vec<Violation>,
) -> Option<T> {
    if text.is_empty() {
        return None;
    }
    let found = allowed.iter().copied().find(|one| name(*one) == text);
    if found.is_none() {
        let names: Vec<&str> = allowed.iter().map(|one| name(*one)).collect();
        let names = names.join(", ");
        faults.push(Violation::new(
            field,
            format!("must be empty or one of: {names}"),
            format!("harus kosong atau salah satu dari: {names}"),
        ));
    }
    found
}

fn unknown(field: String, faults: &mut Vec<Violation>) {
    faults.push(Violation::new(
        field,
        "is not known here",
        "tidak dikenal di sini",
    ));
}

/// The input of a simulation, or its faults.
fn input(instrument: &Instrument, r: &pb::SimulateIndexRequest, faults: &mut Vec<Violation>) -> Input {
    let forms = instrument.forms.as_ref();
    let form = forms.and_then(|f| f.get(&r.form));
    if forms.is_some() != form.is_some() || (forms.is_none() && !r.form.is_empty()) {
        faults.push(Violation::new(
            "form",
            "must be `offline` or `online`, and empty where the instrument has no forms",
            "harus `offline` (luring) atau `online` (daring), dan kosong bila instrumen tidak berformulir",
        ));
    }
    let levels = convert::numbers("levels", &r.levels, instrument.max, faults);
    for key in levels.keys() {
        if !form.is_some_and(|f| f.indicators.iter().any(|i| i.key == *key)) {
            unknown(format!("levels.{}", convert::shown(key)), faults);
        }
    }
    let aspect_scores = convert::numbers("aspect_scores", &r.aspect_scores, instrument.max, faults);
    let aspect_weights = convert::numbers("aspect_weights", &r.aspect_weights, 1, faults);
    let leave_out = (!r.leave_out_aspect.is_empty()).then(|| r.leave_out_aspect.clone());
    let aspects = [
        ("aspect_scores", aspect_scores.keys().collect::<Vec<_>>()),
        ("aspect_weights", aspect_weights.keys().collect()),
        ("leave_out_aspect", leave_out.iter().collect()),
    ];
    for (field, keys) in aspects {
        for key in keys.into_iter().filter(|key| instrument.aspect(key).is_none()) {
            unknown(format!("{field}.{}", convert::shown(key)), faults);
        }
    }
    let sum: Rational = instrument
        .aspects
        .iter()
        .map(|a| aspect_weights.get(&a.key).unwrap_or(&a.weight).clone())
        .sum();
    if !sum.is_one() && r.aspect_weights.len() == aspect_weights.len() {
        let sum = number::fraction(&sum);
        faults.push(Violation::new(
            "aspect_weights",
            format!("all weights together sum to {sum}, not to 1"),
            format!("jumlah semua bobot {sum}, bukan 1"),
        ));
    }
    let f03 = match r.f03.as_str() {
        "" => None,
        text => {
            let number = convert::number_in(text, instrument.max);
            if number.is_none() || forms.is_none() {
                faults.push(convert::off_scale("f03", instrument.max));
            }
            number
        }
    };
    for (field, number) in [
        ("respondents", r.respondents),
        ("minimum_respondents", r.minimum_respondents),
    ] {
        if !(0..=1_000_000_000).contains(&number) {
            faults.push(Violation::new(
                field,
                "must be 0 to 1,000,000,000",
                "harus 0 sampai 1.000.000.000",
            ));
        }
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
        policy: choice(
            "under_minimum_policy",
            &r.under_minimum_policy,
            policies,
            Policy::as_str,
            faults,
        ),
        weighting: choice("weighting", &r.weighting, weightings, Weighting::as_str, faults),
        aspect_weights,
        leave_out,
    }
}

/// What an input varies from the instrument's own rules.
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
