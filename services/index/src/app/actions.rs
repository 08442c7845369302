//! Plans improvements of indicators and records that they were done. A plan outlives its cycle: it can be changed after
//! the cycle is settled.

use prima_platform::{
    caller::Caller,
    clock::micros,
    db::Txn,
    failure::{Failure, Kind},
    request_id,
};
use prima_proto::{index::v1 as pb, name};

use super::{App, cycles::found, evaluate::Request};
use crate::store::{
    action::{Row, action_complete_in_txn, action_get, action_insert_in_txn, action_next_in_txn},
    assessment::assessment_hold_in_txn,
    cycle::cycle_get,
};

const METHOD: &str = "index.CreateAction";
/// Actions of one assessment at most; lists are whole.
const MOST: i64 = 1000;

/// An action for a caller.
pub fn answer(row: Row) -> pb::Action {
    pb::Action {
        number: row.number,
        indicator: row.indicator,
        description: row.description,
        owner: row.owner,
        due_date: row.due_date,
        done_date: row.done_date,
        note: row.note,
    }
}

/// Locks the assessment and returns the key of its cycle.
async fn hold(txn: &Txn, name: &name::Assessment) -> Result<i64, Failure> {
    let cycle = found(cycle_get(txn, &name.cycle.cycle).await?, &name.cycle)?;
    if assessment_hold_in_txn(txn, cycle.id, &name.unit).await? {
        return Ok(cycle.id);
    }
    Err(Failure::not_found(&name.to_string()))
}

/// Stores a new action, whose fields are checked.
pub async fn create(
    app: &App,
    caller: &Caller,
    request: &Request,
    mut action: Row,
) -> Result<pb::Action, Failure> {
    let txn = app.context.db.begin().await?;
    let (id, digest, unit) = (&request.id, &request.digest, &request.name.unit);
    if let Some(first) = request_id::find(&txn, METHOD, caller, id, digest).await? {
        return Ok(first);
    }
    let cycle_id = hold(&txn, &request.name).await?;
    action.number = action_next_in_txn(&txn, cycle_id, unit).await?;
    if action.number > MOST {
        return Err(Failure::new(
            Kind::Precondition,
            "TOO_MANY_ACTIONS",
            format!("an assessment has at most {MOST} actions"),
            format!("satu penilaian paling banyak memiliki {MOST} rencana aksi"),
        ));
    }
    let now = micros(app.context.clock.now());
    action_insert_in_txn(&txn, cycle_id, unit, &action, now).await?;
    let answer = answer(action);
    request_id::keep(&txn, METHOD, caller, id, digest, &answer, &app.context.clock).await?;
    txn.commit().await?;
    Ok(answer)
}

/// Records that an action was done, once. The same again is the first one repeated.
pub async fn complete(
    app: &App,
    name: &name::Assessment,
    number: i64,
    done_date: &str,
    note: &str,
) -> Result<pb::Action, Failure> {
    let txn = app.context.db.begin().await?;
    let cycle_id = hold(&txn, name).await?;
    let action = action_get(&txn, cycle_id, &name.unit, number).await?;
    let mut action = action.ok_or_else(|| Failure::not_found(&format!("action {number} of {name}")))?;
    if !action.done_date.is_empty() {
        if (action.done_date.as_str(), action.note.as_str()) == (done_date, note) {
            return Ok(answer(action));
        }
        return Err(Failure::new(
            Kind::Precondition,
            "ACTION_DONE",
            format!("action {number} was done on {}", action.done_date),
            format!(
                "rencana aksi nomor {number} sudah selesai pada {}",
                action.done_date
            ),
        ));
    }
    done_date.clone_into(&mut action.done_date);
    note.clone_into(&mut action.note);
    action_complete_in_txn(&txn, cycle_id, &name.unit, &action).await?;
    txn.commit().await?;
    Ok(answer(action))
}
