//! Replaces the calendar of every year of which the import contains days. Open deadlines are then recomputed by
//! `derived/due_reports.rs`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use prima_platform::{
    command::{Command, IdempotencyKey, Work},
    failure::Failure,
    request::{Faults, text},
};
use prima_proto::complaint::v1;

use super::message;
use crate::{
    context::App,
    domain::calendar::Holiday,
    rpc::once,
    store::{
        By, Lock,
        calendar_state::{calendar_raise_in_txn, calendar_version},
        calendar_year::{Year, calendar_year_add_in_txn},
        due::outdated_count,
    },
};

/// How many days off one import may contain.
const HOLIDAYS: usize = 1000;

/// An import of days off.
pub struct Import {
    once: IdempotencyKey,
    /// The days off; no date occurs twice.
    holidays: Vec<Holiday>,
    /// The decree from which they were taken.
    citation: String,
}

impl Command for Import {
    type App = App;
    type Message = v1::ImportHolidaysRequest;
    type Answer = v1::ImportHolidaysResponse;

    fn parse(raw: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = faults.take(once::parse("complaint.ImportHolidays", &raw.request_id, &raw));
        let citation = faults.or_default(text::line("citation", &raw.citation, 5, 300));
        let holidays = holidays(&raw.holidays, &mut faults);
        faults.build(|| {
            Some(Self {
                once: once?,
                holidays,
                citation,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let txn = work.txn;
        calendar_version(txn, Lock::Update).await?;
        let before = work.app.settings.calendar(txn).await?;
        let mut years: BTreeMap<i32, Vec<Holiday>> = BTreeMap::new();
        for holiday in self.holidays {
            years.entry(holiday.date.year()).or_default().push(holiday);
        }
        for holidays in years.values_mut() {
            holidays.sort_by_key(|h| h.date);
        }
        let same = years.iter().all(|(year, given)| {
            before.covers(*year) && before.holidays().filter(|h| h.date.year() == *year).eq(given)
        });
        if same {
            // Nothing changes, so the version stays and no deadline is recomputed.
            return Ok(v1::ImportHolidaysResponse {
                version: before.version(),
                years: years.keys().copied().collect(),
                ..Default::default()
            });
        }
        let previous: BTreeSet<NaiveDate> = before
            .holidays()
            .map(|h| h.date)
            .filter(|date| years.contains_key(&date.year()))
            .collect();
        let given: BTreeSet<NaiveDate> = years.values().flatten().map(|h| h.date).collect();
        let version = calendar_raise_in_txn(txn).await?;
        let by = By::from(&*work);
        let count = |days: usize| i32::try_from(days).unwrap_or(i32::MAX);
        let answer = v1::ImportHolidaysResponse {
            version,
            years: years.keys().copied().collect(),
            added: count(given.difference(&previous).count()),
            removed: count(previous.difference(&given).count()),
            open_complaints: outdated_count(txn, version).await?,
        };
        for (year, holidays) in years {
            let year = Year {
                year: i64::from(year),
                holidays,
                citation: self.citation.clone(),
            };
            calendar_year_add_in_txn(txn, version, &year, &by).await?;
        }
        Ok(answer)
    }
}

fn holidays(raw: &[v1::Holiday], faults: &mut Faults) -> Vec<Holiday> {
    if !(1..=HOLIDAYS).contains(&raw.len()) {
        faults.add(
            "holidays",
            format!("must be 1 to {HOLIDAYS}"),
            format!("harus 1 sampai {HOLIDAYS}"),
        );
        return Vec::new();
    }
    let mut holidays = Vec::new();
    let mut seen = BTreeSet::new();
    for (n, raw) in raw.iter().enumerate() {
        let Some(holiday) = faults.take_all(message::given(n, raw)) else {
            continue;
        };
        if !seen.insert(holiday.date) {
            let field = format!("holidays[{n}].date");
            faults.add(field, "came before", "tanggal ini sudah ada di atas");
        }
        holidays.push(holiday);
    }
    holidays
}
