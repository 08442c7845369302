//! A sealed file: lines of canonical JSON, each ended by a line feed.
//!
//! 1. The head, which is the entry of the log to the byte. Its members `rows` (their number) and `rows_root` (the root of the tree of
//!    the rows, base64) seal the rows; the others are the owner's.
//! 2. A line for each row, which is a leaf of that tree to the byte.
//! 3. The proof: `checkpoint` (the signed head of the log), `index` (the place of the entry in it), `inclusion` (the proof of that),
//!    and `leaves` (the hash of each row).
//!
//! Every byte is covered: the head by the log, a row by its hash, and the proof by the signature, by the hashes, or by its form. The
//! hashes of the rows are not needed for the proof; they tell which row was changed.

use serde_json::{Value, json};

use super::{
    Hash,
    canonical::{self, Object},
    checkpoint::Checkpoint,
    decode, encode,
    note::{Note, Signature, VerifierKey},
    tree::{self, Tree},
};

/// A place in the log with its proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The signed head of the log.
    pub checkpoint: String,
    /// The place of the entry, from 0.
    pub index: u64,
    /// The proof that it is there.
    pub inclusion: Vec<Hash>,
}

/// A file with valid proofs.
#[derive(Debug, Clone, PartialEq)]
pub struct Sealed {
    /// The entry of the log.
    pub head: Object,
    /// The same to the byte.
    pub head_text: String,
    /// The rows to the byte.
    pub rows: Vec<String>,
    /// The head of the log that contains the entry.
    pub checkpoint: Checkpoint,
    /// Where it is in the log.
    pub proof: Proof,
}

/// Why a file is not accepted. Rows are counted from 1, and contain the text as it is found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is no file of this form.
    #[error("is no sealed file: {0}")]
    Form(&'static str),
    /// The head is not the one that was sealed.
    #[error("the head is not in the log")]
    Head,
    /// A row is not the one that was sealed.
    #[error("row {0} is not the one that was sealed")]
    Row(usize, String),
    /// The file has other rows than its head says.
    #[error("there are {found} rows instead of {sealed}")]
    Rows {
        /// Rows that the head seals.
        sealed: u64,
        /// Rows of the file.
        found: u64,
    },
    /// All rows have their hashes, but these do not make the root of the head.
    #[error("the rows are not those that the head seals")]
    Root,
    /// The proof is malformed.
    #[error("the proof is damaged: {0}")]
    Proof(&'static str),
    /// The head of the log is not signed by one of the keys.
    #[error("the head of the log is signed by none of the keys")]
    Signature,
}

/// The text of a sealed file.
pub fn write(head: &str, rows: &[String], proof: &Proof) -> String {
    let leaves: Vec<String> = rows
        .iter()
        .map(|row| encode(&tree::leaf_hash(row.as_bytes())))
        .collect();
    let mut object = proof.object();
    object.insert("leaves".to_owned(), json!(leaves));
    let proof = canonical::write(&object).unwrap_or_default();
    let mut text = String::new();
    for line in [head]
        .into_iter()
        .chain(rows.iter().map(String::as_str))
        .chain([proof.as_str()])
    {
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// The tree of rows.
pub fn rows_tree(rows: &[String]) -> Tree {
    Tree::of(rows.iter().map(|row| row.clone().into_bytes()))
}

impl Proof {
    /// Its members.
    pub(super) fn object(&self) -> Object {
        let inclusion: Vec<String> = self.inclusion.iter().map(encode).collect();
        let mut object = Object::new();
        object.insert("checkpoint".to_owned(), json!(self.checkpoint));
        object.insert("index".to_owned(), json!(self.index));
        object.insert("inclusion".to_owned(), json!(inclusion));
        object
    }

    /// Reads the members.
    pub(super) fn parse(object: &Object) -> Result<Self, Fault> {
        let damaged = Fault::Proof;
        let text = object.get("checkpoint").and_then(Value::as_str);
        let index = object.get("index").and_then(Value::as_u64);
        Ok(Self {
            checkpoint: text.ok_or(damaged("checkpoint"))?.to_owned(),
            index: index.ok_or(damaged("index"))?,
            inclusion: hashes(object, "inclusion").ok_or(damaged("inclusion"))?,
        })
    }

    /// The head of the log, when it is trusted and contains the entry.
    pub(super) fn verify(
        &self,
        entry: &str,
        trusted: impl Fn(&Note) -> Option<Checkpoint>,
    ) -> Result<Checkpoint, Fault> {
        let note = Note::parse(&self.checkpoint).ok_or(Fault::Proof("checkpoint"))?;
        let head = trusted(&note).ok_or(Fault::Signature)?;
        let tree = (head.size, &head.root);
        match tree::is_included(entry.as_bytes(), self.index, tree, &self.inclusion) {
            true => Ok(head),
            false => Err(Fault::Head),
        }
    }
}

/// The head in a note that is signed by one of the keys of its log and by nobody else but keys that are given; otherwise `None`.
pub fn signed_by(note: &Note, keys: &[VerifierKey]) -> Option<Checkpoint> {
    let is_known = |signature: &Signature| keys.iter().any(|key| signature.is_by(key));
    let known = note.signatures.iter().all(is_known);
    let valid = keys
        .iter()
        .filter(|key| note.signatures.iter().any(|signature| signature.is_by(key)))
        .all(|key| note.verify(key).is_some());
    Checkpoint::verified(note, keys).filter(|_| known && valid)
}

/// A list of hashes.
pub(super) fn hashes(object: &Object, key: &str) -> Option<Vec<Hash>> {
    let list = object.get(key)?.as_array()?;
    list.iter().map(|hash| decode(hash.as_str()?)).collect()
}

/// The number of rows and their root, which a head seals.
pub(super) fn sealed_rows(head: &Object) -> Option<(u64, Hash)> {
    let rows = head.get("rows")?.as_u64()?;
    Some((rows, decode(head.get("rows_root")?.as_str()?)?))
}

/// Reads a file and verifies all of it. A row that was changed is named before anything else that follows from it.
///
/// # Errors
///
/// The first thing that does not fit.
pub fn verify(bytes: &[u8], keys: &[VerifierKey]) -> Result<Sealed, Fault> {
    verify_by(bytes, |note| signed_by(note, keys))
}

/// The same, when `trusted` returns the head in the note that it trusts: whoever has a copy of the log knows more heads than those
/// that are signed by its keys of today.
///
/// # Errors
///
/// The first thing that does not fit.
pub fn verify_by(bytes: &[u8], trusted: impl Fn(&Note) -> Option<Checkpoint>) -> Result<Sealed, Fault> {
    let body = bytes.strip_suffix(b"\n").ok_or(Fault::Form("it has no end"))?;
    let mut lines: Vec<&[u8]> = body.split(|byte| *byte == b'\n').collect();
    let last = lines.pop().filter(|_| !lines.is_empty());
    let last = last.ok_or(Fault::Form("it has fewer than two lines"))?;
    let (head_text, rows) = lines
        .split_first()
        .ok_or(Fault::Form("it has fewer than two lines"))?;
    let last = std::str::from_utf8(last).ok().and_then(canonical::read);
    let object = last.ok_or(Fault::Proof("form"))?;
    if object.len() != 4 {
        return Err(Fault::Proof("members"));
    }
    let leaves = hashes(&object, "leaves").ok_or(Fault::Proof("leaves"))?;
    let proof = Proof::parse(&object)?;
    for (n, leaf) in leaves.iter().enumerate() {
        let row = rows.get(n).copied().unwrap_or_default();
        if tree::leaf_hash(row) != *leaf {
            return Err(Fault::Row(n + 1, String::from_utf8_lossy(row).into_owned()));
        }
    }
    let head_text = std::str::from_utf8(head_text).map_err(|_| Fault::Head)?;
    let checkpoint = proof.verify(head_text, trusted)?;
    let head = canonical::read(head_text).ok_or(Fault::Form("the head is not canonical JSON"))?;
    let (sealed, root) = sealed_rows(&head).ok_or(Fault::Form("the head seals no rows"))?;
    let found = rows.len() as u64;
    if found != sealed || leaves.len() as u64 != sealed {
        return Err(Fault::Rows { sealed, found });
    }
    let rows: Result<Vec<String>, _> = rows.iter().map(|row| String::from_utf8(row.to_vec())).collect();
    let rows = rows.map_err(|_| Fault::Form("a row is no text"))?;
    if rows_tree(&rows).root() != root {
        return Err(Fault::Root);
    }
    Ok(Sealed {
        head,
        head_text: head_text.to_owned(),
        rows,
        checkpoint,
        proof,
    })
}
