//! Evidence from messages and to messages.

use prima_platform::{
    clock::{from_micros, to_proto},
    objects::Digest,
    request::Faults,
};
use prima_proto::index::v1 as pb;

use crate::{
    domain::{
        evidence::{MediaType, SIZE_MAX},
        field,
    },
    store::evidence::Row,
};

/// Longest title, characters.
const TITLE_MAX: usize = 200;

/// What is attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A link.
    Link(String),
    /// A file, as told before its bytes came.
    File {
        /// Its type.
        media_type: MediaType,
        /// Bytes.
        size: u64,
        /// SHA-256.
        sha256: Digest,
    },
}

/// What the head says of a file or a link; `None` when that is at fault. `has` tells whether the form has an indicator.
pub fn content(given: &pb::Evidence, has: impl FnOnce(&str) -> bool, faults: &mut Faults) -> Option<Content> {
    faults.take(field::indicator("evidence.indicator", has(&given.indicator)));
    let title = given.display_name.clone();
    faults.take(field::lines("evidence.display_name", title, 1, TITLE_MAX));
    if given.link.is_empty() {
        return file(given, faults);
    }
    let link = faults.take(field::link("evidence.link", given.link.clone()));
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

/// Evidence as its message.
pub fn evidence(row: &Row) -> pb::Evidence {
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
