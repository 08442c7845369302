//! Bearer tokens: JSON Web Tokens (RFC 7519) of this installation, signed with Ed25519, and of issuers of OpenID Connect. Services
//! have public keys only.
//!
//! A token is accepted when a key of the issuer that it names has signed it with an algorithm that the issuer may use, when
//! each claim has its type, when its life is no longer than its kind of holder may have, and when neither it nor its subject nor
//! its key was revoked. Everything else is refused.

mod claims;
mod fetch;
mod issuer;
mod revocation;
mod signer;
#[cfg(test)]
mod tests;
mod verifier;

use crate::jws;

pub use revocation::{Feed, Kind, Revocation, Revoked, STEP, id as revocation_id, load, persist};
pub use signer::{Grant, Signer};
pub use verifier::{Claimed, Standing, Verifier};

/// Why a key or token can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The key file can't be read or written.
    #[error("key file: {0}")]
    File(#[from] std::io::Error),
    /// The key is not an Ed25519 key in base64.
    #[error("not an Ed25519 key in base64")]
    Key,
    /// No key is configured, and no issuer.
    #[error("no key and no issuer is configured")]
    NoKey,
    /// The token is not a signed token of the expected form.
    #[error(transparent)]
    Form(#[from] jws::Fault),
    /// The issuer is missing or not one of those that are configured.
    #[error("its issuer is not known")]
    Issuer,
    /// The issuer may not sign with this algorithm.
    #[error("its algorithm is not one of its issuer's")]
    Algorithm,
    /// The issuer has no key with this id now.
    #[error("its issuer has no such key")]
    UnknownKey,
    /// The signature is not that of the key.
    #[error("its signature is wrong")]
    Signature,
    /// A claim is missing, or has a wrong type or value.
    #[error("it has no valid `{0}`")]
    Claim(&'static str),
    /// The token is for somebody else.
    #[error("it is for another audience")]
    Audience,
    /// The client may not present tokens of this issuer.
    #[error("its `azp` may not present it")]
    Party,
    /// The life of the token has ended.
    #[error("it has expired")]
    Expired,
    /// The life of the token has not begun, or it was issued in the future.
    #[error("it is not valid yet")]
    NotYet,
    /// The life of the token is longer than its kind may have.
    #[error("its life is longer than {0} hours")]
    Life(i64),
    /// The token, its subject or its key was revoked.
    #[error("it was revoked")]
    Revoked,
}
