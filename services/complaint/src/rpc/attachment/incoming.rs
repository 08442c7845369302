//! Receives the content of an attachment, checks it against what the caller declared, and removes its metadata.

use prima_platform::{
    failure::{Failure, Violation},
    objects::Digest,
};
use sha2::{Digest as _, Sha256};

use crate::domain::{file::MediaType, metadata};

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
    received: Vec<u8>,
}

impl Incoming {
    /// Starts to receive a file.
    pub fn new(declared: Declared) -> Self {
        Self {
            declared,
            received: Vec::new(),
        }
    }

    /// Adds the next bytes.
    ///
    /// # Errors
    ///
    /// More bytes arrived than were declared.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if (self.received.len() + bytes.len()) as u64 > self.declared.size {
            return Err(size_fault().into());
        }
        self.received.extend_from_slice(bytes);
        Ok(())
    }

    fn faults(&self) -> Vec<Violation> {
        let mut faults = Vec::new();
        if self.received.len() as u64 != self.declared.size {
            faults.push(size_fault());
        } else if Sha256::digest(&self.received).as_slice() != self.declared.sha256 {
            faults.push(Violation::new(
                "head.sha256",
                "is not the SHA-256 of the file",
                "bukan SHA-256 berkas ini",
            ));
        }
        if !self.declared.media_type.fits(&self.received) {
            faults.push(Violation::new(
                "head.media_type",
                "is not what the first bytes of the file say",
                "tidak sesuai dengan isi awal berkas",
            ));
        }
        faults
    }

    /// Returns the whole file, a picture without its metadata.
    ///
    /// # Errors
    ///
    /// The file differs from what was declared, or it is a picture so damaged that its metadata can't be found.
    pub fn close(self) -> Result<Vec<u8>, Failure> {
        let faults = self.faults();
        if !faults.is_empty() {
            return Err(faults.into());
        }
        metadata::without(self.declared.media_type, &self.received).ok_or_else(|| {
            let english = "is a damaged picture, so that its metadata (place, device) can't be taken out; \
                           save it anew, or take a screenshot of it";
            let indonesian = "gambar ini rusak sehingga metadatanya (tempat, perangkat) tidak dapat dihapus; \
                              simpan ulang, atau kirim tangkapan layarnya";
            Violation::new("data", english, indonesian).into()
        })
    }
}

fn size_fault() -> Violation {
    Violation::new(
        "head.size",
        "is not the number of bytes that arrived",
        "tidak sama dengan jumlah bita yang dikirim",
    )
}
