//! An officer asks the reporter for what is missing.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{Draft, Readers, Request, Verb};
use crate::domain::case::Action;

/// `RequestCompletion`.
pub enum RequestCompletion {}

impl Verb for RequestCompletion {
    type Message = v1::RequestCompletionRequest;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let mut draft = Draft::new("complaint.RequestCompletion", &raw);
        draft.write("text", &raw.text, 5, 5000, Readers::Reporter);
        draft.take(Action::Hold)
    }
}
