//! Recorded results of earlier years, and their effect on scores.

use std::time::Duration;

use prima_platform::{
    caller::{Caller, Role},
    db::sql,
    testing::eventually,
};
use prima_proto::{
    event::v1::{ScoreState, ScoreStatus},
    survey::v1 as pb,
};
use sea_orm::ConnectionTrait;
use tonic::Code;

use crate::fixture::*;

const DEADLINE: Duration = Duration::from_secs(10);
const UNIT: &str = "agencies/3271/units/dpmptsp";
const UNIT_SCORE: &str = "prima.survey.score.skm.2023.unit.3271.dpmptsp";
const AGENCY_SCORE: &str = "prima.survey.score.skm.2023.agency.3271";

pub fn record(id: &str, subject: &str, index: &str) -> pb::RecordResultRequest {
    pb::RecordResultRequest {
        request_id: id.into(),
        result: Some(pb::RecordedResult {
            subject: subject.into(),
            period: "2023".into(),
            instrument: "skm-2017".into(),
            index: index.into(),
            respondents: 120,
            source: "Laporan SKM 2023".into(),
            ..Default::default()
        }),
    }
}

fn because(mut request: pb::RecordResultRequest, reason: &str) -> pb::RecordResultRequest {
    request.result.as_mut().unwrap().reason = reason.into();
    request
}

fn survey_2023(id: &str) -> pb::CreateSurveyRequest {
    let mut request = survey(id);
    request.survey.as_mut().unwrap().period = "2023".into();
    request
}

impl World {
    async fn recorded(&mut self, request: pb::RecordResultRequest) -> pb::RecordedResult {
        let answer = self.client.record_result(operator(request)).await.unwrap();
        answer.into_inner().result.unwrap()
    }

    async fn listed(&mut self, replaced: bool) -> Vec<pb::RecordedResult> {
        let request = pb::ListRecordedResultsRequest {
            parent: "agencies/3271".into(),
            show_replaced: replaced,
            ..Default::default()
        };
        self.client
            .list_recorded_results(operator(request))
            .await
            .unwrap()
            .into_inner()
            .results
    }

    /// Has the directory publish these units of Kota Bogor.
    async fn units(&self, units: &[&str]) {
        for unit in units {
            let text = "INSERT INTO directory_unit (agency, unit, close_date) VALUES ('3271', $1, '')";
            let writer = self.db.writer();
            writer
                .execute_raw(sql(writer, text, [(*unit).into()]))
                .await
                .unwrap();
        }
    }

    /// Waits until the agency's score has this value.
    async fn agency_score(&self, value: &str) -> ScoreState {
        let staged = eventually(DEADLINE, || async {
            let staged = self.staged::<ScoreState>(AGENCY_SCORE).await?;
            (staged.state.value == value).then_some(staged.state)
        });
        staged.await.unwrap()
    }

    /// Waits until no score of an agency is dirty.
    async fn settled(&self) {
        let settled = eventually(DEADLINE, || async {
            (self.count("derived_mark").await == 0).then_some(())
        });
        settled.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_result_is_the_score_of_the_unit() {
    on_each_database(async |mut t| {
        let mut request = record("r1", UNIT, "88.3");
        request
            .result
            .as_mut()
            .unwrap()
            .elements
            .insert("time".into(), "3.1".into());
        let kept = t.recorded(request.clone()).await;
        assert_eq!((kept.index.as_str(), kept.category.as_str()), ("88.30", "B"));
        assert_eq!(
            (kept.actor.as_str(), kept.replaced, kept.reason.as_str()),
            ("operator", false, "")
        );
        assert!(kept.record_time.is_some());
        assert_eq!(
            t.recorded(request).await,
            kept,
            "a repeat returns the stored response"
        );

        let score = t.staged::<ScoreState>(UNIT_SCORE).await.unwrap().state;
        assert_eq!(
            (
                score.value.as_str(),
                score.exact.as_str(),
                score.fraction.as_str()
            ),
            ("88.30", "88.3", "883/10")
        );
        assert_eq!(
            (score.category.as_str(), score.instrument.as_str()),
            ("B", "skm-2017")
        );
        assert_eq!((score.recorded, score.status), (true, ScoreStatus::Final as i32));
        assert_eq!((score.sample_size, score.sample_minimum), (120, 0));
        assert_eq!(score.components.len(), 1);
        assert_eq!(score.components[0].value, "3.1000");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_replaced_only_with_a_reason_and_the_old_one_is_kept() {
    on_each_database(async |mut t| {
        t.recorded(record("r1", UNIT, "88.30")).await;
        refused(
            t.client.record_result(operator(record("r2", UNIT, "80"))).await,
            Code::AlreadyExists,
            "ALREADY_EXISTS",
        );
        let second = t
            .recorded(because(record("r2", UNIT, "80"), "Salah ketik nilai"))
            .await;
        assert_eq!(second.reason, "Salah ketik nilai");
        assert_eq!(t.listed(false).await, std::slice::from_ref(&second));
        let all = t.listed(true).await;
        assert_eq!(
            all.iter()
                .map(|r| (r.index.as_str(), r.replaced))
                .collect::<Vec<_>>(),
            [("88.30", true), ("80.00", false)]
        );
        let score = t.staged::<ScoreState>(UNIT_SCORE).await.unwrap().state;
        assert_eq!((score.value.as_str(), score.category.as_str()), ("80.00", "B"));
        // The records are listed page by page.
        let mut token = String::new();
        let mut seen = Vec::new();
        loop {
            let request = pb::ListRecordedResultsRequest {
                parent: "agencies/-".into(),
                page_size: 1,
                page_token: token,
                show_replaced: true,
            };
            let page = t
                .client
                .list_recorded_results(operator(request))
                .await
                .unwrap()
                .into_inner();
            seen.extend(page.results);
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(seen, all);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_and_a_computed_result_exclude_each_other() {
    on_each_database(async |mut t| {
        let created = t.client.create_survey(operator(survey_2023("a"))).await.unwrap();
        assert!(created.into_inner().survey.is_some());
        refused(
            t.client.record_result(operator(record("r1", UNIT, "88"))).await,
            Code::FailedPrecondition,
            "COMPUTED_RESULT_EXISTS",
        );
        let other = "agencies/3271/units/dukcapil";
        t.recorded(record("r2", other, "88")).await;
        let mut request = survey_2023("b");
        request.parent = other.into();
        refused(
            t.client.create_survey(operator(request.clone())).await,
            Code::FailedPrecondition,
            "RECORDED_RESULT_EXISTS",
        );
        let mut f03 = request.clone();
        (f03.survey_id, f03.request_id) = ("c".into(), "survey-c".into());
        f03.survey.as_mut().unwrap().instrument = "f03-offline-2022".into();
        assert!(
            t.client.create_survey(operator(f03)).await.is_ok(),
            "F-03 is not an instrument of SKM"
        );
        request.survey.as_mut().unwrap().period = "2024".into();
        assert!(
            t.client.create_survey(operator(request)).await.is_ok(),
            "a record of another period is allowed"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_concurrent_record_and_survey_only_one_succeeds() {
    on_each_database(async |t| {
        for n in 0..12 {
            let unit = format!("agencies/3271/units/u-{n}");
            let (mut one, mut two) = (t.client.clone(), t.client.clone());
            let mut survey = survey_2023(&format!("s-{n}"));
            survey.parent = unit.clone();
            let (created, recorded) =
                tokio::join!(async { one.create_survey(operator(survey)).await }, async {
                    two.record_result(operator(record(&format!("r-{n}"), &unit, "88")))
                        .await
                },);
            match (created, recorded) {
                (Ok(_), Err(status)) => drop(refused::<()>(
                    Err(status),
                    Code::FailedPrecondition,
                    "COMPUTED_RESULT_EXISTS",
                )),
                (Err(status), Ok(_)) => drop(refused::<()>(
                    Err(status),
                    Code::FailedPrecondition,
                    "RECORDED_RESULT_EXISTS",
                )),
                both => panic!("{both:?}"),
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_units_count_in_the_mean_until_the_agency_has_a_record_of_its_own() {
    on_each_database(async |mut t| {
        t.units(&["dpmptsp", "dukcapil"]).await;
        t.recorded(record("r1", UNIT, "80")).await;
        t.recorded(record("r2", "agencies/3271/units/dukcapil", "90.01"))
            .await;
        let mean = t.agency_score("85.01").await;
        assert_eq!(
            (mean.recorded, mean.aggregation.as_str()),
            (false, "mean_of_units")
        );
        assert_eq!(
            (mean.units_counted, mean.units_expected, mean.status),
            (2, 2, ScoreStatus::Final as i32)
        );
        let mut own = record("r3", "agencies/3271", "86");
        own.result.as_mut().unwrap().roll_up = "respondent_weighted".into();
        t.recorded(own).await;
        let own = t.agency_score("86.00").await;
        assert_eq!(
            (own.recorded, own.aggregation.as_str()),
            (true, "respondent_weighted")
        );
        assert_eq!(
            (own.units_counted, own.units_expected, own.status),
            (0, 0, ScoreStatus::Final as i32)
        );
        // Later changes of the units do not affect it.
        t.recorded(because(record("r4", UNIT, "70"), "Salah ketik nilai"))
            .await;
        t.settled().await;
        assert_eq!(t.agency_score("86.00").await.recorded, own.recorded);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mean_of_an_instrument_that_is_not_known_has_no_category() {
    on_each_database(async |mut t| {
        t.units(&["dpmptsp", "dukcapil"]).await;
        for (id, unit, index) in [("r1", "dpmptsp", "3.1"), ("r2", "dukcapil", "3.4")] {
            let mut request = record(id, &format!("agencies/3271/units/{unit}"), index);
            let result = request.result.as_mut().unwrap();
            (result.instrument, result.category) = ("ikm-2004".into(), "B".into());
            t.recorded(request).await;
        }
        let mean = t.agency_score("3.25").await;
        assert_eq!(
            (mean.category.as_str(), mean.instrument.as_str()),
            ("", "ikm-2004")
        );
        let unit = t.staged::<ScoreState>(UNIT_SCORE).await.unwrap().state;
        assert_eq!((unit.value.as_str(), unit.category.as_str()), ("3.10", "B"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_reported_and_nothing_is_stored() {
    on_each_database(async |mut t| {
        let request = pb::RecordResultRequest {
            request_id: "a b".into(),
            result: Some(pb::RecordedResult {
                respondents: -1,
                ..Default::default()
            }),
        };
        assert_eq!(
            faults(t.client.record_result(operator(request)).await),
            [
                "request_id",
                "result.subject",
                "result.period",
                "result.instrument",
                "result.index",
                "result.respondents",
                "result.source"
            ]
        );
        let request = pb::ListRecordedResultsRequest {
            parent: UNIT.into(),
            page_size: 1001,
            ..Default::default()
        };
        assert_eq!(
            faults(t.client.list_recorded_results(operator(request)).await),
            ["parent", "page_size"]
        );
        assert_eq!(t.count("recorded_result").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_operator_of_the_agency_records() {
    on_each_database(async |mut t| {
        let request = record("r", UNIT, "88");
        let evaluator = Caller::new(
            "e".into(),
            vec![Role::Evaluator, Role::Intake],
            vec!["3271".into()],
        );
        let elsewhere = Caller::new("o".into(), vec![Role::Operator], vec!["3272".into()]);
        for caller in [evaluator, elsewhere] {
            refused(
                t.client.record_result(by(caller, request.clone())).await,
                Code::PermissionDenied,
                "PERMISSION_DENIED",
            );
        }
        refused(
            t.client
                .record_result(by(Caller::anonymous(), request.clone()))
                .await,
            Code::Unauthenticated,
            "TOKEN_MISSING",
        );
        assert!(t.client.record_result(admin(request)).await.is_ok());
        let list = pb::ListRecordedResultsRequest {
            parent: "agencies/3271".into(),
            ..Default::default()
        };
        refused(
            t.client
                .list_recorded_results(by(Caller::anonymous(), list))
                .await,
            Code::Unauthenticated,
            "TOKEN_MISSING",
        );
    })
    .await;
}
