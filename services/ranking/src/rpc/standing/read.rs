//! Reads standings.

use prima_platform::{
    failure::{Failure, Violation},
    request::{self, Faults},
};
use prima_proto::{name, ranking::v1};

use crate::{
    domain::{Row, Subject, TableKey},
    rpc::{App, shown},
};

/// The row of a subject in each table of a metric and period, in the order of the tables' names.
pub fn get(app: &App, message: &v1::GetStandingRequest) -> Result<v1::GetStandingResponse, Failure> {
    let (metric, period) = (&message.metric, &message.period);
    let mut faults = Faults::default();
    let subject = faults.take(subject(&message.subject));
    faults.take(token("metric", metric));
    faults.take(token("period", period));
    let subject = faults.settle(subject)?;
    app.check_ready()?;
    let board = app.tables.board();
    let mut rows = board.standings(&subject, metric, period);
    if rows.is_empty() {
        let what = format!("{} ({metric}, {period})", message.subject);
        return Err(Failure::not_found(&what));
    }
    rows.sort_by_cached_key(|(key, _)| key.to_string());
    let standing = |(key, row): (TableKey, Row)| v1::Standing {
        table: Some(shown::table(&key, board.table(&key))),
        row: Some(shown::row(row)),
    };
    let standings = rows.into_iter().map(standing).collect();
    drop(board);
    Ok(v1::GetStandingResponse {
        standings,
        freshness: app.freshness(),
    })
}

/// A unit or an agency.
fn subject(raw: &str) -> Result<Subject, Violation> {
    Subject::parse(raw).ok_or_else(|| {
        Violation::new(
            "subject",
            "must be agencies/{agency} or agencies/{agency}/units/{unit}",
            "harus berbentuk agencies/{agency} atau agencies/{agency}/units/{unit}",
        )
    })
}

/// A metric or a period.
fn token(field: &str, raw: &str) -> Result<(), Violation> {
    let parse = |raw: &str| name::token(raw, name::TOKEN_MAX).map(|_| ());
    request::name(field, raw, parse, name::Error::localized)
}
