//! The reporter replies to an answer, or completes the report.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{ActionRpc, Draft, Readers, Request};
use crate::domain::case::Action;

/// `ReplyToComplaint`.
pub enum Reply {}

impl ActionRpc for Reply {
    type Message = v1::ReplyToComplaintRequest;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let mut draft = Draft::new("complaint.ReplyToComplaint", &raw);
        draft.write("text", &raw.text, 2, 10_000, Readers::Reporter);
        draft.attach(&raw.attachments);
        draft.transition(Action::Reply)
    }
}
