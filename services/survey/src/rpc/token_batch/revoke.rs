//! Revokes a batch of tokens; revoking it again changes nothing.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    command::{Command, Work},
    failure::{Failure, found},
    request,
};
use prima_proto::{name, survey::v1 as pb};

use super::message;
use crate::{
    service::App,
    store::{response::tokens_used, survey::survey_get, token_batch::token_batch_revoke_in_txn},
};

/// The batch to revoke.
#[derive(Debug, Clone)]
pub struct Revoke {
    name: name::TokenBatch,
}

impl Command for Revoke {
    type App = App;
    type Message = pb::RevokeTokenBatchRequest;
    type Answer = pb::RevokeTokenBatchResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        Ok(Self {
            name: request::name("name", &message.name)?,
        })
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (txn, name) = (work.txn, &self.name);
        // The number must be written as the service writes it, for example without leading zeros.
        let number = name.batch.parse::<i64>().ok();
        let number = found(number.filter(|n| n.to_string() == name.batch), name)?;
        let stored = found(survey_get(txn, &name.survey.to_string()).await?, name)?;
        let revoked = token_batch_revoke_in_txn(txn, stored.id, number, micros(work.now())).await?;
        let batch = found(revoked, name)?;
        let used = tokens_used(txn, stored.id).await?;
        let used = used.get(&number).copied().unwrap_or_default();
        Ok(pb::RevokeTokenBatchResponse {
            batch: Some(message::token_batch(&name.survey, &batch, used)),
        })
    }
}
