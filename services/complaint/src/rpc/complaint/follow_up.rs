//! The unit begins to work on a report.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{Draft, Request, Verb};
use crate::domain::case::Action;

/// `StartFollowUp`.
pub enum StartFollowUp {}

impl Verb for StartFollowUp {
    type Message = v1::StartFollowUpRequest;
    type Answer = v1::StartFollowUpResponse;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let draft = Draft::by_officer(
            "complaint.StartFollowUp",
            &raw,
            &raw.request_id,
            &raw.name,
            &raw.etag,
        );
        draft.take(Action::StartFollowUp)
    }

    fn answer(status: v1::ComplaintStatus) -> Self::Answer {
        v1::StartFollowUpResponse { status: Some(status) }
    }
}
