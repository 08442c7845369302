//! The reporter opens a report again.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{Draft, Readers, Request, Verb};
use crate::domain::case::Action;

/// `ReopenComplaint`.
pub enum Reopen {}

impl Verb for Reopen {
    const NEEDS_TOKEN: bool = false;
    type Message = v1::ReopenComplaintRequest;
    type Answer = v1::ReopenComplaintResponse;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let mut draft = Draft::by_reporter(
            "complaint.ReopenComplaint",
            &raw,
            &raw.request_id,
            raw.access.as_ref(),
        );
        draft.write("text", &raw.text, 5, 5000, Readers::Reporter);
        draft.take(Action::Reopen)
    }

    fn answer(status: v1::ComplaintStatus) -> Self::Answer {
        v1::ReopenComplaintResponse { status: Some(status) }
    }
}
