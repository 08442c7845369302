//! Suggestions and criticism are filtered, paged, and listed without anything that identifies the author.

use std::collections::BTreeSet;

use prima_platform::caller::{Caller, Role};
use prima_proto::survey::v1 as pb;
use tonic::Code;

use crate::{corrections::by_ids, fixture::*};

pub fn list(survey: &str) -> pb::ListCommentsRequest {
    pb::ListCommentsRequest {
        survey: survey.into(),
        ..Default::default()
    }
}

impl World {
    /// Submits a response with comments on a day in July 2024.
    pub async fn comment(&mut self, survey: &str, id: &str, day: i64, service: &str, texts: (&str, &str)) {
        let mut response = all(3);
        // The base is 2024-07-01 12:00 in Jakarta.
        let seconds = 1_719_810_000 + (day - 1) * 86_400;
        response.submit_time = Some(prost_types::Timestamp { seconds, nanos: 0 });
        response.profile = Some(pb::RespondentProfile {
            service: service.into(),
            ..Default::default()
        });
        (response.suggestion, response.criticism) = (texts.0.into(), texts.1.into());
        let request = pb::SubmitResponseRequest {
            request_id: id.into(),
            survey: survey.into(),
            response: Some(response),
            ..Default::default()
        };
        self.client.submit_response(operator(request)).await.unwrap();
    }

    async fn comments(&mut self, request: pb::ListCommentsRequest) -> Vec<pb::Comment> {
        self.client
            .list_comments(operator(request))
            .await
            .unwrap()
            .into_inner()
            .comments
    }

    /// The texts that are found, in alphabetical order.
    pub async fn found(&mut self, request: pb::ListCommentsRequest) -> Vec<String> {
        let mut texts: Vec<String> = self.comments(request).await.into_iter().map(|c| c.text).collect();
        texts.sort();
        texts
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_are_filtered_and_the_newest_day_is_first() {
    on_each_database(async |mut t| {
        let survey = t.survey("a").await.name;
        t.comment(&survey, "r1", 2, "izin", ("Tambah loket 100%", ""))
            .await;
        t.comment(&survey, "r2", 1, "", ("", "Antre LAMA di café")).await;
        t.comment(&survey, "r3", 3, "izin", ("loket_2 sepi", "Ruang tunggu panas"))
            .await;
        t.comment(&survey, "r4", 3, "", ("", "")).await;
        t.close(&survey).await;
        let everything = t.comments(list(&survey)).await;
        let days: Vec<&str> = everything.iter().map(|c| c.date.as_str()).collect();
        assert_eq!(days, ["2024-07-03", "2024-07-03", "2024-07-02", "2024-07-01"]);
        assert_eq!(everything[3].text, "Antre LAMA di café");
        assert_eq!(
            (everything[3].kind(), everything[3].service.as_str()),
            (pb::CommentKind::Criticism, "")
        );
        assert_eq!(
            (everything[2].kind(), everything[2].service.as_str()),
            (pb::CommentKind::Suggestion, "izin")
        );

        let with = |change: &dyn Fn(&mut pb::ListCommentsRequest)| {
            let mut request = list(&survey);
            change(&mut request);
            request
        };
        let criticism = with(&|r| r.kind = pb::CommentKind::Criticism as i32);
        assert_eq!(
            t.found(criticism).await,
            ["Antre LAMA di café", "Ruang tunggu panas"]
        );
        let service = with(&|r| r.service = "izin".into());
        assert_eq!(
            t.found(service).await,
            ["Ruang tunggu panas", "Tambah loket 100%", "loket_2 sepi"]
        );
        let days = with(&|r| (r.from_date, r.to_date) = ("2024-07-02".into(), "2024-07-02".into()));
        assert_eq!(t.found(days).await, ["Tambah loket 100%"]);
        for (part, found) in [
            ("LOKET", vec!["Tambah loket 100%", "loket_2 sepi"]),
            ("lama", vec!["Antre LAMA di café"]),
            ("CAFÉ", vec!["Antre LAMA di café"]),
            // Accents and letters that look alike are folded.
            ("cafè", vec!["Antre LAMA di café"]),
            ("0%", vec!["Tambah loket 100%"]),
            ("t_", vec!["loket_2 sepi"]),
            ("%%", vec![]),
            ("__", vec![]),
            (r"\\", vec![]),
        ] {
            assert_eq!(
                t.found(with(&|r| r.contains = part.into())).await,
                found,
                "{part}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_has_the_day_where_the_agency_is_and_one_kind_of_line_end() {
    on_each_database(async |mut t| {
        for (agency, expected) in [("9171", "2024-10-01"), ("3271", "2024-09-30")] {
            let mut request = survey("a");
            request.request_id = format!("survey-{agency}");
            request.parent = format!("agencies/{agency}/units/dpmptsp");
            let created = t.client.create_survey(admin(request)).await.unwrap().into_inner();
            let survey = created.survey.unwrap().name;
            let request = |suggestion: &str| pb::SubmitResponseRequest {
                request_id: "r".into(),
                survey: survey.clone(),
                response: Some(pb::Response {
                    // 00:30 in Papua.
                    submit_time: Some(prost_types::Timestamp {
                        seconds: 1_727_710_200,
                        nanos: 0,
                    }),
                    suggestion: suggestion.into(),
                    criticism: "satu\rdua\ttiga".into(),
                    ..all(4)
                }),
                ..Default::default()
            };
            for written in ["a\r\nb", "a\nb", "a\rb"] {
                // The same text however its lines end: a repeat.
                let sent = t.client.submit_response(admin(request(written))).await;
                sent.unwrap();
            }
            let close = pb::CloseSurveyRequest {
                name: survey.clone(),
                ..Default::default()
            };
            t.client.close_survey(admin(close)).await.unwrap();
            let listed = t.client.list_comments(admin(list(&survey))).await.unwrap();
            let mut found = listed.into_inner().comments;
            found.sort_by_key(|c| c.kind);
            let texts: Vec<&str> = found.iter().map(|c| c.text.as_str()).collect();
            assert_eq!(texts, ["a\nb", "satu\ndua\ttiga"]);
            assert!(found.iter().all(|c| c.date == expected), "{agency}: {found:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_have_every_comment_once_and_not_in_the_order_of_arrival() {
    on_each_database(async |mut t| {
        let survey = t.survey("a").await.name;
        let mut arrived = Vec::new();
        for n in 0..30 {
            let text = format!("saran {n:02}");
            t.comment(&survey, &format!("r-{n:02}"), 1 + n / 15, "", (&text, ""))
                .await;
            arrived.push(text);
        }
        t.close(&survey).await;
        let mut pages = Vec::new();
        let mut token = String::new();
        loop {
            let request = pb::ListCommentsRequest {
                page_size: 7,
                page_token: token,
                contains: "SARAN".into(),
                ..list(&survey)
            };
            let page = t
                .client
                .list_comments(operator(request))
                .await
                .unwrap()
                .into_inner();
            assert!(page.comments.len() <= 7);
            pages.extend(page.comments);
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        let texts: Vec<String> = pages.iter().map(|c| c.text.clone()).collect();
        assert_eq!(texts.iter().collect::<BTreeSet<_>>().len(), 30);
        assert!(pages.is_sorted_by(|a, b| a.date >= b.date));
        let newest: Vec<&String> = texts.iter().take(15).collect();
        let (there, back): (Vec<_>, Vec<_>) = (
            arrived[15..].iter().collect(),
            arrived[15..].iter().rev().collect(),
        );
        assert!(newest != there && newest != back, "{newest:?}");
        let whole: Vec<String> = t
            .comments(list(&survey))
            .await
            .into_iter()
            .map(|c| c.text)
            .collect();
        assert_eq!(whole, texts, "the order is stable");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_comments_of_released_responses_are_listed() {
    in_steps(async |mut t| {
        let survey = t.survey("a").await.name;
        for n in 0..9 {
            t.comment(&survey, &format!("r-{n}"), 1, "", (&format!("saran {n}"), ""))
                .await;
        }
        assert_eq!(t.found(list(&survey)).await, Vec::<String>::new());
        t.comment(&survey, "r-9", 1, "", ("saran 9", "")).await;
        let first: Vec<String> = (0..5).map(|n| format!("saran {n}")).collect();
        assert_eq!(t.found(list(&survey)).await, first);
        t.comment(&survey, "s-1", 1, "", ("saran terakhir", "")).await;
        assert_eq!(t.found(list(&survey)).await, first);
        t.close(&survey).await;
        assert_eq!(t.found(list(&survey)).await.len(), 11);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_of_voided_responses_are_not_listed() {
    on_each_database(async |mut t| {
        let survey = t.survey("a").await.name;
        t.comment(&survey, "r1", 1, "", ("saran satu", "kritik satu"))
            .await;
        t.comment(&survey, "r2", 1, "", ("saran dua", "")).await;
        t.close(&survey).await;
        t.voided(by_ids("v", &survey, &["r1"])).await;
        assert_eq!(t.found(list(&survey)).await, ["saran dua"]);
        assert_eq!(t.count("comment").await, 1, "their texts are erased");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_faulty_filter_is_reported() {
    on_each_database(async |mut t| {
        let bad = pb::ListCommentsRequest {
            survey: "x".into(),
            page_size: 1001,
            kind: 9,
            service: "A B".into(),
            contains: "x".into(),
            from_date: "2024".into(),
            to_date: "2024-02-30".into(),
            ..Default::default()
        };
        assert_eq!(
            faults(t.client.list_comments(operator(bad)).await),
            [
                "survey",
                "kind",
                "service",
                "contains",
                "from_date",
                "to_date",
                "page_size"
            ]
        );
        let survey = t.survey("a").await.name;
        let bad = pb::ListCommentsRequest {
            from_date: "2024-07-02".into(),
            to_date: "2024-07-01".into(),
            contains: "x".repeat(101),
            ..list(&survey)
        };
        assert_eq!(
            faults(t.client.list_comments(operator(bad)).await),
            ["contains", "to_date"]
        );
        let unknown = list("agencies/3271/units/dpmptsp/surveys/none");
        refused(
            t.client.list_comments(operator(unknown)).await,
            Code::NotFound,
            "NOT_FOUND",
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_need_a_role_in_the_agency() {
    on_each_database(async |mut t| {
        let survey = t.survey("a").await.name;
        for (role, agency, reads) in [
            (Role::Operator, "3271", true),
            (Role::Evaluator, "3271", true),
            (Role::Admin, "*", true),
            (Role::Intake, "3271", false),
            (Role::Operator, "3272", false),
        ] {
            let caller = Caller::new("c".into(), vec![role], vec![agency.into()]);
            let answer = t.client.list_comments(by(caller, list(&survey))).await;
            if reads {
                answer.unwrap();
            } else {
                refused(answer, Code::PermissionDenied, "PERMISSION_DENIED");
            }
        }
        refused(
            t.client
                .list_comments(by(Caller::anonymous(), list(&survey)))
                .await,
            Code::Unauthenticated,
            "TOKEN_MISSING",
        );
    })
    .await;
}
