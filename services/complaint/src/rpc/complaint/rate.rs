//! The reporter rates a report that was answered.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{Act, Draft, Readers, Request, Verb};

/// `RateComplaint`.
pub enum Rate {}

impl Verb for Rate {
    const NEEDS_TOKEN: bool = false;
    type Message = v1::RateComplaintRequest;
    type Answer = v1::RateComplaintResponse;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let mut draft = Draft::by_reporter(
            "complaint.RateComplaint",
            &raw,
            &raw.request_id,
            raw.access.as_ref(),
        );
        let stars = draft.faults.range("rating", raw.rating, 1, 5);
        draft.write("text", &raw.text, 0, 2000, Readers::Reporter);
        draft.act(u8::try_from(stars).ok().map(|stars| Act::Rate { stars }))
    }

    fn answer(status: v1::ComplaintStatus) -> Self::Answer {
        v1::RateComplaintResponse { status: Some(status) }
    }
}
