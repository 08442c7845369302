//! The reporter reopens a report.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{ActionRpc, Draft, Readers, Request};
use crate::domain::case::Action;

/// `ReopenComplaint`.
pub enum Reopen {}

impl ActionRpc for Reopen {
    type Message = v1::ReopenComplaintRequest;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let mut draft = Draft::new("complaint.ReopenComplaint", &raw);
        draft.write("text", &raw.text, 5, 5000, Readers::Reporter);
        draft.transition(Action::Reopen)
    }
}
