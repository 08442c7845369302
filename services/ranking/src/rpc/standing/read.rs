//! Reads standings.

use prima_platform::{
    failure::Failure,
    request::{self, Faults},
};
use prima_proto::{name, ranking::v1};

use crate::{
    domain::{Row, TableKey},
    rpc::{App, message, moment},
};

/// The row of a subject in each table of a metric and period, now or in the past, in the order of the tables' names.
pub async fn get(app: &App, message: &v1::GetStandingRequest) -> Result<v1::GetStandingResponse, Failure> {
    let (metric, period) = (&message.metric, &message.period);
    let mut faults = Faults::default();
    let subject = faults.take(request::name("subject", &message.subject));
    faults.take(request::parsed("metric", metric, name::id));
    faults.take(request::parsed("period", period, name::id));
    let times = [message.as_of.as_ref(), message.known_at.as_ref()];
    let times = moment::Times::parse(&mut faults, "", times, app.clock.now());
    let subject = faults.settle(subject)?;
    app.check_ready()?;
    let freshness = app.freshness();
    let past = times.past(app, metric, period).await?;
    let league_tables = past.as_ref().map_or(&*app.tables, |past| &past.tables).read();
    let mut rows = league_tables.standings(&subject, metric, period);
    if rows.is_empty() {
        let what = format!("{} ({metric}, {period})", message.subject);
        return Err(Failure::not_found(&what));
    }
    rows.sort_by_cached_key(|(key, _)| key.to_string());
    let standing = |(key, row): (TableKey, Row)| {
        let mut table = message::table(&league_tables, &key);
        if let Some(past) = &past {
            moment::set(&mut table, past.moment);
        }
        v1::Standing {
            table: Some(table),
            row: Some(message::row(row)),
        }
    };
    let standings = rows.into_iter().map(standing).collect();
    drop(league_tables);
    Ok(v1::GetStandingResponse { standings, freshness })
}
