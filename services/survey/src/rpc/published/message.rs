//! Converts what is published of a result to its message.

use prima_proto::survey::v1 as pb;

use crate::{
    derived::outcome::{Element, Outcome},
    domain::{index, number},
    rpc::publication,
    store::survey::Stored,
};

/// A published result; `None` for one that is not published.
pub fn result(stored: &Stored, outcome: &Outcome) -> Option<pb::PublishedResult> {
    let published = outcome.aftermath.published.as_ref()?;
    let survey = &stored.survey;
    let figure = outcome.published.as_ref();
    Some(pb::PublishedResult {
        survey: survey.name.to_string(),
        display_name: survey.display_name.clone(),
        period: survey.period.to_string(),
        instrument: survey.instrument.clone(),
        index: figure.map(|f| f.value.clone()).unwrap_or_default(),
        category: figure.map(|f| f.grade.clone()).unwrap_or_default(),
        category_display_name: figure.map(|f| f.name.clone()).unwrap_or_default(),
        respondents: outcome.counted,
        elements: outcome.elements.iter().map(element).collect(),
        publication: Some(publication::message(published)),
    })
}

fn element(element: &Element) -> pb::PublishedElement {
    let mean = index::element_mean(&element.tally);
    pb::PublishedElement {
        code: element.code.clone(),
        display_name: element.name.clone(),
        mean: mean.map(|mean| number::decimal(&mean, 4)).unwrap_or_default(),
    }
}
