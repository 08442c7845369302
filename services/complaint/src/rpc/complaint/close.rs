//! The reporter is satisfied, and ends the report.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{Draft, Request, Verb};
use crate::domain::case::Action;

/// `CloseComplaint`.
pub enum Close {}

impl Verb for Close {
    const NEEDS_TOKEN: bool = false;
    type Message = v1::CloseComplaintRequest;
    type Answer = v1::CloseComplaintResponse;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let draft = Draft::by_reporter(
            "complaint.CloseComplaint",
            &raw,
            &raw.request_id,
            raw.access.as_ref(),
        );
        draft.take(Action::Close)
    }

    fn answer(status: v1::ComplaintStatus) -> Self::Answer {
        v1::CloseComplaintResponse { status: Some(status) }
    }
}
