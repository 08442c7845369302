//! An officer archives a report, with a reason.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{Draft, Readers, Request, Verb};
use crate::domain::case::Action;

/// `RejectComplaint`.
pub enum Reject {}

impl Verb for Reject {
    type Message = v1::RejectComplaintRequest;
    type Answer = v1::RejectComplaintResponse;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let mut draft = Draft::by_officer(
            "complaint.RejectComplaint",
            &raw,
            &raw.request_id,
            &raw.name,
            &raw.etag,
        );
        draft.write("text", &raw.text, 5, 5000, Readers::Reporter);
        if raw.reason.is_empty() {
            draft.faults.add("reason", "is required", "Alasan wajib diisi");
        }
        draft.take(Action::Reject { reason: raw.reason })
    }

    fn answer(status: v1::ComplaintStatus) -> Self::Answer {
        v1::RejectComplaintResponse { status: Some(status) }
    }
}
