//! The reporter is satisfied, and ends the report.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{Draft, Request, Verb};
use crate::domain::case::Action;

/// `CloseComplaint`.
pub enum Close {}

impl Verb for Close {
    type Message = v1::CloseComplaintRequest;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let draft = Draft::new("complaint.CloseComplaint", &raw);
        draft.take(Action::Close)
    }
}
