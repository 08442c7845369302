//! The unit starts to follow up a report.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{ActionRpc, Draft, Request};
use crate::domain::case::Action;

/// `StartFollowUp`.
pub enum StartFollowUp {}

impl ActionRpc for StartFollowUp {
    type Message = v1::StartFollowUpRequest;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let draft = Draft::new("complaint.StartFollowUp", &raw);
        draft.transition(Action::StartFollowUp)
    }
}
