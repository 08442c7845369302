//! Encryption of personal data and free text at rest, with keys that exist in the configuration only.
//!
//! A [`Keyring`] has an ordered list of keys: the first one encrypts, every one decrypts. To rotate keys, an operator
//! adds a new key in front, has the data of the old key encrypted again (the id of the key is stored with the data),
//! and then removes the old key.
//!
//! Each key is 32 random bytes, from which HKDF-SHA256 derives one subkey per use. Data is encrypted with
//! ChaCha20-Poly1305 and a random nonce of 96 bits. Random nonces allow 2³² messages under one key, which keeps the
//! probability that any two nonces are equal below 2⁻³² (the bound of NIST SP 800-38D, 8.3): a new key must be added
//! before that. Look-ups by equality and comparisons of request bodies use HMAC-SHA256, so that values can't be found
//! by trial without the key.

use std::{collections::BTreeSet, fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, Prk, Salt},
    hmac::{self, HMAC_SHA256},
    rand::{SecureRandom, SystemRandom},
};
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Bytes of a key.
pub const KEY: usize = 32;
/// Most keys of a keyring: each look-up by equality compares one value per key.
const KEYS: usize = 8;
/// Longest id of a key, characters.
const ID: usize = 16;

/// Why data can't be encrypted or decrypted. It contains nothing of the data.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The key of this id is not configured.
    #[error("the key {0} is not configured")]
    UnknownKey(String),
    /// The data was not encrypted with the key of this id, is damaged, or was encrypted for another purpose.
    #[error("data encrypted with the key {0} is damaged, or was encrypted for another purpose")]
    Damaged(String),
    /// The system provides no random bytes, or the data is longer than the cipher allows (256 GiB).
    #[error("can't encrypt")]
    Encrypt,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::internal(error)
    }
}

/// Encrypted data; both fields must be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encrypted {
    /// Id of the key.
    pub key: String,
    /// Nonce (12 bytes), ciphertext, tag (16 bytes).
    pub bytes: Vec<u8>,
}

struct Key {
    id: String,
    cipher: LessSafeKey,
    index: hmac::Key,
    digest: hmac::Key,
}

impl Key {
    fn new(id: &str, bytes: &[u8]) -> Result<Self, ring::error::Unspecified> {
        let prk = Salt::new(HKDF_SHA256, b"prima vault").extract(bytes);
        Ok(Self {
            id: id.to_owned(),
            cipher: LessSafeKey::new(UnboundKey::new(
                &CHACHA20_POLY1305,
                subkey(&prk, "seal")?.as_slice(),
            )?),
            index: hmac::Key::new(HMAC_SHA256, subkey(&prk, "index")?.as_slice()),
            digest: hmac::Key::new(HMAC_SHA256, subkey(&prk, "digest")?.as_slice()),
        })
    }
}

/// The subkey for one use. The cipher and the HMAC both use 32 bytes.
fn subkey(prk: &Prk, usage: &str) -> Result<Zeroizing<[u8; KEY]>, ring::error::Unspecified> {
    let mut bytes = Zeroizing::new([0; KEY]);
    prk.expand(&[usage.as_bytes()], HKDF_SHA256)?
        .fill(bytes.as_mut_slice())?;
    Ok(bytes)
}

/// The keys, at least one; cheap to clone.
#[derive(Clone)]
pub struct Keyring {
    keys: Arc<Keys>,
    /// Key of the digests; `None` to use the current key.
    digest: Option<hmac::Key>,
}

struct Keys {
    current: Key,
    older: Vec<Key>,
    random: SystemRandom,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keyring").field(&self.ids()).finish()
    }
}

impl Keyring {
    /// Parses keys of the form `ID:BASE64`, the encrypting one first: ids of 1 to 16 characters a-z, 0-9 and hyphen,
    /// keys of 32 bytes, one to eight of them, no id and no key twice. Returns all faults in Indonesian, each with the
    /// position of the key and without its text.
    pub fn parse(keys: &[String]) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        if keys.is_empty() {
            faults.push("perlu sedikitnya satu kunci, ID:BASE64 dari 32 bita".to_owned());
        }
        if keys.len() > KEYS {
            faults.push(format!("ada {} kunci, paling banyak {KEYS}", keys.len()));
        }
        let (mut ids, mut seen, mut parsed) = (BTreeSet::new(), Vec::new(), Vec::new());
        for (place, text) in (1..).zip(keys) {
            let Some((id, key)) = text.split_once(':') else {
                faults.push(format!("kunci {place} tidak berbentuk ID:BASE64"));
                continue;
            };
            if !is_id(id) {
                faults.push(format!(
                    "kunci {place}: ID-nya harus 1 sampai {ID} huruf kecil a-z, angka, atau tanda hubung"
                ));
            } else if !ids.insert(id) {
                faults.push(format!("kunci {place}: ID {id} sudah dipakai sebelumnya"));
            }
            let bytes = STANDARD.decode(key).ok().map(Zeroizing::new);
            let bytes = bytes.filter(|bytes| bytes.len() == KEY);
            let Some(bytes) = bytes else {
                faults.push(format!("kunci {place} bukan base64 dari {KEY} bita"));
                continue;
            };
            match Key::new(id, &bytes) {
                Ok(key) => parsed.push(key),
                Err(_) => faults.push(format!("kunci {place} tidak dapat dipakai")),
            }
            if seen.contains(&bytes) {
                faults.push(format!("kunci {place} sama dengan kunci sebelumnya"));
            }
            seen.push(bytes);
        }
        let mut parsed = parsed.into_iter();
        match parsed.next() {
            Some(current) if faults.is_empty() => Ok(Self {
                keys: Arc::new(Keys {
                    current,
                    older: parsed.collect(),
                    random: SystemRandom::new(),
                }),
                digest: None,
            }),
            _ => Err(faults),
        }
    }

    /// A new key, base64 of 32 random bytes.
    pub fn generate_key() -> Result<String, Error> {
        let mut bytes = Zeroizing::new([0; KEY]);
        let filled = SystemRandom::new().fill(bytes.as_mut_slice());
        filled.map_err(|_| Error::Encrypt)?;
        Ok(STANDARD.encode(bytes.as_slice()))
    }

    /// Id of the key that encrypts.
    pub fn current(&self) -> &str {
        &self.keys.current.id
    }

    /// Ids of all keys, the one that encrypts first.
    pub fn ids(&self) -> Vec<&str> {
        self.all().map(|key| key.id.as_str()).collect()
    }

    fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.keys.current).chain(&self.keys.older)
    }

    /// Encrypts `plain` with the current key. It can be decrypted for the same `purpose` only: a constant of the code,
    /// such as `complaint.text`, or one with the name of the row, so that the data of two rows can't be swapped. The
    /// result is 28 bytes longer.
    pub fn encrypt(&self, purpose: &str, plain: &[u8]) -> Result<Encrypted, Error> {
        let key = &self.keys.current;
        let mut nonce = [0; NONCE_LEN];
        self.keys.random.fill(&mut nonce).map_err(|_| Error::Encrypt)?;
        let mut content = plain.to_vec();
        key.cipher
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(purpose.as_bytes()),
                &mut content,
            )
            .map_err(|_| Error::Encrypt)?;
        Ok(Encrypted {
            key: key.id.clone(),
            bytes: [&nonce[..], &content].concat(),
        })
    }

    /// Decrypts data that [`Keyring::encrypt`] returned for `purpose`; `key` is the id of its key.
    pub fn decrypt(&self, purpose: &str, key: &str, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let known = self.all().find(|k| k.id == key);
        let known = known.ok_or_else(|| Error::UnknownKey(key.to_owned()))?;
        let damaged = || Error::Damaged(key.to_owned());
        let (nonce, content) = bytes.split_first_chunk().ok_or_else(damaged)?;
        let mut content = content.to_vec();
        let plain = known
            .cipher
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(purpose.as_bytes()),
                &mut content,
            )
            .map_err(|_| damaged())?
            .len();
        content.truncate(plain);
        Ok(content)
    }

    /// Blind index of a text for one purpose, by which equal texts are found: 32 bytes for each key, with its id, the
    /// current key first. Callers store the first value and search for any of them.
    pub fn index(&self, purpose: &str, text: &str) -> Vec<(String, Vec<u8>)> {
        self.all()
            .map(|key| {
                let mut mac = hmac::Context::with_key(&key.index);
                // The length separates the purpose from the text.
                mac.update(&(purpose.len() as u64).to_be_bytes());
                mac.update(purpose.as_bytes());
                mac.update(text.as_bytes());
                (key.id.clone(), mac.sign().as_ref().to_vec())
            })
            .collect()
    }

    /// Uses this key for digests. It outlasts the rotation of the encrypting keys; the caller stores it encrypted.
    #[must_use]
    pub fn with_digest_key(self, bytes: &[u8; KEY]) -> Self {
        Self {
            digest: Some(hmac::Key::new(HMAC_SHA256, bytes)),
            ..self
        }
    }

    /// Keyed digest of a request's body, 32 bytes, by which it is later compared with another body. Uses the key of
    /// [`Self::with_digest_key`], else the current one.
    pub fn digest(&self, bytes: &[u8]) -> Vec<u8> {
        let key = self.digest.as_ref().unwrap_or(&self.keys.current.digest);
        hmac::sign(key, bytes).as_ref().to_vec()
    }
}

fn is_id(id: &str) -> bool {
    (1..=ID).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(id: &str, byte: u8) -> String {
        format!("{id}:{}", STANDARD.encode([byte; KEY]))
    }

    fn ring(keys: &[(&str, u8)]) -> Keyring {
        let keys: Vec<String> = keys.iter().map(|(id, byte)| key(id, *byte)).collect();
        Keyring::parse(&keys).unwrap()
    }

    #[test]
    fn the_first_key_encrypts_and_every_key_decrypts() {
        let (old, both) = (ring(&[("k1", 1)]), ring(&[("k2", 2), ("k1", 1)]));
        let before = old.encrypt("text", b"halo").unwrap();
        let after = both.encrypt("text", b"halo").unwrap();
        assert_eq!((before.key.as_str(), after.key.as_str()), ("k1", "k2"));
        assert_eq!((both.current(), both.ids()), ("k2", vec!["k2", "k1"]));
        for encrypted in [&before, &after] {
            assert_eq!(
                both.decrypt("text", &encrypted.key, &encrypted.bytes).unwrap(),
                b"halo"
            );
        }
        let unknown = old.decrypt("text", &after.key, &after.bytes).unwrap_err();
        assert!(
            matches!(&unknown, Error::UnknownKey(id) if id == "k2"),
            "{unknown}"
        );
        assert!(unknown.to_string().contains("k2"));
    }

    #[test]
    fn a_key_of_the_same_id_with_other_bytes_decrypts_nothing() {
        let encrypted = ring(&[("k1", 1)]).encrypt("text", b"halo").unwrap();
        let other = ring(&[("k1", 2)]).decrypt("text", "k1", &encrypted.bytes);
        assert!(matches!(other, Err(Error::Damaged(id)) if id == "k1"));
    }

    #[test]
    fn changed_or_truncated_data_is_not_decrypted() {
        let keys = ring(&[("k1", 1)]);
        let encrypted = keys.encrypt("text", b"halo").unwrap();
        for at in 0..encrypted.bytes.len() {
            let mut changed = encrypted.bytes.clone();
            changed[at] ^= 1;
            assert!(
                matches!(keys.decrypt("text", "k1", &changed), Err(Error::Damaged(_))),
                "{at}"
            );
            assert!(
                matches!(
                    keys.decrypt("text", "k1", &encrypted.bytes[..at]),
                    Err(Error::Damaged(_))
                ),
                "{at}"
            );
        }
    }

    #[test]
    fn data_is_decrypted_for_its_purpose_only() {
        let keys = ring(&[("k1", 1)]);
        let encrypted = keys.encrypt("name", b"halo").unwrap();
        assert!(matches!(
            keys.decrypt("phone", "k1", &encrypted.bytes),
            Err(Error::Damaged(_))
        ));
    }

    #[test]
    fn equal_data_has_different_ciphertexts() {
        let keys = ring(&[("k1", 1)]);
        let encrypted: BTreeSet<Vec<u8>> = (0..100)
            .map(|_| keys.encrypt("text", b"halo").unwrap().bytes)
            .collect();
        assert_eq!(encrypted.len(), 100);
        assert!(encrypted.iter().all(|bytes| bytes.len() == 4 + 28));
    }

    #[test]
    fn a_text_indexed_with_an_old_key_is_found_after_a_rotation() {
        let (old, both) = (ring(&[("k1", 1)]), ring(&[("k2", 2), ("k1", 1)]));
        let stored = old.index("phone", "0812").remove(0);
        let sought = both.index("phone", "0812");
        assert_eq!(sought.first().unwrap().0, "k2");
        assert!(sought.contains(&stored));
        for (purpose, text) in [("phone", "0813"), ("email", "0812"), ("phon", "e0812")] {
            assert!(!both.index(purpose, text).contains(&stored));
        }
        let lasting = [7; KEY];
        let (old, both) = (old.with_digest_key(&lasting), both.with_digest_key(&lasting));
        assert_eq!(both.digest(b"body"), old.digest(b"body"));
        assert_ne!(both.digest(b"bodi"), old.digest(b"body"));
    }

    #[test]
    fn each_use_has_its_own_subkey() {
        let keys = ring(&[("k1", 1)]);
        // The prefix that `index` adds to a text.
        let body = [&0_u64.to_be_bytes()[..], b"x"].concat();
        assert_ne!(keys.index("", "x").remove(0).1, keys.digest(&body));
    }

    #[test]
    fn stored_values_never_change() {
        // With other values, stored data could not be decrypted or found any more.
        let keys = ring(&[("k1", 1)]);
        let encrypted = STANDARD.decode(ENCRYPTED).unwrap();
        assert_eq!(keys.decrypt("text", "k1", &encrypted).unwrap(), b"halo");
        assert_eq!(STANDARD.encode(&keys.index("phone", "0812")[0].1), INDEXED);
        assert_eq!(STANDARD.encode(keys.digest(b"body")), DIGEST);
    }

    // Computed with hmac, hashlib and cryptography of Python: base64 of the encrypted data with the nonce 0 to 11, and
    // of the two digests.
    const ENCRYPTED: &str = "AAECAwQFBgcICQoLi7z/aGDpxv46FcvQs7Bxi6GSRzk=";
    const INDEXED: &str = "V05nWq+x0LDh9iPc+Fvtvj8UTefZEhdzFumuoGxdzWw=";
    const DIGEST: &str = "JeH7awWWuQVECUWicWGFjXBnEwbYLkmBSlJRgMjAbp4=";

    #[test]
    fn every_fault_of_the_keys_is_named_and_none_of_them_shown() {
        let good = STANDARD.encode([7; KEY]);
        let keys = [
            good.clone(),
            format!("K1:{good}"),
            format!(":{}", STANDARD.encode([8; KEY])),
            format!("abcdefghijklmnopq:{}", STANDARD.encode([9; KEY])),
            key("k1", 1),
            key("k1", 2),
            key("k2", 2),
            format!("k3:{}", STANDARD.encode([3; 31])),
            "k4:rahasia!".to_owned(),
        ];
        let faults = Keyring::parse(&keys).unwrap_err();
        for (fault, start) in faults.iter().zip([
            "ada 9 kunci",
            "kunci 1 tidak berbentuk",
            "kunci 2: ID-nya",
            "kunci 3: ID-nya",
            "kunci 4: ID-nya",
            "kunci 6: ID k1",
            "kunci 7 sama",
            "kunci 8 bukan base64",
            "kunci 9 bukan base64",
        ]) {
            assert!(fault.starts_with(start), "{fault}: {start}");
        }
        assert_eq!(faults.len(), 9);
        let shown = faults.join("");
        assert!(!shown.contains(&good) && !shown.contains("rahasia"));
        assert_eq!(Keyring::parse(&[]).unwrap_err().len(), 1);
    }

    #[test]
    fn a_generated_key_can_be_used_and_is_never_shown() {
        let (one, two) = (Keyring::generate_key().unwrap(), Keyring::generate_key().unwrap());
        assert_ne!(one, two);
        let keys = Keyring::parse(&[format!("k2:{two}"), format!("k1:{one}")]).unwrap();
        assert_eq!(format!("{keys:?}"), r#"Keyring(["k2", "k1"])"#);
    }

    proptest! {
        #[test]
        fn encrypted_data_is_decrypted_again(
            purpose in ".{0,20}", plain in prop::collection::vec(any::<u8>(), 0..2000), byte in 2_u8..,
        ) {
            let keys = ring(&[("new", byte), ("old", 1)]);
            let encrypted = keys.encrypt(&purpose, &plain).unwrap();
            prop_assert_eq!(encrypted.bytes.len(), plain.len() + 28);
            prop_assert_eq!(keys.decrypt(&purpose, &encrypted.key, &encrypted.bytes).unwrap(), plain);
        }
    }
}
