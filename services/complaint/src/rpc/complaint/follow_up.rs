//! The unit begins to work on a report.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{Draft, Request, Verb};
use crate::domain::case::Action;

/// `StartFollowUp`.
pub enum StartFollowUp {}

impl Verb for StartFollowUp {
    type Message = v1::StartFollowUpRequest;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let draft = Draft::new("complaint.StartFollowUp", &raw);
        draft.take(Action::StartFollowUp)
    }
}
