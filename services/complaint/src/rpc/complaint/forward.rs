//! An officer hands a report to another agency or unit (disposisi ke instansi lain).

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{Act, Draft, Readers, Request, Verb};
use crate::{domain::case::Action, rpc::field};

/// `ForwardComplaint`.
pub enum Forward {}

impl Verb for Forward {
    type Message = v1::ForwardComplaintRequest;
    type Answer = v1::ForwardComplaintResponse;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let mut draft = Draft::by_officer(
            "complaint.ForwardComplaint",
            &raw,
            &raw.request_id,
            &raw.name,
            &raw.etag,
        );
        let to = draft.faults.take(field::one_parent("to", &raw.to));
        draft.write("text", &raw.text, 5, 5000, Readers::Reporter);
        draft.act(to.map(|(agency, unit)| Act::Take(Action::Forward { agency, unit })))
    }

    fn answer(status: v1::ComplaintStatus) -> Self::Answer {
        v1::ForwardComplaintResponse { status: Some(status) }
    }
}
