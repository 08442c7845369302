//! Messages of metrics and scores of other bodies.

use std::str::FromStr;

use prima_platform::{
    clock::{from_micros, to_proto},
    etag,
    failure::Violation,
    number,
};
use prima_proto::{index::v1 as pb, name::Subject, period::Period};

use crate::{
    domain::{
        band::Published,
        external::{self, Era, Metric, Part, opinion},
        number::change::Change,
        own_metric::Known,
    },
    rpc::band,
    store::{ExternalScore, RecordStatus},
};

/// Parses the metric in a field; `own` is the metric of an operator's own with this key, if there is one.
pub fn metric(field: &str, key: &str, own: Option<&Known>) -> Result<Known, Violation> {
    let built_in = external::find(key).map(Known::BuiltIn);
    built_in.or_else(|| own.cloned()).ok_or_else(|| {
        Violation::new(
            field,
            "is no configured metric; see ListExternalMetrics",
            "bukan metrik yang dikenal",
        )
    })
}

/// Parses the subject in a field, which must be of the kind that the metric has.
pub fn subject(field: &str, text: &str, metric: Option<&Metric>) -> Result<Subject, Violation> {
    let Ok(subject) = Subject::parse(text) else {
        return Err(Violation::new(
            field,
            "must be agencies/{agency} or agencies/{agency}/units/{unit}",
            "harus berbentuk agencies/{agency} atau agencies/{agency}/units/{unit}",
        ));
    };
    match (&subject, metric) {
        (Subject::Unit(_), Some(m)) if !m.of_units => Err(Violation::new(
            field,
            format!("{} is of agencies only", m.key),
            format!("{} hanya untuk instansi", m.key),
        )),
        (Subject::Agency(_), Some(m)) if !m.of_agencies => Err(Violation::new(
            field,
            format!("{} is of units only", m.key),
            format!("{} hanya untuk unit", m.key),
        )),
        _ => Ok(subject),
    }
}

/// Parses the period in a field.
pub fn period(field: &str, text: &str) -> Result<Period, Violation> {
    Period::from_str(text).map_err(|error| {
        Violation::new(
            field,
            error.to_string(),
            "harus berupa periode yang sah, misalnya 2024, 2024-s1, 2024-q3, atau 2024-m07",
        )
    })
}

/// Metrics as messages.
pub fn metrics<'a>(metrics: impl Iterator<Item = &'a Metric>) -> Vec<pb::ExternalMetric> {
    metrics
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
                        bands: band::messages(&e.bands),
                        citations: e.citations.clone(),
                        vertical_bands: band::messages(&e.vertical_bands),
                        parts: e.parts.iter().map(part).collect(),
                        agency_is_mean_of_units: e.agency_is_mean_of_units,
                    })
                    .collect(),
            }
        })
        .collect()
}

fn part(part: &Part) -> pb::EraPart {
    pb::EraPart {
        key: part.key.clone(),
        display_name: part.name.clone(),
        weight: number::fraction(&part.weight),
    }
}

/// The mean of the scores of an agency's units.
pub fn units_mean(mean: Published, units: usize) -> pb::UnitsMean {
    pb::UnitsMean {
        score: mean.value,
        units: i32::try_from(units).unwrap_or(i32::MAX),
        category: mean.category,
        category_display_name: mean.name,
        zone: mean.zone,
    }
}

/// A recorded score as a message, with its change against an earlier one and the mean of its units, where there are any.
pub fn score(
    row: &ExternalScore,
    status: RecordStatus,
    change: Option<(&ExternalScore, Change)>,
    units_mean: Option<pb::UnitsMean>,
) -> pb::ExternalScore {
    let waits = status == RecordStatus::Unconfirmed;
    let metric = external::find(&row.metric);
    let era = metric.and_then(|m| m.eras.iter().find(|e| e.id == row.era));
    let published = era
        .and_then(|e| e.recorded(&row.score, &row.category))
        .unwrap_or_default();
    let without_maladministration = row.no_maladministration != 0;
    let vertical = |e: &Era| e.vertical_bands.iter().any(|band| band.key == row.category);
    let part = |(key, score)| pb::ScorePart { key, score };
    pb::ExternalScore {
        metric: row.metric.clone(),
        subject: external::subject(&row.agency, &row.unit).to_string(),
        period: row.period.clone(),
        score: row.score.clone(),
        category: row.category.clone(),
        category_display_name: opinion(&published.name, without_maladministration),
        zone: published.zone,
        era: row.era.clone(),
        source: row.source.clone(),
        no_maladministration: without_maladministration,
        reason: row.reason.clone(),
        record_time: Some(to_proto(from_micros(row.recorded_at))),
        change: change.map(|(base, change)| pb::ScoreChange {
            base_period: base.period.clone(),
            base_score: base.score.clone(),
            points: change.points,
            relative_percent: change.relative_percent.unwrap_or_default(),
        }),
        document_link: row.link.clone(),
        document_sha256: row.sha256.clone().unwrap_or_default(),
        confirm_time: (!waits).then(|| to_proto(from_micros(row.confirmed_at.unwrap_or(row.recorded_at)))),
        etag: etag::of(row.version),
        recorder: match waits {
            true => row.actor.clone(),
            false => String::new(),
        },
        vertical_unit: era.is_some_and(vertical),
        parts: row.parts().into_iter().map(part).collect(),
        units_mean,
    }
}
