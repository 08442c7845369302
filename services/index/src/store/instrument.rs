//! Instruments: the built-in ones, and those that were added.

use std::sync::Arc;

use prima_platform::db::{Txn, broken, insert_new};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, Set, entity::prelude::*};

use crate::domain::{
    cycle::Cycle,
    instrument::{Instrument, InstrumentDocument, built_in},
};

/// A row of the table `instrument`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "instrument")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Its JSON.
    pub document: String,
    /// When it was added, unix microseconds.
    pub created_at: i64,
}

prima_platform::no_relations!();

/// A stored document was valid when it was stored.
impl TryFrom<Model> for InstrumentDocument {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        Ok(Self {
            instrument: Instrument::read(&row.document).map_err(|_| broken(&row.id, "document"))?,
            document: row.document,
            created_at: Some(row.created_at),
        })
    }
}

fn built_in_document((instrument, document): &(Instrument, &str)) -> InstrumentDocument {
    InstrumentDocument {
        instrument: instrument.clone(),
        document: (*document).to_owned(),
        created_at: None,
    }
}

/// Every instrument, ordered by id.
pub async fn instrument_list(conn: &impl ConnectionTrait) -> Result<Vec<InstrumentDocument>, DbErr> {
    let mut all: Vec<InstrumentDocument> = built_in().iter().map(built_in_document).collect();
    for row in Entity::find().all(conn).await? {
        all.push(row.try_into()?);
    }
    all.sort_by(|a, b| a.instrument.id.cmp(&b.instrument.id));
    Ok(all)
}

/// The instrument of this id.
pub async fn instrument_get(
    conn: &impl ConnectionTrait,
    id: &str,
) -> Result<Option<InstrumentDocument>, DbErr> {
    if let Some(found) = built_in().iter().find(|(i, _)| i.id == id) {
        return Ok(Some(built_in_document(found)));
    }
    let row = Entity::find_by_id(id).one(conn).await?;
    row.map(InstrumentDocument::try_from).transpose()
}

/// The instrument of a cycle. It existed when the cycle was opened, and no instrument is ever removed.
pub async fn instrument_of(conn: &impl ConnectionTrait, cycle: &Cycle) -> Result<Arc<Instrument>, DbErr> {
    let found = instrument_get(conn, &cycle.instrument).await?;
    let known = found.ok_or_else(|| broken(cycle.name(), "instrument"))?;
    Ok(Arc::new(known.instrument))
}

/// Stores an instrument that was added at `now`, unix microseconds; false when its id is taken.
pub async fn instrument_insert_in_txn(
    txn: &Txn,
    known: &InstrumentDocument,
    now: i64,
) -> Result<bool, DbErr> {
    let id = &known.instrument.id;
    if built_in().iter().any(|(i, _)| i.id == *id) {
        return Ok(false);
    }
    let row = ActiveModel {
        id: Set(id.clone()),
        document: Set(known.document.clone()),
        created_at: Set(now),
    };
    insert_new(txn, row).await
}
