//! Scores of every service.

use prima_proto::event::v1::{ScoreState, ScoreStatus};
use prost::DecodeError;

use super::payload::decode;
use crate::domain::{Score, Status, Subject};

/// What a state says of the score of a subject.
pub fn read(
    metric: String,
    period: String,
    subject: Subject,
    withdrawn: bool,
    payload: &[u8],
) -> Result<Score, DecodeError> {
    let state: ScoreState = decode(withdrawn, payload)?;
    let status = ScoreStatus::try_from(state.status);
    Ok(Score {
        metric,
        period,
        subject,
        value: state.value,
        category: state.category,
        sample_size: state.sample_size,
        sample_minimum: state.sample_minimum,
        units_counted: state.units_counted,
        units_expected: state.units_expected,
        // A status of a later release is not final for us.
        status: if matches!(status, Ok(ScoreStatus::Final)) {
            Status::Final
        } else {
            Status::Provisional
        },
        recorded: state.recorded,
        withdrawn: withdrawn || matches!(status, Ok(ScoreStatus::Withdrawn)),
    })
}
