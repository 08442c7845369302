//! Messages of replications and transfers.

use prima_proto::innovation::v1;

use crate::{
    domain::replication::{FollowUp, Transfer},
    rpc::message::links,
    store::replication::Stored,
};

fn follow_up(follow_up: &FollowUp) -> v1::FollowUp {
    v1::FollowUp {
        date: follow_up.date.to_string(),
        in_use: follow_up.in_use,
        remark: follow_up.remark.clone(),
    }
}

/// A replication as a message.
pub fn replication(stored: &Stored) -> v1::Replication {
    let one = &stored.replication;
    v1::Replication {
        name: stored.name.to_string(),
        adopter: stored.adopter.to_string(),
        replica: one.replica.clone(),
        adopt_date: one.adopted.to_string(),
        partial: one.partial,
        evidence: links(&one.evidence),
        follow_ups: one.follow_ups.iter().map(follow_up).collect(),
    }
}

/// A transfer event as a message.
pub fn transfer(innovation: &str, transfer: &Transfer) -> v1::Transfer {
    v1::Transfer {
        innovation: innovation.to_owned(),
        title: transfer.title.clone(),
        date: transfer.date.to_string(),
        receivers: transfer.receivers.clone(),
        evidence: links(&transfer.evidence),
    }
}
