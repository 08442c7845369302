//! Collects the inputs of an index from the tables.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use prima_platform::failure::Failure;
use prima_proto::{event::v1::SurveyResultState, name, period::Period};
use prost::Message;
use sea_orm::ConnectionTrait;

use crate::{
    domain::{
        cycle::Cycle,
        f03::{self, Survey},
        facts::Facts,
        instrument::Instrument,
        level::{F03, Inputs, Origin, counted},
        suggestion::suggest,
    },
    events::facts,
    store::{Assessment, evaluations, fact_list, objections},
};

/// The inputs of the index of an assessment, read from the tables. Figures of other services are those of `settled`,
/// when the cycle is settled.
pub async fn collect_inputs(
    conn: &impl ConnectionTrait,
    cycle: &Cycle,
    instrument: &Instrument,
    row: &Assessment,
    settled: Option<&Inputs>,
) -> Result<Inputs, Failure> {
    let unit = row.unit_name();
    let given: Vec<(String, i64)> = evaluations(conn, cycle.id, &unit)
        .await?
        .into_iter()
        .map(|e| (e.indicator, e.level))
        .collect();
    let granted: Vec<(String, i64)> = objections(conn, cycle.id, &unit)
        .await?
        .into_iter()
        .filter_map(|o| Some((o.indicator, o.level?)))
        .collect();
    let suggested = match settled {
        Some(inputs) => kept_suggestions(inputs),
        None => suggested(conn, cycle, instrument, row).await?,
    };
    let f03 = match settled {
        Some(inputs) => inputs.f03.clone(),
        None => f03(conn, cycle, instrument, row).await?,
    };
    Ok(Inputs {
        form: row.form.clone(),
        weighting: cycle.settings.weighting,
        minimum_respondents: cycle.settings.minimum_respondents,
        policy: cycle.settings.policy,
        levels: counted(&given, &granted, &suggested),
        f03,
    })
}

/// All facts that other services have published of a unit.
pub async fn facts_of(conn: &impl ConnectionTrait, unit: &name::Unit) -> Result<Facts, Failure> {
    let kept = fact_list(conn, unit).await?;
    facts::facts(&kept).map_err(Failure::internal)
}

/// The date as of which the facts of a cycle are evaluated.
pub fn evaluation_date(cycle: &Cycle) -> Result<NaiveDate, Failure> {
    let text = &cycle.settings.evaluation_date;
    text.parse().map_err(Failure::internal)
}

/// The levels that live data supports; empty unless the cycle lets suggestions count.
async fn suggested(
    conn: &impl ConnectionTrait,
    cycle: &Cycle,
    instrument: &Instrument,
    row: &Assessment,
) -> Result<BTreeMap<String, u32>, Failure> {
    if !cycle.settings.suggestions_count {
        return Ok(BTreeMap::new());
    }
    let facts = facts_of(conn, &row.unit_name()).await?;
    let suggested = suggest(instrument, &row.form, &facts, evaluation_date(cycle)?);
    Ok(suggested
        .into_iter()
        .filter_map(|s| Some((s.indicator, s.level?)))
        .collect())
}

fn kept_suggestions(inputs: &Inputs) -> BTreeMap<String, u32> {
    let kept = inputs
        .levels
        .iter()
        .filter(|(_, l)| l.origin == Origin::Suggestion);
    kept.filter_map(|(key, l)| Some((key.clone(), u32::try_from(l.level.numer()).ok()?)))
        .collect()
}

/// F-03 from the closed surveys of the unit's form in the period of the cycle, by the cycle's roll-up.
async fn f03(
    conn: &impl ConnectionTrait,
    cycle: &Cycle,
    instrument: &Instrument,
    row: &Assessment,
) -> Result<Option<F03>, Failure> {
    let Some(form) = instrument.forms.as_ref().and_then(|f| f.get(&row.form)) else {
        return Ok(None);
    };
    let asked = format!("f03-{}-", row.form);
    let Ok(of_cycle) = cycle.year.parse::<Period>() else {
        return Ok(None);
    };
    let within = |period: &str| {
        period
            .parse::<Period>()
            .is_ok_and(|own| of_cycle.first_day() <= own.first_day() && own.last_day() <= of_cycle.last_day())
    };
    let mut surveys = Vec::new();
    let states = fact_list(conn, &row.unit_name()).await?;
    for fact in states.iter().filter(|f| f.service == "survey") {
        let state = SurveyResultState::decode(fact.payload.as_slice()).map_err(Failure::internal)?;
        if state.instrument.starts_with(&asked)
            && within(&state.period)
            && state.closed_at.is_some()
            && state.weight_variant == cycle.settings.roll_up
        {
            let elements = state.elements.into_iter();
            surveys.push(Survey {
                name: state.name,
                version: fact.version,
                respondents: state.disclosed_respondents,
                elements: elements.map(|e| (e.key, e.answers, e.total)).collect(),
            });
        }
    }
    Ok(f03::pool(form, instrument.max, &cycle.settings.roll_up, &surveys))
}
