//! An officer raises the escalation level of a report.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{ActionRpc, Draft, Operation, Readers, Request};

/// `EscalateComplaint`.
pub enum Escalate {}

impl ActionRpc for Escalate {
    type Message = v1::EscalateComplaintRequest;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let mut draft = Draft::new("complaint.EscalateComplaint", &raw);
        draft.write("text", &raw.text, 5, 5000, Readers::Agency);
        draft.request(Some(Operation::Escalate))
    }
}
