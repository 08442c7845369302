//! An officer hands a report to a unit, with class and category as they are then.

use prima_platform::failure::Failure;
use prima_proto::{complaint::v1, name};

use super::action::{Act, Draft, Readers, Request, Verb};
use crate::rpc::{category, field};

/// `VerifyComplaint`.
pub enum Verify {}

impl Verb for Verify {
    type Message = v1::VerifyComplaintRequest;
    type Answer = v1::VerifyComplaintResponse;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let mut draft = Draft::by_officer(
            "complaint.VerifyComplaint",
            &raw,
            &raw.request_id,
            &raw.name,
            &raw.etag,
        );
        let unit = draft
            .faults
            .take(field::name("unit", &raw.unit, name::Unit::parse));
        draft.faults.take(category::check("category", &raw.category));
        draft.write("note", &raw.note, 0, 5000, Readers::Agency);
        let (class, category) = (raw.class, raw.category);
        draft.act(unit.map(|unit| Act::Verify {
            unit,
            class,
            category,
        }))
    }

    fn answer(status: v1::ComplaintStatus) -> Self::Answer {
        v1::VerifyComplaintResponse { status: Some(status) }
    }
}
