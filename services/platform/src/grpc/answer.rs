//! Helpers for the gRPC methods of every service.

use std::future::Future;

use tonic::{Request, Response, Status};

use super::status;
use crate::{
    caller::{self, Caller},
    failure::Failure,
};

/// Result of a gRPC method.
pub type Answer<T> = Result<Response<T>, Status>;

/// Turns the result of an operation into that of its gRPC method.
pub fn answer<T>(done: Result<T, Failure>) -> Answer<T> {
    done.map(Response::new).map_err(status)
}

/// The caller, which must have a valid token, and the message.
pub fn open<T>(request: Request<T>) -> Result<(Caller, T), Status> {
    let caller = caller::of(&request);
    caller.require_token().map_err(status)?;
    Ok((caller, request.into_inner()))
}

/// Runs an operation that only reads, for a caller with a valid token.
pub async fn read<M, A, F>(request: Request<M>, run: impl FnOnce(Caller, M) -> F) -> Answer<A>
where
    F: Future<Output = Result<A, Failure>>,
{
    let (caller, message) = open(request)?;
    answer(run(caller, message).await)
}
