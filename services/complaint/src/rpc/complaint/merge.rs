//! An officer merges a report into another report of the same agency.

use prima_platform::{failure::Failure, request};
use prima_proto::complaint::v1;

use super::action::{ActionRpc, Draft, Operation, Request};

/// `MergeComplaint`.
pub enum Merge {}

impl ActionRpc for Merge {
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
        draft.request(into.map(|into| Operation::Merge { into }))
    }
}
