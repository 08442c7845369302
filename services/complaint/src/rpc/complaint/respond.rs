//! The unit answers a report.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{Draft, Readers, Request, Verb};
use crate::domain::case::Action;

/// `RespondToComplaint`.
pub enum Respond {}

impl Verb for Respond {
    type Message = v1::RespondToComplaintRequest;
    type Answer = v1::RespondToComplaintResponse;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let mut draft = Draft::by_officer(
            "complaint.RespondToComplaint",
            &raw,
            &raw.request_id,
            &raw.name,
            &raw.etag,
        );
        draft.write("text", &raw.text, 5, 10_000, Readers::Reporter);
        draft.attach(&raw.attachments);
        draft.take(Action::Respond)
    }

    fn answer(status: v1::ComplaintStatus) -> Self::Answer {
        v1::RespondToComplaintResponse { status: Some(status) }
    }
}
