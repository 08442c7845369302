//! The score of an agency: the mean of its units' exact values, recomputed from a mark at most once a second.

use std::{collections::BTreeSet, str::FromStr, time::Duration};

use async_trait::async_trait;
use num_bigint::BigInt;
use prima_platform::{
    clock::{Clock, micros},
    db::Txn,
    derived::{Kind, LegacyFlags, Settings},
    failure::Failure,
    outbox,
    service::Context,
};
use prima_proto::name;

use super::recorded_scores;
use crate::{
    domain::{
        index::{self, Published},
        instrument,
        number::{self, Rational},
        period::Period,
    },
    events::publish::{self, Score},
    store::agency_score::{
        AgencyPeriod, KIND, UnitInput, agencies_mark_in_txn, agencies_settling, agency_inputs,
        agency_periods, agency_scores_lock_in_txn, agency_scores_save_in_txn,
    },
};

/// The scores of agencies.
pub struct AgencyScores(pub Context);

#[async_trait]
impl Kind for AgencyScores {
    fn settings(&self) -> Settings {
        Settings {
            name: KIND,
            batch: 50,
            min_interval: Duration::from_secs(1),
            legacy: Some(LegacyFlags {
                table: "agency_dirty",
                key: "agency || '/' || period",
            }),
        }
    }

    async fn due(&self) -> Result<Vec<String>, Failure> {
        let context = &self.0;
        let ended = agencies_settling(context.db.reader(), micros(context.clock.now())).await?;
        Ok(ended.iter().map(ToString::to_string).collect())
    }

    async fn recompute(&self, txn: &Txn, keys: &[String]) -> Result<(), Failure> {
        let keys: BTreeSet<AgencyPeriod> = keys.iter().map(|key| key.parse()).collect::<Result<_, _>>()?;
        let (whole, each): (BTreeSet<_>, BTreeSet<_>) = keys.into_iter().partition(AgencyPeriod::is_all);
        for key in whole {
            spread(txn, &key.agency).await?;
        }
        recompute(&self.0.clock, txn, &each).await
    }
}

/// Turns a mark of every period into one for each.
async fn spread(txn: &Txn, agency: &str) -> Result<(), Failure> {
    let periods = agency_periods(txn, agency).await?;
    let keys = periods.iter().map(|period| AgencyPeriod::of(agency, period));
    Ok(agencies_mark_in_txn(txn, &keys.collect()).await?)
}

async fn recompute(clock: &Clock, txn: &Txn, keys: &BTreeSet<AgencyPeriod>) -> Result<(), Failure> {
    if keys.is_empty() {
        return Ok(());
    }
    let now = clock.now();
    let locked = agency_scores_lock_in_txn(txn, keys, now.timestamp_millis()).await?;
    let mut inputs = agency_inputs(txn, keys).await?;
    let mut recorded = recorded_scores::of_agencies(txn, keys).await?;
    let (mut states, mut saved) = (Vec::new(), Vec::new());
    for (key, mut row) in locked {
        let period = Period::from_str(&key.period).ok();
        let ended = period.as_ref().is_some_and(|p| p.ended(now));
        let first_day = period
            .as_ref()
            .map(|p| p.first_day().to_string())
            .unwrap_or_default();
        // What the agency itself published of a period wins over what its units add up to.
        let score = match recorded.remove(&key) {
            None => mean(&inputs.remove(&key).unwrap_or_default(), &first_day, ended),
            recorded => recorded,
        };
        if score.is_some() || row.published != 0 {
            let agency = name::Agency {
                agency: key.agency.clone(),
            };
            states.push(publish::agency_score(
                &agency,
                &key.period,
                row.version,
                score.as_ref(),
            ));
        }
        row.published = score.is_some().into();
        row.settles_at = period.filter(|_| !ended).map(|period| micros(period.ends_at()));
        saved.push(row);
    }
    agency_scores_save_in_txn(txn, &saved).await?;
    Ok(outbox::stage(txn, &states).await?)
}

/// The units of an agency that count together.
#[derive(Debug)]
pub struct Counted<'a> {
    /// Their instrument and version.
    pub instrument: &'a str,
    /// Each with its exact value.
    pub units: Vec<(&'a UnitInput, Rational)>,
}

/// The units that count; none without a scored unit. Units with different instruments are not brought together: the
/// newest that is known here counts, else the newest of the recorded ones, and the others are missing.
pub fn counted(inputs: &[UnitInput]) -> Option<Counted<'_>> {
    let scored = inputs.iter().filter(|i| i.exact.is_some());
    let instrument = scored
        .filter_map(|i| i.instrument.as_deref())
        .max_by_key(|id| (instrument::find(id).is_some(), *id))?;
    let units = inputs
        .iter()
        .filter(|i| i.instrument.as_deref() == Some(instrument))
        .filter_map(|i| Some((i, number::parse_fraction(i.exact.as_deref()?)?)))
        .collect();
    Some(Counted { instrument, units })
}

/// Units that should have a score in a period that begins on `first_day`: a unit that had closed before is not
/// expected, unless it has one.
pub fn expected(inputs: &[UnitInput], first_day: &str) -> usize {
    inputs
        .iter()
        .filter(|i| i.close_date.is_empty() || i.close_date.as_str() >= first_day || i.exact.is_some())
        .count()
}

impl Counted<'_> {
    /// The mean of the units' exact values.
    pub fn mean_of_units(&self) -> Option<Published> {
        let values: Vec<Rational> = self.units.iter().map(|(_, value)| value.clone()).collect();
        Some(self.publish(number::mean(&values)?))
    }

    /// The mean of the units' exact values, each weighed by its respondents; none while those of one are not known.
    pub fn respondent_weighted(&self) -> Option<Published> {
        let (mut sum, mut people) = (Rational::from_integer(0.into()), 0);
        for (unit, value) in &self.units {
            let respondents = unit.respondents.filter(|n| *n > 0)?;
            sum += value * BigInt::from(respondents);
            people += respondents;
        }
        (people > 0).then(|| self.publish(sum / BigInt::from(people)))
    }

    /// Whether nothing more exact than what is published would tell of fewer people than a step.
    pub fn whole(&self) -> bool {
        self.units.iter().all(|(unit, _)| unit.disclosed == Some(1))
    }

    /// Respondents of all.
    pub fn respondents(&self) -> i64 {
        self.units.iter().filter_map(|(unit, _)| unit.respondents).sum()
    }

    fn publish(&self, exact: Rational) -> Published {
        match instrument::find(self.instrument) {
            Some(known) => index::publish(known, exact),
            None => without_categories(exact),
        }
    }
}

/// The mean of units, as a score; none without a scored unit.
fn mean(inputs: &[UnitInput], first_day: &str, ended: bool) -> Option<Score> {
    let counted = counted(inputs)?;
    let expected = expected(inputs, first_day);
    Some(Score {
        published: counted.mean_of_units()?,
        whole: counted.whole(),
        components: Vec::new(),
        sample_size: counted.respondents(),
        sample_minimum: 0,
        standard_error: String::new(),
        units: (
            i64::try_from(counted.units.len()).ok()?,
            i64::try_from(expected).ok()?,
        ),
        aggregation: "mean_of_units".to_owned(),
        instrument: counted.instrument.to_owned(),
        settled: ended && counted.units.iter().all(|(unit, _)| unit.settled == Some(1)),
        recorded: false,
    })
}

/// The mean of recorded results of an instrument that is not known here: two decimals, as all of them have.
fn without_categories(exact: Rational) -> Published {
    Published {
        value: number::decimal(&exact, 2),
        grade: String::new(),
        name: String::new(),
        exact,
    }
}
