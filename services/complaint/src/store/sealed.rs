//! What is sealed at rest: identities, free text, secrets. Each kind opens for its own purpose only.

use prima_platform::{
    failure::Failure,
    vault::{Keyring, Sealed},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A kind of content that is sealed.
pub trait Secret: Serialize + DeserializeOwned {
    /// What it is sealed for; never changed once released.
    const PURPOSE: &'static str;
}

/// What the reporter shows to act. Debug shows nothing of it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Secrets {
    /// Tracking code, without grouping.
    pub tracking_code: String,
    /// Secret, without grouping.
    pub secret: String,
}

/// Who reports or asks. Debug shows nothing of it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Name.
    pub display_name: String,
    /// NIK; may be empty.
    pub identity_number: String,
    /// Telephone, `+62…`; may be empty.
    pub phone: String,
    /// E-mail address; may be empty.
    pub email: String,
    /// Postal address; may be empty.
    pub address: String,
}

/// What a report says. Debug shows nothing of it.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Content {
    /// Title.
    pub title: String,
    /// What happened.
    pub text: String,
    /// Where; may be empty.
    pub location: String,
}

/// What stands in a consultation beside its answers. Debug shows nothing of it.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Matter {
    /// The question.
    pub question: String,
    /// Place, link or note of the appointment; may be empty.
    pub note: String,
    /// Why it ended without an answer; may be empty.
    pub reason: String,
}

/// What digests of requests are made with: it outlives the keys that seal it. Debug shows nothing of it.
#[derive(Clone, Serialize, Deserialize)]
pub struct DigestKey(pub [u8; 32]);

/// A free text of the timeline, of an answer or of the log of readings. Debug shows nothing of it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Note(pub String);

/// What is personal of a file: its name, and the key of its own under which its content is sealed. Debug shows nothing
/// of it.
#[derive(Clone, Serialize, Deserialize)]
pub struct File {
    /// Name of the file.
    pub display_name: String,
    /// Base64 of 32 bytes; with it goes the content.
    pub key: String,
}

impl Secret for File {
    const PURPOSE: &'static str = "file";
}

impl Secret for Secrets {
    const PURPOSE: &'static str = "secrets";
}

impl Secret for Identity {
    const PURPOSE: &'static str = "identity";
}

impl Secret for Content {
    const PURPOSE: &'static str = "content";
}

impl Secret for Matter {
    const PURPOSE: &'static str = "matter";
}

impl Secret for DigestKey {
    const PURPOSE: &'static str = "digest";
}

impl Secret for Note {
    const PURPOSE: &'static str = "note";
}

macro_rules! silent {
    ($($name:ident),*) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}

silent!(Secrets, Identity, Content, Matter, Note, File, DigestKey);

/// Seals a content under the current key.
pub fn seal<S: Secret>(vault: &Keyring, secret: &S) -> Result<Sealed, Failure> {
    let plain = serde_json::to_vec(secret).map_err(Failure::internal)?;
    vault.seal(S::PURPOSE, &plain).map_err(Failure::internal)
}

/// Opens what [`seal`] sealed.
pub fn open<S: Secret>(vault: &Keyring, key: &str, bytes: &[u8]) -> Result<S, Failure> {
    let plain = vault.open(S::PURPOSE, key, bytes).map_err(Failure::internal)?;
    // The error of the parser would repeat what it read.
    serde_json::from_slice(&plain).map_err(|_| Failure::internal("a sealed content can't be read"))
}

/// As [`open`], of a column that may hold nothing.
pub fn open_held<S: Secret>(vault: &Keyring, key: &str, bytes: Option<&[u8]>) -> Result<Option<S>, Failure> {
    bytes.map(|bytes| open(vault, key, bytes)).transpose()
}
