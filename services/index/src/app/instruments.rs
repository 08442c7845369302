//! Instruments: those of the release and those that were added.

use prima_platform::{
    caller::{Caller, Role},
    clock::micros,
    failure::Failure,
    request_id,
};
use prima_proto::index::v1 as pb;
use sea_orm::ConnectionTrait;

use super::App;
use crate::{
    domain::instrument::{Instrument, built_in},
    grpc::convert,
    store::instrument::{Row, instrument_get, instrument_insert_in_txn, instrument_list},
};

/// An instrument with its document.
#[derive(Debug, Clone)]
pub struct Known {
    /// As read.
    pub instrument: Instrument,
    /// As written.
    pub document: String,
    /// When it was added, unix microseconds; `None` for one of the release.
    pub created_at: Option<i64>,
}

fn of_release((instrument, document): &(Instrument, &str)) -> Known {
    Known {
        instrument: instrument.clone(),
        document: (*document).to_owned(),
        created_at: None,
    }
}

/// A stored document was sound when it was stored.
fn added(row: Row) -> Result<Known, Failure> {
    let instrument = Instrument::read(&row.document).map_err(|_| {
        Failure::internal(format!(
            "instrument {}: the stored document can't be read",
            row.id
        ))
    })?;
    Ok(Known {
        instrument,
        document: row.document,
        created_at: Some(row.created_at),
    })
}

/// The instrument of this id, if there is one.
pub async fn find(conn: &impl ConnectionTrait, id: &str) -> Result<Option<Known>, Failure> {
    if let Some(found) = built_in().iter().find(|(i, _)| i.id == id) {
        return Ok(Some(of_release(found)));
    }
    instrument_get(conn, id).await?.map(added).transpose()
}

/// Every instrument, ordered by id.
pub async fn list(conn: &impl ConnectionTrait) -> Result<Vec<Known>, Failure> {
    let mut all: Vec<Known> = built_in().iter().map(of_release).collect();
    for row in instrument_list(conn).await? {
        all.push(added(row)?);
    }
    all.sort_by(|a, b| a.instrument.id.cmp(&b.instrument.id));
    Ok(all)
}

const METHOD: &str = "index.AddInstrument";

/// Stores a sound instrument under a new id.
pub async fn add(
    app: &App,
    caller: &Caller,
    id: &str,
    digest: &[u8],
    document: String,
) -> Result<pb::Instrument, Failure> {
    caller.require(&[Role::Admin], "*")?;
    let txn = app.context.db.begin().await?;
    if let Some(first) = request_id::find::<pb::Instrument>(&txn, METHOD, caller, id, digest).await? {
        return Ok(first);
    }
    let instrument = Instrument::read(&document)?;
    let row = Row {
        id: instrument.id.clone(),
        document,
        created_at: micros(app.context.clock.now()),
    };
    let name = row.id.clone();
    let taken = built_in().iter().any(|(i, _)| i.id == name);
    if taken || !instrument_insert_in_txn(&txn, &row).await? {
        // Perhaps the same request won the race: then its answer is there now.
        let first = request_id::find::<pb::Instrument>(&txn, METHOD, caller, id, digest).await?;
        return first.ok_or_else(|| Failure::already_exists(&name));
    }
    let answer = convert::instrument(&added(row)?);
    request_id::keep(&txn, METHOD, caller, id, digest, &answer, &app.context.clock).await?;
    txn.commit().await?;
    Ok(answer)
}
