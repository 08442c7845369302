//! The reporter replies to an answer, or completes the report.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{Draft, Readers, Request, Verb};
use crate::domain::case::Action;

/// `ReplyToComplaint`.
pub enum Reply {}

impl Verb for Reply {
    const NEEDS_TOKEN: bool = false;
    type Message = v1::ReplyToComplaintRequest;
    type Answer = v1::ReplyToComplaintResponse;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let mut draft = Draft::by_reporter(
            "complaint.ReplyToComplaint",
            &raw,
            &raw.request_id,
            raw.access.as_ref(),
        );
        draft.write("text", &raw.text, 2, 10_000, Readers::Reporter);
        draft.attach(&raw.attachments);
        draft.take(Action::Reply)
    }

    fn answer(status: v1::ComplaintStatus) -> Self::Answer {
        v1::ReplyToComplaintResponse { status: Some(status) }
    }
}
