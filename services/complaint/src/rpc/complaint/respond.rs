//! The unit answers a report.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{Draft, Readers, Request, Verb};
use crate::domain::case::Action;

/// `RespondToComplaint`.
pub enum Respond {}

impl Verb for Respond {
    type Message = v1::RespondToComplaintRequest;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let mut draft = Draft::new("complaint.RespondToComplaint", &raw);
        draft.write("text", &raw.text, 5, 10_000, Readers::Reporter);
        draft.attach(&raw.attachments);
        draft.take(Action::Respond)
    }
}
