//! Receives the content of an attachment: encrypts it as it arrives, and checks it against what the caller declared.

use prima_platform::{
    failure::{Failure, Violation},
    objects::Digest,
    vault::Keyring,
};
use sha2::{Digest as _, Sha256};

use super::seal::{OVERHEAD, PIECE, keyring, pieces, purpose};
use crate::domain::file::{MediaType, START};

/// What the caller declared about the file before sending it.
pub struct Declared {
    pub media_type: MediaType,
    /// Size in bytes.
    pub size: u64,
    pub sha256: Digest,
}

/// The part of the file that has arrived so far. Dropping it discards the upload.
pub struct Incoming {
    declared: Declared,
    keyring: Keyring,
    pending: Vec<u8>,
    sealed: Vec<u8>,
    pieces: u64,
    start: Vec<u8>,
    hash: Sha256,
    received: u64,
}

impl Incoming {
    /// Starts to receive a file that is encrypted under `key`.
    pub fn new(declared: Declared, key: &str) -> Result<Self, Failure> {
        Ok(Self {
            keyring: keyring(key)?,
            pieces: pieces(declared.size),
            declared,
            pending: Vec::new(),
            sealed: Vec::new(),
            start: Vec::new(),
            hash: Sha256::new(),
            received: 0,
        })
    }

    /// Adds the next bytes.
    ///
    /// # Errors
    ///
    /// More bytes arrived than were declared.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.received = self.received.saturating_add(bytes.len() as u64);
        if self.received > self.declared.size {
            return Err(size_fault().into());
        }
        let wanted = START.saturating_sub(self.start.len());
        self.start.extend(bytes.iter().take(wanted));
        self.hash.update(bytes);
        self.pending.extend_from_slice(bytes);
        while self.pending.len() >= PIECE {
            let rest = self.pending.split_off(PIECE);
            self.seal()?;
            self.pending = rest;
        }
        Ok(())
    }

    fn seal(&mut self) -> Result<(), Failure> {
        let index = self.sealed.len().div_ceil(PIECE + OVERHEAD) as u64;
        let piece = self
            .keyring
            .encrypt(&purpose(index, self.pieces), &self.pending)?;
        self.sealed.extend_from_slice(&piece.bytes);
        self.pending.clear();
        Ok(())
    }

    fn faults(&self) -> Vec<Violation> {
        let mut faults = Vec::new();
        if self.received != self.declared.size {
            faults.push(size_fault());
        } else if self.hash.clone().finalize().as_slice() != self.declared.sha256 {
            faults.push(Violation::new(
                "head.sha256",
                "is not the SHA-256 of the file",
                "bukan SHA-256 berkas ini",
            ));
        }
        if !self.declared.media_type.fits(&self.start) {
            faults.push(Violation::new(
                "head.media_type",
                "does not match the first bytes of the file",
                "tidak sesuai dengan isi awal berkas",
            ));
        }
        faults
    }

    /// Ends the file and returns its encrypted content.
    ///
    /// # Errors
    ///
    /// The content does not match what was declared.
    pub fn close(mut self) -> Result<Vec<u8>, Failure> {
        let faults = self.faults();
        if !faults.is_empty() {
            return Err(faults.into());
        }
        if !self.pending.is_empty() {
            self.seal()?;
        }
        Ok(self.sealed)
    }
}

fn size_fault() -> Violation {
    Violation::new(
        "head.size",
        "is not the number of bytes that were sent",
        "tidak sama dengan jumlah bita yang dikirim",
    )
}
