//! The content of a file on its way: sealed as it comes, and held against what was told of it.

use prima_platform::{
    failure::{Failure, Violation},
    objects::Digest,
    vault::Keyring,
};
use sha2::{Digest as _, Sha256};

use super::seal::{PIECE, SEAL, pieces, purpose, ring};
use crate::domain::file::{MediaType, START};

/// What is told of a file before it comes.
pub struct Told {
    /// Its type.
    pub media_type: MediaType,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the file.
    pub sha256: Digest,
}

/// What has come of it. Dropped it leaves nothing.
pub struct Incoming {
    told: Told,
    ring: Keyring,
    waiting: Vec<u8>,
    sealed: Vec<u8>,
    pieces: u64,
    start: Vec<u8>,
    sum: Sha256,
    came: u64,
}

impl Incoming {
    /// Nothing yet, to be sealed under `key`.
    pub fn new(told: Told, key: &str) -> Result<Self, Failure> {
        Ok(Self {
            ring: ring(key)?,
            pieces: pieces(told.size),
            told,
            waiting: Vec::new(),
            sealed: Vec::new(),
            start: Vec::new(),
            sum: Sha256::new(),
            came: 0,
        })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    ///
    /// More came than was told.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.came = self.came.saturating_add(bytes.len() as u64);
        if self.came > self.told.size {
            return Err(size_fault().into());
        }
        let wanted = START.saturating_sub(self.start.len());
        self.start.extend(bytes.iter().take(wanted));
        self.sum.update(bytes);
        self.waiting.extend_from_slice(bytes);
        while self.waiting.len() >= PIECE {
            let rest = self.waiting.split_off(PIECE);
            self.seal()?;
            self.waiting = rest;
        }
        Ok(())
    }

    fn seal(&mut self) -> Result<(), Failure> {
        let done = self.sealed.len().div_ceil(PIECE + SEAL) as u64;
        let piece = self.ring.seal(&purpose(done, self.pieces), &self.waiting)?;
        self.sealed.extend_from_slice(&piece.bytes);
        self.waiting.clear();
        Ok(())
    }

    fn faults(&self) -> Vec<Violation> {
        let mut faults = Vec::new();
        if self.came != self.told.size {
            faults.push(size_fault());
        } else if self.sum.clone().finalize().as_slice() != self.told.sha256 {
            faults.push(Violation::new(
                "head.sha256",
                "is not the SHA-256 of the file",
                "bukan SHA-256 berkas ini",
            ));
        }
        if !self.told.media_type.fits(&self.start) {
            faults.push(Violation::new(
                "head.media_type",
                "is not what the first bytes of the file say",
                "tidak sesuai dengan isi awal berkas",
            ));
        }
        faults
    }

    /// The whole file, sealed.
    ///
    /// # Errors
    ///
    /// It is not what was told.
    pub fn close(mut self) -> Result<Vec<u8>, Failure> {
        let faults = self.faults();
        if !faults.is_empty() {
            return Err(faults.into());
        }
        if !self.waiting.is_empty() {
            self.seal()?;
        }
        Ok(self.sealed)
    }
}

fn size_fault() -> Violation {
    Violation::new(
        "head.size",
        "is not the number of bytes that came",
        "tidak sama dengan jumlah bita yang dikirim",
    )
}
