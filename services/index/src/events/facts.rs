//! Decodes stored events into facts.

use prima_proto::event::v1::{
    ComplaintPerformanceState, InnovationPortfolioState, SurveyResultState, UnitState,
};
use prost::DecodeError;

use super::feed::FactState;
use crate::{
    domain::{facts::Facts, sourced::EventRef},
    store::Fact,
};

/// The facts in the stored events of one unit, in whatever order they come.
///
/// # Errors
///
/// A payload cannot be decoded. Payloads from the bus were decoded once before they were stored.
pub fn facts<'a>(stored: impl IntoIterator<Item = &'a Fact>) -> Result<Facts, DecodeError> {
    let mut facts = Facts::default();
    for fact in stored {
        match fact.service.as_str() {
            "directory" => add::<UnitState>(fact, &mut facts)?,
            "survey" => add::<SurveyResultState>(fact, &mut facts)?,
            "innovation" => add::<InnovationPortfolioState>(fact, &mut facts)?,
            "complaint" => add::<ComplaintPerformanceState>(fact, &mut facts)?,
            _ => {}
        }
    }
    Ok(facts)
}

fn add<S: FactState>(fact: &Fact, facts: &mut Facts) -> Result<(), DecodeError> {
    let origin = EventRef {
        subject: fact.subject.clone(),
        version: fact.version,
    };
    S::decode(fact.payload.as_slice())?.add(origin, facts);
    Ok(())
}

#[cfg(test)]
mod tests {
    use prima_proto::event::v1::{
        InnovationFacts, PublicServiceState, ServiceCharterState, ServiceStandardState, SurveyFollowUpState,
        SurveyMediumState,
    };
    use proptest::prelude::*;
    use prost::Message;

    use super::*;
    use crate::domain::{instrument, suggestion::suggest};

    fn stored(service: &str, subject: &str, version: i64, state: &impl Message) -> Fact {
        Fact {
            subject: subject.into(),
            service: service.into(),
            agency: "3271".into(),
            unit: "dpmptsp".into(),
            version,
            payload: state.encode_to_vec(),
        }
    }

    fn survey_result(number: i64, respondents: i64, published: bool) -> Fact {
        let name = format!("agencies/3271/units/dpmptsp/surveys/skm-{number}");
        let state = SurveyResultState {
            period: format!("{}-q{}", 2022 + number / 4, number % 4 + 1),
            instrument: "skm-2017".into(),
            respondents,
            sample_met: respondents > 20,
            min_score: 1,
            max_score: 4,
            instrument_elements_asked: 9,
            instrument_elements: 9,
            publish_date: if published {
                "2024-02-01".into()
            } else {
                String::new()
            },
            media: vec![SurveyMediumState {
                kind: format!("kind-{number}"),
                electronic: number % 2 == 0,
                ..SurveyMediumState::default()
            }],
            follow_ups: vec![SurveyFollowUpState {
                create_date: "2024-02-02".into(),
                done_date: "2024-04-02".into(),
                ..SurveyFollowUpState::default()
            }],
            name: name.clone(),
            ..SurveyResultState::default()
        };
        stored("survey", &name, number, &state)
    }

    fn portfolio(year: i32, start: i32) -> Fact {
        let state = InnovationPortfolioState {
            period: year.to_string(),
            innovations: vec![InnovationFacts {
                start_date: format!("{start}-05-01"),
                legal_basis: "enacted".into(),
                ..InnovationFacts::default()
            }],
            ..InnovationPortfolioState::default()
        };
        let subject = format!("prima.innovation.portfolio.3271.dpmptsp.{year}");
        stored("innovation", &subject, i64::from(year), &state)
    }

    fn complaint_performance(year: i32) -> Fact {
        let state = ComplaintPerformanceState {
            period: year.to_string(),
            received: 10,
            resolved: i64::from(year - 2015),
            slowest_response_hours: "70".into(),
            sp4n_since_date: format!("{year}-02-01"),
            ..ComplaintPerformanceState::default()
        };
        let subject = format!("prima.complaint.performance.3271.dpmptsp.{year}");
        stored("complaint", &subject, i64::from(year), &state)
    }

    fn directory() -> Fact {
        let state = UnitState {
            services: vec![PublicServiceState {
                standard: Some(ServiceStandardState {
                    components: 14,
                    enact_date: "2023-01-01".into(),
                    ..ServiceStandardState::default()
                }),
                ..PublicServiceState::default()
            }],
            charter: Some(ServiceCharterState::default()),
            ..UnitState::default()
        };
        stored("directory", "prima.directory.unit.3271.dpmptsp", 9, &state)
    }

    #[test]
    fn a_payload_that_cannot_be_read_is_an_error() {
        let mut broken = directory();
        broken.payload = vec![0xff];
        assert!(facts([&broken]).is_err());
    }

    proptest! {
        #[test]
        fn suggestions_do_not_depend_on_the_order_of_events(
            surveys in proptest::collection::vec((0..60i64, any::<bool>()), 1..6),
            starts in proptest::collection::vec(2019..2026i32, 0..4),
            seed in proptest::collection::vec(any::<u32>(), 13),
        ) {
            let mut kept = vec![directory()];
            kept.extend((0..).zip(surveys).map(|(n, (respondents, published))| survey_result(n, respondents, published)));
            kept.extend((2021..).zip(starts).map(|(year, start)| portfolio(year, start)));
            kept.extend((2022..2025).map(complaint_performance));
            let date = "2024-06-30".parse().unwrap();
            let (instrument, _) = instrument::built_in().iter().find(|(i, _)| i.id == "pekppp-2022").unwrap();
            let before = suggest(instrument, "online", &facts(&kept).unwrap(), date);
            prop_assert!(before.iter().any(|s| s.level.is_some()));
            let mut order: Vec<(u32, Fact)> = seed.into_iter().zip(kept).collect();
            order.sort_by_key(|(key, _)| *key);
            let shuffled: Vec<Fact> = order.into_iter().map(|(_, fact)| fact).collect();
            prop_assert_eq!(suggest(instrument, "online", &facts(&shuffled).unwrap(), date), before);
        }
    }
}
