//! Converts team members from and to protobuf.

use prima_platform::{
    etag,
    request::{Faults, text},
};
use prima_proto::complaint::v1;

use crate::{
    rpc::topic,
    store::member::{Member, Stored},
};

/// How many topics a member may have.
const TOPICS: usize = 10;

/// Parses a member; only the fields that `wanted` accepts are checked.
pub fn given(raw: v1::TeamMember, wanted: impl Fn(&str) -> bool, faults: &mut Faults) -> Member {
    let mut member = Member::default();
    if wanted("display_name") {
        let field = "member.display_name";
        member.display_name = faults.or_default(text::name(field, &raw.display_name, 1, 200));
    }
    if wanted("office") {
        member.office = faults.or_default(text::name("member.office", &raw.office, 1, 200));
    }
    if wanted("topics") {
        member.topics = topics(raw.topics, faults);
    }
    if wanted("active") {
        member.active = raw.active;
    }
    member
}

fn topics(raw: Vec<String>, faults: &mut Faults) -> Vec<String> {
    if !(1..=TOPICS).contains(&raw.len()) {
        faults.add(
            "member.topics",
            format!("must be 1 to {TOPICS}"),
            format!("harus 1 sampai {TOPICS}"),
        );
        return raw;
    }
    for (n, key) in raw.iter().enumerate() {
        let field = format!("member.topics[{n}]");
        faults.take(topic::parse(&field, key, None));
        if raw.iter().take(n).any(|before| before == key) {
            faults.add(field, "occurs twice", "disebut dua kali");
        }
    }
    raw
}

pub fn member(stored: &Stored) -> v1::TeamMember {
    let Member {
        display_name,
        office,
        topics,
        active,
    } = stored.member.clone();
    v1::TeamMember {
        name: stored.name.to_string(),
        display_name,
        office,
        topics,
        active,
        etag: etag::of(stored.version),
    }
}
