//! Converts entries of the knowledge base to protobuf.

use prima_platform::clock::to_proto;
use prima_proto::complaint::v1;

use crate::{rpc::status, store::knowledge::Stored};

pub fn knowledge(stored: &Stored) -> v1::Knowledge {
    v1::Knowledge {
        name: stored.name.to_string(),
        agency: status::parent(&stored.agency, ""),
        topic: stored.topic.clone(),
        question: stored.question.clone(),
        answer: stored.answer.clone(),
        publish_time: Some(to_proto(stored.published_at)),
    }
}
