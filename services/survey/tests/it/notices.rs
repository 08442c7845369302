//! What is said at once about what was accepted; samples of services; instruments in force; the official wording.

use prima_proto::{event::v1::ScoreState, name, survey::v1 as pb};
use prima_survey::store::unit::unit_save_in_txn;
use tonic::Code;

use crate::fixture::*;

const UNIT_SCORE: &str = "prima.survey.score.skm.2024.unit.3271.dpmptsp";

async fn announce(t: &World, units: &[&str]) {
    let txn = t.db.begin().await.unwrap();
    for unit in units {
        let unit = name::Unit::parse(unit).unwrap();
        unit_save_in_txn(&txn, &unit, "Unit", "").await.unwrap();
    }
    txn.commit().await.unwrap();
}

fn reasons(notices: &[pb::Notice]) -> Vec<&str> {
    notices.iter().map(|notice| notice.reason.as_str()).collect()
}

/// Streams responses that were submitted at these times.
async fn stream(t: &mut World, survey: &str, import_id: &str, times: &[&str]) -> pb::SubmitResponsesResponse {
    let row = |(n, time): (usize, &&str)| {
        let time: chrono::DateTime<chrono::Utc> = time.parse().unwrap();
        let response = pb::Response {
            submit_time: Some(prima_platform::clock::to_proto(time)),
            ..all(4)
        };
        pb::SubmitResponsesRequest {
            survey: survey.into(),
            response_id: format!("{import_id}-{n}"),
            response: Some(response),
            import_id: import_id.into(),
            ..Default::default()
        }
    };
    let rows: Vec<_> = times.iter().enumerate().map(row).collect();
    let answer = t
        .client
        .submit_responses(operator(futures::stream::iter(rows)))
        .await;
    answer.unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_survey_of_a_unit_that_nobody_knows_says_so() {
    on_each_database(async |mut t| {
        let answer = t
            .client
            .create_survey(operator(survey("a")))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(reasons(&answer.notices), ["UNIT_UNKNOWN"]);
        assert!(
            answer.notices[0]
                .localized_message
                .contains("agencies/3271/units/dpmptsp")
        );
        let name = answer.survey.unwrap().name;
        let stored = stream(&mut t, &name, "berkas", &["2024-05-01T03:00:00Z"]).await;
        assert_eq!(
            (stored.accepted, reasons(&stored.notices)),
            (1, vec!["UNIT_UNKNOWN"])
        );
        announce(&t, &["agencies/3271/units/dpmptsp"]).await;
        let answer = t
            .client
            .create_survey(operator(survey("b")))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(answer.notices, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn responses_outside_the_period_and_an_import_in_two_surveys_are_told() {
    on_each_database(async |mut t| {
        announce(&t, &["agencies/3271/units/dpmptsp"]).await;
        let [a, b] = [t.survey("a").await.name, t.survey("b").await.name];
        let inside = stream(&mut t, &a, "berkas", &["2024-05-01T03:00:00Z"]).await;
        assert_eq!(inside.notices, []);
        let outside = stream(
            &mut t,
            &a,
            "lain",
            &["2023-05-01T03:00:00Z", "2024-05-01T03:00:00Z"],
        )
        .await;
        assert_eq!(reasons(&outside.notices), ["OUTSIDE_PERIOD"]);
        assert!(
            outside.notices[0].localized_message.starts_with("1 dari 2"),
            "{outside:?}"
        );
        let twice = stream(&mut t, &b, "berkas", &["2024-05-01T03:00:00Z"]).await;
        assert_eq!(
            (twice.accepted, reasons(&twice.notices)),
            (1, vec!["IMPORTED_ELSEWHERE"])
        );
        assert!(twice.notices[0].localized_message.contains(&a));
        // Once the first import is voided, nothing is counted twice.
        t.voided(crate::corrections::by_import("v", &a, "berkas")).await;
        let again = stream(&mut t, &b, "berkas", &["2024-05-01T03:00:00Z"]).await;
        assert_eq!((again.repeated_count, again.notices), (1, vec![]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_of_other_units_says_how_many() {
    on_each_database(async |mut t| {
        let units: Vec<String> = (0..9).map(|n| format!("agencies/3271/units/u{n}")).collect();
        announce(&t, &units.iter().map(String::as_str).collect::<Vec<_>>()).await;
        for (n, unit) in units.iter().enumerate() {
            let request = pb::RecordResultRequest {
                request_id: format!("r-{n}"),
                result: Some(pb::RecordedResult {
                    subject: unit.clone(),
                    period: "2023".into(),
                    instrument: "skm-2017".into(),
                    index: "80".into(),
                    source: "Laporan SKM".into(),
                    ..Default::default()
                }),
            };
            t.client.record_result(operator(request)).await.unwrap();
        }
        let mut request = survey("a");
        request.parent.clone_from(&units[0]);
        let created = t
            .client
            .create_survey(operator(request))
            .await
            .unwrap()
            .into_inner();
        t.respond(&created.survey.unwrap().name, "r", &SKM.map(|key| (key, 4)))
            .await;
        let request = pb::GetAgencyResultRequest {
            agency: "agencies/3271".into(),
            period: "2024".into(),
            ..Default::default()
        };
        let answer = t.client.get_agency_result(operator(request)).await.unwrap();
        let result = answer.into_inner().result.unwrap();
        let change = result.roll_ups[0].change.clone().unwrap();
        assert_eq!(
            (result.units_counted, change.base_units, change.same_units),
            (1, 9, 1)
        );
        assert_eq!(reasons(&result.notices), ["OTHER_UNITS"]);
        let text = &result.notices[0].localized_message;
        assert!(
            text.contains("1 unit (2024) dengan 9 unit (2023); yang sama 1 unit"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_service_has_its_own_sample_in_the_answer_the_score_and_the_calculation() {
    on_each_database(async |mut t| {
        let service = |service: &str, population| pb::ServicePopulation {
            service: service.into(),
            population,
        };
        let services = vec![service("izin", 100), service("paten", 50)];
        let mut request = survey("a");
        request
            .survey
            .as_mut()
            .unwrap()
            .service_populations
            .clone_from(&services);
        let created = t
            .client
            .create_survey(operator(request))
            .await
            .unwrap()
            .into_inner();
        let name = created.survey.unwrap().name;
        t.respond(&name, "r", &SKM.map(|key| (key, 4))).await;
        assert_eq!(t.result(&name).await.minimum_respondents, 80 + 44);
        let score = t.staged::<ScoreState>(UNIT_SCORE).await.unwrap().state;
        assert_eq!((score.sample_size, score.sample_minimum), (1, 80 + 44));
        // A second survey of the unit and period: users of the same service are added, not samples.
        let mut second = survey("b");
        second.survey.as_mut().unwrap().service_populations = vec![service("izin", 50)];
        t.client.create_survey(operator(second)).await.unwrap();
        let score = t.staged::<ScoreState>(UNIT_SCORE).await.unwrap().state;
        assert_eq!(score.sample_minimum, 108 + 44);
        let request = pb::CalculateSampleSizeRequest {
            population: 0,
            service_populations: services,
        };
        let answer = t
            .client
            .calculate_sample_size(operator(request.clone()))
            .await
            .unwrap()
            .into_inner();
        let sizes: Vec<i64> = answer.service_samples.iter().map(|s| s.sample_size).collect();
        assert_eq!(
            (answer.sample_size, answer.population, sizes),
            (124, 150, vec![80, 44])
        );
        let wrong = pb::CalculateSampleSizeRequest {
            population: 151,
            ..request
        };
        let found = faults(t.client.calculate_sample_size(operator(wrong)).await);
        assert_eq!(found, ["population"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instrument_out_of_force_is_refused_for_surveys_and_recorded_results() {
    on_each_database(async |mut t| {
        let mut request = survey("a");
        request.survey.as_mut().unwrap().period = "2012".into();
        let refusal = t
            .client
            .create_survey(operator(request.clone()))
            .await
            .unwrap_err();
        assert_eq!(refusal.code(), Code::InvalidArgument);
        let text = format!("{:?}", tonic_types::StatusExt::get_error_details(&refusal));
        assert!(text.contains("skm-2004"), "{text}");
        request.survey.as_mut().unwrap().instrument = "skm-2004".into();
        let created = t
            .client
            .create_survey(operator(request))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(created.survey.unwrap().elements.len(), 14);
        for (id, instrument, category) in [("x", "skm-2017", None), ("y", "skm-2014", Some("B"))] {
            let request = pb::RecordResultRequest {
                request_id: id.into(),
                result: Some(pb::RecordedResult {
                    subject: "agencies/3271/units/rsud".into(),
                    period: "2015".into(),
                    instrument: instrument.into(),
                    index: "75.00".into(),
                    source: "Laporan SKM".into(),
                    ..Default::default()
                }),
            };
            let answer = t.client.record_result(operator(request)).await;
            match category {
                None => assert_eq!(faults(answer), ["result.instrument"]),
                Some(category) => {
                    let kept = answer.unwrap().into_inner().result.unwrap();
                    assert_eq!(kept.category, category);
                }
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn citizens_are_shown_the_words_of_the_regulation_when_the_unit_chooses_them() {
    on_each_database(async |mut t| {
        let mut request = survey("a");
        let draft = request.survey.as_mut().unwrap();
        draft.wording = pb::Wording::Official.into();
        draft.access_modes = vec![pb::AccessMode::Link.into()];
        let created = t
            .client
            .create_survey(operator(request))
            .await
            .unwrap()
            .into_inner();
        let created = created.survey.unwrap();
        let cost = created
            .elements
            .iter()
            .find(|element| element.key == "cost")
            .unwrap();
        assert_eq!(
            cost.question,
            "Bagaimana pendapat Saudara tentang kewajaran biaya/tarif dalam pelayanan?"
        );
        assert_eq!(cost.answers, ["Sangat mahal", "Cukup mahal", "Murah", "Gratis"]);
        let plain = t.survey("b").await;
        // The plain words are those of ListInstruments.
        assert_eq!(plain.elements[3].question, "");
        assert_eq!(
            (created.wording(), plain.wording()),
            (pb::Wording::Official, pb::Wording::Plain)
        );
        let cites = |survey: &pb::Survey| {
            survey
                .citations
                .iter()
                .any(|citation| citation.contains("9/2024"))
        };
        assert!(cites(&created) && !cites(&plain));
        let get = pb::GetSurveyRequest {
            name: created.name.clone(),
        };
        let read = t.client.get_survey(operator(get)).await.unwrap().into_inner();
        assert_eq!(read.survey, Some(created));
    })
    .await;
}
