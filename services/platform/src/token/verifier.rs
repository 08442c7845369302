//! Verifies tokens, and keeps the callers of those that were verified.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hashlink::LruCache;
use ring::digest::{SHA256, digest};
use serde_json::Value;

use super::{
    Error,
    claims::Limits,
    fetch,
    issuer::Issuer,
    revocation::{Marks, Revoked},
};
use crate::{
    caller::{Caller, ISSUER},
    clock::Clock,
    config::Auth,
    jws::{Jws, Key},
    lifecycle::Tasks,
    request::shown,
};

/// Most callers that are kept; the one that called the longest ago leaves first.
pub(super) const CACHED: usize = if cfg!(test) { 64 } else { 16_384 };

/// How often the life and the key of a token are looked at while a stream that it has opened goes on.
const LOOK: Duration = Duration::from_secs(2);

/// SHA-256 of a token: the cache contains no tokens.
type Digest = [u8; 32];

/// Verifies tokens. Verifying a signature costs more than the rest of a call, so the callers of valid tokens are kept; each time,
/// the end of its life, its key and revocations are looked at again. Cheap to clone.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    clock: Clock,
    limits: Limits,
    refresh: Duration,
    issuers: HashMap<Arc<str>, Arc<Issuer>>,
    revoked: Revoked,
    cache: Mutex<LruCache<Digest, Arc<Entry>>>,
}

impl Inner {
    /// Whether a token that was verified is still valid: its life, its key and revocations are looked at.
    fn is_valid(&self, entry: &Entry) -> bool {
        let key = entry.issuer.key(entry.key_id.as_deref());
        let alive = self.limits.alive(entry.expires, self.clock.now().timestamp());
        alive.is_ok()
            && key.is_some_and(|key| Arc::ptr_eq(&key, &entry.key))
            && !self.revoked.refuses(&entry.marks)
    }
}

/// What is kept of a verified token.
struct Entry {
    caller: Caller,
    expires: i64,
    issuer: Arc<Issuer>,
    key_id: Option<String>,
    key: Arc<Key>,
    marks: Marks,
}

impl Verifier {
    /// A verifier with one public key in base64.
    ///
    /// # Errors
    ///
    /// It is no Ed25519 key in base64.
    pub fn new(public_key: &str) -> Result<Self, Error> {
        let auth = Auth {
            public_key: public_key.to_owned(),
            ..Auth::default()
        };
        Self::of(&auth, Clock::system(), Revoked::default())
    }

    /// A verifier with the keys and issuers of a configuration. It knows no keys of issuers until [`Self::spawn`] has read
    /// them.
    ///
    /// # Errors
    ///
    /// A key is malformed, or there is neither a key nor an issuer.
    pub fn of(config: &Auth, clock: Clock, revoked: Revoked) -> Result<Self, Error> {
        if config.is_empty() {
            return Err(Error::NoKey);
        }
        let local = Issuer::local(config)?;
        let remote = config.issuers.iter().map(Issuer::remote);
        let issuers = std::iter::once(local).chain(remote);
        Ok(Self(Arc::new(Inner {
            clock,
            limits: Limits::new(config),
            refresh: Duration::from_secs(config.refresh_seconds),
            issuers: issuers
                .map(|issuer| (Arc::clone(&issuer.rule.issuer), Arc::new(issuer)))
                .collect(),
            revoked,
            cache: Mutex::new(LruCache::new(CACHED)),
        })))
    }

    /// Spawns what reads the keys of the issuers.
    pub fn spawn(&self, tasks: &Tasks) {
        let remote = self.0.issuers.iter().filter(|(url, _)| &***url != ISSUER);
        for (_, issuer) in remote {
            let follow = fetch::follow(Arc::clone(issuer), self.0.refresh, tasks.soft().clone());
            tasks.spawn("issuer", follow);
        }
    }

    /// The caller of a token that was verified before and is still valid.
    pub fn cached(&self, token: &str) -> Option<Caller> {
        self.kept_entry(&sha256(token)).map(|entry| entry.caller.clone())
    }

    fn kept_entry(&self, digest: &Digest) -> Option<Arc<Entry>> {
        let inner = &*self.0;
        let mut cache = inner.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = cache.get(digest)?;
        if !inner.is_valid(entry) {
            let _removed = cache.remove(digest);
            return None;
        }
        Some(Arc::clone(entry))
    }

    /// The caller of a token.
    ///
    /// # Errors
    ///
    /// The token is not valid; the error says why.
    pub fn verify(&self, token: &str) -> Result<Caller, Error> {
        self.entry(token).map(|entry| entry.caller.clone())
    }

    /// Whether a token stays valid, for what goes on after its call was admitted.
    ///
    /// # Errors
    ///
    /// The token is not valid; the error says why.
    pub fn standing(&self, token: &str) -> Result<Standing, Error> {
        let entry = self.entry(token)?;
        Ok(Standing {
            inner: Arc::clone(&self.0),
            entry,
        })
    }

    /// What a token says that was refused, as far as it can be read and shown.
    pub fn claimed(&self, token: &str) -> Claimed {
        let signed = |jws: &Jws<'_>| {
            let issuer = jws.claims.get("iss").and_then(Value::as_str)?;
            self.0.issuers.get(issuer)?.signer(jws).ok()
        };
        let Some(jws) = Jws::parse(token).ok().filter(|jws| signed(jws).is_some()) else {
            return Claimed::default();
        };
        let subject = jws.claims.get("sub").and_then(Value::as_str);
        Claimed {
            subject: shown(subject.unwrap_or_default()),
            key_id: shown(jws.key_id.as_deref().unwrap_or_default()),
        }
    }

    fn entry(&self, token: &str) -> Result<Arc<Entry>, Error> {
        let digest = sha256(token);
        if let Some(entry) = self.kept_entry(&digest) {
            return Ok(entry);
        }
        let inner = &*self.0;
        let jws = Jws::parse(token)?;
        let issuer = jws.claims.get("iss").and_then(Value::as_str);
        let issuer = issuer
            .and_then(|issuer| inner.issuers.get(issuer))
            .ok_or(Error::Issuer)?;
        let key = issuer.signer(&jws)?;
        let now = inner.clock.now().timestamp();
        let claims = issuer.rule.read(&jws.claims, inner.limits, now)?;
        let marks = Marks::of(&issuer.rule.issuer, &claims, &key, &digest);
        if inner.revoked.refuses(&marks) {
            return Err(Error::Revoked);
        }
        let entry = Arc::new(Entry {
            caller: claims.caller,
            expires: claims.expires,
            issuer: Arc::clone(issuer),
            key_id: jws.key_id,
            key,
            marks,
        });
        let mut cache = inner.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let _before = cache.insert(digest, Arc::clone(&entry));
        Ok(entry)
    }

    /// Gives an issuer these keys.
    #[cfg(test)]
    pub(super) fn adopt(
        &self,
        url: &str,
        keys: &Value,
        read: tokio::time::Instant,
    ) -> Result<(), &'static str> {
        self.0.issuers[url].adopt(keys.to_string().as_bytes(), read)
    }

    /// Number of callers that are kept.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.0.cache.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// A token that was verified; cheap to clone.
#[derive(Clone)]
pub struct Standing {
    inner: Arc<Inner>,
    entry: Arc<Entry>,
}

impl Standing {
    /// Waits until the token is no longer valid: at once when it is revoked, within seconds when it expires or its key is no longer
    /// published.
    pub async fn lapsed(&self) {
        let mut revoked = self.inner.revoked.changes();
        while self.inner.is_valid(&self.entry) {
            tokio::select! {
                // The sender lives as long as the verifier.
                _changed = revoked.changed() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
}

/// What a token says that is not valid although a key of a known issuer has signed it, such as an expired one. Empty for any other
/// token: whoever made that could have written anything into it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claimed {
    /// The claim `sub`; empty when there is none that can be read.
    pub subject: String,
    /// Id of the key; empty when there is none that can be read.
    pub key_id: String,
}

/// SHA-256 of a text.
pub(super) fn sha256(text: &str) -> Digest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    bytes
}
