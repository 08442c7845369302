//! Adds a workflow for new reports. Stored reports keep the workflow that they follow.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, Violation},
    request::{Faults, json},
};
use prima_proto::complaint::v1;
use prost::Message;
use sea_orm::ConnectionTrait;

use super::message;
use crate::{
    context::App,
    domain::workflow::Workflow,
    rpc::once,
    store::{
        By,
        workflow::{workflow_add_in_txn, workflow_get},
    },
};

/// A parsed request.
pub struct Add {
    once: IdempotencyKey,
    workflow: Workflow,
    /// The document as the caller sent it.
    json: String,
}

impl Command for Add {
    type App = App;
    type Message = v1::AddWorkflowRequest;
    type Answer = v1::AddWorkflowResponse;

    fn parse(raw: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = faults.take(once::parse("complaint.AddWorkflow", &raw.request_id, &raw));
        let read = Workflow::parse(&raw.json).map_err(|faults| json::within("json", faults));
        let workflow = faults.take_all(read);
        faults.build(|| {
            Some(Self {
                once: once?,
                workflow: workflow?,
                json: raw.json,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let txn = work.txn;
        let id = &self.workflow.id;
        let by = By::from(&*work);
        let taken = *id == Workflow::built_in().id || !workflow_add_in_txn(txn, id, &self.json, &by).await?;
        if taken {
            let fault = Violation::new(
                "json.id",
                "is already the id of another workflow",
                "id ini sudah dipakai alur pengelolaan lain",
            );
            return Err(fault.into());
        }
        response(txn, &self.workflow).await
    }

    /// Nothing needs to be stored, because the workflow is in its table.
    fn stored(_: &Self::Answer) -> Cow<'_, Self::Answer> {
        Cow::Owned(v1::AddWorkflowResponse::default())
    }

    async fn replay(app: &App, body: &[u8], _: Self::Answer) -> Result<Self::Answer, Failure> {
        let repeat = v1::AddWorkflowRequest::decode(body).map_err(Failure::internal)?;
        response(app.context.db.reader(), &Self::parse(repeat, app.now())?.workflow).await
    }
}

async fn response(
    conn: &impl ConnectionTrait,
    workflow: &Workflow,
) -> Result<v1::AddWorkflowResponse, Failure> {
    let row = workflow_get(conn, &workflow.id).await?;
    let row = row.ok_or_else(|| Failure::internal("an added workflow does not exist"))?;
    Ok(v1::AddWorkflowResponse {
        workflow: Some(message::workflow(&row, &workflow.title, true)),
    })
}
