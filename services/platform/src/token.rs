//! Bearer tokens: JSON Web Tokens signed with Ed25519. Services have the public key only.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde::{Deserialize, Serialize};

use crate::{
    caller::{Caller, ISSUER, Role},
    clock::Clock,
};

/// Why a key or token can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The key file can't be read or written.
    #[error("key file: {0}")]
    File(#[from] std::io::Error),
    /// The key is not an Ed25519 key in base64.
    #[error("not an Ed25519 key in base64")]
    Key,
    /// The token is not valid.
    #[error("token: {0}")]
    Token(#[from] jsonwebtoken::errors::Error),
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    iat: i64,
    exp: i64,
    /// Time from which the token is valid. It is declared here as well, since the library ignores a value that is not a
    /// number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    roles: Vec<String>,
    agencies: Vec<String>,
}

/// The private key, which the operator keeps.
pub struct Signer {
    document: Vec<u8>,
    public: String,
}

impl Signer {
    /// Generates a new key.
    pub fn generate() -> Result<Self, Error> {
        let document =
            Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).map_err(|_| Error::Key)?;
        Self::from_pkcs8(document.as_ref())
    }

    fn from_pkcs8(document: &[u8]) -> Result<Self, Error> {
        let pair = Ed25519KeyPair::from_pkcs8(document).map_err(|_| Error::Key)?;
        Ok(Self {
            document: document.to_owned(),
            public: STANDARD.encode(pair.public_key().as_ref()),
        })
    }

    /// Reads a key from a file that [`Signer::save`] wrote.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path)?;
        Self::from_pkcs8(&STANDARD.decode(text.trim()).map_err(|_| Error::Key)?)
    }

    /// Writes the key to a new file that only its owner can read; fails if the file exists.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        write_private(path, &STANDARD.encode(&self.document))?;
        Ok(())
    }

    /// The public key, base64: the value of `auth.public_key`.
    pub fn public_key(&self) -> &str {
        &self.public
    }

    /// Signs a token for `subject`; `agencies` are agency ids, or `*` for all.
    pub fn sign(
        &self,
        subject: &str,
        roles: &[Role],
        agencies: &[String],
        now: DateTime<Utc>,
        lifetime: Duration,
    ) -> Result<String, Error> {
        let claims = Claims {
            iss: ISSUER.into(),
            sub: subject.into(),
            iat: now.timestamp(),
            exp: (now + lifetime).timestamp(),
            nbf: None,
            roles: roles.iter().map(|r| r.as_str().to_owned()).collect(),
            agencies: agencies.to_vec(),
        };
        let key = EncodingKey::from_ed_der(&self.document);
        Ok(jsonwebtoken::encode(
            &Header::new(Algorithm::EdDSA),
            &claims,
            &key,
        )?)
    }
}

/// Writes a secret to a new file of mode 0600.
pub fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Verifies tokens with the public key. Verifying a signature costs more than the rest of a call, so the callers of
/// valid tokens are cached until the tokens expire.
#[derive(Clone)]
pub struct Verifier {
    key: DecodingKey,
    cache: Arc<Mutex<HashMap<String, (i64, Caller)>>>,
}

/// Most callers in the cache.
const CACHED: usize = 1024;

impl Verifier {
    /// A verifier with a public key in base64.
    pub fn new(public_key: &str) -> Result<Self, Error> {
        let raw = STANDARD.decode(public_key.trim()).map_err(|_| Error::Key)?;
        if raw.len() != 32 {
            return Err(Error::Key);
        }
        Ok(Self {
            key: DecodingKey::from_ed_der(&raw),
            cache: Arc::default(),
        })
    }

    /// The caller of a token that was verified before and has not expired.
    pub fn cached(&self, token: &str) -> Option<Caller> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Clock::system().now().timestamp();
        let (_, caller) = cache.get(token).filter(|(expires, _)| now < *expires)?;
        Some(caller.clone())
    }

    /// The caller of a token, or why the token is not valid: signature, issuer, time.
    pub fn verify(&self, token: &str) -> Result<Caller, Error> {
        if let Some(caller) = self.cached(token) {
            return Ok(caller);
        }
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        let claims = jsonwebtoken::decode::<Claims>(token, &self.key, &validation)?.claims;
        let roles = claims.roles.iter().filter_map(|r| Role::parse(r)).collect();
        let caller = Caller::new(claims.sub, roles, claims.agencies);
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= CACHED {
            cache.clear();
        }
        cache.insert(token.to_owned(), (claims.exp, caller.clone()));
        Ok(caller)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Verifies a token with these claims besides those that every token has.
    fn verify(more: &str) -> Result<Caller, Error> {
        let signer = Signer::generate().unwrap();
        let now = Clock::system().now().timestamp();
        let text = format!(
            r#"{{"iss":"prima","sub":"portal","iat":{now},"exp":{},"roles":["intake"],"agencies":["3271"]{more}}}"#,
            now + 3600
        );
        let claims: serde_json::Value = serde_json::from_str(&text).unwrap();
        let key = EncodingKey::from_ed_der(&signer.document);
        let token = jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &key).unwrap();
        Verifier::new(signer.public_key()).unwrap().verify(&token)
    }

    #[test]
    fn a_token_is_not_valid_before_its_time() {
        let now = Clock::system().now().timestamp();
        assert!(verify("").is_ok());
        assert!(verify(&format!(r#","nbf":{}"#, now - 10)).is_ok());
        assert!(verify(&format!(r#","nbf":{}"#, now + 3600)).is_err());
        // A claim of the wrong type does not count as absent.
        for wrong in [
            format!(r#","nbf":"{}""#, now + 3600),
            r#","nbf":[1]"#.to_owned(),
            r#","nbf":{}"#.to_owned(),
            r#","nbf":true"#.to_owned(),
        ] {
            assert!(verify(&wrong).is_err(), "{wrong}");
        }
    }
}
