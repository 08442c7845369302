//! Scores of every service.

use prima_proto::{
    event::v1::{ScoreState, ScoreStatus, WithheldReason},
    score::Key,
};

use crate::domain::{Figures, Score, Status};

/// The score that a state contains.
pub fn score(key: Key, state: ScoreState, withdrawn: bool) -> Score {
    // A status that only a later release knows counts as not final.
    let status = ScoreStatus::try_from(state.status).unwrap_or_default();
    Score {
        metric: key.metric,
        period: key.period,
        subject: key.subject,
        figures: Figures {
            value: state.value,
            category: state.category,
            category_display_name: state.category_display_name,
            sample_size: state.sample_size,
            sample_minimum: state.sample_minimum,
            units_counted: state.units_counted,
            units_expected: state.units_expected,
            status: if status == ScoreStatus::Final {
                Status::Final
            } else {
                Status::Provisional
            },
            recorded: state.recorded,
            counted: state.counted,
            pending: state.pending,
            too_few: state.withheld_reason == i32::from(WithheldReason::TooFew),
            in_question: state.in_question,
            value_with_questioned: state.value_with_questioned,
        },
        withdrawn: withdrawn || status == ScoreStatus::Withdrawn,
    }
}
