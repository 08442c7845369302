//! What the methods of every service have in common.

use std::future::Future;

use tonic::{Request, Response, Status};

use super::status;
use crate::{
    caller::{self, Caller},
    failure::Failure,
};

/// What a method answers.
pub type Answer<T> = Result<Response<T>, Status>;

/// The answer of a use case.
pub fn answer<T>(done: Result<T, Failure>) -> Answer<T> {
    done.map(Response::new).map_err(status)
}

/// The caller, with a token at least, and the message.
pub fn open<T>(request: Request<T>) -> Result<(Caller, T), Status> {
    let caller = caller::of(&request);
    caller.known().map_err(status)?;
    Ok((caller, request.into_inner()))
}

/// Runs an operation that changes nothing, for a caller with a token at least.
pub async fn read<M, A, F>(request: Request<M>, run: impl FnOnce(Caller, M) -> F) -> Answer<A>
where
    F: Future<Output = Result<A, Failure>>,
{
    let (caller, message) = open(request)?;
    answer(run(caller, message).await)
}
