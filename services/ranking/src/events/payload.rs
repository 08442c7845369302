//! Payloads of states.

use prost::{DecodeError, Message};

/// The payload of a state. That it ended is true whatever else it says, so an end needs no payload.
pub fn decode<T: Message + Default>(withdrawn: bool, payload: &[u8]) -> Result<T, DecodeError> {
    match T::decode(payload) {
        Err(_) if withdrawn => Ok(T::default()),
        read => read,
    }
}
