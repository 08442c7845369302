//! Publication and follow-up of a result, and how the survey's event publishes them.

use chrono::TimeDelta;
use prima_platform::{
    caller::{Caller, Role},
    clock::Clock,
    db::sql,
    testing::eventually,
};
use prima_proto::{event::v1::SurveyResultState, survey::v1 as pb};
use sea_orm::ConnectionTrait;
use tonic::Code;

use crate::fixture::*;

const SUBJECT: &str = "prima.survey.result.3271.dpmptsp.a";

/// A day in Jakarta, as an offset from today.
pub fn day(from_today: i64) -> String {
    let now = Clock::system().now();
    let day = now + TimeDelta::hours(7) + TimeDelta::days(from_today);
    day.date_naive().to_string()
}

pub fn medium(kind: &str, link: &str) -> pb::Medium {
    pb::Medium {
        kind: kind.into(),
        link: link.into(),
        ..Default::default()
    }
}

pub fn publish(id: &str, survey: &str, date: &str, media: Vec<pb::Medium>) -> pb::PublishResultRequest {
    pb::PublishResultRequest {
        request_id: id.into(),
        survey: survey.into(),
        publish_date: date.into(),
        media,
    }
}

pub fn plan(survey: &str, id: &str, element: &str) -> pb::CreateFollowUpRequest {
    pb::CreateFollowUpRequest {
        request_id: format!("plan-{id}"),
        parent: survey.into(),
        follow_up_id: id.into(),
        follow_up: Some(pb::FollowUp {
            element: element.into(),
            program: "Menambah loket".into(),
            quarter: "2025-q2".into(),
            responsible: "Bidang Pelayanan".into(),
            ..Default::default()
        }),
    }
}

pub fn complete(name: &str, etag: &str, date: &str) -> pb::CompleteFollowUpRequest {
    pb::CompleteFollowUpRequest {
        name: name.into(),
        etag: etag.into(),
        done_date: date.into(),
        evidence: "https://kotabogor.go.id/foto".into(),
        note: "Dua loket baru".into(),
    }
}

/// A survey with two responses, closed ten days ago.
async fn closed(t: &mut World) -> String {
    let survey = t.survey("a").await.name;
    for n in 0..2 {
        t.respond(
            &survey,
            &format!("r-{n}"),
            &SKM.map(|key| (key, if key == "time" { 2 } else { 4 })),
        )
        .await;
    }
    t.close(&survey).await;
    let text = "UPDATE survey SET closed_at = closed_at - 864000000000";
    t.db.writer()
        .execute_raw(sql(t.db.writer(), text, []))
        .await
        .unwrap();
    survey
}

impl World {
    async fn published(&mut self, request: pb::PublishResultRequest) -> pb::Publication {
        let answer = self.client.publish_result(operator(request)).await.unwrap();
        answer.into_inner().publication.unwrap()
    }

    async fn planned(&mut self, request: pb::CreateFollowUpRequest) -> pb::FollowUp {
        let answer = self.client.create_follow_up(operator(request)).await.unwrap();
        answer.into_inner().follow_up.unwrap()
    }

    async fn event(&self) -> Staged<SurveyResultState> {
        self.staged(SUBJECT).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn media_are_accumulated_and_the_earliest_day_is_kept() {
    on_each_database(async |mut t| {
        let survey = closed(&mut t).await;
        let before = t.event().await.version;
        let first = publish("p1", &survey, "", vec![medium("papan-pengumuman", "")]);
        let answer = t.published(first.clone()).await;
        assert_eq!(
            (answer.publish_date.as_str(), answer.media_kinds),
            (day(0).as_str(), 1)
        );
        // Repeating the request changes nothing.
        let version = t.event().await.version;
        assert!(version > before);
        assert_eq!(t.published(first).await, answer);
        assert_eq!(t.event().await.version, version);

        let site = || medium("situs-web", "https://kotabogor.go.id/skm");
        let more = vec![
            site(),
            medium("situs-web", "https://bogor.id"),
            site(),
            medium("papan-pengumuman", ""),
        ];
        let answer = t.published(publish("p2", &survey, &day(-9), more)).await;
        assert_eq!(answer.publish_date, day(-9));
        assert_eq!((answer.media.len(), answer.media_kinds), (3, 2));
        let answer = t
            .published(publish("p3", &survey, &day(-1), vec![medium("videotron", "")]))
            .await;
        assert_eq!(answer.publish_date, day(-9), "a later day does not change it");

        let result = t.result(&survey).await;
        assert_eq!(result.publication, Some(answer));
        let staged = t.event().await;
        assert_eq!(
            (staged.state.publish_date, staged.version),
            (day(-9), result.version)
        );
        let media: Vec<(String, bool)> = staged
            .state
            .media
            .into_iter()
            .map(|m| (m.kind, m.electronic))
            .collect();
        let expected = [
            ("papan-pengumuman", false),
            ("situs-web", true),
            ("situs-web", true),
            ("videotron", true),
        ];
        assert_eq!(
            media,
            expected.map(|(kind, electronic)| (kind.to_owned(), electronic))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_closed_survey_can_be_published_and_have_a_plan() {
    on_each_database(async |mut t| {
        let survey = t.survey("a").await.name;
        let request = publish("p", &survey, "", vec![medium("videotron", "")]);
        refused(
            t.client.publish_result(operator(request.clone())).await,
            Code::FailedPrecondition,
            "SURVEY_OPEN",
        );
        let follow_up = plan(&survey, "loket", "time");
        refused(
            t.client.create_follow_up(operator(follow_up.clone())).await,
            Code::FailedPrecondition,
            "SURVEY_OPEN",
        );
        let unknown = "agencies/3271/units/dpmptsp/surveys/none";
        let other = publish("q", unknown, "", vec![medium("videotron", "")]);
        refused(
            t.client.publish_result(operator(other)).await,
            Code::NotFound,
            "NOT_FOUND",
        );
        refused(
            t.client
                .create_follow_up(operator(plan(unknown, "x", "time")))
                .await,
            Code::NotFound,
            "NOT_FOUND",
        );
        t.close(&survey).await;
        // The request id of a refused request can be used again.
        t.published(request).await;
        t.planned(follow_up).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_survey_whose_closing_time_has_passed_is_closed_by_its_publication() {
    on_each_database(async |mut t| {
        let survey = t.survey("a").await.name;
        let text = "UPDATE survey SET close_at = created_at";
        t.db.writer()
            .execute_raw(sql(t.db.writer(), text, []))
            .await
            .unwrap();
        t.published(publish("p", &survey, "", vec![medium("videotron", "")]))
            .await;
        let event = t.event().await.state;
        assert!(event.closed_at.is_some());
        assert_eq!(event.publish_date, day(0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_survey_that_can_not_be_closed_keeps_no_other_from_being_closed_in_time() {
    on_each_database(async |mut t| {
        t.survey("a").await;
        let mut other = survey("b");
        other.survey.as_mut().unwrap().period = "2023".into();
        t.client.create_survey(operator(other)).await.unwrap();
        // The one that is due first can't be read.
        let writer = t.db.writer();
        for text in [
            "UPDATE survey SET asked = '{', close_at = 1 WHERE name LIKE '%/a'",
            "UPDATE survey SET close_at = 2 WHERE name LIKE '%/b'",
        ] {
            writer.execute_raw(sql(writer, text, [])).await.unwrap();
        }
        let closed = eventually(DEADLINE, async || {
            let closed = t.count("survey WHERE closed_at = 2 AND name LIKE '%/b'").await;
            (closed == 1).then_some(())
        });
        assert!(closed.await.is_some());
        let failed = t
            .count("derived WHERE kind = 'survey-closing' AND attempts > 0")
            .await;
        assert_eq!(failed, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_publication_is_reported_at_once() {
    on_each_database(async |mut t| {
        let survey = closed(&mut t).await;
        let bad = publish(
            "",
            "x",
            &day(1),
            vec![medium("radio", ""), medium("situs-web", "")],
        );
        assert_eq!(
            faults(t.client.publish_result(operator(bad)).await),
            [
                "request_id",
                "survey",
                "publish_date",
                "media[0].kind",
                "media[1].link"
            ]
        );
        let early = publish("p", &survey, &day(-12), vec![medium("aplikasi", "aplikasi.id")]);
        assert_eq!(
            faults(t.client.publish_result(operator(early)).await),
            ["publish_date", "media[0].link"]
        );
        assert_eq!(t.count("publication").await, 0);
        let good = publish("p", &survey, "", vec![medium("videotron", "")]);
        t.published(good).await;
        let other = publish("p", &survey, "", vec![medium("aplikasi", "")]);
        refused(
            t.client.publish_result(operator(other)).await,
            Code::InvalidArgument,
            "REQUEST_ID_REUSED",
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_listed_with_the_weakest_element_first_and_completed_once() {
    on_each_database(async |mut t| {
        let survey = closed(&mut t).await;
        for (id, element) in [
            ("a-biaya", "cost"),
            ("b-syarat", "requirements"),
            ("z-antre", "time"),
        ] {
            t.planned(plan(&survey, id, element)).await;
        }
        let name = format!("{survey}/followUps/z-antre");
        let list = |size, token: &str| pb::ListFollowUpsRequest {
            parent: survey.clone(),
            page_size: size,
            page_token: token.into(),
        };
        let first = t
            .client
            .list_follow_ups(operator(list(2, "")))
            .await
            .unwrap()
            .into_inner();
        let ids = |page: &pb::ListFollowUpsResponse| {
            let names = page.follow_ups.iter().map(|f| f.name.clone());
            names
                .map(|n| n.rsplit('/').next().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(&first), ["z-antre", "b-syarat"]);
        let rest = t
            .client
            .list_follow_ups(operator(list(2, &first.next_page_token)))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            (ids(&rest), rest.next_page_token.as_str()),
            (vec!["a-biaya".to_owned()], "")
        );
        assert_eq!((rest.planned, rest.done), (3, 0));

        let open = &first.follow_ups[0];
        refused(
            t.client
                .complete_follow_up(operator(complete(&name, "1", &day(0))))
                .await,
            Code::Aborted,
            "ETAG_MISMATCH",
        );
        let done = t
            .client
            .complete_follow_up(operator(complete(&name, &open.etag, &day(0))))
            .await;
        let done = done.unwrap().into_inner().follow_up.unwrap();
        assert_eq!(done.done_date, day(0));
        assert_ne!(done.etag, open.etag);
        refused(
            t.client
                .complete_follow_up(operator(complete(&name, &done.etag, &day(0))))
                .await,
            Code::FailedPrecondition,
            "FOLLOW_UP_DONE",
        );
        let after = t
            .client
            .list_follow_ups(operator(list(1, "")))
            .await
            .unwrap()
            .into_inner();
        assert_eq!((after.planned, after.done), (3, 1));
        assert_eq!(after.follow_ups, [done]);

        let staged = t.event().await.state.follow_ups;
        let told: Vec<_> = staged
            .iter()
            .map(|f| (f.id.as_str(), f.element.as_str(), f.done_date.clone()))
            .collect();
        assert_eq!(
            told,
            [
                ("a-biaya", "cost", String::new()),
                ("b-syarat", "requirements", String::new()),
                ("z-antre", "time", day(0))
            ]
        );
        assert!(
            staged
                .iter()
                .all(|f| f.create_date == day(0) && f.quarter == "2025-q2")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_plan_is_reported_at_once() {
    on_each_database(async |mut t| {
        let survey = closed(&mut t).await;
        let mut bad = plan(&survey, "A b", "speed");
        bad.parent = "x".into();
        bad.request_id = String::new();
        bad.follow_up = None;
        assert_eq!(
            faults(t.client.create_follow_up(operator(bad)).await),
            [
                "request_id",
                "parent",
                "follow_up_id",
                "follow_up.element",
                "follow_up.quarter",
                "follow_up.program",
                "follow_up.responsible"
            ]
        );
        let mut bad = plan(&survey, "x", "speed");
        bad.follow_up.as_mut().unwrap().quarter = "2025".into();
        assert_eq!(
            faults(t.client.create_follow_up(operator(bad)).await),
            ["follow_up.element", "follow_up.quarter"]
        );
        let bad = pb::CompleteFollowUpRequest {
            note: "x".repeat(1001),
            ..Default::default()
        };
        assert_eq!(
            faults(t.client.complete_follow_up(operator(bad)).await),
            ["name", "done_date", "evidence", "note"]
        );
        let name = format!("{survey}/followUps/none");
        refused(
            t.client
                .complete_follow_up(operator(complete(&name, "", &day(0))))
                .await,
            Code::NotFound,
            "NOT_FOUND",
        );
        let first = t.planned(plan(&survey, "x", "time")).await;
        assert_eq!(
            t.planned(plan(&survey, "x", "time")).await,
            first,
            "a repeat returns the stored response"
        );
        let mut other = plan(&survey, "x", "cost");
        other.request_id = "other".into();
        refused(
            t.client.create_follow_up(operator(other)).await,
            Code::AlreadyExists,
            "ALREADY_EXISTS",
        );
        let bad = pb::ListFollowUpsRequest {
            parent: "x".into(),
            page_size: -1,
            ..Default::default()
        };
        assert_eq!(
            faults(t.client.list_follow_ups(operator(bad)).await),
            ["parent", "page_size"]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn actions_planned_concurrently_are_all_in_the_event() {
    on_each_database(async |mut t| {
        let survey = closed(&mut t).await;
        let calls = (0..12).map(|n| {
            let mut client = t.client.clone();
            let request = operator(plan(&survey, &format!("f-{n:02}"), "time"));
            async move { client.create_follow_up(request).await.unwrap() }
        });
        futures::future::join_all(calls).await;
        assert_eq!(t.event().await.state.follow_ups.len(), 12);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_operator_of_the_agency_publishes_and_plans() {
    on_each_database(async |mut t| {
        let survey = closed(&mut t).await;
        t.planned(plan(&survey, "x", "time")).await;
        let name = format!("{survey}/followUps/x");
        let callers = [
            (Caller::anonymous(), Code::Unauthenticated, "TOKEN_MISSING"),
            (
                Caller::new(
                    "e".into(),
                    vec![Role::Evaluator, Role::Intake],
                    vec!["3271".into()],
                ),
                Code::PermissionDenied,
                "PERMISSION_DENIED",
            ),
            (
                Caller::new("o".into(), vec![Role::Operator], vec!["3272".into()]),
                Code::PermissionDenied,
                "PERMISSION_DENIED",
            ),
        ];
        for (caller, code, reason) in callers {
            let request = publish("p", &survey, "", vec![medium("videotron", "")]);
            refused(
                t.client.publish_result(by(caller.clone(), request)).await,
                code,
                reason,
            );
            refused(
                t.client
                    .create_follow_up(by(caller.clone(), plan(&survey, "y", "time")))
                    .await,
                code,
                reason,
            );
            refused(
                t.client
                    .complete_follow_up(by(caller, complete(&name, "", &day(0))))
                    .await,
                code,
                reason,
            );
        }
        let list = pb::ListFollowUpsRequest {
            parent: survey.clone(),
            ..Default::default()
        };
        refused(
            t.client
                .list_follow_ups(by(Caller::anonymous(), list.clone()))
                .await,
            Code::Unauthenticated,
            "TOKEN_MISSING",
        );
        let reader = Caller::new("r".into(), vec![], vec![]);
        assert!(
            t.client.list_follow_ups(by(reader, list)).await.is_ok(),
            "any valid token reads a plan"
        );
    })
    .await;
}
