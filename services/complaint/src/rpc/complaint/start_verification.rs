//! An officer begins to look at a report.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{Draft, Request, Verb};
use crate::domain::case::Action;

/// `StartVerification`.
pub enum StartVerification {}

impl Verb for StartVerification {
    type Message = v1::StartVerificationRequest;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let draft = Draft::new("complaint.StartVerification", &raw);
        draft.take(Action::StartVerification)
    }
}
