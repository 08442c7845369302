//! Reads the calendar.

use chrono::Datelike;
use prima_platform::{failure::Failure, request::Faults};
use prima_proto::complaint::v1;

use super::message;
use crate::{
    context::App,
    domain::calendar::{Calendar, YEARS},
    store::calendar_year::calendar_years,
};

/// The days off of a year; every caller may read them.
pub async fn list(app: &App, request: v1::ListHolidaysRequest) -> Result<v1::ListHolidaysResponse, Failure> {
    let mut faults = Faults::default();
    let year = faults.range("year", request.year, *YEARS.start(), *YEARS.end());
    let year = faults.settle(Some(year))?;
    let db = app.context.db.reader();
    let calendar = app.settings.calendar(db).await?;
    let imported = calendar_years(db).await?;
    let imported = imported.into_iter().find(|y| y.year == i64::from(year));
    let built_in = Calendar::built_in_citation(year).map(str::to_owned);
    let days = calendar.holidays().filter(|h| h.date.year() == year);
    Ok(v1::ListHolidaysResponse {
        holidays: days.map(message::holiday).collect(),
        loaded: calendar.covers(year),
        version: calendar.version(),
        citation: imported.map(|y| y.citation).or(built_in).unwrap_or_default(),
    })
}
