//! Excludes responses from every figure, by their ids, by their import or by a selection. Their texts are erased; nothing
//! else is deleted.

use std::{
    collections::{HashMap, HashSet},
    slice,
};

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    db::Txn,
    failpoint,
    failure::{Failure, Violation, found},
    request::{self, Faults, text},
    request_id,
};
use prima_proto::{name, survey::v1 as pb};

use super::{message, selection::selection};
use crate::{
    derived::{results::survey_lock, unit_scores, voiding},
    domain::{access, flags, selection},
    service::App,
    store::{
        response::{import_known, import_void_in_txn, responses_known, responses_void_in_txn},
        selection::selected_void_in_txn,
        tally::{Added, tallies_add_in_txn},
        void::{self, void_insert_in_txn, void_next_number_in_txn},
    },
};

const IDS_MAX: usize = 1000;

/// The responses to void.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Selection {
    /// Responses by id, 1 to 1000.
    Ids(Vec<String>),
    /// All responses of this import.
    Import(String),
    /// All responses that fulfil these conditions, of which there is at least one.
    Conditions(selection::Selection),
}

/// The responses of an open or closed survey to void, and the reason. Responses that are voided already are not counted again.
#[derive(Debug, Clone)]
pub struct Void {
    once: IdempotencyKey,
    survey: name::Survey,
    selection: Selection,
    reason: String,
}

impl Command for Void {
    type App = App;
    type Message = pb::VoidResponsesRequest;
    type Answer = pb::VoidEntry;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let once = IdempotencyKey::new("survey.VoidResponses", &message.request_id, &message);
        let mut faults = Faults::default();
        faults.take(request::id("request_id", message.request_id));
        let survey = faults.take(request::name("survey", &message.survey));
        let selection = which(message.which, &mut faults);
        let reason = faults.take(text::line("reason", &message.reason, 5, 500));
        faults.build(|| {
            Some(Self {
                once,
                survey: survey?,
                selection: selection?,
                reason: reason?,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (txn, now) = (work.txn, work.now());
        // Intake waits for this lock.
        let locked = survey_lock(txn, &self.survey.to_string(), &work.app.rules(), now).await?;
        let mut stored = found(locked, &self.survey)?;
        let number = void_next_number_in_txn(txn, stored.id).await?;
        mark(txn, stored.id, &self.selection, number).await?;
        let mut void = void::Model {
            survey_id: stored.id,
            number,
            voided_at: micros(now),
            actor: work.caller.subject().to_owned(),
            reason: self.reason,
            import_id: match self.selection {
                Selection::Ids(_) => String::new(),
                Selection::Import(import) => import,
                Selection::Conditions(conditions) => conditions.import,
            },
            responses: 0,
            erased_at: None,
        };
        let mut added = Added::nothing(&stored);
        voiding::marked(txn, &mut stored, &mut void, &mut added, now).await?;
        failpoint::hit("void.taken_out").await;
        void_insert_in_txn(txn, void.clone()).await?;
        let rules = work.app.rules();
        let added = HashMap::from([(stored.id, added)]);
        tallies_add_in_txn(txn, slice::from_mut(&mut stored), added, &rules, now).await?;
        let states = unit_scores::follow(txn, [&stored], &rules, now).await?;
        states.into_iter().for_each(|state| work.stage(state));
        Ok(message::void(&void))
    }
}

fn which(given: Option<pb::void_responses_request::Which>, faults: &mut Faults) -> Option<Selection> {
    use pb::void_responses_request::Which as Given;
    match given {
        None => {
            faults.add(
                "which",
                "needs `responses`, `import_id` or `selection`",
                "Isi `responses`, `import_id`, atau `selection`",
            );
            None
        }
        Some(Given::ImportId(import)) => faults
            .take(request::id("import_id", import))
            .map(Selection::Import),
        Some(Given::Selection(message)) => {
            let conditions = selection(&message, faults);
            if conditions.is_everything() && message == pb::ResponseSelection::default() {
                faults.add(
                    "selection",
                    "needs at least one condition",
                    "Isi paling sedikit satu syarat pilihan tanggapan",
                );
            }
            Some(Selection::Conditions(conditions))
        }
        Some(Given::Responses(list)) => {
            if !(1..=IDS_MAX).contains(&list.ids.len()) {
                faults.add(
                    "responses.ids",
                    format!("must be 1 to {IDS_MAX}"),
                    format!("Jumlah tanggapan harus 1 sampai {IDS_MAX}"),
                );
                return None;
            }
            let mut seen = HashSet::new();
            for (n, id) in (0..).zip(&list.ids) {
                let field = format!("responses.ids[{n}]");
                // An id that is not of a possible form is reported like an empty one.
                let client_made = access::client_part(id).unwrap_or_default();
                faults.take(request_id::check(&field, client_made));
                if !seen.insert(id) {
                    faults.add(
                        field,
                        "is given more than once",
                        "ID tanggapan disebut lebih dari sekali",
                    );
                }
            }
            Some(Selection::Ids(list.ids))
        }
    }
}

/// Marks the selected responses as voided by this void.
async fn mark(txn: &Txn, survey: i64, selection: &Selection, number: i64) -> Result<(), Failure> {
    match selection {
        Selection::Ids(ids) => {
            let known = responses_known(txn, survey, ids).await?;
            let missing = (0..).zip(ids).filter(|(_, id)| !known.contains(*id));
            let faults: Vec<Violation> = missing.map(|(n, id)| unknown_response(n, id)).collect();
            if !faults.is_empty() {
                return Err(faults.into());
            }
            responses_void_in_txn(txn, survey, ids, number).await?;
        }
        Selection::Import(import) => {
            if !import_known(txn, survey, import).await? {
                return Err(vec![unknown_import()].into());
            }
            import_void_in_txn(txn, survey, import, number).await?;
        }
        Selection::Conditions(conditions) => {
            let rule =
                flags::rule().ok_or_else(|| Failure::internal("the flagging rule is not available"))?;
            selected_void_in_txn(txn, survey, conditions, rule, number).await?;
        }
    }
    Ok(())
}

fn unknown_response(n: usize, id: &str) -> Violation {
    Violation::new(
        format!("responses.ids[{n}]"),
        format!("the survey has no response `{id}`"),
        format!("Survei tidak memiliki tanggapan `{id}`"),
    )
}

fn unknown_import() -> Violation {
    Violation::new(
        "import_id",
        "the survey has no response of this import",
        "Survei tidak memiliki tanggapan dari impor tersebut",
    )
}
