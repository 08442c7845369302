//! An officer forwards a report to another agency or unit (disposisi ke instansi lain).

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{ActionRpc, Draft, Operation, Readers, Request};
use crate::domain::{case::Action, parent};

/// `ForwardComplaint`.
pub enum Forward {}

impl ActionRpc for Forward {
    type Message = v1::ForwardComplaintRequest;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let mut draft = Draft::new("complaint.ForwardComplaint", &raw);
        let to = draft.faults.take(parent::one("to", &raw.to));
        draft.write("text", &raw.text, 5, 5000, Readers::Reporter);
        draft.request(to.map(|(agency, unit)| Operation::Transition(Action::Forward { agency, unit })))
    }
}
