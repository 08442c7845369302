//! Results of gRPC methods.

use tonic::{Response, Status};

use super::status;
use crate::failure::Failure;

/// Result of a gRPC method.
pub type Answer<T> = Result<Response<T>, Status>;

/// Turns the result of an operation into that of its gRPC method.
pub fn answer<T>(done: Result<T, Failure>) -> Answer<T> {
    done.map(Response::new).map_err(status)
}
