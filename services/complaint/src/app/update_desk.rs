//! Sets how a unit can be reached. What it has recorded stays.

use chrono::Datelike;
use prima_platform::{caller::Caller, db::Txn, failure::Failure};
use prima_proto::{complaint::v1, name, period::jakarta_day};

use super::{App, Once, check_etag, require_liaison};
use crate::{
    domain::desk::Desk,
    grpc::desk::render,
    store::{
        desk::{Stored, desk_get, desk_lock_in_txn, desk_save},
        performance::marks_add_every_year,
    },
};

const METHOD: &str = "complaint.UpdateDesk";

/// A desk as it shall be.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// The unit.
    pub unit: name::Unit,
    /// The desk; its records are left as they are.
    pub desk: Desk,
    /// Version that the caller knows; may be empty.
    pub etag: String,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(app: &App, caller: &Caller, new: Request) -> Result<v1::UpdateDeskResponse, Failure> {
    require_liaison(caller, &new.unit.agency)?;
    let txn = app.context.db.begin().await?;
    if let Some(first) = new
        .once
        .find::<v1::UpdateDeskResponse>(&txn, METHOD, caller)
        .await?
    {
        let desk = again(&txn, &new.unit, first.desk).await?;
        return Ok(v1::UpdateDeskResponse { desk: Some(desk) });
    }
    let mut stored = desk_lock_in_txn(&txn, &new.unit).await?;
    // Whoever knows that there was nothing yet has no version to tell.
    check_etag(&new.etag, stored.version, &new.unit)?;
    stored.desk = Desk {
        records: std::mem::take(&mut stored.desk.records),
        ..new.desk
    };
    let answer = save(app, &txn, &new.unit, &mut stored).await?;
    let kept = v1::UpdateDeskResponse {
        desk: Some(without_words(&answer)),
    };
    new.once.keep(&txn, METHOD, caller, &kept, app).await?;
    app.commit(txn).await?;
    Ok(v1::UpdateDeskResponse { desk: Some(answer) })
}

/// Saves a desk that is locked, and marks every year that tells it.
pub(super) async fn save(
    app: &App,
    txn: &Txn,
    unit: &name::Unit,
    stored: &mut Stored,
) -> Result<v1::Desk, Failure> {
    desk_save(txn, unit, stored, app.now()).await?;
    let year = i64::from(jakarta_day(app.now()).year());
    marks_add_every_year(txn, unit, year).await?;
    Ok(render(unit, stored))
}

/// An answer as it is kept: free text is left out.
pub(super) fn without_words(desk: &v1::Desk) -> v1::Desk {
    let mut desk = desk.clone();
    for record in &mut desk.records {
        record.title.clear();
        record.link.clear();
    }
    desk
}

/// The first answer, its free text filled in: records are added, never changed, so it had the first of them.
pub(super) async fn again(
    txn: &Txn,
    unit: &name::Unit,
    first: Option<v1::Desk>,
) -> Result<v1::Desk, Failure> {
    let mut first = first.unwrap_or_default();
    let mut stored = desk_get(txn, unit).await?;
    stored.desk.records.truncate(first.records.len());
    first.records = render(unit, &stored).records;
    Ok(first)
}
