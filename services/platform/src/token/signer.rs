//! The private half of a key, which the operator keeps.

use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Duration, Utc};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::json;
use zeroize::Zeroizing;

use super::Error;
use crate::{
    caller::{ISSUER, Role},
    config::{Auth, Holder},
    id::Ids,
    jws::{self, Algorithm},
    private_file,
};

/// The private key. Its bytes are erased from memory when it is dropped; those that ring holds while it signs are not.
pub struct Signer {
    document: Zeroizing<Vec<u8>>,
    public: String,
    id: String,
}

/// Whom a token is issued to, and for what.
#[derive(Debug, Clone)]
pub struct Grant<'a> {
    /// Subject of the token.
    pub subject: &'a str,
    /// A person or a system, which bounds the life.
    pub holder: Holder,
    /// Roles.
    pub roles: &'a [Role],
    /// Ids of agencies, or `*` for all.
    pub agencies: &'a [String],
    /// How long the token is valid.
    pub lifetime: Duration,
}

impl Signer {
    /// Generates a new key.
    ///
    /// # Errors
    ///
    /// The operating system returns no random bytes.
    pub fn generate() -> Result<Self, Error> {
        let document =
            Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).map_err(|_| Error::Key)?;
        Self::from_pkcs8(Zeroizing::new(document.as_ref().to_owned()))
    }

    fn from_pkcs8(document: Zeroizing<Vec<u8>>) -> Result<Self, Error> {
        let pair = Ed25519KeyPair::from_pkcs8(&document).map_err(|_| Error::Key)?;
        let raw = pair.public_key().as_ref().try_into().map_err(|_| Error::Key)?;
        Ok(Self {
            public: STANDARD.encode(raw),
            id: jws::key_id(&raw),
            document,
        })
    }

    /// Reads a key from a file that [`Signer::save`] wrote.
    ///
    /// # Errors
    ///
    /// The file can't be read, or contains no such key.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text = Zeroizing::new(std::fs::read_to_string(path)?);
        Self::from_pkcs8(Zeroizing::new(
            STANDARD.decode(text.trim()).map_err(|_| Error::Key)?,
        ))
    }

    /// Writes the key to a new file that only its owner can read; fails if the file exists.
    ///
    /// # Errors
    ///
    /// The file exists or can't be written.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        private_file::create(path, &Zeroizing::new(STANDARD.encode(&*self.document)))?;
        Ok(())
    }

    /// The public key, base64: the value of `auth.public_key`.
    pub fn public_key(&self) -> &str {
        &self.public
    }

    /// The id of the key, which its tokens name: it follows from the public key.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Signs a token of a system for `subject`; `agencies` are agency ids, or `*` for all.
    ///
    /// # Errors
    ///
    /// The life is longer than that of a system's token may be.
    pub fn sign(
        &self,
        subject: &str,
        roles: &[Role],
        agencies: &[String],
        now: DateTime<Utc>,
        lifetime: Duration,
    ) -> Result<String, Error> {
        let grant = Grant {
            subject,
            holder: Holder::System,
            roles,
            agencies,
            lifetime,
        };
        Ok(self.issue(&grant, now)?.0)
    }

    /// Signs a token. Returns it with its id, by which it can be revoked.
    ///
    /// # Errors
    ///
    /// The life is longer than that of a token of its holder may be.
    pub fn issue(&self, grant: &Grant<'_>, now: DateTime<Utc>) -> Result<(String, String), Error> {
        let most = super::claims::Limits::new(&Auth::default()).life(grant.holder);
        if grant.lifetime.num_seconds() > most {
            return Err(Error::Life(most / 3600));
        }
        let id = Ids::random().next().to_string();
        let claims = json!({
            "iss": ISSUER,
            "sub": grant.subject,
            "jti": id,
            "kind": grant.holder.as_str(),
            "iat": now.timestamp(),
            "exp": (now + grant.lifetime).timestamp(),
            "roles": grant.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>(),
            "agencies": grant.agencies,
        });
        Ok((self.sign_claims(&claims)?, id))
    }

    /// The Ed25519 signature of a message, 64 bytes.
    ///
    /// # Errors
    ///
    /// The key can't be used.
    pub fn sign_message(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let pair = Ed25519KeyPair::from_pkcs8(&self.document).map_err(|_| Error::Key)?;
        Ok(pair.sign(message).as_ref().to_owned())
    }

    /// Signs claims as they are, without any check.
    ///
    /// # Errors
    ///
    /// The key can't be used.
    pub fn sign_claims(&self, claims: &serde_json::Value) -> Result<String, Error> {
        let header = json!({"alg": Algorithm::EdDsa.name(), "typ": "JWT", "kid": self.id});
        self.sign_parts(&header, claims)
    }

    /// Signs a header and claims as they are, without any check.
    ///
    /// # Errors
    ///
    /// The key can't be used.
    pub fn sign_parts(
        &self,
        header: &serde_json::Value,
        claims: &serde_json::Value,
    ) -> Result<String, Error> {
        let input = jws::signing_input(header, claims);
        Ok(jws::compact(&input, &self.sign_message(input.as_bytes())?))
    }
}
