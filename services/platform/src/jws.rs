//! JSON Web Signatures in their compact form (RFC 7515), read strictly: what is not understood is refused.
//!
//! A crate that decodes tokens decides with each release anew what counts as absent; jsonwebtoken 9 and 10 take a claim of the
//! wrong type for an absent one (CVE-2026-25537), and no release knows ES512. What is needed is small: three parts of
//! base64url, a header with a fixed algorithm, and a signature, which ring and p521 verify.

mod json;
mod key;
#[cfg(test)]
mod tests;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

pub(crate) use key::hex;

pub use json::object;
pub use key::{ED25519, Jwk, Key, key_id, public_key};

/// Longest token, bytes; all headers of a request have 16 KiB.
const LONGEST: usize = 16 * 1024;
/// Longest id of a key, bytes.
const LONGEST_ID: usize = 255;
/// Parameters of a header that change how a token is read or name keys outside the issuer's own. A token with one is refused,
/// also when the issuer has signed it.
const REFUSED: [&str; 9] = ["crit", "b64", "zip", "enc", "jwk", "jku", "x5u", "x5c", "epk"];

/// Why a token is not a signed token of the expected form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is too long, or not three parts of base64url.
    #[error("it is not three parts of base64url")]
    Parts,
    /// The header or the claims are not a JSON object, or one names a field twice.
    #[error("its {0} is no JSON object that names each field once")]
    Json(&'static str),
    /// A field of the header has a wrong type or value.
    #[error("its header has no valid `{0}`")]
    Header(&'static str),
    /// The header has a field that changes how the token is read.
    #[error("its header has `{0}`, which is refused")]
    Refused(&'static str),
}

/// An algorithm of signatures. There is neither `none` nor one with a shared secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519 (RFC 8037).
    EdDsa,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512, which the national sign-on (INApas) uses.
    Es512,
    /// RSASSA-PKCS1-v1_5 with SHA-256, from 2048 bits.
    Rs256,
    /// RSASSA-PSS with SHA-256, from 2048 bits.
    Ps256,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 6] = [
        Self::EdDsa,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::Rs256,
        Self::Ps256,
    ];

    /// The value of `alg` in a header.
    pub fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
        }
    }

    /// The algorithm of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// A token whose form is right and whose signature is not verified yet.
#[derive(Debug)]
pub struct Jws<'a> {
    /// The algorithm; `None` for one that is not known here, such as `none`.
    pub algorithm: Option<Algorithm>,
    /// Id of the key; absent in tokens of an issuer with one key.
    pub key_id: Option<String>,
    /// The claims.
    pub claims: Map<String, Value>,
    signed: &'a [u8],
    signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// Reads a token.
    ///
    /// # Errors
    ///
    /// The token is not of the form that is accepted here; nothing is said of its signature.
    pub fn parse(token: &'a str) -> Result<Self, Fault> {
        let parts: Vec<&str> = token.splitn(4, '.').collect();
        let [header, claims, signature] = parts.as_slice() else {
            return Err(Fault::Parts);
        };
        if token.len() > LONGEST {
            return Err(Fault::Parts);
        }
        // The engine refuses padding, other alphabets and bits beyond the last byte, so each token has one form only.
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Fault::Parts);
        let (head, body, signature) = (decode(header)?, decode(claims)?, decode(signature)?);
        let head = object(&head).ok_or(Fault::Json("header"))?;
        if let Some(name) = REFUSED.into_iter().find(|name| head.contains_key(*name)) {
            return Err(Fault::Refused(name));
        }
        let algorithm = head
            .get("alg")
            .and_then(Value::as_str)
            .ok_or(Fault::Header("alg"))?;
        let typ = head.get("typ").map(|typ| typ.as_str().is_some_and(is_type));
        if typ == Some(false) {
            return Err(Fault::Header("typ"));
        }
        let key_id = match head.get("kid") {
            None => None,
            Some(Value::String(id)) if (1..=LONGEST_ID).contains(&id.len()) => Some(id.clone()),
            Some(_) => return Err(Fault::Header("kid")),
        };
        let signed = header.len() + 1 + claims.len();
        Ok(Self {
            algorithm: Algorithm::parse(algorithm),
            key_id,
            claims: object(&body).ok_or(Fault::Json("claims"))?,
            signed: token.as_bytes().get(..signed).ok_or(Fault::Parts)?,
            signature,
        })
    }

    /// Whether `key` has signed the token with its algorithm.
    pub fn is_signed_by(&self, key: &Key) -> bool {
        self.algorithm
            .is_some_and(|algorithm| key.verifies(algorithm, self.signed, &self.signature))
    }
}

/// Whether a `typ` says that the token is a JWT; an access token (RFC 9068) says so in another way.
fn is_type(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    let typ = typ.strip_prefix("application/").unwrap_or(&typ);
    typ == "jwt" || typ == "at+jwt"
}

/// SHA-256 of a token in hexadecimal, by which one without an id is known.
pub fn digest(token: &str) -> String {
    hex(ring::digest::digest(&ring::digest::SHA256, token.as_bytes()).as_ref())
}

/// The text that is signed, from a header and claims.
pub fn signing_input(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

/// The token of a text and its signature.
pub fn compact(input: &str, signature: &[u8]) -> String {
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}
