//! Records what a unit did with what it heard.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::{complaint::v1, name};

use super::{App, Once, precondition, require_liaison, update_desk};
use crate::{
    domain::desk::{RECORDS, Record},
    store::desk::desk_lock_in_txn,
};

const METHOD: &str = "complaint.RecordAccountability";

/// A record to add.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// The unit.
    pub unit: name::Unit,
    /// The record.
    pub record: Record,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(
    app: &App,
    caller: &Caller,
    new: Request,
) -> Result<v1::RecordAccountabilityResponse, Failure> {
    require_liaison(caller, &new.unit.agency)?;
    let txn = app.context.db.begin().await?;
    if let Some(first) = new
        .once
        .find::<v1::RecordAccountabilityResponse>(&txn, METHOD, caller)
        .await?
    {
        let desk = update_desk::again(&txn, &new.unit, first.desk).await?;
        return Ok(v1::RecordAccountabilityResponse { desk: Some(desk) });
    }
    let mut stored = desk_lock_in_txn(&txn, &new.unit).await?;
    if stored.desk.records.len() >= RECORDS {
        return Err(precondition(
            "TOO_MANY_RECORDS",
            format!("a desk keeps at most {RECORDS} records"),
            format!("Paling banyak {RECORDS} catatan untuk satu unit"),
        ));
    }
    stored.desk.records.push(new.record);
    let answer = update_desk::save(app, &txn, &new.unit, &mut stored).await?;
    let kept = v1::RecordAccountabilityResponse {
        desk: Some(update_desk::without_words(&answer)),
    };
    new.once.keep(&txn, METHOD, caller, &kept, app).await?;
    app.commit(txn).await?;
    Ok(v1::RecordAccountabilityResponse { desk: Some(answer) })
}
