//! Takes responses out of every figure: by id, or all that came with one import. Nothing is deleted.

use std::{
    collections::{BTreeSet, HashMap},
    slice,
};

use prima_platform::{
    caller::{Caller, Role},
    clock::{from_micros, micros, to_proto},
    db::Txn,
    failpoint,
    failure::{Failure, Violation},
    outbox, request_id,
};
use prima_proto::{name, survey::v1 as pb};

use super::{App, aftermath::lock, survey_state, unit_scores};
use crate::store::{
    tally::{Added, tallies_add_in_txn},
    void::{
        Void, import_known, import_void_in_txn, responses_known, responses_void_in_txn, void_insert,
        void_next_number,
    },
};

const METHOD: &str = "survey.VoidResponses";
/// Rows of an import that are in memory at once.
const PAGE: i64 = 5000;

/// Which responses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// These, 1 to 1000.
    Ids(Vec<String>),
    /// All that came with this import.
    Import(String),
}

/// What is asked for, parsed.
pub struct VoidResponses {
    /// Client-made id of the request.
    pub request_id: String,
    /// Digest of the body.
    pub digest: Vec<u8>,
    /// The survey.
    pub survey: name::Survey,
    /// Which responses.
    pub which: Which,
    /// Why.
    pub reason: String,
}

/// Voids responses of a survey, open or closed, and tells what was done. What is voided already stays so and is not
/// counted again. Fails when the survey is unknown, and with a fault for each response that it does not have.
pub async fn void_responses(
    app: &App,
    caller: &Caller,
    command: VoidResponses,
) -> Result<pb::VoidEntry, Failure> {
    caller.require(&[Role::Operator], &command.survey.unit.agency)?;
    let now = app.context.clock.now();
    let txn = app.context.db.begin().await?;
    // Its lock makes intake and repeats of a request wait.
    let stored = lock(app, &txn, &command.survey).await?;
    let (id, digest) = (&command.request_id, &command.digest);
    if let Some(first) = request_id::find::<pb::VoidEntry>(&txn, METHOD, caller, id, digest).await? {
        return Ok(first);
    }
    let mut stored = stored.ok_or_else(|| Failure::not_found(&command.survey.to_string()))?;
    let number = void_next_number(&txn, stored.id).await?;
    let mut added = Added::nothing(&stored);
    take_out(&txn, stored.id, &command.which, number, &mut added).await?;
    failpoint::hit("void.taken_out").await;
    let void = Void {
        number,
        voided_at: micros(now),
        actor: caller.subject().to_owned(),
        reason: command.reason,
        import_id: match command.which {
            Which::Ids(_) => String::new(),
            Which::Import(import) => import,
        },
        responses: added.voided,
    };
    void_insert(&txn, stored.id, &void).await?;
    let step = i64::from(app.context.config.survey.disclosure_step);
    let added = HashMap::from([(stored.id, added)]);
    tallies_add_in_txn(&txn, slice::from_mut(&mut stored), &added, step, now).await?;
    let mut states = survey_state(&txn, &stored, now).await?;
    let key = BTreeSet::from([(command.survey.unit.clone(), stored.survey.period.to_string())]);
    states.extend(unit_scores::recompute(&txn, &key, app.now_millis()).await?);
    outbox::stage(&txn, &states).await?;
    let answer = entry(&void);
    request_id::keep(&txn, METHOD, caller, id, digest, &answer, &app.context.clock).await?;
    txn.commit().await?;
    app.committed();
    Ok(answer)
}

/// Marks the responses as voided, and adds up what they take away.
async fn take_out(
    txn: &Txn,
    survey: i64,
    which: &Which,
    number: i64,
    added: &mut Added,
) -> Result<(), Failure> {
    match which {
        Which::Ids(ids) => {
            let known = responses_known(txn, survey, ids).await?;
            let missing = (0..).zip(ids).filter(|(_, id)| !known.contains(*id));
            let faults: Vec<Violation> = missing.map(|(n, id)| unknown_response(n, id)).collect();
            if !faults.is_empty() {
                return Err(faults.into());
            }
            for answers in responses_void_in_txn(txn, survey, ids, number).await? {
                added.remove(&answers);
            }
        }
        Which::Import(import) => {
            if !import_known(txn, survey, import).await? {
                return Err(vec![unknown_import()].into());
            }
            let mut after = String::new();
            loop {
                let page = import_void_in_txn(txn, (survey, import), number, &after, PAGE).await?;
                for row in &page {
                    added.remove(&row.answers);
                }
                match page.into_iter().next_back() {
                    Some(last) => after = last.response_id,
                    None => break,
                }
            }
        }
    }
    Ok(())
}

fn unknown_response(n: usize, id: &str) -> Violation {
    Violation::new(
        format!("responses.ids[{n}]"),
        format!("the survey has no response `{id}`"),
        format!("survei tidak memiliki tanggapan `{id}`"),
    )
}

fn unknown_import() -> Violation {
    Violation::new(
        "import_id",
        "no response of the survey came with it",
        "tidak ada tanggapan survei ini dari impor tersebut",
    )
}

/// A void for a caller.
pub fn entry(void: &Void) -> pb::VoidEntry {
    pb::VoidEntry {
        number: void.number,
        void_time: Some(to_proto(from_micros(void.voided_at))),
        actor: void.actor.clone(),
        reason: void.reason.clone(),
        import_id: void.import_id.clone(),
        responses: void.responses,
    }
}
