//! The public figures of a survey, by what they cover.

use std::collections::BTreeMap;

use prima_platform::bus::Event;
use prima_proto::{
    event::v1::{ScoreComponent, ScoreState, SurveyResultState},
    survey::v1 as pb,
};
use prost::Message;

use crate::{analysis::analyze, fixture::*};

/// The dimensions by which people are told apart here.
pub const DIMENSIONS: [&str; 2] = ["sex", "channel"];

/// What one figure says: the number of people, and for each element the sum of their scores. A figure that is only an
/// index says one sum, that of all elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    pub people: i64,
    pub sums: Vec<i64>,
}

impl Figure {
    fn minus(&self, other: &Self) -> Self {
        Self {
            people: self.people - other.people,
            sums: self.sums.iter().zip(&other.sums).map(|(a, b)| a - b).collect(),
        }
    }
}

/// The sum of scores behind an index of this number of people, who answered every element; `None` when no sum fits.
fn sum_behind(index: &str, people: i64) -> Option<i64> {
    let index: f64 = index.parse().ok()?;
    let sum = index * 9.0 * people as f64 / 25.0;
    ((sum - sum.round()).abs() < 0.1).then(|| sum.round() as i64)
}

/// The sum of scores behind a mean of four decimals.
fn sum_of(mean: &str, answers: i64) -> i64 {
    (mean.parse::<f64>().unwrap_or(0.0) * answers as f64).round() as i64
}

/// The numbers of people who are in the figures of a published state of a survey's result, or of a unit's score, and who wait; and
/// these figures.
pub fn published(event: &Event) -> ((i64, i64), Figure) {
    let payload = event.payload.as_slice();
    let (people, pending, sums) = if event.subject.contains(".result.") {
        let state = SurveyResultState::decode(payload).unwrap();
        let sums = state.elements.iter().map(|e| e.total).collect();
        (state.counted, state.pending, sums)
    } else {
        let state = ScoreState::decode(payload).unwrap();
        let mean = |component: &ScoreComponent| sum_of(&component.value, state.counted);
        let sums = state.components.iter().map(mean).collect();
        (state.counted, state.pending, sums)
    };
    ((people, pending), Figure { people, sums })
}

/// Whether the survey is open, and every figure that can be read now, by what it covers.
pub async fn figures(t: &mut World, survey: &str, unit: &str) -> (bool, BTreeMap<String, Figure>) {
    let result = t.result(survey).await;
    let request = pb::GetUnitResultRequest {
        unit: unit.into(),
        period: "2024".into(),
        ..Default::default()
    };
    let of_unit = t
        .client
        .get_unit_result(operator(request))
        .await
        .unwrap()
        .into_inner();
    let of_unit = of_unit.result.unwrap_or_default();
    let analysis = analyze(t, survey).await;
    let mut figures = BTreeMap::new();
    let all = Figure {
        people: result.elements.first().map_or(0, |e| e.answers),
        sums: result.elements.iter().map(|e| e.total).collect(),
    };
    let people = result.counted;
    for (key, index) in [("index", &result.index), ("unit", &of_unit.index)] {
        if let Some(sum) = sum_behind(index, people) {
            let sums = vec![sum];
            figures.insert(key.into(), Figure { people, sums });
        }
    }
    let attacked = |key: &str| DIMENSIONS.contains(&key);
    for dimension in analysis.dimensions.iter().filter(|d| attacked(&d.key)) {
        let mut rest = all.clone();
        for group in dimension.groups.iter().filter(|g| !g.suppressed) {
            let sum = |e: &pb::GroupElement| sum_of(&e.mean, e.answers);
            let figure = Figure {
                people: group.respondents,
                sums: group.elements.iter().map(sum).collect(),
            };
            rest = rest.minus(&figure);
            figures.insert(format!("{} {}", dimension.key, group.key), figure);
        }
        figures.insert(format!("{} rest", dimension.key), rest);
    }
    figures.insert("all".into(), all);
    (result.state() == pb::SurveyState::Open, figures)
}
