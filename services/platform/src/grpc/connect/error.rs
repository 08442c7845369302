//! Errors of Connect: a JSON object with the code, the message and the details of a gRPC status.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use http::StatusCode;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::{Map, Value};
use tonic::{Code, Status};

/// The name of a code, and its HTTP status.
pub(super) fn code(code: Code) -> (&'static str, StatusCode) {
    match code {
        // "Client closed request", which is not in the registry of statuses.
        Code::Ok => ("ok", StatusCode::OK),
        Code::Cancelled => (
            "canceled",
            StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        ),
        Code::Unknown => ("unknown", StatusCode::INTERNAL_SERVER_ERROR),
        Code::InvalidArgument => ("invalid_argument", StatusCode::BAD_REQUEST),
        Code::DeadlineExceeded => ("deadline_exceeded", StatusCode::GATEWAY_TIMEOUT),
        Code::NotFound => ("not_found", StatusCode::NOT_FOUND),
        Code::AlreadyExists => ("already_exists", StatusCode::CONFLICT),
        Code::PermissionDenied => ("permission_denied", StatusCode::FORBIDDEN),
        Code::ResourceExhausted => ("resource_exhausted", StatusCode::TOO_MANY_REQUESTS),
        Code::FailedPrecondition => ("failed_precondition", StatusCode::BAD_REQUEST),
        Code::Aborted => ("aborted", StatusCode::CONFLICT),
        Code::OutOfRange => ("out_of_range", StatusCode::BAD_REQUEST),
        Code::Unimplemented => ("unimplemented", StatusCode::NOT_IMPLEMENTED),
        Code::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR),
        Code::Unavailable => ("unavailable", StatusCode::SERVICE_UNAVAILABLE),
        Code::DataLoss => ("data_loss", StatusCode::INTERNAL_SERVER_ERROR),
        Code::Unauthenticated => ("unauthenticated", StatusCode::UNAUTHORIZED),
    }
}

/// A status as the object of an error. Details whose message is in `pool` are there as JSON as well.
pub(super) fn object(status: &Status, pool: &DescriptorPool) -> Value {
    let mut object = Map::new();
    object.insert("code".to_owned(), code(status.code()).0.into());
    if !status.message().is_empty() {
        object.insert("message".to_owned(), status.message().into());
    }
    let details = tonic_types::Status::decode(status.details()).unwrap_or_default();
    if !details.details.is_empty() {
        let details = details.details.iter().map(|one| detail(one, pool)).collect();
        object.insert("details".to_owned(), details);
    }
    object.into()
}

fn detail(any: &prost_types::Any, pool: &DescriptorPool) -> Value {
    let name = any.type_url.rsplit('/').next().unwrap_or_default();
    let mut detail = Map::new();
    detail.insert("type".to_owned(), name.into());
    detail.insert("value".to_owned(), STANDARD_NO_PAD.encode(&any.value).into());
    let message = pool
        .get_message_by_name(name)
        .and_then(|descriptor| DynamicMessage::decode(descriptor, any.value.as_slice()).ok());
    if let Some(debug) = message.and_then(|message| serde_json::to_value(message).ok()) {
        detail.insert("debug".to_owned(), debug);
    }
    detail.into()
}
