//! Converts analyses to messages.

use prima_proto::survey::v1 as pb;

use super::figures::{Analysis, LabelledDimension, Quality, published};
use crate::domain::{
    groups::Group,
    importance::Quadrant,
    index::{self, Published},
    number,
};

/// Decimals of a mean and of a correlation.
const PLACES: u32 = 4;

/// An analysis as its message.
pub fn analysis(a: &Analysis) -> pb::Analysis {
    let keys = |indexes: &[usize]| {
        let elements = indexes.iter().filter_map(|at| a.elements.get(*at));
        elements.map(|e| e.key.clone()).collect()
    };
    pb::Analysis {
        survey: a.survey.name.to_string(),
        respondents: a.respondents,
        minimum_cell: i32::try_from(a.minimum_cell).unwrap_or(i32::MAX),
        dimensions: a.dimensions.iter().map(|d| dimension(a, d)).collect(),
        services: a
            .services
            .iter()
            .map(|s| pb::ServiceSample {
                service: s.service.clone(),
                population: s.population,
                minimum_respondents: s.minimum,
                respondents: s.respondents.unwrap_or_default(),
                suppressed: s.respondents.is_none(),
            })
            .collect(),
        quality: Some(quality(&a.quality)),
        strongest: keys(&a.strongest),
        weakest: keys(&a.weakest),
        importance_performance: a
            .elements
            .iter()
            .map(|e| pb::ImportancePerformance {
                key: e.key.clone(),
                performance: decimal(e.coordinates.performance.as_ref()),
                importance: decimal(e.coordinates.importance.as_ref()),
                quadrant: e.quadrant.map(Quadrant::as_str).unwrap_or_default().to_owned(),
                quadrant_display_name: e.quadrant.map(Quadrant::label).unwrap_or_default().to_owned(),
            })
            .collect(),
    }
}

fn decimal(value: Option<&number::Rational>) -> String {
    value.map(|v| number::decimal(v, PLACES)).unwrap_or_default()
}

fn value(published: Option<&Published>) -> String {
    published.map(|p| p.value.clone()).unwrap_or_default()
}

fn dimension(a: &Analysis, d: &LabelledDimension) -> pb::Dimension {
    pb::Dimension {
        key: d.key.to_owned(),
        display_name: d.label.clone(),
        groups: d.dimension.groups.iter().map(|g| group(a, d, g)).collect(),
        incomplete: d.dimension.incomplete,
    }
}

fn group(a: &Analysis, d: &LabelledDimension, g: &Group) -> pb::Group {
    let shown = pb::Group {
        key: g.key.clone(),
        display_name: d.label(&g.key),
        suppressed: g.sums.is_none(),
        ..Default::default()
    };
    let Some(sums) = &g.sums else {
        return shown;
    };
    // A withheld mean could be computed from the index and the other means, so the index is withheld too.
    let whole = !g.withheld.contains(&true);
    let index = published(a.instrument, &a.survey, sums).filter(|_| whole);
    let elements = a.survey.asked.iter().zip(&sums.elements).zip(&g.withheld);
    pb::Group {
        respondents: sums.respondents,
        index: value(index.as_ref()),
        category: index.map(|p| p.grade).unwrap_or_default(),
        elements: elements
            .map(|((asked, tally), withheld)| {
                let tally = Some(tally).filter(|_| !withheld);
                pb::GroupElement {
                    key: asked.key.clone(),
                    answers: tally.map(|t| t.answers()).unwrap_or_default(),
                    mean: decimal(tally.and_then(index::element_mean).as_ref()),
                    suppressed: *withheld,
                }
            })
            .collect(),
        ..shown
    }
}

fn quality(q: &Quality) -> pb::Quality {
    let flags = [
        (
            "straight_line",
            &q.rule.straight_line.label,
            q.flagged.straight_line,
        ),
        ("burst", &q.rule.burst.label, q.flagged.burst),
        (
            "shared_device",
            &q.rule.shared_device.label,
            q.flagged.shared_device,
        ),
    ];
    pb::Quality {
        flags: flags
            .into_iter()
            .filter(|(_, _, responses)| *responses > 0)
            .map(|(kind, label, responses)| pb::Flag {
                kind: kind.to_owned(),
                display_name: label.clone(),
                responses,
            })
            .collect(),
        flagged: q.flagged.sums.respondents,
        index_with: value(q.index_with.as_ref()),
        index_without: value(q.index_without.as_ref()),
    }
}
