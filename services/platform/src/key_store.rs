//! Signing keys in a folder outside the database: what signs tokens, and what signs publications.
//!
//! The folder has mode 0700. `keys.json` is the register: every key that ever was, with its public half, purpose and state; it is the
//! archive by which signatures are verified for decades, so no entry leaves it. `ID.key` is the private half, mode 0600, of a key that
//! still signs or may have to; it is removed with the key's retirement. Services read no private key of tokens; they have the public
//! halves in their configuration.

use std::{
    fs,
    io::{Error as IoError, ErrorKind},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    db::{Lock, LockError},
    private_file,
    token::{self, Signer},
};

const REGISTER: &str = "keys.json";
/// Longest id of a key.
const LONGEST_ID: usize = 64;

/// Why the store can't be used or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or the folder can't be read or written.
    #[error("{}: {}", .0.display(), .1)]
    File(PathBuf, #[source] IoError),
    /// Others than the owner may read the folder or a key.
    #[error("{}: others than its owner may read it", .0.display())]
    Readable(PathBuf),
    /// The register is damaged.
    #[error("{}: {}", .0.display(), .1)]
    Register(PathBuf, #[source] serde_json::Error),
    /// A private key can't be read.
    #[error("{}: {}", .0.display(), .1)]
    Key(PathBuf, #[source] token::Error),
    /// Another process changes the store.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The id is not made of a-z, 0-9 and hyphens.
    #[error("`{0}` is no id of a key")]
    Id(String),
    /// A key of this id or with these bytes is in the register already.
    #[error("the key {0} exists already")]
    Exists(String),
    /// There is no key of this id.
    #[error("there is no key {0}")]
    Unknown(String),
    /// The key is not in a state in which this can be done.
    #[error("the key {0} is {1}")]
    State(String, &'static str),
}

/// What a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// Tokens of callers.
    Tokens,
    /// Published figures.
    Publications,
}

impl Purpose {
    /// Its name in the register and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Publications => "publications",
        }
    }
}

/// What a key may still do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It signs; one key of each purpose.
    Active,
    /// It signs no more; what it has signed is accepted.
    Retiring,
    /// Its private half is gone; it is kept to verify what it has signed before.
    Retired,
    /// Somebody else may have had it: nothing that it has signed is accepted without other evidence.
    Compromised,
}

impl State {
    /// Its name in the register.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Retired => "retired",
            Self::Compromised => "compromised",
        }
    }
}

/// A key in the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its id in this store.
    pub id: String,
    /// What it signs.
    pub purpose: Purpose,
    /// What it may still do.
    pub state: State,
    /// Its public half, Ed25519 in base64.
    pub public_key: String,
    /// When it came into the store.
    pub created_at: DateTime<Utc>,
    /// When its state changed last.
    pub changed_at: DateTime<Utc>,
    /// Why it is compromised; empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// The store in one folder.
#[derive(Debug)]
pub struct KeyStore {
    folder: PathBuf,
    keys: Vec<Entry>,
}

impl KeyStore {
    /// Reads the store in a folder; an absent one is empty.
    ///
    /// # Errors
    ///
    /// It can't be read, or others than its owner may.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let register = folder.join(REGISTER);
        let keys = match fs::read_to_string(&register) {
            Ok(text) => {
                serde_json::from_str(&text).map_err(|error| Error::Register(register.clone(), error))?
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(Error::File(register, error)),
        };
        if register.exists() {
            check_private(folder)?;
        }
        Ok(Self {
            folder: folder.to_owned(),
            keys,
        })
    }

    /// Every key, in the order in which they came into the store.
    pub fn keys(&self) -> &[Entry] {
        &self.keys
    }

    /// The keys of a purpose that verify: those that sign, and those that signed what is still accepted.
    pub fn verifying(&self, purpose: Purpose) -> impl Iterator<Item = &Entry> {
        let own = self.keys.iter().filter(move |key| key.purpose == purpose);
        own.filter(|key| matches!(key.state, State::Active | State::Retiring))
    }

    /// The key that signs for a purpose; `None` while there is none.
    ///
    /// # Errors
    ///
    /// Its private half can't be read, or others than its owner may.
    pub fn signer(&self, purpose: Purpose) -> Result<Option<Signer>, Error> {
        let active = |key: &&Entry| key.purpose == purpose && key.state == State::Active;
        let Some(key) = self.keys.iter().find(active) else {
            return Ok(None);
        };
        let path = self.private(&key.id);
        check_private(&path)?;
        let signer = Signer::load(&path).map_err(|error| Error::Key(path, error))?;
        Ok(Some(signer))
    }

    /// Makes a new key the one that signs for a purpose; the one before retires. Returns the new one.
    ///
    /// # Errors
    ///
    /// The id is malformed or taken, or the store can't be written.
    pub fn rotate(folder: &Path, purpose: Purpose, id: &str, now: DateTime<Utc>) -> Result<Entry, Error> {
        let signer = Signer::generate().map_err(|error| Error::Key(folder.to_owned(), error))?;
        Self::add(folder, purpose, id, &signer, now)
    }

    /// Makes an existing key the one that signs for a purpose, as [`Self::rotate`] does with a new one.
    ///
    /// # Errors
    ///
    /// Those of [`Self::rotate`]; the key is in the store already.
    pub fn add(
        folder: &Path,
        purpose: Purpose,
        id: &str,
        signer: &Signer,
        now: DateTime<Utc>,
    ) -> Result<Entry, Error> {
        let of_id = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !(1..=LONGEST_ID).contains(&id.len()) || !id.bytes().all(of_id) {
            return Err(Error::Id(id.to_owned()));
        }
        Self::change(folder, |store| {
            let same = |key: &&Entry| key.id == id || key.public_key == signer.public_key();
            if let Some(known) = store.keys.iter().find(same) {
                return Err(Error::Exists(known.id.clone()));
            }
            let path = store.private(id);
            // A file without an entry is left of an attempt that failed before the register was written.
            private_file::remove(&path).map_err(|error| Error::File(path.clone(), error))?;
            signer.save(&path).map_err(|error| Error::Key(path, error))?;
            let before = store.keys.iter_mut();
            for key in before.filter(|key| key.purpose == purpose && key.state == State::Active) {
                (key.state, key.changed_at) = (State::Retiring, now);
            }
            let entry = Entry {
                id: id.to_owned(),
                purpose,
                state: State::Active,
                public_key: signer.public_key().to_owned(),
                created_at: now,
                changed_at: now,
                reason: String::new(),
            };
            store.keys.push(entry.clone());
            Ok(entry)
        })
    }

    /// Retires a key that signs no more: its private half is removed, its public half stays in the register.
    ///
    /// # Errors
    ///
    /// There is no such key, it still signs or is compromised, or the store can't be written.
    pub fn retire(folder: &Path, id: &str, now: DateTime<Utc>) -> Result<Entry, Error> {
        Self::end(folder, id, now, State::Retired, "")
    }

    /// Marks a key as compromised, whatever its state: its private half is removed, and it signs no more. May be repeated.
    ///
    /// # Errors
    ///
    /// There is no such key, or the store can't be written.
    pub fn compromise(folder: &Path, id: &str, reason: &str, now: DateTime<Utc>) -> Result<Entry, Error> {
        Self::end(folder, id, now, State::Compromised, reason)
    }

    fn end(folder: &Path, id: &str, now: DateTime<Utc>, state: State, reason: &str) -> Result<Entry, Error> {
        let ended = Self::change(folder, |store| {
            let key = store.keys.iter_mut().find(|key| key.id == id);
            let key = key.ok_or_else(|| Error::Unknown(id.to_owned()))?;
            match (key.state, state) {
                (State::Active | State::Compromised, State::Retired) => {
                    return Err(Error::State(id.to_owned(), key.state.as_str()));
                }
                (before, after) if before == after => {}
                _ => {
                    (key.state, key.changed_at) = (state, now);
                    reason.clone_into(&mut key.reason);
                }
            }
            Ok(key.clone())
        })?;
        let path = folder.join(format!("{id}.key"));
        private_file::remove(&path).map_err(|error| Error::File(path, error))?;
        Ok(ended)
    }

    /// Reads the store under its lock, changes it, and writes the register.
    fn change<T>(folder: &Path, change: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        private_file::create_folder(folder).map_err(|error| Error::File(folder.to_owned(), error))?;
        check_private(folder)?;
        let _lock = Lock::take(&folder.join("lock"))?;
        let mut store = Self::open(folder)?;
        let changed = change(&mut store)?;
        let register = folder.join(REGISTER);
        let text = serde_json::to_string_pretty(&store.keys)
            .map_err(|error| Error::Register(register.clone(), error))?;
        private_file::replace(&register, &format!("{text}\n"))
            .map_err(|error| Error::File(register, error))?;
        Ok(changed)
    }

    fn private(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.key"))
    }
}

/// Fails when others than the owner may use a folder or file.
fn check_private(path: &Path) -> Result<(), Error> {
    let metadata = fs::metadata(path).map_err(|error| Error::File(path.to_owned(), error))?;
    match metadata.permissions().mode() & 0o077 {
        0 => Ok(()),
        _ => Err(Error::Readable(path.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn states(folder: &Path) -> Vec<(String, State)> {
        let keys = KeyStore::open(folder).unwrap().keys;
        keys.into_iter().map(|key| (key.id, key.state)).collect()
    }

    #[test]
    fn one_key_signs_and_the_ones_before_are_archived() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("keys");
        assert!(KeyStore::open(&folder).unwrap().keys().is_empty());
        let first = KeyStore::rotate(&folder, Purpose::Tokens, "k1", NOW).unwrap();
        KeyStore::rotate(&folder, Purpose::Publications, "p1", NOW).unwrap();
        let second = KeyStore::rotate(&folder, Purpose::Tokens, "k2", NOW).unwrap();
        let store = KeyStore::open(&folder).unwrap();
        let signer = store.signer(Purpose::Tokens).unwrap().unwrap();
        assert_eq!(signer.public_key(), second.public_key);
        let verifying: Vec<_> = store
            .verifying(Purpose::Tokens)
            .map(|key| key.id.as_str())
            .collect();
        assert_eq!(verifying, ["k1", "k2"]);
        // What signs is not retired, and no id comes twice.
        assert!(matches!(
            KeyStore::retire(&folder, "k2", NOW),
            Err(Error::State(..))
        ));
        assert!(matches!(
            KeyStore::rotate(&folder, Purpose::Tokens, "k1", NOW),
            Err(Error::Exists(_))
        ));
        for id in ["", "../k", "K", "a b", &"a".repeat(65)] {
            assert!(
                matches!(
                    KeyStore::rotate(&folder, Purpose::Tokens, id, NOW),
                    Err(Error::Id(_))
                ),
                "{id}"
            );
        }
        KeyStore::retire(&folder, "k1", NOW).unwrap();
        KeyStore::retire(&folder, "k1", NOW).unwrap();
        KeyStore::compromise(&folder, "k2", "laptop hilang", NOW).unwrap();
        KeyStore::compromise(&folder, "k2", "", NOW).unwrap();
        let all = [
            ("k1", State::Retired),
            ("p1", State::Active),
            ("k2", State::Compromised),
        ];
        assert_eq!(states(&folder), all.map(|(id, state)| (id.to_owned(), state)));
        let store = KeyStore::open(&folder).unwrap();
        assert!(store.signer(Purpose::Tokens).unwrap().is_none());
        assert!(!folder.join("k1.key").exists() && !folder.join("k2.key").exists());
        assert!(folder.join("p1.key").exists());
        assert_eq!(
            store.keys()[0].public_key,
            first.public_key,
            "the archive keeps it"
        );
        assert_eq!(store.keys()[2].reason, "laptop hilang");
        assert!(matches!(
            KeyStore::retire(&folder, "k2", NOW),
            Err(Error::State(..))
        ));
        assert!(matches!(
            KeyStore::compromise(&folder, "k9", "", NOW),
            Err(Error::Unknown(_))
        ));
    }

    #[test]
    fn a_store_that_others_may_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("keys");
        KeyStore::rotate(&folder, Purpose::Tokens, "k1", NOW).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(
            (
                mode(&folder),
                mode(&folder.join("k1.key")),
                mode(&folder.join(REGISTER))
            ),
            (0o700, 0o600, 0o600)
        );
        let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        set(&folder, 0o750);
        assert!(matches!(KeyStore::open(&folder), Err(Error::Readable(_))));
        assert!(matches!(
            KeyStore::rotate(&folder, Purpose::Tokens, "k2", NOW),
            Err(Error::Readable(_))
        ));
        set(&folder, 0o700);
        set(&folder.join("k1.key"), 0o640);
        let store = KeyStore::open(&folder).unwrap();
        assert!(matches!(store.signer(Purpose::Tokens), Err(Error::Readable(_))));
        set(&folder.join("k1.key"), 0o600);
        assert!(store.signer(Purpose::Tokens).unwrap().is_some());
    }

    #[test]
    fn a_key_is_not_written_through_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, elsewhere) = (dir.path().join("keys"), dir.path().join("elsewhere"));
        private_file::create_folder(&folder).unwrap();
        symlink(&elsewhere, folder.join("k1.key")).unwrap();
        KeyStore::rotate(&folder, Purpose::Tokens, "k1", NOW).unwrap();
        assert!(!elsewhere.exists());
        assert!(
            KeyStore::open(&folder)
                .unwrap()
                .signer(Purpose::Tokens)
                .unwrap()
                .is_some()
        );
    }
}
