//! An officer makes a report a part of another one of the agency.

use prima_platform::failure::Failure;
use prima_proto::{complaint::v1, name};

use super::action::{Act, Draft, Request, Verb};
use crate::rpc::field;

/// `MergeComplaint`.
pub enum Merge {}

impl Verb for Merge {
    type Message = v1::MergeComplaintRequest;
    type Answer = v1::MergeComplaintResponse;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let mut draft = Draft::by_officer(
            "complaint.MergeComplaint",
            &raw,
            &raw.request_id,
            &raw.name,
            &raw.etag,
        );
        let into = draft
            .faults
            .take(field::name("into", &raw.into, name::Complaint::parse));
        if into.is_some() && raw.into == raw.name {
            draft.faults.add(
                "into",
                "is the report itself",
                "adalah laporan yang sama; pilih laporan lain",
            );
        }
        draft.act(into.map(|into| Act::Merge { into }))
    }

    fn answer(status: v1::ComplaintStatus) -> Self::Answer {
        v1::MergeComplaintResponse { status: Some(status) }
    }
}
