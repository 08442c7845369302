//! The heads of the audit logs of the other services, which the log of publications keeps: whoever changes an entry of an audit log
//! later, its database's owner included, is seen by everybody who has that log.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use prima_platform::{
    bus::Delivery,
    consume::{Follower, Projection, Source},
    service::Context,
};
use prima_proto::{event::v1::AuditHeadState, subject};
use prost::Message;

use crate::domain::publication::AuditHead;

/// The newest head of each service, with the version of its state.
#[derive(Debug, Default)]
pub struct AuditHeads(Mutex<BTreeMap<String, (i64, AuditHead)>>);

impl AuditHeads {
    /// All of them, by service.
    pub fn all(&self) -> Vec<AuditHead> {
        let heads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heads.values().map(|(_, head)| head.clone()).collect()
    }
}

/// Whether an entry of the log can be made of it: JSON keeps its position, and its hash is one.
fn is_head(state: &AuditHeadState) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (1..1 << 53).contains(&state.position) && state.hash.len() == 64 && state.hash.bytes().all(is_digit)
}

impl Projection for AuditHeads {
    fn apply(&self, delivery: &Delivery) {
        let event = &delivery.event;
        let service = event.subject.split('.').nth(1).unwrap_or_default();
        let state = match AuditHeadState::decode(event.payload.as_slice()) {
            Ok(state) if !event.withdrawn && is_head(&state) => state,
            _ => {
                tracing::warn!(service, "the head of an audit log can't be read; it is not kept");
                return;
            }
        };
        let mut heads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = heads.get(service).map_or(i64::MIN, |(version, _)| *version);
        if event.version > known {
            let head = AuditHead {
                service: service.to_owned(),
                position: state.position,
                hash: state.hash,
            };
            heads.insert(service.to_owned(), (event.version, head));
        }
    }
}

/// Follows the heads of `services` into `heads`.
pub fn follower(
    context: &Context,
    services: impl Iterator<Item = String>,
    heads: Arc<AuditHeads>,
) -> Follower<AuditHeads> {
    let sources = services.map(|service| Source::new(&service, &[&subject::audit_head(&service)]));
    let (bus, clock) = (context.bus.clone(), context.clock.clone());
    Follower::new(bus, clock, "audit-heads", sources.collect(), heads)
}
