//! Converts what is published of a result to its message.

use prima_proto::survey::v1 as pb;

use crate::{
    derived::outcome::{Element, Outcome},
    domain::{index, number},
    rpc::publication,
    store::survey::Stored,
};

/// A published result; `None` for one that is not published. Without means when that of an element would be of fewer than `minimum`
/// people: the index and the other means would give it away.
pub fn result(stored: &Stored, outcome: &Outcome, minimum: i64) -> Option<pb::PublishedResult> {
    let published = outcome.aftermath.published.as_ref()?;
    let survey = &stored.survey;
    let figure = outcome.published.as_ref();
    let is_of_few = |element: &Element| (1..minimum).contains(&element.tally.answers());
    let with_means = !outcome.elements.iter().any(is_of_few);
    Some(pb::PublishedResult {
        survey: survey.name.to_string(),
        display_name: survey.display_name.clone(),
        period: survey.period.to_string(),
        instrument: survey.instrument.clone(),
        index: figure.map(|f| f.value.clone()).unwrap_or_default(),
        category: figure.map(|f| f.grade.clone()).unwrap_or_default(),
        category_display_name: figure.map(|f| f.name.clone()).unwrap_or_default(),
        respondents: outcome.counted,
        elements: outcome.elements.iter().map(|e| element(e, with_means)).collect(),
        publication: Some(publication::message(published)),
    })
}

fn element(element: &Element, with_mean: bool) -> pb::PublishedElement {
    let mean = index::element_mean(&element.tally).filter(|_| with_mean);
    pb::PublishedElement {
        code: element.code.clone(),
        display_name: element.name.clone(),
        mean: mean.map(|mean| number::decimal(&mean, 4)).unwrap_or_default(),
    }
}
