//! An officer asks the reporter to complete the report.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{ActionRpc, Draft, Readers, Request};
use crate::domain::case::Action;

/// `RequestCompletion`.
pub enum RequestCompletion {}

impl ActionRpc for RequestCompletion {
    type Message = v1::RequestCompletionRequest;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let mut draft = Draft::new("complaint.RequestCompletion", &raw);
        draft.write("text", &raw.text, 5, 5000, Readers::Reporter);
        draft.transition(Action::Hold)
    }
}
