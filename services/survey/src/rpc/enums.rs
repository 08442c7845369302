//! Enumerations that messages of several nouns share.

use prima_proto::survey::v1 as pb;

use crate::domain::{release::Withheld, survey::State, weights::WeightVariant};

/// The state of a survey as its enumeration value.
pub fn state(state: State) -> pb::SurveyState {
    match state {
        State::Scheduled => pb::SurveyState::Scheduled,
        State::Open => pb::SurveyState::Open,
        State::Closed => pb::SurveyState::Closed,
    }
}

/// A weight variant as its enumeration value.
pub fn weight_variant(weights: WeightVariant) -> pb::WeightVariant {
    match weights {
        WeightVariant::Exact => pb::WeightVariant::Exact,
        WeightVariant::W0111 => pb::WeightVariant::WeightVariant0111,
        WeightVariant::W011 => pb::WeightVariant::WeightVariant011,
        WeightVariant::W0071 => pb::WeightVariant::WeightVariant0071,
        WeightVariant::MeanOfAspectMeans => pb::WeightVariant::MeanOfAspectMeans,
        WeightVariant::MeanOfAllAnswers => pb::WeightVariant::MeanOfAllAnswers,
    }
}

/// Why a result has no figures, as its enumeration value.
pub fn withheld(withheld: Option<Withheld>) -> pb::WithheldReason {
    match withheld {
        None => pb::WithheldReason::Unspecified,
        Some(Withheld::TooFew) => pb::WithheldReason::TooFew,
        Some(Withheld::FirstStep) => pb::WithheldReason::FirstStep,
    }
}
