//! Credentials with which a response may be submitted without identifying the person.
//!
//! Tokens and links are message authentication codes (HMAC-SHA256) over the survey's name, under a secret that the
//! service stores; a kiosk signs with a key of its own (Ed25519). So a forged token or link, or one of another survey, is
//! recognised without a query.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use prima_platform::{
    failure::{Failure, Kind, Violation},
    request::{self, Faults, text::Text},
};
use prima_proto::name;
use ring::{hmac, signature};
use sha2::{Digest, Sha256};

use super::{
    response::RedactedText,
    survey::{self, AccessMode},
};

/// Length in bytes of the secret from which tokens and links are derived.
pub const SECRET_BYTES: usize = 32;
/// Most tokens of one batch.
pub const BATCH_MAX: i32 = 10_000;
const MAC_BYTES: usize = 32;
/// Bytes of the digest of a body that are part of the id of a response.
const DIGEST_BYTES: usize = 16;
const COUNTER: Text = Text::name("Nama loket", 0, 63);
const DISPLAY_NAME: Text = Text::name("Nama perangkat", 0, 200);
const PUBLIC_KEY_BYTES: usize = 32;
/// How far the time that a kiosk signs for a reading may be from the time of the service.
const SIGNED_WITHIN: TimeDelta = TimeDelta::minutes(5);

/// Why a credential is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The token was not issued for this survey.
    #[error("the token was not issued for this survey")]
    TokenInvalid,
    /// The token has expired.
    #[error("the token has expired")]
    TokenExpired,
    /// The token's batch was revoked.
    #[error("the token was revoked")]
    TokenRevoked,
    /// Another response was submitted with this token.
    #[error("the token was used by another response")]
    TokenUsed,
    /// The link does not belong to this survey.
    #[error("the link does not belong to this survey")]
    LinkInvalid,
    /// The signature was not made by a registered device of the unit.
    #[error("the signature over this response was not made by a registered device")]
    SignatureInvalid,
    /// The device signed at a time that is too far from that of the service.
    #[error("the device did not sign within the last five minutes; is its clock right?")]
    SignatureExpired,
    /// The device was revoked.
    #[error("the device was revoked")]
    DeviceRevoked,
    /// Another response was submitted with this counter of the device.
    #[error("the counter of the device was used by another response")]
    CounterUsed,
    /// The survey does not allow this access mode.
    #[error("the survey does not allow this access mode")]
    ModeNotAllowed,
}

impl Refusal {
    /// The stable reason sent in `ErrorInfo`.
    pub fn reason(self) -> &'static str {
        match self {
            Self::TokenInvalid => "TOKEN_INVALID",
            Self::TokenExpired => "TOKEN_EXPIRED",
            Self::TokenRevoked => "TOKEN_REVOKED",
            Self::TokenUsed => "TOKEN_USED",
            Self::LinkInvalid => "LINK_INVALID",
            Self::SignatureInvalid => "SIGNATURE_INVALID",
            Self::SignatureExpired => "SIGNATURE_EXPIRED",
            Self::DeviceRevoked => "DEVICE_REVOKED",
            Self::CounterUsed => "COUNTER_USED",
            Self::ModeNotAllowed => "ACCESS_MODE_NOT_ALLOWED",
        }
    }

    /// The text for people, in Indonesian.
    pub fn localized(self) -> &'static str {
        match self {
            Self::TokenInvalid => "Token bukan milik survei ini",
            Self::TokenExpired => "Masa berlaku token sudah habis",
            Self::TokenRevoked => "Token sudah dibatalkan",
            Self::TokenUsed => "Token sudah dipakai",
            Self::LinkInvalid => "Tautan bukan milik survei ini",
            Self::SignatureInvalid => "Tanda tangan perangkat tidak sah",
            Self::SignatureExpired => "Tanda tangan perangkat sudah lewat waktu; periksa jam perangkat",
            Self::DeviceRevoked => "Pendaftaran perangkat sudah dicabut",
            Self::CounterUsed => "Nomor urut perangkat sudah dipakai",
            Self::ModeNotAllowed => "Survei ini tidak menerima tanggapan dengan cara ini",
        }
    }

    /// Whether the credential was never valid, as opposed to no longer valid.
    pub fn is_forgery(self) -> bool {
        match self {
            Self::TokenInvalid | Self::LinkInvalid | Self::SignatureInvalid => true,
            Self::TokenExpired
            | Self::TokenRevoked
            | Self::TokenUsed
            | Self::SignatureExpired
            | Self::DeviceRevoked
            | Self::CounterUsed
            | Self::ModeNotAllowed => false,
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let kind = if refusal.is_forgery() {
            Kind::Denied
        } else {
            Kind::Precondition
        };
        Self::new(kind, refusal.reason(), refusal.to_string(), refusal.localized())
    }
}

/// `Ok` when `mode` is one of the allowed access modes.
pub fn check_mode(allowed: &BTreeSet<AccessMode>, mode: AccessMode) -> Result<(), Refusal> {
    if allowed.contains(&mode) {
        Ok(())
    } else {
        Err(Refusal::ModeNotAllowed)
    }
}

/// A valid token, without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its batch, counted from 1 within the survey.
    pub batch: i64,
    /// SHA-256 of its text.
    pub digest: Vec<u8>,
}

/// What a kiosk sends to prove that a response is its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kiosk {
    /// The device.
    pub device: name::Device,
    /// Its counter, at least 1.
    pub counter: i64,
    /// Ed25519 signature.
    pub signature: Vec<u8>,
    /// The text that the signature must cover: every field of the request.
    pub lines: RedactedText,
}

/// The proof with which a response is submitted. Token and link have been verified; the signature of a kiosk is verified
/// later, when its key has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// A role of the caller in the agency.
    Agent,
    /// The open link.
    Link,
    /// A single-use token.
    Token(Token),
    /// A registered device.
    Kiosk(Kiosk),
}

impl Proof {
    /// The access mode of this proof.
    pub fn mode(&self) -> AccessMode {
        match self {
            Self::Agent => AccessMode::Agent,
            Self::Link => AccessMode::Link,
            Self::Token(_) => AccessMode::Token,
            Self::Kiosk(_) => AccessMode::Kiosk,
        }
    }

    /// The id under which a response is stored, given the client's id and the keyed digest of its body.
    ///
    /// Everyone can have the open link, so another caller could guess an id and use it first. Therefore the digest of the
    /// body is part of the stored id: the same id with the same body is a repeat, and with another body it is another
    /// response. Ids that clients make contain no `~`, so a stored id never collides with that of another access mode.
    pub fn stored_id<'a>(&self, id: &'a str, digest: &[u8]) -> Cow<'a, str> {
        match self {
            Self::Link => {
                let digest = digest.iter().take(DIGEST_BYTES);
                let digest: String = digest.map(|byte| format!("{byte:02x}")).collect();
                Cow::Owned(format!("{id}~{digest}"))
            }
            Self::Agent | Self::Token(_) | Self::Kiosk(_) => Cow::Borrowed(id),
        }
    }
}

/// The client's part of an id that [`Proof::stored_id`] has made; `None` when the id is not of that form.
pub fn client_part(stored_id: &str) -> Option<&str> {
    let Some((id, digest)) = stored_id.split_once('~') else {
        return Some(stored_id);
    };
    let is_digest =
        digest.len() == 2 * DIGEST_BYTES && digest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    is_digest.then_some(id)
}

/// The secret from which tokens and links are derived; its debug output is redacted.
#[derive(Debug, Clone)]
pub struct Secret(hmac::Key);

impl Secret {
    /// From [`SECRET_BYTES`] random bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The token with this serial number in a batch of the survey: 54 characters of `[A-Za-z0-9_-]`, always the same ones.
    pub fn token(&self, survey: &name::Survey, batch: u32, serial: u32) -> String {
        let mut raw = Vec::with_capacity(8 + MAC_BYTES);
        raw.extend(batch.to_be_bytes());
        raw.extend(serial.to_be_bytes());
        raw.extend(hmac::sign(&self.0, token_message(survey, batch, serial).as_bytes()).as_ref());
        URL_SAFE_NO_PAD.encode(raw)
    }

    /// Verifies a token of the survey.
    ///
    /// # Errors
    ///
    /// [`Refusal::TokenInvalid`] for every text that [`Secret::token`] has not made for this survey.
    pub fn read_token(&self, survey: &name::Survey, text: &str) -> Result<Token, Refusal> {
        let raw = URL_SAFE_NO_PAD.decode(text).map_err(|_| Refusal::TokenInvalid)?;
        let numbers = raw.split_first_chunk::<4>().and_then(|(batch, rest)| {
            let (serial, mac) = rest.split_first_chunk::<4>()?;
            Some((u32::from_be_bytes(*batch), u32::from_be_bytes(*serial), mac))
        });
        let (batch, serial, mac) = numbers.ok_or(Refusal::TokenInvalid)?;
        hmac::verify(&self.0, token_message(survey, batch, serial).as_bytes(), mac)
            .map_err(|_| Refusal::TokenInvalid)?;
        Ok(Token {
            batch: i64::from(batch),
            digest: Sha256::digest(text).to_vec(),
        })
    }

    /// The open link of the survey: 43 characters of `[A-Za-z0-9_-]`, always the same ones.
    pub fn link(&self, survey: &name::Survey) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, link_message(survey).as_bytes()))
    }

    /// `Ok` when the link belongs to the survey.
    ///
    /// # Errors
    ///
    /// [`Refusal::LinkInvalid`] when it is not.
    pub fn check_link(&self, survey: &name::Survey, text: &str) -> Result<(), Refusal> {
        let mac = URL_SAFE_NO_PAD.decode(text).map_err(|_| Refusal::LinkInvalid)?;
        hmac::verify(&self.0, link_message(survey).as_bytes(), &mac).map_err(|_| Refusal::LinkInvalid)
    }

    /// The digest of a device's identifier that is stored, 16 bytes: equal for equal devices of one survey, and not comparable
    /// between surveys.
    pub fn device_digest(&self, survey: &name::Survey, device: &str) -> Vec<u8> {
        let message = format!("prima-device-1\n{survey}\n{device}");
        let tag = hmac::sign(&self.0, message.as_bytes());
        tag.as_ref().iter().take(16).copied().collect()
    }
}

fn token_message(survey: &name::Survey, batch: u32, serial: u32) -> String {
    format!("prima-token-1\n{survey}\n{batch}\n{serial}")
}

fn link_message(survey: &name::Survey) -> String {
    format!("prima-link-1\n{survey}")
}

/// A batch of single-use tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenBatch {
    /// Number within the survey, counted from 1.
    pub number: i64,
    /// Service counter for which it was issued; may be empty.
    pub counter: String,
    /// Id of the public service for which it was issued; may be empty.
    pub service: String,
    /// Number of tokens, 1 to [`BATCH_MAX`].
    pub size: i64,
    /// Expiry of its tokens (exclusive).
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was issued.
    pub created_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl TokenBatch {
    /// `Ok` when its tokens are accepted at `now`.
    ///
    /// # Errors
    ///
    /// The batch is revoked or expired; revoked when it is both.
    pub fn accepts(&self, now: DateTime<Utc>) -> Result<(), Refusal> {
        if self.revoked_at.is_some() {
            return Err(Refusal::TokenRevoked);
        }
        if self.expires_at.is_some_and(|end| now >= end) {
            return Err(Refusal::TokenExpired);
        }
        Ok(())
    }
}

/// An unchecked request for a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchDraft {
    /// Service counter.
    pub counter: String,
    /// Id of the public service.
    pub service: String,
    /// Number of tokens.
    pub size: i32,
    /// Expiry of the tokens.
    pub expires_at: Option<DateTime<Utc>>,
}

impl BatchDraft {
    /// Checks the draft at `now`.
    ///
    /// # Errors
    ///
    /// Every fault, each with the path of its field in `IssueTokensRequest`.
    pub fn check(&self, now: DateTime<Utc>) -> Result<(), Vec<Violation>> {
        let mut faults = Faults::default();
        faults.take(COUNTER.check("counter", &self.counter));
        faults.take(request::optional(&self.service, |raw| {
            survey::service_id("service", raw)
        }));
        if !(1..=BATCH_MAX).contains(&self.size) {
            faults.add(
                "size",
                format!("must be 1 to {BATCH_MAX}"),
                format!("Jumlah token harus 1 sampai {BATCH_MAX}"),
            );
        }
        if self.expires_at.is_some_and(|end| end <= now) {
            faults.add(
                "expire_time",
                "must be in the future",
                "Batas waktu token harus di masa depan",
            );
        }
        faults.part(())
    }
}

/// A registered device (kiosk) of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Resource name.
    pub name: name::Device,
    /// Display name.
    pub display_name: String,
    /// Ed25519 public key, 32 bytes.
    pub public_key: Vec<u8>,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl Device {
    /// `Ok` when the device made this signature over these lines.
    ///
    /// # Errors
    ///
    /// [`Refusal::SignatureInvalid`] when it did not.
    pub fn verify(&self, lines: &str, signature: &[u8]) -> Result<(), Refusal> {
        signature::UnparsedPublicKey::new(&signature::ED25519, &self.public_key)
            .verify(lines.as_bytes(), signature)
            .map_err(|_| Refusal::SignatureInvalid)
    }

    /// `Ok` when responses that it signs are accepted.
    ///
    /// # Errors
    ///
    /// [`Refusal::DeviceRevoked`] when it was revoked.
    pub fn accepts(&self) -> Result<(), Refusal> {
        match self.revoked_at {
            Some(_) => Err(Refusal::DeviceRevoked),
            None => Ok(()),
        }
    }
}

/// Checks a device that is to be registered.
///
/// # Errors
///
/// Every fault, each with the path of its field in `RegisterDeviceRequest`.
pub fn check_device(display_name: &str, public_key: &[u8]) -> Result<(), Vec<Violation>> {
    let mut faults = Faults::default();
    faults.take(DISPLAY_NAME.check("device.display_name", display_name));
    if !is_public_key(public_key) {
        faults.add(
            "device.public_key",
            format!("must be an Ed25519 public key of {PUBLIC_KEY_BYTES} bytes"),
            format!("Kunci publik harus berupa kunci Ed25519 sepanjang {PUBLIC_KEY_BYTES} byte"),
        );
    }
    faults.part(())
}

/// Whether a key identifies its owner: it is a point of the curve, and not one of the few points of small order, such as 32
/// zeros, for which everyone can make signatures.
fn is_public_key(bytes: &[u8]) -> bool {
    let key = <&[u8; PUBLIC_KEY_BYTES]>::try_from(bytes).ok();
    let key = key.and_then(|bytes| ed25519_dalek::VerifyingKey::from_bytes(bytes).ok());
    key.is_some_and(|key| !key.is_weak())
}

/// The text that a kiosk signs, as `KioskProof.signature` of the contract defines it; `fields` are the lines of the fields of
/// its response.
pub fn kiosk_lines_v2(
    survey: &name::Survey,
    device: &name::Device,
    counter: i64,
    response: &str,
    import: &str,
    fields: &[String],
) -> String {
    let mut text = format!("prima-kiosk-2\n{survey}\n{device}\n{counter}\n{response}\n{import}");
    for line in fields {
        text.push('\n');
        text.push_str(line);
    }
    text
}

/// The text that a kiosk of the previous release signs, which covers no more of the response than its answers.
pub fn kiosk_lines(
    survey: &name::Survey,
    device: &name::Device,
    counter: i64,
    response: &str,
    answers: &BTreeMap<String, i32>,
) -> String {
    let mut text = format!("prima-kiosk-1\n{survey}\n{device}\n{counter}\n{response}");
    for (key, score) in answers {
        text.push_str(&format!("\n{key}={score}"));
    }
    text
}

/// The text that a kiosk signs to read the form of a survey, as `GetQuestionnaireRequest` of the contract defines it. Its first
/// line is that of no response, so that nobody can submit one with this signature.
pub fn kiosk_lines_of_form(survey: &name::Survey, device: &name::Device, seconds: i64) -> String {
    format!("prima-kiosk-form-1\n{survey}\n{device}\n{seconds}")
}

/// `Ok` when a kiosk signed close enough to `now`; `seconds` is its time, since 1970.
///
/// # Errors
///
/// [`Refusal::SignatureExpired`] when it did not.
pub fn check_signed_at(seconds: i64, now: DateTime<Utc>) -> Result<(), Refusal> {
    let signed = DateTime::from_timestamp(seconds, 0);
    let is_fresh = signed.is_some_and(|signed| (now - signed).abs() <= SIGNED_WITHIN);
    is_fresh.then_some(()).ok_or(Refusal::SignatureExpired)
}

#[cfg(test)]
#[path = "access_tests.rs"]
mod tests;
