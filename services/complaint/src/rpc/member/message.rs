//! Members of teams from messages and to messages.

use prima_platform::{
    etag,
    request::{Faults, text},
};
use prima_proto::complaint::v1;

use crate::{
    rpc::topic,
    store::member::{Member, Stored},
};

/// Topics of a member at most.
const TOPICS: usize = 10;

/// A member; only the fields that `wanted` names are looked at.
pub fn given(raw: v1::TeamMember, wanted: impl Fn(&str) -> bool, faults: &mut Faults) -> Member {
    let mut member = Member::default();
    if wanted("display_name") {
        let field = "member.display_name";
        member.display_name = faults.or_default(text::line(field, &raw.display_name, 1, 200));
    }
    if wanted("office") {
        member.office = faults.or_default(text::line("member.office", &raw.office, 1, 200));
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
            faults.add(field, "stands there twice", "disebut dua kali");
        }
    }
    raw
}

/// A member as its message.
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
