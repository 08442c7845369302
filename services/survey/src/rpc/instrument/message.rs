//! Converts instruments to messages.

use prima_proto::survey::v1 as pb;

use crate::{
    domain::{
        instrument::{Element, Instrument},
        number,
    },
    rpc::profile,
};

/// An instrument as its message.
pub fn instrument(instrument: &Instrument) -> pb::Instrument {
    pb::Instrument {
        id: instrument.id.clone(),
        display_name: instrument.title.clone(),
        citations: instrument.citations.iter().map(|c| c.text.clone()).collect(),
        min_score: instrument.min.into(),
        max_score: instrument.max.into(),
        elements: instrument.elements.iter().map(element).collect(),
        aspects: instrument
            .aspects
            .iter()
            .map(|a| pb::Aspect {
                key: a.key.clone(),
                display_name: a.name.clone(),
            })
            .collect(),
        categories: instrument
            .categories
            .iter()
            .map(|c| pb::Category {
                grade: c.grade.clone(),
                display_name: c.name.clone(),
                lower: number::decimal(&c.lower, 2),
            })
            .collect(),
        weight_variants: instrument
            .variants
            .iter()
            .map(|v| v.as_str().to_owned())
            .collect(),
        own_elements: instrument.own_elements,
        profile_fields: instrument.profile.iter().map(profile::field).collect(),
        minimum_respondents: instrument.minimum,
        metric: instrument.metric.clone().unwrap_or_default(),
        from_year: instrument.from_year,
        to_year: instrument.to_year.unwrap_or_default(),
    }
}

fn element(element: &Element) -> pb::InstrumentElement {
    pb::InstrumentElement {
        key: element.key.clone(),
        code: element.code.clone(),
        form_code: element.form_code.clone(),
        display_name: element.name.clone(),
        question: element.question.clone(),
        answers: element.answers.clone(),
        aspect: element.aspect.clone().unwrap_or_default(),
        official_question: element
            .official
            .as_ref()
            .map(|(question, _)| question.clone())
            .unwrap_or_default(),
        official_answers: element
            .official
            .as_ref()
            .map(|(_, answers)| answers.clone())
            .unwrap_or_default(),
    }
}
