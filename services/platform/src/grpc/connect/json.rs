//! Messages as JSON, by the [mapping of protobuf](https://protobuf.dev/programming-guides/json/).

use bytes::{BufMut, Bytes, BytesMut};
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};

use super::{envelope::PREFIX, faults};
use crate::failure::Failure;

/// The message in JSON as a message of gRPC, in its envelope; `None` when it is too long for one. An error names every
/// fault.
pub(super) fn to_frame(of: &MessageDescriptor, text: &[u8]) -> Result<Option<Bytes>, Failure> {
    let message = faults::read(of, text).map_err(|error| faults::of(of, text, &error))?;
    let length = message.encoded_len();
    let Ok(prefix) = u32::try_from(length) else {
        return Ok(None);
    };
    let mut frame = BytesMut::with_capacity(PREFIX + length);
    frame.put_u8(0);
    frame.put_u32(prefix);
    message.encode(&mut frame).map_err(Failure::internal)?;
    Ok(Some(frame.freeze()))
}

/// A message as JSON.
pub(super) fn of_message(of: &MessageDescriptor, message: Bytes) -> Result<Vec<u8>, Failure> {
    let message = DynamicMessage::decode(of.clone(), message);
    let message = message.map_err(Failure::internal)?;
    serde_json::to_vec(&message).map_err(Failure::internal)
}
