//! An officer starts to verify a report.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{ActionRpc, Draft, Request};
use crate::domain::case::Action;

/// `StartVerification`.
pub enum StartVerification {}

impl ActionRpc for StartVerification {
    type Message = v1::StartVerificationRequest;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let draft = Draft::new("complaint.StartVerification", &raw);
        draft.transition(Action::StartVerification)
    }
}
