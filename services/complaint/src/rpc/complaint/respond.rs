//! The unit answers a report.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{ActionRpc, Draft, Readers, Request};
use crate::domain::case::Action;

/// `RespondToComplaint`.
pub enum Respond {}

impl ActionRpc for Respond {
    type Message = v1::RespondToComplaintRequest;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let mut draft = Draft::new("complaint.RespondToComplaint", &raw);
        draft.write("text", &raw.text, 5, 10_000, Readers::Reporter);
        draft.attach(&raw.attachments);
        draft.transition(Action::Respond)
    }
}
