//! What the methods of every service have in common.

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
