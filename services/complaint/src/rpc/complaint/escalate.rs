//! An officer raises a report by a level.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{Act, Draft, Readers, Request, Verb};

/// `EscalateComplaint`.
pub enum Escalate {}

impl Verb for Escalate {
    type Message = v1::EscalateComplaintRequest;
    type Answer = v1::EscalateComplaintResponse;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let mut draft = Draft::by_officer(
            "complaint.EscalateComplaint",
            &raw,
            &raw.request_id,
            &raw.name,
            &raw.etag,
        );
        draft.write("text", &raw.text, 5, 5000, Readers::Agency);
        draft.act(Some(Act::Escalate))
    }

    fn answer(status: v1::ComplaintStatus) -> Self::Answer {
        v1::EscalateComplaintResponse { status: Some(status) }
    }
}
