//! Converts service charters from and to messages.

use prima_platform::clock::to_proto;
use prima_proto::{directory::v1, name};

use crate::{
    domain::{
        charter::{Charter, Draft},
        revision::Revision,
    },
    rpc::medium,
};

/// An unchecked charter from its message.
pub fn draft(given: v1::ServiceCharter) -> Draft {
    Draft {
        text: given.text,
        statements: [given.states_ability, given.states_duty, given.states_sanction],
        signed: given.sign_date,
        media: medium::drafts(given.media),
    }
}

/// A charter as its message, without the number and the time of the revision.
pub fn without_revision(unit: &name::Unit, charter: &Charter) -> v1::ServiceCharter {
    v1::ServiceCharter {
        unit: unit.to_string(),
        text: charter.text.clone(),
        states_ability: charter.states_ability,
        states_duty: charter.states_duty,
        states_sanction: charter.states_sanction,
        sign_date: charter.signed.map(|d| d.to_string()).unwrap_or_default(),
        media: medium::messages(&charter.media),
        ..v1::ServiceCharter::default()
    }
}

/// A revision of a charter as its message.
pub fn charter(revision: &Revision<name::Unit, Charter>) -> v1::ServiceCharter {
    v1::ServiceCharter {
        revision: revision.number,
        create_time: Some(to_proto(revision.created_at)),
        ..without_revision(&revision.owner, &revision.document)
    }
}
