//! The score of an agency: the mean of its units' exact values, recomputed at most twice a second when a dirty flag is
//! set.

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
            min_interval: Duration::from_millis(500),
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

/// Replaces the dirty flag for all periods of an agency by one flag for each period.
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
        // A result that the agency itself published for a period takes precedence over the mean of its units.
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

/// The units of an agency from which its score is computed.
#[derive(Debug)]
pub struct Counted<'a> {
    /// The instrument that they share, with its version.
    pub instrument: &'a str,
    /// Each unit with its exact value.
    pub units: Vec<(&'a UnitInput, Rational)>,
}

/// The units from which the score of an agency is computed; `None` without a scored unit. Units with different
/// instruments are not combined: only those with the newest instrument known to this service are used, else those with
/// the newest recorded one. The other units count as missing.
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

/// Number of units that should have a score in a period that begins on `first_day`: a unit that closed before that day
/// is not expected, unless it has a score.
pub fn expected(inputs: &[UnitInput], first_day: &str) -> usize {
    inputs
        .iter()
        .filter(|i| i.close_date.is_empty() || i.close_date.as_str() >= first_day || i.exact.is_some())
        .count()
}

/// Number of responses of these units that are in question.
pub fn in_question(inputs: &[UnitInput]) -> i64 {
    inputs.iter().filter_map(|unit| unit.in_question).sum()
}

impl Counted<'_> {
    /// The mean of the units' exact values.
    pub fn mean_of_units(&self) -> Option<Published> {
        let values: Vec<Rational> = self.units.iter().map(|(_, value)| value.clone()).collect();
        Some(self.publish(number::mean(&values)?))
    }

    /// The mean of the units' exact values, weighted by their respondents; `None` while the number of respondents of a
    /// unit is unknown.
    pub fn respondent_weighted(&self) -> Option<Published> {
        let (mut sum, mut people) = (Rational::from_integer(0.into()), 0);
        for (unit, value) in &self.units {
            let respondents = unit.respondents.filter(|n| *n > 0)?;
            sum += value * BigInt::from(respondents);
            people += respondents;
        }
        (people > 0).then(|| self.publish(sum / BigInt::from(people)))
    }

    /// The mean of the units if what is in question were accepted; `None` when nothing or too little is. `inputs` has all units,
    /// because one may have a score only then.
    pub fn with_questioned(&self, inputs: &[UnitInput]) -> Option<Published> {
        let same = |unit: &&UnitInput| unit.instrument.as_deref() == Some(self.instrument);
        let units = inputs.iter().filter(same);
        units.clone().find(|unit| unit.exact_with_questioned.is_some())?;
        let exact = units.filter_map(|unit| unit.exact_with_questioned.as_deref().or(unit.exact.as_deref()));
        let values: Vec<Rational> = exact.filter_map(number::parse_fraction).collect();
        Some(self.publish(number::mean(&values)?))
    }

    /// Number of people whose response or void is not in the scores of these units yet.
    pub fn pending(&self) -> i64 {
        self.units.iter().filter_map(|(unit, _)| unit.pending).sum()
    }

    /// Number of responses in the scores of all these units.
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

/// The mean of the units, as a score; `None` without a scored unit.
fn mean(inputs: &[UnitInput], first_day: &str, ended: bool) -> Option<Score> {
    let counted = counted(inputs)?;
    let expected = expected(inputs, first_day);
    Some(Score {
        published: Some(counted.mean_of_units()?),
        components: Vec::new(),
        coefficients: Vec::new(),
        sample_size: counted.respondents(),
        pending: counted.pending(),
        questioned: (
            in_question(inputs),
            counted
                .with_questioned(inputs)
                .map(|p| p.value)
                .unwrap_or_default(),
        ),
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

/// The mean of recorded results with an instrument that this service does not know; it has two decimals, as each of
/// them has.
fn without_categories(exact: Rational) -> Published {
    Published {
        value: number::decimal(&exact, 2),
        grade: String::new(),
        name: String::new(),
        exact,
    }
}
