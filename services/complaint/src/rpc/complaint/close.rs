//! The reporter accepts the answer and closes the report.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{ActionRpc, Draft, Request};
use crate::domain::case::Action;

/// `CloseComplaint`.
pub enum Close {}

impl ActionRpc for Close {
    type Message = v1::CloseComplaintRequest;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let draft = Draft::new("complaint.CloseComplaint", &raw);
        draft.transition(Action::Close)
    }
}
