//! Proto to domain and back; every fault of a request at once.

use std::collections::BTreeMap;

use prima_platform::{
    clock::{from_micros, to_proto},
    failure::Violation,
    number::{self, Rational},
};
use prima_proto::{index::v1 as pb, name};

use crate::{
    app::instruments::Known,
    domain::{
        band::Band,
        external::{self, Change},
        instrument::{Form, Instrument},
        score::{Index, Node},
    },
    store::external::Row,
};

/// Decimals of F-02 and F-03 as shown.
const PARTS: u32 = 2;

/// Name of a unit, or of an agency when `unit` is empty.
pub fn subject_name(agency: &str, unit: &str) -> String {
    let agency = name::Agency {
        agency: agency.to_owned(),
    };
    if unit.is_empty() {
        return agency.to_string();
    }
    format!("{agency}/units/{unit}")
}

fn bands(bands: &[Band]) -> Vec<pb::Band> {
    bands
        .iter()
        .map(|b| pb::Band {
            key: b.key.clone(),
            display_name: b.name.clone(),
            lower: number::decimal(&b.lower, 2),
            zone: b.zone.clone(),
        })
        .collect()
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

/// An instrument for a caller.
pub fn instrument(known: &Known) -> pb::Instrument {
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
        bands: bands(&instrument.bands),
        built_in: known.created_at.is_none(),
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

/// One addend of a tree.
pub fn term(node: &Node) -> pb::Term {
    let product = node.value.as_ref().map(|v| v * &node.weight);
    pb::Term {
        key: node.key.clone(),
        display_name: node.name.clone(),
        weight: number::fraction(&node.weight),
        value: node.value.as_ref().map(number::fraction).unwrap_or_default(),
        product: product.as_ref().map(number::fraction).unwrap_or_default(),
        terms: node.terms.iter().map(term).collect(),
        origin: node.origin.to_owned(),
    }
}

/// An index with its tree.
pub fn value(instrument: &Instrument, index: &Index) -> pb::IndexValue {
    let part = |key: &str| {
        index
            .part(key)
            .map(|v| number::decimal(v, PARTS))
            .unwrap_or_default()
    };
    let published = index.published.as_ref();
    pb::IndexValue {
        index: published.map(|p| p.value.clone()).unwrap_or_default(),
        index_exact: published.map(|p| number::fraction(&p.exact)).unwrap_or_default(),
        category: published.map(|p| p.category.clone()).unwrap_or_default(),
        category_display_name: published.map(|p| p.name.clone()).unwrap_or_default(),
        f02: part("f02"),
        f03: part("f03"),
        tree: Some(term(&index.tree)),
        missing: index.missing.clone(),
        instrument: instrument.id.clone(),
        citations: instrument.citations.clone(),
    }
}

/// Every metric of other bodies.
pub fn metrics() -> Vec<pb::ExternalMetric> {
    external::metrics()
        .iter()
        .map(|m| {
            let subjects = [("unit", m.of_units), ("agency", m.of_agencies)];
            pb::ExternalMetric {
                key: m.key.clone(),
                display_name: m.name.clone(),
                subjects: subjects
                    .into_iter()
                    .filter(|(_, has)| *has)
                    .map(|(name, _)| name.to_owned())
                    .collect(),
                eras: m
                    .eras
                    .iter()
                    .map(|e| pb::Era {
                        id: e.id.clone(),
                        from_year: e.from_year,
                        to_year: e.to_year.unwrap_or_default(),
                        minimum: number::decimal(&e.minimum, e.decimals),
                        maximum: number::decimal(&e.maximum, e.decimals),
                        decimals: i32::try_from(e.decimals).unwrap_or_default(),
                        bands: bands(&e.bands),
                        citations: e.citations.clone(),
                    })
                    .collect(),
            }
        })
        .collect()
}

/// A recorded score, with its change against an earlier one where there is one.
pub fn external(row: &Row, change: Option<(&Row, Change)>) -> pb::ExternalScore {
    let metric = external::find(&row.metric);
    let era = metric.and_then(|m| m.eras.iter().find(|e| e.id == row.era));
    let published = era.and_then(|e| e.publish(&row.score));
    pb::ExternalScore {
        metric: row.metric.clone(),
        subject: subject_name(&row.agency, &row.unit),
        period: row.period.clone(),
        score: row.score.clone(),
        category: row.category.clone(),
        category_display_name: published.as_ref().map(|p| p.name.clone()).unwrap_or_default(),
        zone: published.map(|p| p.zone).unwrap_or_default(),
        era: row.era.clone(),
        source: row.source.clone(),
        no_maladministration: row.no_maladministration != 0,
        reason: row.reason.clone(),
        record_time: Some(to_proto(from_micros(row.recorded_at))),
        change: change.map(|(base, change)| pb::ScoreChange {
            base_period: base.period.clone(),
            base_score: base.score.clone(),
            points: change.points,
            relative_percent: change.relative_percent.unwrap_or_default(),
        }),
    }
}

/// Numbers by key, each a decimal or a fraction from 0 to `max`; faults are named by field and key.
pub fn numbers(
    field: &str,
    given: &BTreeMap<String, String>,
    max: u32,
    faults: &mut Vec<Violation>,
) -> BTreeMap<String, Rational> {
    let mut numbers = BTreeMap::new();
    for (key, text) in given {
        match number_in(text, max) {
            Some(number) => {
                numbers.insert(key.clone(), number);
            }
            None => faults.push(off_scale(&format!("{field}.{}", shown(key)), max)),
        }
    }
    numbers
}

/// What a caller sent, cut and cleaned so that it can be repeated in a field path.
pub fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(64).collect()
}

/// A decimal or a fraction from 0 to `max`.
pub fn number_in(text: &str, max: u32) -> Option<Rational> {
    if text.len() > 60 {
        return None;
    }
    let number = crate::domain::read::parse(text)?;
    let range = Rational::from_integer(0.into())..=Rational::from_integer(max.into());
    range.contains(&number).then_some(number)
}

/// The fault of a number that is not on the scale.
pub fn off_scale(field: &str, max: u32) -> Violation {
    Violation::new(
        field,
        format!("must be a decimal or a fraction from 0 to {max}"),
        format!("harus desimal atau pecahan 0 sampai {max}"),
    )
}
