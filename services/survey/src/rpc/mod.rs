//! The operations: a folder for each noun, a file for each operation that changes its state.

pub mod analysis;
pub mod comment;
pub mod device;
mod field;
pub mod follow_up;
pub mod instrument;
pub mod link;
pub mod period;
pub mod recorded_result;
pub mod response;
pub mod result;
pub mod survey;
mod term;
pub mod token_batch;

use prima_platform::failure::{Failure, Kind};

/// That a survey has not been closed, so that nothing can come after it.
fn still_open() -> Failure {
    Failure::new(
        Kind::Precondition,
        "SURVEY_OPEN",
        "the survey is not closed yet",
        "Survei belum ditutup",
    )
}
