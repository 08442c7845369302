//! The score of an agency: the mean of its units' exact values, recomputed from a mark at most once a second.

use std::{str::FromStr, time::Duration};

use num_bigint::BigInt;
use prima_platform::{clock::micros, failure::Failure, outbox};
use prima_proto::name;
use tokio_util::sync::CancellationToken;

use super::{App, recorded_scores};
use crate::{
    domain::{
        index::{self, Published},
        instrument,
        number::{self, Rational},
        period::Period,
    },
    events::render::{self, Score},
    store::agency_score::{
        AgencyPeriod, UnitInput, agencies_mark, agency_clear_in_txn, agency_inputs, agency_marked,
        agency_periods, agency_score_lock_in_txn, agency_score_save, agency_settling,
    },
};

const EVERY: Duration = Duration::from_secs(1);
const PAGE: i64 = 500;

/// Recomputes marked agencies until `stop`.
pub async fn run(app: App, stop: CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = round(&app).await {
            tracing::warn!(%error, "agency scores: trying again");
        }
        tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(EVERY) => {} }
        // Idle until somebody marks one here, but look now and then for marks of other replicas and ended periods.
        tokio::select! {
            () = stop.cancelled() => return,
            () = app.agencies.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Recomputes everything that is marked or whose period has ended.
pub async fn round(app: &App) -> Result<(), Failure> {
    let db = &app.context.db;
    for key in agency_settling(db.reader(), micros(app.context.clock.now())).await? {
        recompute(app, &key, true).await?;
    }
    loop {
        let marked = agency_marked(db.reader(), PAGE).await?;
        for key in &marked {
            if key.is_all() {
                spread(app, key).await?;
            } else {
                recompute(app, key, false).await?;
            }
        }
        let more =
            marked.iter().any(AgencyPeriod::is_all) || i64::try_from(marked.len()).unwrap_or(0) >= PAGE;
        if !more {
            return Ok(());
        }
    }
}

/// Turns a mark of every period into one for each.
async fn spread(app: &App, key: &AgencyPeriod) -> Result<(), Failure> {
    let txn = app.context.db.begin().await?;
    if agency_clear_in_txn(&txn, key).await? {
        // Read after the mark is taken, and so after whoever set it has committed.
        let periods = agency_periods(&txn, &key.agency).await?;
        let keys = periods.into_iter().map(|period| AgencyPeriod {
            agency: key.agency.clone(),
            period,
        });
        agencies_mark(&txn, &keys.collect()).await?;
    }
    Ok(txn.commit().await?)
}

async fn recompute(app: &App, key: &AgencyPeriod, settling: bool) -> Result<(), Failure> {
    let txn = app.context.db.begin().await?;
    if !agency_clear_in_txn(&txn, key).await? && !settling {
        return Ok(());
    }
    let locked = agency_score_lock_in_txn(&txn, key, app.now_millis()).await?;
    let inputs = agency_inputs(&txn, key).await?;
    let now = app.context.clock.now();
    let period = Period::from_str(&key.period).ok();
    let ended = period.as_ref().is_some_and(|p| p.ended(now));
    let first_day = period
        .as_ref()
        .map(|p| p.first_day().to_string())
        .unwrap_or_default();
    // What the agency itself published of a period wins over what its units add up to.
    let score = match recorded_scores::of_agency(&txn, key).await? {
        None => mean(&inputs, &first_day, ended),
        recorded => recorded,
    };
    let settles_at = match (&period, ended) {
        (Some(period), false) => Some(micros(period.ends_at())),
        _ => None,
    };
    agency_score_save(&txn, key, score.is_some(), settles_at).await?;
    if score.is_some() || locked.published != 0 {
        let agency = name::Agency {
            agency: key.agency.clone(),
        };
        let state = render::agency_score(&agency, &key.period, locked.version, score.as_ref());
        outbox::stage(&txn, &[state]).await?;
    }
    txn.commit().await?;
    app.context.outbox.committed();
    Ok(())
}

/// The units of an agency that count together.
#[derive(Debug)]
pub(super) struct Counted<'a> {
    /// Their instrument and version.
    pub instrument: &'a str,
    /// Each with its exact value.
    pub units: Vec<(&'a UnitInput, Rational)>,
}

/// The units that count; none without a scored unit. Units with different instruments are not brought together: the
/// newest that is known here counts, else the newest of the recorded ones, and the others are missing.
pub(super) fn counted(inputs: &[UnitInput]) -> Option<Counted<'_>> {
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
pub(super) fn expected(inputs: &[UnitInput], first_day: &str) -> usize {
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
