//! Publications of results, which the messages of several nouns show.

use prima_platform::clock::{from_micros, to_proto};
use prima_proto::survey::v1 as pb;

use crate::{domain::publication::Medium, store::publication::Published};

/// A publication as its message.
pub fn message(stored: &Published) -> pb::Publication {
    let medium = |m: &Medium| pb::Medium {
        kind: m.kind.clone(),
        link: m.link.clone(),
        description: m.description.clone(),
    };
    pb::Publication {
        publish_date: stored.publication.date.to_string(),
        media: stored.publication.media.iter().map(medium).collect(),
        media_kinds: i32::try_from(stored.publication.kinds()).unwrap_or(i32::MAX),
        update_time: Some(to_proto(from_micros(stored.updated_at))),
    }
}
