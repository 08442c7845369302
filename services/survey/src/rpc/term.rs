//! Enumerations of surveys that messages of several nouns have.

use prima_proto::survey::v1 as pb;

use crate::domain::{survey::State, weights::WeightVariant};

/// Where a survey is in its life, for a caller.
pub fn state(state: State) -> pb::SurveyState {
    match state {
        State::Scheduled => pb::SurveyState::Scheduled,
        State::Open => pb::SurveyState::Open,
        State::Closed => pb::SurveyState::Closed,
    }
}

/// A variant for a caller.
pub fn weight_variant(weights: WeightVariant) -> pb::WeightVariant {
    match weights {
        WeightVariant::Exact => pb::WeightVariant::Exact,
        WeightVariant::W0111 => pb::WeightVariant::WeightVariant0111,
        WeightVariant::W011 => pb::WeightVariant::WeightVariant011,
        WeightVariant::MeanOfAspectMeans => pb::WeightVariant::MeanOfAspectMeans,
        WeightVariant::MeanOfAllAnswers => pb::WeightVariant::MeanOfAllAnswers,
    }
}
