//! Messages of streams in their envelopes, which Connect and gRPC share: a byte of flags, the length in four bytes, and
//! the message.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Bytes before each message.
pub(super) const PREFIX: usize = 5;
/// The flag of a compressed message.
pub(super) const COMPRESSED: u8 = 1;
/// The flag of the last message of a response, which contains the status.
pub(super) const END: u8 = 2;

/// A message of which more bytes were announced than are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong;

/// Takes the next message with its flags; `None` while it is not complete.
pub(super) fn take(buffer: &mut BytesMut, limit: usize) -> Result<Option<(u8, Bytes)>, TooLong> {
    let Some((flags, a, b, c, d)) = prefix(buffer) else {
        return Ok(None);
    };
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).map_err(|_| TooLong)?;
    if length > limit {
        return Err(TooLong);
    }
    if buffer.len() - PREFIX < length {
        buffer.reserve(PREFIX + length - buffer.len());
        return Ok(None);
    }
    buffer.advance(PREFIX);
    Ok(Some((flags, buffer.split_to(length).freeze())))
}

fn prefix(buffer: &[u8]) -> Option<(u8, u8, u8, u8, u8)> {
    match buffer {
        [flags, a, b, c, d, ..] => Some((*flags, *a, *b, *c, *d)),
        _ => None,
    }
}

/// A message in its envelope; `None` when it is longer than an envelope can be.
pub(super) fn put(flags: u8, message: &[u8]) -> Option<Bytes> {
    let length = u32::try_from(message.len()).ok()?;
    let mut envelope = BytesMut::with_capacity(PREFIX + message.len());
    envelope.put_u8(flags);
    envelope.put_u32(length);
    envelope.put_slice(message);
    Some(envelope.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_however_their_bytes_are_split() {
        let mut sent = Vec::new();
        for (flags, length) in [(0, 0), (COMPRESSED, 1), (END, 300)] {
            sent.extend(put(flags, &vec![7; length]).unwrap());
        }
        for size in [1, 4, 5, 6, 1000] {
            let (mut buffer, mut taken) = (BytesMut::new(), Vec::new());
            for part in sent.chunks(size) {
                buffer.extend_from_slice(part);
                while let Some((flags, message)) = take(&mut buffer, 300).unwrap() {
                    taken.push((flags, message.len()));
                }
            }
            assert_eq!(taken, [(0, 0), (COMPRESSED, 1), (END, 300)], "{size}");
            assert!(buffer.is_empty());
        }
    }

    #[test]
    fn a_message_that_is_too_long_is_refused_by_its_length_alone() {
        let mut buffer = BytesMut::from(&[0, 0, 0, 1, 45][..]);
        assert_eq!(take(&mut buffer, 300), Err(TooLong));
        let mut buffer = BytesMut::from(&[0, 0xff, 0xff, 0xff, 0xff][..]);
        assert_eq!(take(&mut buffer, 300), Err(TooLong));
    }
}
