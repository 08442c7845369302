//! Checks the proofs of a batch of responses against token batches and devices, which are read once for all of them.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use prima_platform::db::Txn;
use prima_proto::name;
use sea_orm::DbErr;

use super::{item::Item, known::Taking};
use crate::{
    domain::{
        access::{self, Device, Kiosk, Proof, Refusal, TokenBatch},
        survey::State,
    },
    store::{device::devices_get, publication::publications_get, token_batch::token_batches_get},
};

/// Token batches by survey and number, devices by name, and the rules for late responses.
#[derive(Debug)]
pub(super) struct Permits {
    /// How long after its end a survey accepts responses that were given before it.
    grace: TimeDelta,
    /// Ended surveys whose result was published, which accept no late responses.
    published: HashSet<i64>,
    batches: HashMap<(i64, i64), TokenBatch>,
    devices: HashMap<name::Device, Device>,
}

/// What a valid proof determines about a response.
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
    /// Why the proof is refused now; a repeat of a response that it authorised earlier still gets its outcome.
    pub(super) refusal: Option<Refusal>,
    /// Whether the signature covers the answers only, so that nothing else of the response is accepted.
    pub(super) answers_alone: bool,
    /// How long after the end of the survey the response is accepted, when it was given before. Zero where the time
    /// comes from the device of an unknown citizen, who could backdate a response after seeing the result.
    pub(super) grace: TimeDelta,
}

impl Permits {
    /// Reads the token batches and devices that the items refer to.
    pub(super) async fn load(
        txn: &Txn,
        items: &[&Item],
        surveys: &hashbrown::HashMap<name::Survey, Taking>,
        grace: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<Self, DbErr> {
        let (mut batches, mut devices) = (BTreeSet::new(), BTreeSet::new());
        for item in items {
            match &item.proof {
                Proof::Agent | Proof::Link => {}
                Proof::Token(token) => {
                    batches.extend(
                        surveys
                            .get(&item.survey)
                            .map(|survey| (survey.definition.id, token.batch)),
                    );
                }
                Proof::Kiosk(kiosk) => {
                    devices.insert(&kiosk.device);
                }
            }
        }
        let all = surveys.values().map(|taking| &taking.definition);
        let ended = all.filter(|d| d.survey.state(now) == State::Closed);
        let ended: Vec<i64> = ended.map(|d| d.id).collect();
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

    /// Checks the proof of an item.
    ///
    /// # Errors
    ///
    /// The proof is not valid and never was.
    pub(super) fn grant(&self, item: &Item, taking: &Taking, now: DateTime<Utc>) -> Result<Granted, Refusal> {
        let grace = if self.published.contains(&taking.definition.id) {
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
                let batch = self.batches.get(&(taking.definition.id, token.batch));
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
                // A response of which only the answers were signed has the time of its arrival, so this grace does not
                // apply to it.
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
        let allowed = access::check_mode(&taking.definition.survey.access, item.proof.mode());
        Ok(Granted {
            refusal: allowed.err().or(granted.refusal),
            ..granted
        })
    }
}

/// Whether the device signed only the answers of an item, by `prima-kiosk-1`, and not the whole response.
fn answers_alone(item: &Item, kiosk: &Kiosk, device: &Device) -> Result<bool, Refusal> {
    if device.verify(kiosk.lines.text(), &kiosk.signature).is_ok() {
        return Ok(false);
    }
    let (survey, raw) = (&item.survey, &item.raw);
    let lines = access::kiosk_lines(survey, &kiosk.device, kiosk.counter, &raw.id, &raw.answers);
    device.verify(&lines, &kiosk.signature)?;
    Ok(true)
}
