//! Messages of assessments and objections.

use std::collections::BTreeMap;

use prima_platform::{
    clock::{from_micros, to_proto},
    failure::Failure,
    number,
};
use prima_proto::index::v1 as pb;
use sea_orm::ConnectionTrait;

use crate::{
    derived::{self, Assessed},
    domain::{cycle::Cycle, instrument::Instrument, level::Inputs, score::Index},
    store::{Assessment, Objection, SelfLevel, evaluations, objections, self_levels},
};

fn at(micros: i64) -> prost_types::Timestamp {
    to_proto(from_micros(micros))
}

/// An objection as a message.
pub fn objection(objection: &Objection) -> pb::Objection {
    pb::Objection {
        number: objection.number,
        indicator: objection.indicator.clone(),
        reason: objection.reason.clone(),
        create_time: Some(at(objection.created_at)),
        granted: objection.granted != 0,
        level: objection.level.and_then(|l| i32::try_from(l).ok()),
        decision: objection.decision.clone(),
        decide_time: objection.decided_at.map(at),
    }
}

/// An assessment as a message, without its indicators.
pub fn summary(cycle: &Cycle, instrument: &Instrument, row: &Assessment) -> Result<pb::Assessment, Failure> {
    let (inputs, index) = derived::index(instrument, row)?;
    Ok(summary_of(cycle, row, &inputs, index))
}

fn summary_of(cycle: &Cycle, row: &Assessment, inputs: &Inputs, index: Index) -> pb::Assessment {
    let published = index.published.unwrap_or_default();
    pb::Assessment {
        name: format!("{}/{}", cycle.name(), row.unit_name()),
        form: row.form.clone(),
        f03: inputs.f03.as_ref().map(|f| pb::F03 {
            survey: f.surveys.join(", "),
            value: number::fraction(&f.value),
            respondents: f.respondents,
            version: f.version,
        }),
        index: published.value,
        category: published.category,
        category_display_name: published.name,
        missing: index.missing,
        version: row.version,
        update_time: Some(at(row.updated_at)),
        ..Default::default()
    }
}

/// An assessment as a message, with its indicators in the order of the form and its objections.
pub async fn assessment(conn: &impl ConnectionTrait, assessed: &Assessed) -> Result<pb::Assessment, Failure> {
    let Assessed {
        cycle,
        instrument,
        row,
    } = assessed;
    let (inputs, index) = derived::index(instrument, row)?;
    let mut answer = summary_of(cycle, row, &inputs, index);
    let unit = row.unit_name();
    let given_by_unit: BTreeMap<String, SelfLevel> = self_levels(conn, cycle.id, &unit)
        .await?
        .into_iter()
        .map(|s| (s.indicator.clone(), s))
        .collect();
    let mut given: BTreeMap<String, Vec<pb::Evaluation>> = BTreeMap::new();
    for one in evaluations(conn, cycle.id, &unit).await? {
        let rows = given.entry(one.indicator.clone()).or_default();
        rows.push(pb::Evaluation {
            indicator: one.indicator,
            level: stored_level(one.level),
            note: one.note,
            evaluator: one.evaluator,
            update_time: Some(at(one.updated_at)),
        });
    }
    for indicator in assessed
        .form()
        .map(|f| f.indicators.as_slice())
        .unwrap_or_default()
    {
        let level = inputs.levels.get(&indicator.key);
        answer.indicators.push(pb::AssessedIndicator {
            indicator: indicator.key.clone(),
            self_level: given_by_unit.get(&indicator.key).map(|s| pb::SelfLevel {
                indicator: s.indicator.clone(),
                level: stored_level(s.level),
                note: s.note.clone(),
            }),
            evaluations: given.remove(&indicator.key).unwrap_or_default(),
            level: level.map(|l| number::fraction(&l.level)).unwrap_or_default(),
            level_origin: level.map(|l| l.origin.as_str().to_owned()).unwrap_or_default(),
        });
    }
    answer.objections = objections(conn, cycle.id, &unit)
        .await?
        .iter()
        .map(objection)
        .collect();
    Ok(answer)
}

/// A stored level as in messages; it was checked when it was stored.
fn stored_level(level: i64) -> i32 {
    i32::try_from(level).unwrap_or_default()
}
