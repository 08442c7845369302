//! The head of a log (c2sp.org/tlog-checkpoint), signed by the log, and by witnesses that saw it.

use super::{
    Hash, decode, encode,
    note::{Kind, Note, Signature, VerifierKey, cosigned},
};
use crate::token::{self, Signer};

/// The head of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Name of the log.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// Root of their tree.
    pub root: Hash,
}

impl Checkpoint {
    /// Reads the text of a note. Lines after the root are extensions, which are skipped. No log has more than 2^63 - 1 entries: the
    /// numbers of the nodes of its tree would not fit in 64 bits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let number: u64 = size.parse().ok().filter(|n| i64::try_from(*n).is_ok())?;
        let rest_is_text = lines.all(|line| !line.is_empty());
        (!origin.is_empty() && number.to_string() == size && rest_is_text)
            .then(|| decode(root))
            .flatten()
            .map(|root| Self {
                origin: origin.to_owned(),
                size: number,
                root,
            })
    }

    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, encode(&self.root))
    }

    /// The head in a note that is signed by one of the keys of the log; `None` when it is none, or of another log.
    pub fn verified(note: &Note, keys: &[VerifierKey]) -> Option<Self> {
        let head = Self::parse(&note.text)?;
        let mut own = keys
            .iter()
            .filter(|key| key.kind == Kind::Note && key.name == head.origin);
        own.any(|key| note.verify(key).is_some()).then_some(head)
    }

    /// The note with this head, signed by the log.
    ///
    /// # Errors
    ///
    /// The key can't sign, or the name of the log is malformed.
    pub fn sign(&self, signer: &Signer) -> Result<Note, token::Error> {
        let text = self.text();
        let key = signer_key(signer, &self.origin, Kind::Note)?;
        let signature = Signature {
            name: key.name.clone(),
            id: key.id(),
            bytes: signer.sign_message(text.as_bytes())?,
        };
        Ok(Note {
            text,
            signatures: vec![signature],
        })
    }
}

/// The signature of a witness that saw the text of a note at a time, in seconds since 1970.
///
/// # Errors
///
/// The key can't sign, or the name of the witness is malformed.
pub fn cosign(text: &str, witness: &str, signer: &Signer, time: u64) -> Result<Signature, token::Error> {
    let key = signer_key(signer, witness, Kind::Cosignature)?;
    let signed = signer.sign_message(cosigned(time, text).as_bytes())?;
    Ok(Signature {
        name: key.name.clone(),
        id: key.id(),
        bytes: [&time.to_be_bytes()[..], &signed].concat(),
    })
}

/// The public half of a key, under a name.
///
/// # Errors
///
/// The name is malformed.
pub fn signer_key(signer: &Signer, name: &str, kind: Kind) -> Result<VerifierKey, token::Error> {
    let raw = crate::jws::public_key(signer.public_key()).ok_or(token::Error::Key)?;
    VerifierKey::new(name, kind, raw).ok_or(token::Error::Key)
}
