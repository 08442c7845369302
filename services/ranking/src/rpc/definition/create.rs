//! Creates a version of the definition of the tables of a metric.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    command::{Command, IdempotencyKey, Work},
    failure::Failure,
    request::{self, Faults, json},
    service::Context,
};
use prima_proto::ranking::v1 as pb;

use super::message;
use crate::{
    domain::{Definition, definition::FIRST_OWN_VERSION},
    events::publish,
    store,
};

/// A checked definition.
#[derive(Debug)]
pub struct Create {
    request_id: String,
    definition: Definition,
    /// The document as the caller sent it.
    json: String,
}

impl Command for Create {
    type App = Context;
    type Message = pb::CreateTableDefinitionRequest;
    type Answer = pb::CreateTableDefinitionResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let request_id = faults.take(request::id("request_id", message.request_id));
        let read = Definition::read(&message.json).map_err(|faults| json::within("json", faults));
        let definition = faults.take_all(read);
        faults.build(|| {
            Some(Self {
                request_id: request_id?,
                definition: definition?,
                json: message.json,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        let body = pb::CreateTableDefinitionRequest {
            json: self.json.clone(),
            ..pb::CreateTableDefinitionRequest::default()
        };
        Some(IdempotencyKey::new(
            "ranking.CreateTableDefinition",
            &self.request_id,
            &body,
        ))
    }

    async fn work(self, work: &mut Work<'_, Context>) -> Result<Self::Answer, Failure> {
        let Definition { metric, version, .. } = self.definition;
        let newest = store::definition_newest(work.txn, &metric).await?;
        let next = newest.as_ref().map_or(FIRST_OWN_VERSION, |row| row.version + 1);
        let changed_meanwhile = || Failure::stale_etag(&format!("metrics/{metric}/definitions/-"));
        if version != 0 && version != next {
            return Err(changed_meanwhile());
        }
        let row = store::Definition {
            metric: metric.clone(),
            version: next,
            document: self.json,
            actor: work.caller.subject().to_owned(),
            created_at: micros(work.now()),
            state_version: work.next_version(newest.map_or(0, |row| row.state_version)),
        };
        // Two requests that take the same version wait for each other here, so their states are staged one after the
        // other.
        if !store::definition_insert_in_txn(work.txn, row.clone()).await? {
            return Err(changed_meanwhile());
        }
        work.stage(publish::definition(&row));
        Ok(pb::CreateTableDefinitionResponse {
            definition: Some(message::own(&row, true)),
        })
    }
}
