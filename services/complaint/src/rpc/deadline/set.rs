//! Sets the deadline that a unit promises for a class. It applies to reports that are verified from then on.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, IdempotencyKey, Work},
    failure::Failure,
    request::{self, Faults, text},
};
use prima_proto::{complaint::v1, name};

use super::message;
use crate::{
    context::App,
    domain::workflow::Workflow,
    rpc::{class, once},
    store::{
        By,
        deadline::{Promise, deadline_add_in_txn},
    },
};

/// How many working days a unit may promise.
const PROMISED_DAYS: i32 = 365;

/// A parsed promise.
pub struct Set {
    once: IdempotencyKey,
    /// The current workflow.
    workflow: Arc<Workflow>,
    promise: Promise,
}

impl Command for Set {
    type App = App;
    type Message = (Arc<Workflow>, v1::SetDeadlineRequest);
    type Answer = v1::SetDeadlineResponse;

    fn parse((workflow, raw): Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = faults.take(once::parse("complaint.SetDeadline", &raw.request_id, &raw));
        let unit = faults.take(request::one::<name::Unit>("unit", &raw.unit));
        faults.take(class::check("class", &raw.class, &workflow));
        let days = faults.range("working_days", raw.working_days, 0, PROMISED_DAYS);
        let citation = faults.or_default(text::line("citation", &raw.citation, 5, 300));
        faults.build(|| {
            Some(Self {
                once: once?,
                workflow,
                promise: Promise {
                    unit: unit?,
                    class: raw.class,
                    days: u32::try_from(days).ok()?,
                    citation,
                },
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let promise = self.promise;
        let class = self.workflow.class(&promise.class);
        let class = class.ok_or_else(|| class::unknown("class"))?;
        let by = By::from(&*work);
        deadline_add_in_txn(work.txn, &promise, &by).await?;
        let own = (promise.days > 0).then_some(promise.days);
        Ok(v1::SetDeadlineResponse {
            deadline: Some(message::deadline(class, own)),
        })
    }
}
