//! An officer raises a report by a level.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{Act, Draft, Readers, Request, Verb};

/// `EscalateComplaint`.
pub enum Escalate {}

impl Verb for Escalate {
    type Message = v1::EscalateComplaintRequest;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let mut draft = Draft::new("complaint.EscalateComplaint", &raw);
        draft.write("text", &raw.text, 5, 5000, Readers::Agency);
        draft.act(Some(Act::Escalate))
    }
}
