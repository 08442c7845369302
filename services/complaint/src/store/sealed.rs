//! Encrypts identities, free text and secrets at rest. Each kind of content can be decrypted only for its own purpose.

use prima_platform::{
    failure::Failure,
    vault::{Encrypted, Keyring},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A kind of content that is encrypted.
pub trait Secret: Serialize + DeserializeOwned {
    /// The purpose that the ciphertext is bound to; must never change after a release.
    const PURPOSE: &'static str;
}

/// Tracking code and secret of a report or consultation. `Debug` prints nothing of them.
#[derive(Clone, Serialize, Deserialize)]
pub struct Secrets {
    /// Without grouping.
    pub tracking_code: String,
    /// Without grouping.
    pub secret: String,
}

/// A reporter or asker. `Debug` prints nothing of it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
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

/// Title, text, location and number in SP4N-LAPOR! of a report. `Debug` prints nothing of them.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Content {
    pub title: String,
    pub text: String,
    /// Where; may be empty.
    pub location: String,
    /// Number in SP4N-LAPOR!; empty for reports from elsewhere, and for one of an earlier release until the number is
    /// encrypted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sp4n_number: String,
}

/// The texts of a consultation except its answers. `Debug` prints nothing of them.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct ConsultationText {
    pub question: String,
    /// Place, link or note of the appointment; may be empty.
    pub note: String,
    /// Why it was completed without an answer; may be empty.
    pub reason: String,
}

/// The purpose for which the key is encrypted that digests of requests are made with.
pub const DIGEST_KEY: &str = "digest";

/// A free text of the timeline, of an answer or of the log of readings. `Debug` prints nothing of it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Note(pub String);

/// The personal data of an attachment: its file name and the key of its content. `Debug` prints nothing of it.
#[derive(Clone, Serialize, Deserialize)]
pub struct File {
    pub display_name: String,
    /// Base64 of 32 bytes. Without it the content cannot be decrypted.
    pub key: String,
}

/// Gives each type its purpose, and a `Debug` that prints only the name of the type.
macro_rules! secrets {
    ($($name:ident: $purpose:literal,)*) => {$(
        impl Secret for $name {
            const PURPOSE: &'static str = $purpose;
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )*};
}
secrets! {
    Secrets: "secrets",
    Identity: "identity",
    Content: "content",
    ConsultationText: "matter",
    Note: "note",
    File: "file",
}

/// Encrypts a content under the current key.
pub fn seal<S: Secret>(vault: &Keyring, secret: &S) -> Result<Encrypted, Failure> {
    let plain = serde_json::to_vec(secret).map_err(Failure::internal)?;
    vault.encrypt(S::PURPOSE, &plain).map_err(Failure::internal)
}

/// Decrypts what [`seal`] encrypted.
pub fn open<S: Secret>(vault: &Keyring, key: &str, bytes: &[u8]) -> Result<S, Failure> {
    let plain = vault.decrypt(S::PURPOSE, key, bytes).map_err(Failure::internal)?;
    // The error of the parser is dropped, because it would repeat the content.
    serde_json::from_slice(&plain).map_err(|_| Failure::internal("decrypted content cannot be parsed"))
}

/// As [`open`], for a column that may be empty.
pub fn open_optional<S: Secret>(
    vault: &Keyring,
    key: &str,
    bytes: Option<&[u8]>,
) -> Result<Option<S>, Failure> {
    bytes.map(|bytes| open(vault, key, bytes)).transpose()
}
