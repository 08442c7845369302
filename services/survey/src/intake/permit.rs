//! What lets the responses of a batch in: token batches and devices, read once for all of them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use prima_platform::db::Txn;
use prima_proto::name;
use sea_orm::DbErr;

use super::item::Item;
use crate::{
    domain::{
        access::{self, Device, Kiosk, Proof, Refusal, TokenBatch},
        survey::State,
    },
    store::{
        device::devices_get, publication::publications_get, survey::Stored, token_batch::token_batches_get,
    },
};

/// Token batches by survey and number, devices by name, and what may still come to surveys that have ended.
#[derive(Debug)]
pub(super) struct Permits {
    /// How long after its end a survey takes what was answered before.
    grace: TimeDelta,
    /// Ended surveys of which the result was made public: nothing comes to them any more.
    published: HashSet<i64>,
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
    /// How long after the end of the survey it is taken, when it was answered before. None where the time of the answer is
    /// what an unknown citizen's device says: whoever has seen the result could answer as if they had not.
    pub(super) grace: TimeDelta,
}

impl Permits {
    /// Reads what the items need: nothing for a batch without tokens and kiosks.
    pub(super) async fn load(
        txn: &Txn,
        items: &[&Item],
        surveys: &BTreeMap<name::Survey, Stored>,
        grace: TimeDelta,
        now: DateTime<Utc>,
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
        let ended = surveys.values().filter(|s| s.survey.state(now) == State::Closed);
        let ended: Vec<i64> = ended.map(|s| s.id).collect();
        let published = if ended.is_empty() {
            HashSet::new()
        } else {
            publications_get(txn, &ended).await?.into_keys().collect()
        };
        Ok(Self {
            grace,
            published,
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
        let grace = if self.published.contains(&stored.id) {
            TimeDelta::zero()
        } else {
            self.grace
        };
        let granted = match &item.proof {
            Proof::Agent => Granted {
                source: "agent".to_owned(),
                grace,
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
                // The time of one that signed the answers alone is that of arrival.
                Granted {
                    answers_alone: answers_alone(item, kiosk, device)?,
                    grace,
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
