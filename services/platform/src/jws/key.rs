//! Public keys that verify signatures: Ed25519 keys of the configuration, and JSON Web Keys (RFC 7517) of an issuer.

use std::fmt::Write;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use p521::ecdsa::{Signature, VerifyingKey, signature::Verifier};
use ring::{
    digest,
    signature::{self, RsaPublicKeyComponents, UnparsedPublicKey},
};
use serde_json::{Map, Value};

use super::Algorithm;

/// Length of an Ed25519 public key, bytes.
pub const ED25519: usize = 32;

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    material: Material,
    /// The only algorithm that its owner permits; `None` when the kind of key alone decides.
    only: Option<Algorithm>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Material {
    Ed25519([u8; ED25519]),
    /// An uncompressed point.
    P256(Vec<u8>),
    P384(Vec<u8>),
    P521(Box<VerifyingKey>),
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
}

impl Key {
    /// An Ed25519 key.
    pub fn ed25519(raw: [u8; ED25519]) -> Self {
        Self {
            material: Material::Ed25519(raw),
            only: None,
        }
    }

    /// The id that follows from the key, see [`key_id`]; `None` for a key of another kind than Ed25519.
    pub fn id(&self) -> Option<String> {
        match &self.material {
            Material::Ed25519(raw) => Some(key_id(raw)),
            _ => None,
        }
    }

    /// Whether the key verifies this signature of `message` by `algorithm`.
    pub fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        if self.only.is_some_and(|only| only != algorithm) {
            return false;
        }
        let ring = |by: &'static dyn signature::VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(by, key).verify(message, signature).is_ok()
        };
        match (&self.material, algorithm) {
            (Material::Ed25519(key), Algorithm::EdDsa) => ring(&signature::ED25519, key),
            (Material::P256(key), Algorithm::Es256) => ring(&signature::ECDSA_P256_SHA256_FIXED, key),
            (Material::P384(key), Algorithm::Es384) => ring(&signature::ECDSA_P384_SHA384_FIXED, key),
            (Material::P521(key), Algorithm::Es512) => Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            (Material::Rsa { n, e }, Algorithm::Rs256 | Algorithm::Ps256) => {
                let by = match algorithm {
                    Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
                    _ => &signature::RSA_PKCS1_2048_8192_SHA256,
                };
                RsaPublicKeyComponents { n, e }
                    .verify(by, message, signature)
                    .is_ok()
            }
            _ => false,
        }
    }
}

/// The Ed25519 public key in base64; `None` when it is none.
pub fn public_key(text: &str) -> Option<[u8; ED25519]> {
    STANDARD.decode(text.trim()).ok()?.try_into().ok()
}

/// The id that belongs to an Ed25519 public key wherever it stands: the first 16 digits of its SHA-256. A key may have another id
/// besides.
pub fn key_id(raw: &[u8; ED25519]) -> String {
    let mut id = hex(digest::digest(&digest::SHA256, raw).as_ref());
    id.truncate(16);
    id
}

/// Hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// A key in the document of an issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jwk {
    /// Its id, by which tokens name it.
    pub id: String,
    /// The key.
    pub key: Key,
}

impl Jwk {
    /// The key in a member of `keys`. `None` when it is not meant for signatures, has no id, or is of a kind that is not used
    /// here; one that contains its private half is no secret any more, so it is left out as well.
    pub fn parse(jwk: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
        let point = |coordinate: usize| {
            let (x, y) = (bytes("x")?, bytes("y")?);
            let fits = x.len() == coordinate && y.len() == coordinate;
            fits.then(|| [&[4][..], &x, &y].concat())
        };
        let verifies = |operations: &Value| {
            let operations = operations.as_array();
            operations.is_some_and(|all| all.iter().any(|one| one == "verify"))
        };
        let for_signatures = jwk.get("use").is_none_or(|used| used == "sig");
        if !for_signatures || !jwk.get("key_ops").is_none_or(verifies) || jwk.contains_key("d") {
            return None;
        }
        let material = match (text("kty")?, text("crv")) {
            ("OKP", Some("Ed25519")) => Material::Ed25519(bytes("x")?.try_into().ok()?),
            ("EC", Some("P-256")) => Material::P256(point(32)?),
            ("EC", Some("P-384")) => Material::P384(point(48)?),
            ("EC", Some("P-521")) => {
                Material::P521(Box::new(VerifyingKey::from_sec1_bytes(&point(66)?).ok()?))
            }
            ("RSA", None) => Material::Rsa {
                n: bytes("n")?,
                e: bytes("e")?,
            },
            _ => return None,
        };
        let only = match jwk.get("alg") {
            None => None,
            Some(algorithm) => Some(Algorithm::parse(algorithm.as_str()?)?),
        };
        let id = text("kid").filter(|id| !id.is_empty())?.to_owned();
        Some(Self {
            id,
            key: Key { material, only },
        })
    }
}
