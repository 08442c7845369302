//! Responses are listed and voided by source, time and flag; too many through a link are refused.

use pb::AccessMode::{Agent, Kiosk as KioskMode, Link, Token};
use prima_platform::{
    caller::{Caller, Role},
    clock::to_proto,
};
use prima_proto::survey::v1 as pb;
use prost_types::Timestamp;
use tonic::{Code, Request};
use tonic_types::StatusExt;

use crate::{
    credentials::*,
    fixture::*,
    quarantine::{by_selection, conspicuous},
};

fn time(text: &str) -> Option<Timestamp> {
    Some(to_proto(text.parse().unwrap()))
}

/// A survey with one response of each source, an hour apart from 01:00 on: agent, token, link and kiosk. That of the agent
/// was answered a day before, belongs to an import, and has different answers.
async fn one_of_each(t: &mut World) -> String {
    t.clock.set("2024-07-10T00:00:00Z");
    let survey = survey_by(t, "a", &[Agent, Link, Token, KioskMode]).await;
    let own = link_of(t, &survey).await;
    let ticket = issue(t, batch_of(&survey, 1)).await.tokens.remove(0);
    let lobby = Kiosk::new(UNIT, "lobi", 1);
    lobby.register(t).await;
    t.clock.set("2024-07-10T01:00:00Z");
    let paper = pb::SubmitResponsesRequest {
        survey: survey.clone(),
        response_id: "r-1".into(),
        response: Some(pb::Response {
            submit_time: time("2024-07-10T00:30:00Z"),
            ..response(&SKM.map(|key| (key, if key == "time" { 1 } else { 3 })))
        }),
        import_id: "kertas".into(),
        ..Default::default()
    };
    let stream = operator(futures::stream::iter([paper]));
    t.client.submit_responses(stream).await.unwrap();
    t.clock.set("2024-07-10T02:00:00Z");
    citizen(t, &survey, "r-2", token(&ticket)).await.unwrap();
    t.clock.set("2024-07-10T03:00:00Z");
    citizen(t, &survey, "r-3", link(&own)).await.unwrap();
    t.clock.set("2024-07-10T04:00:00Z");
    let proof = lobby.proof(&survey, 1, "r-4", &all(4));
    citizen(t, &survey, "r-4", proof).await.unwrap();
    survey
}

async fn ids(t: &mut World, survey: &str, selection: pb::ResponseSelection) -> Vec<String> {
    let request = pb::ListResponsesRequest {
        survey: survey.into(),
        selection: Some(selection),
        ..Default::default()
    };
    let answer = t.client.list_responses(operator(request)).await.unwrap();
    let responses = answer.into_inner().responses.into_iter();
    responses
        .map(|r| {
            let id = r.name.rsplit_once('/').unwrap().1;
            id.split('~').next().unwrap().to_owned()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_condition_of_a_selection_holds() {
    on_each_database(async |mut t| {
        let survey = one_of_each(&mut t).await;
        let everything = pb::ResponseSelection::default();
        assert_eq!(
            ids(&mut t, &survey, everything).await,
            ["r-1", "r-2", "r-3", "r-4"]
        );
        for (source, expected) in [
            ("agent", "r-1"),
            ("token:1", "r-2"),
            ("link", "r-3"),
            ("kiosk:lobi", "r-4"),
        ] {
            assert_eq!(ids(&mut t, &survey, conspicuous(source, &[])).await, [expected]);
        }
        let accepted = pb::ResponseSelection {
            accept_time_from: time("2024-07-10T02:00:00Z"),
            accept_time_until: time("2024-07-10T04:00:00Z"),
            ..Default::default()
        };
        assert_eq!(ids(&mut t, &survey, accepted.clone()).await, ["r-2", "r-3"]);
        let both = pb::ResponseSelection {
            source: "link".into(),
            ..accepted
        };
        assert_eq!(ids(&mut t, &survey, both).await, ["r-3"]);
        let submitted = pb::ResponseSelection {
            submit_time_until: time("2024-07-10T01:00:00Z"),
            ..Default::default()
        };
        assert_eq!(ids(&mut t, &survey, submitted).await, ["r-1"]);
        let import = pb::ResponseSelection {
            import_id: "kertas".into(),
            ..Default::default()
        };
        assert_eq!(ids(&mut t, &survey, import).await, ["r-1"]);
        let straight = conspicuous("", &[pb::ResponseFlag::StraightLine]);
        assert_eq!(
            ids(&mut t, &survey, straight.clone()).await,
            ["r-2", "r-3", "r-4"]
        );
        let burst = conspicuous("", &[pb::ResponseFlag::StraightLine, pb::ResponseFlag::Burst]);
        assert!(ids(&mut t, &survey, burst).await.is_empty());

        let void = t
            .voided(by_selection(
                "v-1",
                &survey,
                pb::ResponseSelection {
                    source: "kiosk:lobi".into(),
                    ..straight
                },
            ))
            .await;
        assert_eq!((void.number, void.responses), (1, 1));
        let everything = pb::ResponseSelection::default();
        assert_eq!(ids(&mut t, &survey, everything).await, ["r-1", "r-2", "r-3"]);
        t.assert_sums(&survey).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_has_pages_and_shows_no_answers_to_operators_only() {
    on_each_database(async |mut t| {
        let survey = one_of_each(&mut t).await;
        let mut request = pb::ListResponsesRequest {
            survey: survey.clone(),
            page_size: 3,
            ..Default::default()
        };
        let first = t
            .client
            .list_responses(operator(request.clone()))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(first.responses.len(), 3);
        assert_eq!(first.responses[0].import_id, "kertas");
        assert_eq!(first.responses[0].submit_time, time("2024-07-10T00:30:00Z"));
        request.page_token = first.next_page_token;
        let rest = t
            .client
            .list_responses(operator(request.clone()))
            .await
            .unwrap()
            .into_inner();
        assert_eq!((rest.responses.len(), rest.next_page_token.as_str()), (1, ""));
        request.selection = Some(conspicuous("link", &[]));
        let other = t.client.list_responses(operator(request)).await;
        assert_eq!(faults(other), ["page_token"]);
        let own = pb::ListResponsesRequest {
            survey: survey.clone(),
            ..Default::default()
        };
        let evaluator = Caller::new("penilai".into(), vec![Role::Evaluator], vec!["3271".into()]);
        let answer = t.client.list_responses(by(evaluator, own)).await;
        refused(answer, Code::PermissionDenied, "PERMISSION_DENIED");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_selection_is_reported() {
    on_each_database(async |mut t| {
        let survey = t.survey("a").await.name;
        let faulty = pb::ResponseSelection {
            source: "links".into(),
            accept_time_from: time("2024-07-10T02:00:00Z"),
            accept_time_until: time("2024-07-10T02:00:00Z"),
            submit_time_from: Some(Timestamp {
                seconds: i64::MAX,
                nanos: 0,
            }),
            flags: vec![0, 1, 1, 9],
            import_id: "*".into(),
            quarantine: -1,
            ..Default::default()
        };
        let expected = [
            "selection.source",
            "selection.import_id",
            "selection.quarantine",
            "selection.accept_time_until",
            "selection.submit_time_from",
            "selection.flags[0]",
            "selection.flags[2]",
            "selection.flags[3]",
        ];
        let answer = t
            .client
            .void_responses(operator(by_selection("v", &survey, faulty.clone())))
            .await;
        assert_eq!(faults(answer), expected);
        let request = pb::ListResponsesRequest {
            survey: survey.clone(),
            selection: Some(faulty),
            ..Default::default()
        };
        assert_eq!(faults(t.client.list_responses(operator(request)).await), expected);
        let everything = by_selection("v", &survey, pb::ResponseSelection::default());
        let answer = t.client.void_responses(operator(everything)).await;
        assert_eq!(faults(answer), ["selection"], "a void needs a condition");
        assert_eq!(t.count("void").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_responses_a_minute_through_one_link_than_configured_are_refused() {
    let config = prima_platform::config::Survey {
        link_rate: 3,
        ..Default::default()
    };
    configured(config, async |mut t| {
        let survey = survey_by(&mut t, "a", &[Agent, Link]).await;
        let own = link_of(&mut t, &survey).await;
        for n in 0..3 {
            citizen(&mut t, &survey, &format!("r-{n}"), link(&own))
                .await
                .unwrap();
        }
        let status = refused(
            citizen(&mut t, &survey, "r-3", link(&own)).await,
            Code::ResourceExhausted,
            "LINK_RATE_LIMITED",
        );
        let delay = status.get_details_retry_info().unwrap().retry_delay.unwrap();
        assert!(delay.as_secs() <= 20 && delay.as_millis() > 0, "{delay:?}");
        let answer = offline(&mut t, vec![message(&survey, "r-4", all(1), Some(link(&own)))])
            .await
            .unwrap();
        assert_eq!(sums(&answer), ([0, 0, 1], vec![("r-4", "LINK_RATE_LIMITED")]));
        assert_eq!(t.count("response").await, 3);
        // Other sources and other links are not limited by it.
        t.respond(&survey, "agent", &SKM.map(|key| (key, 4))).await;
        let other = survey_by(&mut t, "b", &[Link]).await;
        let own = link_of(&mut t, &other).await;
        let request = sent(&other, "r-1", all(4), Some(link(&own)));
        t.client.submit_response(Request::new(request)).await.unwrap();
    })
    .await;
}
