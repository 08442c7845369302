//! Messages of evidence.

use prima_platform::{
    clock::{from_micros, to_proto},
    objects::Digest,
    request::{Faults, text::link},
};
use prima_proto::index::v1 as pb;

use crate::{
    derived::Assessed,
    domain::{
        evidence::{MediaType, SIZE_MAX},
        text,
    },
    rpc::submission::{Submitted, check_indicator},
    store::Evidence,
};

/// Checked evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// Key of the indicator.
    pub indicator: String,
    /// What it shows.
    pub title: String,
    /// The link or the file.
    pub content: Content,
}

/// A link or a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A link.
    Link(String),
    /// A file, as its head describes it.
    File {
        /// Its type.
        media_type: MediaType,
        /// Bytes.
        size: u64,
        /// SHA-256.
        sha256: Digest,
    },
}

impl Submitted for pb::Evidence {
    type Valid = Attached;

    fn check(&self, of: Option<&Assessed>, faults: &mut Faults) -> Option<Attached> {
        check_indicator("evidence.indicator", &self.indicator, of, faults);
        let title = faults.take(text::TITLE.check("evidence.display_name", &self.display_name));
        let content = match self.link.trim() {
            "" => file(self, faults),
            _ => linked(self, faults),
        };
        Some(Attached {
            indicator: self.indicator.clone(),
            title: title?,
            content: content?,
        })
    }
}

fn linked(given: &pb::Evidence, faults: &mut Faults) -> Option<Content> {
    let link = faults.take(link("evidence.link", &given.link));
    for (field, empty) in [
        ("evidence.media_type", given.media_type.is_empty()),
        ("evidence.size", given.size == 0),
        ("evidence.sha256", given.sha256.is_empty()),
    ] {
        if !empty {
            faults.add(field, "must be empty for a link", "harus kosong untuk tautan");
        }
    }
    Some(Content::Link(link?))
}

fn file(given: &pb::Evidence, faults: &mut Faults) -> Option<Content> {
    let media_type = MediaType::parse(&given.media_type);
    if media_type.is_none() {
        let names = MediaType::ALL.map(MediaType::as_str).join(", ");
        faults.add(
            "evidence.media_type",
            format!("must be one of {names}, unless it is a link"),
            format!("harus salah satu dari {names}, kecuali berupa tautan"),
        );
    }
    let size = u64::try_from(given.size)
        .ok()
        .filter(|s| (1..=SIZE_MAX).contains(s));
    if size.is_none() {
        faults.add(
            "evidence.size",
            "must be 1 byte to 20 MiB",
            "harus 1 bita sampai 20 MiB",
        );
    }
    let sha256 = Digest::try_from(given.sha256.as_slice()).ok();
    if sha256.is_none() {
        faults.add("evidence.sha256", "must be 32 bytes", "harus 32 bita");
    }
    Some(Content::File {
        media_type: media_type?,
        size: size?,
        sha256: sha256?,
    })
}

/// Evidence as a message.
pub fn evidence(row: &Evidence) -> pb::Evidence {
    pb::Evidence {
        number: row.number,
        indicator: row.indicator.clone(),
        display_name: row.display_name.clone(),
        link: row.link.clone(),
        media_type: row.media_type.clone(),
        size: row.size,
        sha256: row.sha256.clone(),
        create_time: Some(to_proto(from_micros(row.created_at))),
    }
}
