//! Messages of instruments.

use prima_platform::{
    clock::{from_micros, to_proto},
    failure::Violation,
    number,
};
use prima_proto::index::v1 as pb;

use crate::{
    domain::instrument::{Form, InstrumentDocument},
    rpc::band,
};

/// An instrument as a message.
pub fn instrument(known: &InstrumentDocument) -> pb::Instrument {
    let instrument = &known.instrument;
    let mut answer = pb::Instrument {
        id: instrument.id.clone(),
        display_name: instrument.title.clone(),
        citations: instrument.citations.clone(),
        entry_mode: "aspect_scores".to_owned(),
        max_level: i32::try_from(instrument.max).unwrap_or_default(),
        aspects: instrument
            .aspects
            .iter()
            .map(|a| pb::Aspect {
                key: a.key.clone(),
                display_name: a.name.clone(),
                weight: number::fraction(&a.weight),
                in_f03: a.in_f03,
            })
            .collect(),
        f02_weight: "1/1".to_owned(),
        f03_weight: "0/1".to_owned(),
        bands: band::messages(&instrument.bands),
        built_in: known.created_at.is_none(),
        from_year: instrument.years.0.unwrap_or_default(),
        to_year: instrument.years.1.unwrap_or_default(),
        create_time: known.created_at.map(|at| to_proto(from_micros(at))),
        ..Default::default()
    };
    if let Some(forms) = &instrument.forms {
        "indicators".clone_into(&mut answer.entry_mode);
        answer.forms = form("offline", &forms.offline)
            .into_iter()
            .chain(form("online", &forms.online))
            .collect();
        answer.weightings = forms.weightings.iter().map(|w| w.as_str().to_owned()).collect();
        answer.roll_ups.clone_from(&forms.roll_ups);
        answer.f02_weight = number::fraction(&forms.f02_weight);
        answer.f03_weight = number::fraction(&forms.f03_weight);
        answer.minimum_respondents = forms.minimum_respondents;
        answer.under_minimum_policies = forms.policies.iter().map(|p| p.as_str().to_owned()).collect();
    }
    answer
}

fn form(key: &str, form: &Form) -> [pb::Form; 2] {
    let indicators = form.indicators.iter().map(|i| pb::Indicator {
        number: i32::try_from(i.number).unwrap_or_default(),
        key: i.key.clone(),
        aspect: i.aspect.clone(),
        title: i.title.clone(),
        weight: number::fraction(&i.weight),
        supplementary: i.supplementary,
        levels: i.levels.clone(),
        evidence: i.evidence.clone(),
        fed_by: i.fed_by.clone(),
    });
    let questions = form.questions.iter().map(|q| pb::Question {
        number: i32::try_from(q.number).unwrap_or_default(),
        key: q.key.clone(),
        aspect: q.aspect.clone(),
        title: q.title.clone(),
    });
    [
        pb::Form {
            key: format!("f02_{key}"),
            indicators: indicators.collect(),
            questions: Vec::new(),
        },
        pb::Form {
            key: format!("f03_{key}"),
            indicators: Vec::new(),
            questions: questions.collect(),
        },
    ]
}

/// A fault of a document as a message.
pub fn fault(fault: Violation) -> pb::InstrumentFault {
    pb::InstrumentFault {
        path: fault.field,
        description: fault.description,
        localized_message: fault.localized,
    }
}
