//! States of the survey service: the result of a survey.

use prima_platform::{clock::from_proto, consume::Feed};
use prima_proto::{
    event::v1::{SurveyFollowUpState, SurveyResultState},
    period::jakarta_day,
};

use super::{day::day, feed::FactState};
use crate::domain::{
    facts::{Facts, FollowUp, Survey},
    sourced::EventRef,
};

impl FactState for SurveyResultState {
    const FEED: Feed = Feed {
        name: "index-survey-result",
        service: "survey",
        filter: "prima.survey.result.>",
    };

    fn add(self, origin: EventRef, facts: &mut Facts) {
        let name = self.name.clone();
        if let Some(survey) = survey(origin, self) {
            facts.surveys.insert(name, survey);
        }
    }
}

/// The survey as a fact; `None` when its period is malformed, because it then has no place in time.
fn survey(origin: EventRef, state: SurveyResultState) -> Option<Survey> {
    let at = |time: Option<prost_types::Timestamp>| time.as_ref().and_then(from_proto).map(jakarta_day);
    let follow_up = |f: SurveyFollowUpState| {
        Some(FollowUp {
            planned: day(&f.create_date)?,
            done: day(&f.done_date),
        })
    };
    let (closed, closes) = (at(state.closed_at), at(state.close_time));
    Some(Survey {
        origin,
        instrument: state.instrument,
        period: state.period.parse().ok()?,
        opened: at(state.open_time),
        // A survey may be closed before its closing time, or a while after it.
        ended: match (closed, closes) {
            (Some(closed), Some(closes)) => Some(closed.min(closes)),
            (closed, closes) => closed.or(closes),
        },
        respondents: state.respondents,
        sample_met: state.sample_met,
        scale: (state.min_score, state.max_score),
        elements: (state.instrument_elements_asked, state.instrument_elements),
        published: day(&state.publish_date),
        media: state.media.into_iter().map(|m| (m.kind, m.electronic)).collect(),
        follow_ups: state.follow_ups.into_iter().filter_map(follow_up).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_survey_ends_when_it_is_closed_or_when_its_time_is_over() {
        let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
        let ended = |closed_at, close_time| {
            let state = SurveyResultState {
                period: "2024".into(),
                // 23:00 in Jakarta on 31 December, an hour before the new year.
                open_time: at(1_704_038_400),
                closed_at,
                close_time,
                ..SurveyResultState::default()
            };
            let survey = survey(EventRef::default(), state).unwrap();
            assert_eq!(survey.opened, day("2023-12-31"));
            survey.ended
        };
        // 17:00 UTC is midnight of the next day in Jakarta.
        let (first, second) = (at(1_717_261_199), at(1_717_261_200));
        assert_eq!(ended(None, None), None);
        assert_eq!(ended(first, None), day("2024-06-01"));
        assert_eq!(ended(second, None), day("2024-06-02"));
        assert_eq!(ended(second, first), day("2024-06-01"));
    }
}
