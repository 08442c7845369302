//! Instruments: those of the release, which are embedded, and those that were added.

use std::sync::Arc;

use prima_platform::db::{Txn, broken, sql};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use crate::domain::{
    cycle::Cycle,
    instrument::{Instrument, Known, built_in},
};

#[derive(Debug, FromQueryResult)]
struct Row {
    id: String,
    document: String,
    created_at: i64,
}

/// A stored document was sound when it was stored.
impl TryFrom<Row> for Known {
    type Error = DbErr;

    fn try_from(row: Row) -> Result<Self, DbErr> {
        Ok(Self {
            instrument: Instrument::read(&row.document).map_err(|_| broken(&row.id, "document"))?,
            document: row.document,
            created_at: Some(row.created_at),
        })
    }
}

fn of_release((instrument, document): &(Instrument, &str)) -> Known {
    Known {
        instrument: instrument.clone(),
        document: (*document).to_owned(),
        created_at: None,
    }
}

/// Every instrument, ordered by id.
pub async fn instrument_list(conn: &impl ConnectionTrait) -> Result<Vec<Known>, DbErr> {
    let text = "SELECT id, document, created_at FROM instrument";
    let mut all: Vec<Known> = built_in().iter().map(of_release).collect();
    for row in Row::find_by_statement(sql(conn, text, [])).all(conn).await? {
        all.push(row.try_into()?);
    }
    all.sort_by(|a, b| a.instrument.id.cmp(&b.instrument.id));
    Ok(all)
}

/// The instrument of this id.
pub async fn instrument_get(conn: &impl ConnectionTrait, id: &str) -> Result<Option<Known>, DbErr> {
    if let Some(found) = built_in().iter().find(|(i, _)| i.id == id) {
        return Ok(Some(of_release(found)));
    }
    let text = "SELECT id, document, created_at FROM instrument WHERE id = $1";
    let row = Row::find_by_statement(sql(conn, text, [id.into()]));
    row.one(conn).await?.map(Known::try_from).transpose()
}

/// The instrument of a cycle; it was there when the cycle was opened, and none is ever removed.
pub async fn instrument_of(conn: &impl ConnectionTrait, cycle: &Cycle) -> Result<Arc<Instrument>, DbErr> {
    let found = instrument_get(conn, &cycle.instrument).await?;
    let known = found.ok_or_else(|| broken(cycle.name(), "instrument"))?;
    Ok(Arc::new(known.instrument))
}

/// Stores an instrument that was added; false when its id is taken.
pub async fn instrument_insert_in_txn(txn: &Txn, known: &Known) -> Result<bool, DbErr> {
    let id = &known.instrument.id;
    if built_in().iter().any(|(i, _)| i.id == *id) {
        return Ok(false);
    }
    let text = "INSERT INTO instrument (id, document, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    let values = [
        id.clone().into(),
        known.document.clone().into(),
        known.created_at.into(),
    ];
    Ok(txn.execute_raw(sql(txn, text, values)).await?.rows_affected() == 1)
}
