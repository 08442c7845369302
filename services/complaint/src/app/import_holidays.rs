//! Replaces the calendar of the years that an import touches. Open deadlines are computed again after it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::complaint::v1;

use super::{App, Once, require_national};
use crate::{
    domain::calendar::Holiday,
    store::{
        Lock,
        due::outdated_count,
        settings::{By, Year, calendar_raise, calendar_version, calendar_year_add},
    },
};

const METHOD: &str = "complaint.ImportHolidays";

/// A calendar that comes in.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// Days off, each once.
    pub holidays: Vec<Holiday>,
    /// Source.
    pub citation: String,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(app: &App, caller: &Caller, new: Request) -> Result<v1::ImportHolidaysResponse, Failure> {
    require_national(caller)?;
    let txn = app.context.db.begin().await?;
    if let Some(first) = new.once.find(&txn, METHOD, caller).await? {
        return Ok(first);
    }
    calendar_version(&txn, Lock::Update).await?;
    let before = app.ground.calendar(&txn).await?;
    let mut years: BTreeMap<i32, Vec<Holiday>> = BTreeMap::new();
    for holiday in new.holidays {
        years.entry(holiday.date.year()).or_default().push(holiday);
    }
    let same = years.iter().all(|(year, given)| {
        let mut given: Vec<&Holiday> = given.iter().collect();
        given.sort_by_key(|h| h.date);
        before.covers(*year) && before.holidays().filter(|h| h.date.year() == *year).eq(given)
    });
    if same {
        // The calendar says so already: no deadline is computed again.
        let answer = v1::ImportHolidaysResponse {
            version: before.version(),
            years: years.keys().copied().collect(),
            ..Default::default()
        };
        new.once.keep(&txn, METHOD, caller, &answer, app).await?;
        app.commit(txn).await?;
        return Ok(answer);
    }
    let held: BTreeSet<NaiveDate> = before
        .holidays()
        .map(|h| h.date)
        .filter(|date| years.contains_key(&date.year()))
        .collect();
    let given: BTreeSet<NaiveDate> = years.values().flatten().map(|h| h.date).collect();
    let version = calendar_raise(&txn).await?;
    let by = By {
        actor: caller.subject().to_owned(),
        at: app.now(),
    };
    let count = |days: usize| i32::try_from(days).unwrap_or(i32::MAX);
    let answer = v1::ImportHolidaysResponse {
        version,
        years: years.keys().copied().collect(),
        added: count(given.difference(&held).count()),
        removed: count(held.difference(&given).count()),
        open_complaints: outdated_count(&txn, version).await?,
    };
    for (year, mut holidays) in years {
        holidays.sort_by_key(|h| h.date);
        let year = Year {
            year: i64::from(year),
            holidays,
            citation: new.citation.clone(),
        };
        calendar_year_add(&txn, version, &year, &by).await?;
    }
    new.once.keep(&txn, METHOD, caller, &answer, app).await?;
    app.commit(txn).await?;
    Ok(answer)
}
