//! An officer hands a report to a unit, with class and category as they are then.

use prima_platform::{failure::Failure, request};
use prima_proto::complaint::v1;

use super::action::{Act, Draft, Readers, Request, Verb};
use crate::rpc::category;

/// `VerifyComplaint`.
pub enum Verify {}

impl Verb for Verify {
    type Message = v1::VerifyComplaintRequest;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let mut draft = Draft::new("complaint.VerifyComplaint", &raw);
        let unit = draft.faults.take(request::name("unit", &raw.unit));
        draft.faults.take(category::check("category", &raw.category));
        draft.write("note", &raw.note, 0, 5000, Readers::Agency);
        let (class, category) = (raw.class, raw.category);
        draft.act(unit.map(|unit| Act::Verify {
            unit,
            class,
            category,
        }))
    }
}
