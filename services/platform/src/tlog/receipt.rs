//! A receipt: one row of a sealed file with all that proves it, as one object of canonical JSON. Its members are `head` and `row` (the
//! texts to the byte), `row_index`, `row_inclusion`, and those of [`Proof`], and no others; a line feed ends it.

use serde_json::json;

use super::{
    Hash,
    canonical::{self, Object},
    checkpoint::Checkpoint,
    encode,
    note::{Note, VerifierKey},
    sealed::{Fault, Proof, hashes, sealed_rows, signed_by},
    tree,
};

/// Number of the members of a receipt.
const MEMBERS: usize = 7;

/// A row with its proofs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The entry of the log, to the byte.
    pub head: String,
    /// The row, to the byte.
    pub row: String,
    /// Place of the row, from 0.
    pub row_index: u64,
    /// The proof that the head seals it there.
    pub row_inclusion: Vec<Hash>,
    /// The proof that the head is in the log.
    pub proof: Proof,
}

impl Receipt {
    /// The text.
    pub fn write(&self) -> String {
        let mut object = self.proof.object();
        let inclusion: Vec<String> = self.row_inclusion.iter().map(encode).collect();
        object.insert("head".to_owned(), json!(self.head));
        object.insert("row".to_owned(), json!(self.row));
        object.insert("row_index".to_owned(), json!(self.row_index));
        object.insert("row_inclusion".to_owned(), json!(inclusion));
        canonical::write(&object).unwrap_or_default() + "\n"
    }

    /// Reads the text; `None` when it is not a receipt to the byte.
    pub fn parse(text: &str) -> Option<Self> {
        let object = canonical::read(text.strip_suffix('\n')?)?;
        if object.len() != MEMBERS {
            return None;
        }
        let text = |key: &str| object.get(key)?.as_str().map(str::to_owned);
        Some(Self {
            head: text("head")?,
            row: text("row")?,
            row_index: object.get("row_index")?.as_u64()?,
            row_inclusion: hashes(&object, "row_inclusion")?,
            proof: Proof::parse(&object).ok()?,
        })
    }

    /// The head of the log, the entry and the row, when all proofs are valid.
    ///
    /// # Errors
    ///
    /// The first thing that does not fit.
    pub fn verify(&self, keys: &[VerifierKey]) -> Result<(Checkpoint, Object, Object), Fault> {
        self.verify_by(|note| signed_by(note, keys))
    }

    /// The same, when `trusted` returns the head in the note that it trusts.
    ///
    /// # Errors
    ///
    /// The first thing that does not fit.
    pub fn verify_by(
        &self,
        trusted: impl Fn(&Note) -> Option<Checkpoint>,
    ) -> Result<(Checkpoint, Object, Object), Fault> {
        let checkpoint = self.proof.verify(&self.head, trusted)?;
        let head = canonical::read(&self.head).ok_or(Fault::Form("the head is not canonical JSON"))?;
        let (rows, root) = sealed_rows(&head).ok_or(Fault::Form("the head seals no rows"))?;
        let row = || {
            Fault::Row(
                usize::try_from(self.row_index).map_or(0, |n| n + 1),
                self.row.clone(),
            )
        };
        let bytes = self.row.as_bytes();
        if !tree::is_included(bytes, self.row_index, (rows, &root), &self.row_inclusion) {
            return Err(row());
        }
        Ok((checkpoint, head, canonical::read(&self.row).ok_or_else(row)?))
    }
}
