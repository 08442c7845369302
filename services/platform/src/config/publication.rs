//! Configuration of official publications.

use serde::{Deserialize, Serialize};

use super::list;
use crate::{
    jws,
    tlog::{
        self, Hash,
        note::{Kind, VerifierKey},
    },
};

/// Official publication of league tables. Without a key, nothing is published.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Publication {
    /// File with the private key that signs publications, as `prima key` keeps it; a path, never the key itself.
    pub key: String,
    /// Public halves, in base64, of earlier keys that signed publications and are not compromised.
    #[serde(deserialize_with = "list")]
    pub earlier_keys: Vec<String>,
    /// A head of the log, `SIZE ROOT` as in its checkpoint, that is accepted although none of the keys signed it: the last honest one of
    /// a compromised key, as witnesses and copies of the log confirm it. Empty otherwise.
    pub accepted_head: String,
    /// Name of the log, an address without scheme that belongs to its owner. It never changes.
    pub origin: String,
    /// Where the files are written that a web server offers to everybody, `file:DIR` or `s3://BUCKET/PREFIX`; the credentials of S3 are
    /// those of `objects`. A storage of its own: everybody reads it.
    pub url: String,
    /// Address under which a web server offers these files, `https://…`; it is part of what is published.
    pub address: String,
    /// Licence of the published data, as an identifier of SPDX.
    pub licence: String,
    /// Least number of hours between the proposal of a table and the end of the period of objection.
    pub objection_hours: u32,
    /// Keys of the witnesses, `NAME+ID+KEY` with keys of type 4, separated by commas in the environment.
    #[serde(deserialize_with = "list")]
    pub witnesses: Vec<String>,
}

impl Default for Publication {
    fn default() -> Self {
        Self {
            key: String::new(),
            earlier_keys: Vec::new(),
            accepted_head: String::new(),
            origin: "prima.go.id/publikasi".into(),
            url: "file:./var/public".into(),
            address: String::new(),
            licence: "CC-BY-4.0".into(),
            objection_hours: 72,
            witnesses: Vec::new(),
        }
    }
}

impl Publication {
    /// The keys of the witnesses.
    pub fn witness_keys(&self) -> Vec<VerifierKey> {
        let keys = self.witnesses.iter().filter_map(|key| VerifierKey::parse(key));
        keys.filter(|key| key.kind == Kind::Cosignature).collect()
    }

    /// The keys that verify the log, each once: `own`, which signs, and the earlier ones.
    pub fn log_keys(&self, own: Option<VerifierKey>) -> Vec<VerifierKey> {
        let earlier = self.earlier_keys.iter();
        let earlier =
            earlier.filter_map(|key| VerifierKey::new(&self.origin, Kind::Note, jws::public_key(key)?));
        let mut keys = Vec::new();
        for key in own.into_iter().chain(earlier) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }

    /// Size and root of the head that is accepted without a signature.
    pub fn accepted_head(&self) -> Option<(u64, Hash)> {
        let (size, root) = self.accepted_head.split_once(' ')?;
        Some((size.parse().ok()?, tlog::decode(root)?))
    }

    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if VerifierKey::new(&self.origin, Kind::Note, [0; 32]).is_none() {
            faults.push("publication.origin harus satu nama tanpa spasi dan tanpa +".to_owned());
        }
        if self.witness_keys().len() < self.witnesses.len() {
            faults.push("publication.witnesses harus kunci NAMA+ID+KUNCI dengan jenis 4".to_owned());
        }
        if !self.accepted_head.is_empty() && self.accepted_head().is_none() {
            faults.push("publication.accepted_head harus UKURAN AKAR, seperti dalam checkpoint".to_owned());
        }
        if self.earlier_keys.iter().any(|key| jws::public_key(key).is_none()) {
            faults.push("publication.earlier_keys harus kunci publik Ed25519 dalam base64".to_owned());
        }
        if !self.address.is_empty() && !self.address.starts_with("https://") {
            faults.push("publication.address harus diawali https://".to_owned());
        }
        if !self.key.is_empty() && !["file:", "s3://"].iter().any(|start| self.url.starts_with(start)) {
            faults.push("publication.url harus file:DIREKTORI atau s3://BUCKET/AWALAN".to_owned());
        }
        faults
    }
}
