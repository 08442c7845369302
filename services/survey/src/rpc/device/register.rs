//! Registers a device with its public key.

use chrono::{DateTime, Utc};
use prima_platform::{
    command::{Command, IdempotencyKey, Work},
    failure::Failure,
    request::{self, Faults},
};
use prima_proto::{name, survey::v1 as pb};

use super::message;
use crate::{
    domain::access::{Device, check_device},
    rpc::field,
    service::App,
    store::device::device_insert_in_txn,
};

/// A new device with a checked name.
#[derive(Debug, Clone)]
pub struct Register {
    once: IdempotencyKey,
    name: name::Device,
    display_name: String,
    public_key: Vec<u8>,
}

impl Command for Register {
    type App = App;
    type Message = pb::RegisterDeviceRequest;
    type Answer = pb::Device;

    fn parse(message: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let once = IdempotencyKey::new("survey.RegisterDevice", &message.request_id, &message);
        let mut faults = Faults::default();
        faults.take(request::id("request_id", message.request_id));
        let unit = faults.take(request::one("parent", &message.parent));
        let id = faults.take(request::new_id("device_id", &message.device_id, name::id));
        let given = message.device.unwrap_or_default();
        let name = unit.zip(id).map(|(unit, device)| name::Device { unit, device });
        let display_name = given.display_name.trim().to_owned();
        let name = field::well_formed(faults, name, || check_device(&display_name, &given.public_key))?;
        Ok(Self {
            once,
            name,
            display_name,
            public_key: given.public_key,
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        check_device(&self.display_name, &self.public_key)?;
        let device = Device {
            name: self.name,
            display_name: self.display_name,
            public_key: self.public_key,
            created_at: work.now(),
            revoked_at: None,
        };
        if !device_insert_in_txn(work.txn, &device).await? {
            return Err(Failure::already_exists(&device.name.to_string()));
        }
        Ok(message::device(&device))
    }
}
