//! Signed notes (c2sp.org/signed-note): a text, an empty line, and lines with signatures. Ed25519 only: plain signatures (type 1)
//! and those of witnesses (type 4, c2sp.org/tlog-cosignature).

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::signature::{ED25519, UnparsedPublicKey};
use sha2::{Digest, Sha256};

/// Start of a line with a signature.
const DASH: &str = "— ";
/// Longest note that is read, bytes.
const LONGEST: usize = 1 << 20;
/// Most signatures of a note.
const MOST: usize = 100;

/// What the signatures of a key are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Of the text.
    Note,
    /// Of the text and the time at which a witness saw it.
    Cosignature,
}

impl Kind {
    fn byte(self) -> u8 {
        match self {
            Self::Note => 1,
            Self::Cosignature => 4,
        }
    }
}

/// A public key with its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct VerifierKey {
    /// Name, such as the origin of a log.
    pub name: String,
    /// What it signs.
    pub kind: Kind,
    key: [u8; 32],
}

impl VerifierKey {
    /// A key; `None` when the name has a space or a plus sign, or is empty.
    pub fn new(name: &str, kind: Kind, key: [u8; 32]) -> Option<Self> {
        is_name(name).then(|| Self {
            name: name.to_owned(),
            kind,
            key,
        })
    }

    /// Reads `NAME+ID+KEY`, as [`fmt::Display`] writes it.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.trim().split_once('+')?;
        let (id, key) = rest.split_once('+')?;
        let key = STANDARD.decode(key).ok()?;
        let kind = match key.first()? {
            1 => Kind::Note,
            4 => Kind::Cosignature,
            _ => return None,
        };
        let found = Self::new(name, kind, key.get(1..)?.try_into().ok()?)?;
        (id == format!("{:08x}", found.id())).then_some(found)
    }

    /// Keys in a text, one a line; empty lines and those that begin with `#` are skipped. `Err` is the number of a line that is
    /// neither.
    pub fn list(text: &str) -> Result<Vec<Self>, usize> {
        let lines = (1..).zip(text.lines().map(str::trim));
        let keys = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        keys.map(|(n, line)| Self::parse(line).ok_or(n)).collect()
    }

    /// The number by which signatures name the key.
    pub fn id(&self) -> u32 {
        let digest = Sha256::new()
            .chain_update(&self.name)
            .chain_update([b'\n', self.kind.byte()])
            .chain_update(self.key)
            .finalize();
        digest
            .iter()
            .take(4)
            .fold(0, |id, byte| id << 8 | u32::from(*byte))
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, self.key);
        key.verify(message, signature).is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode([&[self.kind.byte()][..], &self.key].concat());
        write!(f, "{}+{:08x}+{key}", self.name, self.id())
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

/// A line with a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Name of the key.
    pub name: String,
    /// Number of the key.
    pub id: u32,
    /// What follows the number.
    pub bytes: Vec<u8>,
}

impl Signature {
    /// Reads a line.
    pub fn parse(line: &str) -> Option<Self> {
        let (name, text) = line.strip_prefix(DASH)?.split_once(' ')?;
        let bytes = STANDARD.decode(text).ok()?;
        let (id, rest) = bytes.split_at_checked(4)?;
        let id = id.iter().fold(0, |id, byte| id << 8 | u32::from(*byte));
        (is_name(name) && !rest.is_empty()).then(|| Self {
            name: name.to_owned(),
            id,
            bytes: rest.to_owned(),
        })
    }

    /// Whether it names this key.
    pub fn is_by(&self, key: &VerifierKey) -> bool {
        self.name == key.name && self.id == key.id()
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.id.to_be_bytes()[..], &self.bytes].concat();
        write!(f, "{DASH}{} {}", self.name, STANDARD.encode(bytes))
    }
}

/// A text with its signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The text, with the end of its last line.
    pub text: String,
    /// The signatures.
    pub signatures: Vec<Signature>,
}

impl Note {
    /// Reads a note; `None` when it is malformed.
    pub fn parse(note: &str) -> Option<Self> {
        if note.len() > LONGEST || note.contains(|c: char| c.is_control() && c != '\n') {
            return None;
        }
        let (text, lines) = note.strip_suffix('\n')?.rsplit_once("\n\n")?;
        let signatures: Option<Vec<_>> = lines.split('\n').map(Signature::parse).collect();
        let signatures = signatures.filter(|all| (1..=MOST).contains(&all.len()))?;
        Some(Self {
            text: format!("{text}\n"),
            signatures,
        })
    }

    /// The time of the signature by `key`, in seconds since 1970: that of a witness, else 0. `None` when the note has no valid one.
    pub fn verify(&self, key: &VerifierKey) -> Option<u64> {
        let mut own = self.signatures.iter().filter(|signature| signature.is_by(key));
        let signature = own.next()?;
        // Two lines by one key are no note of this key, whichever of them is valid.
        if own.next().is_some() {
            return None;
        }
        match key.kind {
            Kind::Note => key.verifies(self.text.as_bytes(), &signature.bytes).then_some(0),
            Kind::Cosignature => {
                let (time, rest) = signature.bytes.split_at_checked(8)?;
                let time = u64::from_be_bytes(time.try_into().ok()?);
                key.verifies(cosigned(time, &self.text).as_bytes(), rest)
                    .then_some(time)
            }
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        let mut signatures = self.signatures.iter();
        signatures.try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

/// What a witness signs: that it saw this text at this time, in seconds since 1970.
pub fn cosigned(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}
