//! Finds the reports of a telephone number or an e-mail address. Each found is in the log before it is answered.

use prima_platform::{caller::Caller, failure::Failure};
use prima_proto::complaint::v1;

use super::{App, read_identity::denied, require_coordinator, require_national, role_in};
use crate::{
    domain::purpose::Purpose,
    grpc::render,
    store::{
        Lock,
        complaint::complaint_by_id,
        identity::complaints_of_contact,
        reading::{Reading, reading_add},
        sealed::Note,
    },
};

const METHOD: &str = "FindComplaints";
/// Reports that one answer shows at most.
const MOST: usize = 100;

/// What is sought.
#[derive(Debug)]
pub struct Request {
    /// Telephone number or e-mail address, as it is indexed. A note: nothing shows it.
    pub contact: Note,
    /// Id of the agency; empty for all.
    pub agency: String,
    /// Why.
    pub purpose: Purpose,
    /// The occasion.
    pub reason: Note,
}

/// The reports, the newest first, at most 100; anonymous ones are found by the national admin alone.
pub async fn run(app: &App, caller: &Caller, request: Request) -> Result<Vec<v1::ComplaintStatus>, Failure> {
    let agency = &request.agency;
    let asked = if agency.is_empty() {
        require_national(caller)
    } else {
        require_coordinator(caller, agency)
    };
    denied(METHOD, asked)?;
    let sees_all = require_national(caller).is_ok();
    let now = app.now();
    let txn = app.context.db.begin().await?;
    let mut found = Vec::new();
    for id in complaints_of_contact(&txn, &app.vault, &request.contact.0, agency).await? {
        let Some(stored) = complaint_by_id(&txn, id, Lock::None).await? else {
            continue;
        };
        if stored.case.anonymous && !sees_all {
            continue;
        }
        // Forwarded in between, it is another agency's.
        if !agency.is_empty() && stored.case.agency != *agency {
            continue;
        }
        let reading = Reading {
            name: stored.name.to_string(),
            agency: stored.case.agency.clone(),
            actor: caller.subject().to_owned(),
            role: role_in(caller, &stored.case.agency)?.key().to_owned(),
            purpose: request.purpose,
            method: METHOD.to_owned(),
            at: now,
        };
        reading_add(&txn, &app.vault, &reading, &request.reason).await?;
        let workflow = app.ground.workflow(&txn, &stored.workflow).await?;
        let work_time = app.ground.work_time(&txn, &stored.case.agency).await?;
        found.push(render::status(&stored, &workflow, &work_time, now));
        if found.len() == MOST {
            break;
        }
    }
    app.commit(txn).await?;
    Ok(found)
}
