//! How the content of a file is sealed: piece by piece under a key of its own, so that nobody but the holder of the row
//! reads it, and erasing the row's key erases the file.

use futures::{Stream, TryStreamExt};
use prima_platform::{failure::Failure, vault::Keyring};

/// Bytes of a file that are sealed at once.
pub const PIECE: usize = 256 << 10;
/// Bytes that sealing adds to a piece: the nonce and the tag.
pub const SEAL: usize = 28;

/// The key of a file.
pub fn ring(key: &str) -> Result<Keyring, Failure> {
    Keyring::parse(&[format!("file:{key}")]).map_err(|_| Failure::internal("the key of a file can't be used"))
}

/// How many pieces a file of `size` bytes has; at least one.
pub fn pieces(size: u64) -> u64 {
    size.div_ceil(PIECE as u64).max(1)
}

/// What piece `n` is sealed for: pieces can be neither swapped nor left out.
pub fn purpose(n: u64, pieces: u64) -> String {
    format!("file {n} of {pieces}")
}

/// Opens the pieces of a file of `size` bytes as they come.
pub fn unsealed<B: AsRef<[u8]>>(
    sealed: impl Stream<Item = Result<B, Failure>> + Send + 'static,
    ring: Keyring,
    size: u64,
) -> impl Stream<Item = Result<Vec<u8>, Failure>> + Send {
    let pieces = pieces(size);
    let state = (Box::pin(sealed), Vec::new(), 0_u64);
    futures::stream::try_unfold(state, move |(mut sealed, mut waiting, n)| {
        let ring = ring.clone();
        async move {
            if n == pieces {
                return Ok(None);
            }
            let before = n.saturating_mul(PIECE as u64);
            let left = usize::try_from(size.saturating_sub(before)).unwrap_or(PIECE);
            let wanted = left.min(PIECE) + SEAL;
            while waiting.len() < wanted {
                let piece = sealed.try_next().await?;
                let piece = piece.ok_or_else(|| Failure::internal("a stored file is cut"))?;
                waiting.extend_from_slice(piece.as_ref());
            }
            let rest = waiting.split_off(wanted);
            let plain = ring.open(&purpose(n, pieces), "file", &waiting)?;
            Ok(Some((plain, (sealed, rest, n + 1))))
        }
    })
}
