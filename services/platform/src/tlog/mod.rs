//! A log that nobody can alter unseen: a Merkle tree by RFC 6962, its signed head, and files that prove both without a server.
//!
//! The formats are those of C2SP, which other programs read: signed notes (`note.rs`, c2sp.org/signed-note), checkpoints and the
//! cosignatures of witnesses (`checkpoint.rs`, c2sp.org/tlog-checkpoint and c2sp.org/tlog-cosignature), and tiles (`tile.rs`,
//! c2sp.org/tlog-tiles). Trees and proofs are those of the crate `ct-merkle` (`tree.rs`); what is hashed is JSON in its canonical form
//! (`canonical.rs`, RFC 8785). A sealed file (`sealed.rs`) contains an entry of the log with the rows that it seals; a receipt
//! (`receipt.rs`) contains one row. A witness remembers the head that it saw last (`witness.rs`).

pub mod canonical;
pub mod checkpoint;
pub mod note;
pub mod receipt;
pub mod sealed;
pub mod tile;
pub mod tree;
pub mod witness;

#[cfg(test)]
mod tests;

use base64::{Engine, engine::general_purpose::STANDARD};

/// A SHA-256.
pub type Hash = [u8; 32];

/// A hash as base64 with padding, as all formats here write it.
pub fn encode(hash: &Hash) -> String {
    STANDARD.encode(hash)
}

/// The hash of a base64 text; `None` when it is none. Each hash has one text only.
pub fn decode(text: &str) -> Option<Hash> {
    STANDARD.decode(text).ok()?.try_into().ok()
}
