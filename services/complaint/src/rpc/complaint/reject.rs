//! An officer archives a report with a reason.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{ActionRpc, Draft, Readers, Request};
use crate::domain::case::Action;

/// `RejectComplaint`.
pub enum Reject {}

impl ActionRpc for Reject {
    type Message = v1::RejectComplaintRequest;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let mut draft = Draft::new("complaint.RejectComplaint", &raw);
        draft.write("text", &raw.text, 5, 5000, Readers::Reporter);
        if raw.reason.is_empty() {
            draft.faults.add("reason", "is required", "Alasan wajib diisi");
        }
        draft.transition(Action::Reject { reason: raw.reason })
    }
}
