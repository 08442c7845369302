//! What lets the responses of a batch in: token batches and devices, read once for all of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use prima_platform::db::Txn;
use prima_proto::name;
use sea_orm::DbErr;

use super::item::Item;
use crate::{
    domain::access::{self, Device, Kiosk, Proof, Refusal, TokenBatch},
    store::{device::devices_get, survey::Stored, token_batch::token_batches_get},
};

/// Token batches by survey and number, and devices by name.
#[derive(Debug, Default)]
pub(super) struct Permits {
    batches: HashMap<(i64, i64), TokenBatch>,
    devices: HashMap<name::Device, Device>,
}

/// What a genuine proof gives a response.
#[derive(Debug, Default)]
pub(super) struct Granted {
    /// `agent`, `link`, `token:<batch>` or `kiosk:<device>`.
    pub(super) source: String,
    /// Digest of the token.
    pub(super) token: Option<Vec<u8>>,
    /// Counter of the kiosk.
    pub(super) counter: Option<i64>,
    /// The public service that the token was issued for.
    pub(super) service: Option<String>,
    /// Why it lets nothing in now; what it let in before is still answered.
    pub(super) refusal: Option<Refusal>,
    /// Whether of the response the answers alone were signed, so that nothing else of it is taken.
    pub(super) answers_alone: bool,
}

impl Permits {
    /// Reads what the items need: nothing for a batch without tokens and kiosks.
    pub(super) async fn load(
        txn: &Txn,
        items: &[&Item],
        surveys: &BTreeMap<name::Survey, Stored>,
    ) -> Result<Self, DbErr> {
        let (mut batches, mut devices) = (BTreeSet::new(), BTreeSet::new());
        for item in items {
            match &item.proof {
                Proof::Agent | Proof::Link => {}
                Proof::Token(token) => {
                    batches.extend(surveys.get(&item.survey).map(|survey| (survey.id, token.batch)));
                }
                Proof::Kiosk(kiosk) => {
                    devices.insert(&kiosk.device);
                }
            }
        }
        Ok(Self {
            batches: token_batches_get(txn, &batches).await?,
            devices: devices_get(txn, &devices).await?,
        })
    }

    /// What the proof of an item gives.
    ///
    /// # Errors
    ///
    /// The proof was never good.
    pub(super) fn grant(&self, item: &Item, stored: &Stored, now: DateTime<Utc>) -> Result<Granted, Refusal> {
        let granted = match &item.proof {
            Proof::Agent => Granted {
                source: "agent".to_owned(),
                ..Granted::default()
            },
            Proof::Link => Granted {
                source: "link".to_owned(),
                ..Granted::default()
            },
            Proof::Token(token) => {
                let batch = self.batches.get(&(stored.id, token.batch));
                let batch = batch.ok_or(Refusal::TokenInvalid)?;
                Granted {
                    source: format!("token:{}", batch.number),
                    token: Some(token.digest.clone()),
                    service: Some(batch.service.clone()).filter(|s| !s.is_empty()),
                    refusal: batch.accepts(now).err(),
                    ..Granted::default()
                }
            }
            Proof::Kiosk(kiosk) => {
                let device = self.devices.get(&kiosk.device);
                let device = device.ok_or(Refusal::SignatureInvalid)?;
                Granted {
                    answers_alone: answers_alone(item, kiosk, device)?,
                    source: format!("kiosk:{}", kiosk.device.device),
                    counter: Some(kiosk.counter),
                    refusal: device.accepts().err(),
                    ..Granted::default()
                }
            }
        };
        let allowed = access::check_mode(&stored.survey.access, item.proof.mode());
        Ok(Granted {
            refusal: allowed.err().or(granted.refusal),
            ..granted
        })
    }
}

/// Whether the device signed the answers of an item alone, as those of the release before do, and not all that was sent.
fn answers_alone(item: &Item, kiosk: &Kiosk, device: &Device) -> Result<bool, Refusal> {
    if device.verify(kiosk.lines.text(), &kiosk.signature).is_ok() {
        return Ok(false);
    }
    let (survey, raw) = (&item.survey, &item.raw);
    let lines = access::kiosk_lines(survey, &kiosk.device, kiosk.counter, &raw.id, &raw.answers);
    device.verify(&lines, &kiosk.signature)?;
    Ok(true)
}
