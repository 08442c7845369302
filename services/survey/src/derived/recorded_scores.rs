//! Recorded results as scores: the published value is used as it is, and nothing is recomputed.

use std::collections::{BTreeSet, HashMap};

use prima_platform::db::Txn;
use prima_proto::name;
use sea_orm::DbErr;

use crate::{
    domain::{number, recorded::Result as Recorded},
    events::publish::Score,
    store::{agency_score::AgencyPeriod, recorded::recorded_of_units, unit_score::UnitPeriod},
};

/// The recorded scores of these units and periods.
pub async fn of_units(txn: &Txn, keys: &BTreeSet<UnitPeriod>) -> Result<HashMap<UnitPeriod, Score>, DbErr> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let records = recorded_of_units(txn, keys).await?;
    let scored = records.into_iter().filter_map(|record| {
        let unit = name::Unit {
            agency: record.subject.agency().to_owned(),
            unit: record.subject.unit().to_owned(),
        };
        Some(((unit, record.result.period.clone()), score(record.result)?))
    });
    Ok(scored.collect())
}

/// The scores that were recorded for these agencies themselves, not for their units.
pub async fn of_agencies(
    txn: &Txn,
    keys: &BTreeSet<AgencyPeriod>,
) -> Result<HashMap<AgencyPeriod, Score>, DbErr> {
    let own = keys.iter().map(|key| {
        let unit = name::Unit {
            agency: key.agency.clone(),
            unit: String::new(),
        };
        (unit, key.period.clone())
    });
    let scores = of_units(txn, &own.collect()).await?.into_iter();
    let scores = scores.map(|((unit, period), score)| (AgencyPeriod::of(&unit.agency, &period), score));
    Ok(scores.collect())
}

fn score(record: Recorded) -> Option<Score> {
    let means = record.elements.iter();
    let means = means.filter_map(|(key, mean)| Some((key.clone(), number::parse_decimal(mean)?)));
    Some(Score {
        published: Some(record.published()?),
        components: means.collect(),
        coefficients: Vec::new(),
        sample_size: record.respondents,
        pending: 0,
        questioned: (0, String::new()),
        // The minimum sample of a recorded result is unknown.
        sample_minimum: 0,
        standard_error: String::new(),
        units: (0, 0),
        aggregation: record.roll_up,
        instrument: record.instrument,
        settled: true,
        recorded: true,
    })
}
