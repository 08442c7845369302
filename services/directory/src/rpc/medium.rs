//! Converts the publication media of standards and charters from and to messages.

use prima_proto::directory::v1;

use crate::domain::medium::{Draft, Medium};

/// Unchecked media from their messages.
pub fn drafts(media: Vec<v1::PublicationMedium>) -> Vec<Draft> {
    let draft = |m: v1::PublicationMedium| Draft {
        kind: m.kind,
        link: m.link,
        since: m.since_date,
    };
    media.into_iter().map(draft).collect()
}

/// Media as their messages.
pub fn messages(media: &[Medium]) -> Vec<v1::PublicationMedium> {
    let message = |m: &Medium| v1::PublicationMedium {
        kind: m.kind.clone(),
        link: m.link.clone(),
        since_date: m.since.to_string(),
    };
    media.iter().map(message).collect()
}
