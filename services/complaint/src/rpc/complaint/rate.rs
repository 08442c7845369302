//! The reporter rates an answered report.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{ActionRpc, Draft, Operation, Readers, Request};

/// `RateComplaint`.
pub enum Rate {}

impl ActionRpc for Rate {
    type Message = v1::RateComplaintRequest;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let mut draft = Draft::new("complaint.RateComplaint", &raw);
        let stars = draft.faults.range("rating", raw.rating, 1, 5);
        draft.write("text", &raw.text, 0, 2000, Readers::Reporter);
        draft.request(u8::try_from(stars).ok().map(|stars| Operation::Rate { stars }))
    }
}
