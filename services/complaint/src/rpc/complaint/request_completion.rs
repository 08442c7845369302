//! An officer asks the reporter for what is missing.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use super::action::{Draft, Readers, Request, Verb};
use crate::domain::case::Action;

/// `RequestCompletion`.
pub enum RequestCompletion {}

impl Verb for RequestCompletion {
    type Message = v1::RequestCompletionRequest;
    type Answer = v1::RequestCompletionResponse;

    fn parse(raw: Self::Message) -> Result<Request, Failure> {
        let mut draft = Draft::by_officer(
            "complaint.RequestCompletion",
            &raw,
            &raw.request_id,
            &raw.name,
            &raw.etag,
        );
        draft.write("text", &raw.text, 5, 5000, Readers::Reporter);
        draft.take(Action::Hold)
    }

    fn answer(status: v1::ComplaintStatus) -> Self::Answer {
        v1::RequestCompletionResponse { status: Some(status) }
    }
}
