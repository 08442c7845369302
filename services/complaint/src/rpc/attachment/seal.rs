//! Encrypts the content of an attachment piece by piece under a key of its own (envelope encryption). That key is
//! stored encrypted in the attachment's row, so erasing it there erases the file.

use futures::{Stream, TryStreamExt};
use prima_platform::{failure::Failure, vault::Keyring};

/// Bytes of a file that are encrypted as one piece.
const PIECE: usize = 256 << 10;
/// Bytes that encryption adds to a piece: the nonce and the tag.
const OVERHEAD: usize = 28;

/// The keyring that holds only the key of one file.
pub fn keyring(key: &str) -> Result<Keyring, Failure> {
    Keyring::parse(&[format!("file:{key}")]).map_err(|_| Failure::internal("the key of a file is malformed"))
}

/// Number of pieces of a file of `size` bytes; at least one.
fn pieces(size: u64) -> u64 {
    size.div_ceil(PIECE as u64).max(1)
}

/// What piece `n` is bound to when it is encrypted, so that pieces can be neither swapped nor left out.
fn purpose(n: u64, pieces: u64) -> String {
    format!("file {n} of {pieces}")
}

/// Encrypts the content of a file under its key.
pub fn encrypted(content: &[u8], key: &str) -> Result<Vec<u8>, Failure> {
    let (keyring, count) = (keyring(key)?, pieces(content.len() as u64));
    let mut encrypted = Vec::with_capacity(content.len() + OVERHEAD);
    for (n, piece) in (0..).zip(content.chunks(PIECE)) {
        encrypted.extend_from_slice(&keyring.encrypt(&purpose(n, count), piece)?.bytes);
    }
    Ok(encrypted)
}

/// Decrypts the pieces of a file of `size` bytes as they arrive.
pub fn decrypted<B: AsRef<[u8]>>(
    sealed: impl Stream<Item = Result<B, Failure>> + Send + 'static,
    keyring: Keyring,
    size: u64,
) -> impl Stream<Item = Result<Vec<u8>, Failure>> + Send {
    let pieces = pieces(size);
    let state = (Box::pin(sealed), Vec::new(), 0_u64);
    futures::stream::try_unfold(state, move |(mut sealed, mut waiting, n)| {
        let keyring = keyring.clone();
        async move {
            if n == pieces {
                return Ok(None);
            }
            let before = n.saturating_mul(PIECE as u64);
            let left = usize::try_from(size.saturating_sub(before)).unwrap_or(PIECE);
            let wanted = left.min(PIECE) + OVERHEAD;
            while waiting.len() < wanted {
                let piece = sealed.try_next().await?;
                let piece =
                    piece.ok_or_else(|| Failure::internal("the content of a stored file is incomplete"))?;
                waiting.extend_from_slice(piece.as_ref());
            }
            let rest = waiting.split_off(wanted);
            let plain = keyring.decrypt(&purpose(n, pieces), "file", &waiting)?;
            Ok(Some((plain, (sealed, rest, n + 1))))
        }
    })
}
