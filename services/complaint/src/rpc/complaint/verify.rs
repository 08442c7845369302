//! An officer assigns a report to a unit (disposisi), with its verified class and category.

use prima_platform::{failure::Failure, request};
use prima_proto::complaint::v1;

use super::action::{ActionRpc, Draft, Operation, Readers, Request};
use crate::rpc::category;

/// `VerifyComplaint`.
pub enum Verify {}

impl ActionRpc for Verify {
    type Message = v1::VerifyComplaintRequest;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let mut draft = Draft::new("complaint.VerifyComplaint", &raw);
        let unit = draft.faults.take(request::name("unit", &raw.unit));
        draft.faults.take(category::check("category", &raw.category));
        draft.write("note", &raw.note, 0, 5000, Readers::Agency);
        let (class, category) = (raw.class, raw.category);
        draft.request(unit.map(|unit| Operation::Verify {
            unit,
            class,
            category,
        }))
    }
}
