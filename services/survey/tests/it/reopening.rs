//! A closed survey can be opened again with a reason, as long as its result is not published.

use prima_platform::{
    caller::{Caller, Role},
    clock::to_proto,
};
use prima_proto::{
    event::v1::{ScoreState, ScoreStatus},
    survey::v1 as pb,
};
use tonic::Code;

use crate::{
    corrections::UNIT_SCORE,
    fixture::*,
    publication::{medium, publish},
};

const CLOSED: &str = "2024-07-10T03:00:00Z";
const REOPENED: &str = "2024-07-11T03:00:00Z";
const UNTIL: &str = "2024-07-12T03:00:00Z";

fn reopen(survey: &str, until: &str) -> pb::ReopenSurveyRequest {
    pb::ReopenSurveyRequest {
        name: survey.into(),
        reason: "Formulir kertas menyusul".into(),
        close_time: (!until.is_empty()).then(|| to_proto(until.parse().unwrap())),
        etag: String::new(),
    }
}

impl World {
    async fn changes(&mut self, survey: &str) -> Vec<pb::SurveyChange> {
        let request = pb::ListSurveyChangesRequest {
            survey: survey.into(),
            ..Default::default()
        };
        let answer = self.client.list_survey_changes(operator(request)).await.unwrap();
        answer.into_inner().changes
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reopened_survey_accepts_responses_until_its_new_closing_time_and_the_reason_is_recorded() {
    in_steps(async |mut t| {
        t.clock.set("2024-07-10T01:00:00Z");
        let survey = t.survey("a").await.name;
        for n in 0..10 {
            t.respond(&survey, &format!("r-{n}"), &SKM.map(|key| (key, 3)))
                .await;
        }
        let request = reopen(&survey, UNTIL);
        let answer = t.client.reopen_survey(operator(request.clone())).await;
        refused(answer, Code::FailedPrecondition, "SURVEY_OPEN");
        t.clock.set(CLOSED);
        t.close(&survey).await;
        let score = t.staged::<ScoreState>(UNIT_SCORE).await.unwrap().state;
        assert_eq!(score.status(), ScoreStatus::Final);

        t.clock.set(REOPENED);
        let evaluator = Caller::new("penilai".into(), vec![Role::Evaluator], vec!["3271".into()]);
        let answer = t.client.reopen_survey(by(evaluator, request.clone())).await;
        refused(answer, Code::PermissionDenied, "PERMISSION_DENIED");
        let past = t.client.reopen_survey(operator(reopen(&survey, REOPENED))).await;
        assert_eq!(faults(past), ["close_time"]);
        let faulty = pb::ReopenSurveyRequest::default();
        assert_eq!(
            faults(t.client.reopen_survey(operator(faulty)).await),
            ["name", "reason"]
        );
        assert!(t.changes(&survey).await.is_empty());
        let answer = t.client.reopen_survey(operator(request.clone())).await.unwrap();
        let opened = answer.into_inner().survey.unwrap();
        assert_eq!(
            (opened.state(), opened.close_time),
            (pb::SurveyState::Open, request.close_time)
        );
        let again = t.client.reopen_survey(operator(request)).await;
        refused(again, Code::FailedPrecondition, "SURVEY_OPEN");
        let changes = t.changes(&survey).await;
        assert_eq!(changes.len(), 1);
        assert_eq!(
            (changes[0].actor.as_str(), changes[0].reason.as_str()),
            ("operator", "Formulir kertas menyusul")
        );
        let closed = to_proto(CLOSED.parse().unwrap());
        assert_eq!(changes[0].closed_time.unwrap().seconds, closed.seconds);
        assert_eq!(changes[0].close_time, Some(to_proto(UNTIL.parse().unwrap())));

        // What was disclosed stays, and more responses move it in steps of several people.
        let before = t.result(&survey).await;
        assert_eq!((before.index.as_str(), before.respondents), ("75.00", 10));
        for n in 0..5 {
            t.respond(&survey, &format!("late-{n}"), &SKM.map(|key| (key, 4)))
                .await;
            assert_eq!(t.result(&survey).await.index, "75.00");
        }
        let score = t.staged::<ScoreState>(UNIT_SCORE).await.unwrap().state;
        assert_eq!(score.status(), ScoreStatus::Provisional);
        t.clock.set(UNTIL);
        let result = t.result(&survey).await;
        assert_eq!(
            (result.state(), result.index.as_str(), result.respondents),
            (pb::SurveyState::Closed, "83.33", 15)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_survey_whose_result_is_published_is_not_opened_again() {
    in_steps(async |mut t| {
        t.clock.set("2024-07-10T01:00:00Z");
        let survey = t.survey("a").await.name;
        t.clock.set(CLOSED);
        t.close(&survey).await;
        let request = publish("p", &survey, "", vec![medium("papan-pengumuman", "")]);
        t.client.publish_result(operator(request)).await.unwrap();
        let answer = t.client.reopen_survey(operator(reopen(&survey, ""))).await;
        refused(answer, Code::FailedPrecondition, "RESULT_PUBLISHED");
        assert!(t.changes(&survey).await.is_empty());
    })
    .await;
}
