//! An officer makes a report a part of another one of the agency.

use prima_platform::{failure::Failure, request};
use prima_proto::complaint::v1;

use super::action::{Act, Draft, Request, Verb};

/// `MergeComplaint`.
pub enum Merge {}

impl Verb for Merge {
    type Message = v1::MergeComplaintRequest;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let mut draft = Draft::new("complaint.MergeComplaint", &raw);
        let into = draft.faults.take(request::name("into", &raw.into));
        if into.is_some() && raw.into == raw.name {
            draft.faults.add(
                "into",
                "is the report itself",
                "adalah laporan yang sama; pilih laporan lain",
            );
        }
        draft.act(into.map(|into| Act::Merge { into }))
    }
}
