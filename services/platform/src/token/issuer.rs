//! The keys of one issuer as this process knows them.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use serde_json::Value;
use tokio::{sync::Notify, time::Instant};

use super::{Error, claims::Rule};
use crate::{
    config,
    jws::{Jwk, Jws, Key, key_id, object},
};

/// How long the keys of an issuer that can't be read are still used: longer than an outage, shorter than a withdrawal may wait.
pub(super) const STALE: Duration = Duration::from_secs(24 * 3600);
/// Most keys of an issuer.
const MOST: usize = 100;

/// An issuer, with its keys by id.
pub(super) struct Issuer {
    pub(super) rule: Rule,
    known: RwLock<Known>,
    /// Notified when a token names a key that is not known.
    wanted: Notify,
}

struct Known {
    keys: HashMap<String, Arc<Key>>,
    /// The key of tokens that name none.
    unnamed: Option<Arc<Key>>,
    /// When the keys were read; `None` for keys of the configuration, which don't age.
    read: Option<Instant>,
}

impl Issuer {
    /// This installation. Each key has the id that follows from it, and the one of the configuration.
    pub(super) fn local(config: &config::Auth) -> Result<Self, Error> {
        let (mut keys, mut unnamed) = (HashMap::new(), None);
        for key in config.local_keys() {
            let (id, raw) = key.ok_or(Error::Key)?;
            let key = Arc::new(Key::ed25519(raw));
            keys.insert(key_id(&raw), Arc::clone(&key));
            if id.is_empty() {
                unnamed = Some(key);
            } else {
                keys.insert(id, key);
            }
        }
        Ok(Self {
            rule: Rule::local(),
            known: RwLock::new(Known {
                keys,
                unnamed,
                read: None,
            }),
            wanted: Notify::new(),
        })
    }

    /// An issuer of OpenID Connect, whose keys are read later.
    pub(super) fn remote(config: &config::Issuer) -> Self {
        Self {
            rule: Rule::of(config),
            known: RwLock::new(Known {
                keys: HashMap::new(),
                unnamed: None,
                read: None,
            }),
            wanted: Notify::new(),
        }
    }

    /// The key of this id, unless what is known of the issuer is too old.
    pub(super) fn key(&self, id: Option<&str>) -> Option<Arc<Key>> {
        self.key_at(id, Instant::now())
    }

    /// The same at a time.
    pub(super) fn key_at(&self, id: Option<&str>, now: Instant) -> Option<Arc<Key>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if known.read.is_some_and(|read| now.duration_since(read) > STALE) {
            return None;
        }
        match id {
            Some(id) => known.keys.get(id).cloned(),
            None => known.unnamed.clone(),
        }
    }

    /// The key that has signed a token.
    pub(super) fn signer(&self, token: &Jws<'_>) -> Result<Arc<Key>, Error> {
        let algorithm = token.algorithm.ok_or(Error::Algorithm)?;
        if !self.rule.algorithms.contains(&algorithm) {
            return Err(Error::Algorithm);
        }
        let Some(key) = self.key(token.key_id.as_deref()) else {
            self.wanted.notify_one();
            return Err(Error::UnknownKey);
        };
        match token.is_signed_by(&key) {
            true => Ok(key),
            false => Err(Error::Signature),
        }
    }

    /// Waits until a token names a key that is not known.
    pub(super) async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// Takes over the keys of a document. A key that is the same as before stays the same value, by which tokens that were
    /// verified with it are known; one that is not in the document any more is gone.
    ///
    /// # Errors
    ///
    /// The document is no JSON Web Key Set, or gives two keys for signatures the same id.
    pub(super) fn adopt(&self, document: &[u8], now: Instant) -> Result<(), &'static str> {
        let document = object(document).ok_or("the key set is no JSON object")?;
        let members = document.get("keys").and_then(Value::as_array);
        let members = members.filter(|members| members.len() <= MOST);
        let members = members.ok_or("the key set has no list of at most 100 keys")?;
        let mut keys = HashMap::new();
        let found = members.iter().filter_map(Value::as_object);
        for Jwk { id, key } in found.filter_map(Jwk::parse) {
            if keys.insert(id, Arc::new(key)).is_some() {
                return Err("two keys of the key set have the same id");
            }
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for (id, key) in &mut keys {
            if let Some(same) = known.keys.get(id).filter(|before| **before == *key) {
                *key = Arc::clone(same);
            }
        }
        known.keys = keys;
        known.read = Some(now);
        Ok(())
    }
}
