//! What a witness remembers of a log, and what it refuses to sign.

use super::{Hash, checkpoint::Checkpoint, tree};

/// Why a witness does not sign a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is of another log.
    #[error("the head is of another log")]
    OtherLog,
    /// The log had more entries before.
    #[error("the log has {new} entries and had {old}")]
    Shortened {
        /// Entries when it was seen last.
        old: u64,
        /// Entries now.
        new: u64,
    },
    /// The log has other entries than before.
    #[error("the first {0} entries of the log are not those that were seen before")]
    Forked(u64),
}

/// Succeeds when `new` continues the head that was seen last; `proof` is the proof of that.
///
/// # Errors
///
/// The log was forked or shortened: somebody was shown other entries.
pub fn check(seen: Option<&Checkpoint>, new: &Checkpoint, proof: &[Hash]) -> Result<(), Fault> {
    let Some(seen) = seen else {
        return Ok(());
    };
    if seen.origin != new.origin {
        return Err(Fault::OtherLog);
    }
    if new.size < seen.size {
        return Err(Fault::Shortened {
            old: seen.size,
            new: new.size,
        });
    }
    let same = new.size == seen.size && new.root == seen.root;
    let continues = || tree::continues((seen.size, &seen.root), (new.size, &new.root), proof);
    if same || (new.size > seen.size && continues()) {
        return Ok(());
    }
    Err(Fault::Forked(seen.size))
}
