//! Why a state cannot be read.

use prost::DecodeError;

/// Why this release cannot read a state.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The payload is not the message.
    #[error("payload: {0}")]
    Payload(#[from] DecodeError),
    /// The document of a definition has faults.
    #[error("the document of the definition has {0} faults")]
    Definition(usize),
}
