//! The public figures of a survey, by what they cover.

use std::collections::BTreeMap;

use prima_proto::survey::v1 as pb;

use crate::{analysis::analyze, fixture::*};

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
    for dimension in analysis.dimensions.iter().filter(|d| d.key == "sex") {
        let mut rest = all.clone();
        for group in dimension.groups.iter().filter(|g| !g.suppressed) {
            let sum = |e: &pb::GroupElement| {
                (e.mean.parse::<f64>().unwrap_or(0.0) * e.answers as f64).round() as i64
            };
            let figure = Figure {
                people: group.respondents,
                sums: group.elements.iter().map(sum).collect(),
            };
            rest = rest.minus(&figure);
            figures.insert(format!("sex {}", group.key), figure);
        }
        figures.insert("rest".into(), rest);
    }
    figures.insert("all".into(), all);
    (result.state() == pb::SurveyState::Open, figures)
}
