//! An officer begins to look at a report.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{Draft, Request, Verb};
use crate::domain::case::Action;

/// `StartVerification`.
pub enum StartVerification {}

impl Verb for StartVerification {
    type Message = v1::StartVerificationRequest;
    type Answer = v1::StartVerificationResponse;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let draft = Draft::by_officer(
            "complaint.StartVerification",
            &raw,
            &raw.request_id,
            &raw.name,
            &raw.etag,
        );
        draft.take(Action::StartVerification)
    }

    fn answer(status: v1::ComplaintStatus) -> Self::Answer {
        v1::StartVerificationResponse { status: Some(status) }
    }
}
