//! Finds the reports of a telephone number or an e-mail address. Each report found is logged before the response is
//! sent.

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, IdempotencyKey, Work},
    failure::Failure,
    request::Faults,
};
use prima_proto::complaint::v1;

use super::message::{self};
use crate::{
    context::App,
    domain::{parent, purpose::Purpose},
    rpc::{
        person,
        rights::{require_national, role_in},
        status,
    },
    store::{
        complaint::complaint_by_id,
        identity::complaints_of_contact,
        reading::{Reading, reading_add_in_txn},
        sealed::Note,
    },
};

const METHOD: &str = "FindComplaints";
/// How many reports one response may contain.
const RESULTS_MAX: usize = 100;

/// A parsed request.
pub struct Find {
    /// Telephone number or e-mail address in the form that is indexed. It is a `Note` so that `Debug` cannot print it.
    contact: Note,
    /// Id of the agency; empty for all.
    agency: String,
    purpose: Purpose,
    reason: Note,
}

impl Command for Find {
    type App = App;
    type Message = v1::FindComplaintsRequest;
    type Answer = v1::FindComplaintsResponse;

    fn parse(raw: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let contact = if raw.contact.contains('@') {
            person::email("contact", &raw.contact)
        } else {
            person::phone("contact", &raw.contact)
        };
        let contact = faults.take(contact);
        let agency = faults.take(parent::agency_or_all("parent", &raw.parent));
        let purpose = faults.take(message::purpose(raw.purpose));
        let reason = faults.take(message::reason(&raw.reason));
        faults.build(|| {
            Some(Self {
                contact: Note(contact?),
                agency: agency?,
                purpose: purpose?,
                reason: reason?,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        None
    }

    /// Returns the newest reports first. Only the national admin finds anonymous ones.
    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (app, txn, caller, now) = (work.app, work.txn, work.caller, work.now());
        let sees_all = require_national(caller).is_ok();
        let agency = &self.agency;
        let mut complaints = Vec::new();
        for id in complaints_of_contact(txn, &app.vault, &self.contact.0, agency).await? {
            let Some(stored) = complaint_by_id(txn, id).await? else {
                continue;
            };
            if stored.case.anonymous && !sees_all {
                continue;
            }
            // The report was forwarded to another agency since it was looked up.
            if !agency.is_empty() && stored.case.agency != *agency {
                continue;
            }
            let reading = Reading {
                name: stored.name.to_string(),
                agency: stored.case.agency.clone(),
                actor: caller.subject().to_owned(),
                role: role_in(caller, &stored.case.agency)?.key().to_owned(),
                purpose: self.purpose,
                method: METHOD.to_owned(),
                at: now,
            };
            reading_add_in_txn(txn, &app.vault, &reading, &self.reason).await?;
            let workflow = app.settings.workflow(txn, &stored.workflow).await?;
            let work_time = app.settings.work_time(txn, &stored.case.agency).await?;
            complaints.push(status::status(&stored, &workflow, &work_time, now));
            if complaints.len() == RESULTS_MAX {
                break;
            }
        }
        Ok(v1::FindComplaintsResponse { complaints })
    }
}
