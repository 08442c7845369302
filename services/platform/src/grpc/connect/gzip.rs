//! Compression of messages.

use std::io::{self, Read, Write};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};

/// The name of the one compression, besides none.
pub(super) const GZIP: &str = "gzip";
/// Shorter messages are not compressed: it would gain little.
const LEAST: usize = 1024;

/// A message may have at most so many times the bytes that were sent, and [`SMALL`] besides: only these count against the limits
/// of a caller.
const RATIO: usize = 50;
const SMALL: usize = 64 << 10;

/// What a compressed message was found to be.
#[derive(Debug)]
pub(super) enum Fault {
    /// It unpacks to more bytes than are accepted.
    TooLong,
    /// It is not what it says to be.
    Malformed(io::Error),
}

/// Unpacks a message that has at most `limit` bytes, and not too many for what was sent. No more than that is ever unpacked.
pub(super) fn unpack(packed: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
    let limit = limit.min(packed.len().saturating_mul(RATIO).saturating_add(SMALL));
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut message = Vec::new();
    let unpacked = GzDecoder::new(packed).take(most).read_to_end(&mut message);
    unpacked.map_err(Fault::Malformed)?;
    if message.len() > limit {
        return Err(Fault::TooLong);
    }
    Ok(message)
}

/// Packs a message; `None` when that would gain little.
pub(super) fn pack(message: &[u8]) -> Option<Vec<u8>> {
    if message.len() < LEAST {
        return None;
    }
    let mut packer = GzEncoder::new(Vec::with_capacity(message.len() / 4), Compression::fast());
    packer.write_all(message).ok()?;
    packer.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_is_unpacked() {
        let message = vec![b'a'; LEAST];
        let packed = pack(&message).unwrap();
        assert!(packed.len() < 100);
        assert_eq!(unpack(&packed, LEAST).unwrap(), message);
        assert!(pack(&message[1..]).is_none());
    }

    #[test]
    fn a_bomb_is_unpacked_up_to_the_limit_only() {
        let packed = pack(&vec![0; 8 << 20]).unwrap();
        assert!(matches!(unpack(&packed, 1 << 20), Err(Fault::TooLong)));
        assert!(matches!(unpack(&packed, 16 << 20), Err(Fault::TooLong)));
    }

    #[test]
    fn what_is_cut_or_damaged_is_malformed() {
        let mut packed = pack(&vec![b'a'; LEAST]).unwrap();
        let last = packed.len() - 1;
        assert!(matches!(unpack(&packed[..last], LEAST), Err(Fault::Malformed(_))));
        packed[last - 5] ^= 1;
        assert!(matches!(unpack(&packed, LEAST), Err(Fault::Malformed(_))));
        assert!(matches!(unpack(b"{}", LEAST), Err(Fault::Malformed(_))));
    }
}
