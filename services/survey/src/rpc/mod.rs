//! The operations: one folder for each noun with one file for each operation that changes state.

pub mod analysis;
pub mod comment;
mod credential;
pub mod device;
mod enums;
mod field;
pub mod follow_up;
pub mod instrument;
pub mod link;
pub mod notice;
pub mod period;
mod profile;
mod publication;
pub mod published;
pub mod quarantine;
pub mod questionnaire;
pub mod recorded_result;
pub mod respondent;
pub mod response;
pub mod result;
pub mod survey;
pub mod token_batch;
pub mod uncounted;

use prima_platform::failure::{Failure, Kind};

/// The failure that a survey is not closed yet.
fn still_open() -> Failure {
    Failure::new(
        Kind::Precondition,
        "SURVEY_OPEN",
        "the survey is not closed yet",
        "Survei belum ditutup",
    )
}
