//! Media of publication, which standards and charters share, from messages and to messages.

use prima_proto::directory::v1;

use crate::domain::medium::{Draft, Medium};

/// Media as a caller describes them.
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
