//! Revokes a device; revoking it again changes nothing.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    command::{Command, Work},
    failure::{Failure, found},
    request,
};
use prima_proto::{name, survey::v1 as pb};

use super::message;
use crate::{service::App, store::device::device_revoke_in_txn};

/// The device to revoke.
#[derive(Debug, Clone)]
pub struct Revoke {
    name: name::Device,
}

impl Command for Revoke {
    type App = App;
    type Message = pb::RevokeDeviceRequest;
    type Answer = pb::RevokeDeviceResponse;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        Ok(Self {
            name: request::name("name", &message.name)?,
        })
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let revoked = device_revoke_in_txn(work.txn, &self.name, micros(work.now())).await?;
        Ok(pb::RevokeDeviceResponse {
            device: Some(message::device(&found(revoked, &self.name)?)),
        })
    }
}
