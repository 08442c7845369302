//! Everyone may use an open link, but no caller can block or repeat another caller's response through it.

use futures::future::join_all;
use pb::AccessMode::{Agent, Kiosk as KioskMode, Link, Token};
use prima_platform::db::sql;
use prima_proto::survey::v1 as pb;
use sea_orm::ConnectionTrait;
use tonic::{Code, Request, Status};

use crate::{corrections::by_ids, credentials::*, fixture::*};

async fn through(
    t: &World,
    own: &str,
    survey: &str,
    id: &str,
    score: i32,
) -> Result<pb::SubmitResponseResponse, Status> {
    let request = sent(survey, id, all(score), Some(link(own)));
    let answer = t.client.clone().submit_response(Request::new(request)).await;
    answer.map(tonic::Response::into_inner)
}

/// The last part of a name.
fn id(answer: &pb::SubmitResponseResponse) -> &str {
    answer.name.rsplit_once('/').unwrap().1
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_another_caller_has_used_blocks_no_response_and_reveals_none() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Agent, Link, Token, KioskMode]).await;
        let own = link_of(&mut t, &survey).await;
        // The attacker submits guessable ids with another body first.
        let mut of_attacker = Vec::new();
        for n in 1..=5 {
            of_attacker.push(through(&t, &own, &survey, &format!("r-{n}"), 1).await.unwrap());
        }
        let of_citizen = through(&t, &own, &survey, "r-1", 4).await.unwrap();
        assert_ne!(of_citizen.name, of_attacker[0].name);
        assert_eq!(t.result(&survey).await.respondents, 6);
        // Repeats of both bodies get their own stored responses.
        for _ in 0..2 {
            assert_eq!(through(&t, &own, &survey, "r-1", 4).await.unwrap(), of_citizen);
            assert_eq!(
                through(&t, &own, &survey, "r-1", 1).await.unwrap(),
                of_attacker[0]
            );
        }
        // Ids of agents, of token holders and of kiosks are not blocked either.
        t.respond(&survey, "r-2", &SKM.map(|key| (key, 4))).await;
        let one = issue(&mut t, batch_of(&survey, 1)).await.tokens.remove(0);
        let answer = citizen(&mut t, &survey, "r-3", token(&one)).await.unwrap();
        assert_eq!(id(&answer), "r-3");
        let lobby = Kiosk::new(UNIT, "lobi", 1);
        lobby.register(&mut t).await;
        let proof = lobby.proof(&survey, 1, "r-4", &all(4));
        citizen(&mut t, &survey, "r-4", proof).await.unwrap();
        // Those ids do not block responses of the link.
        let answer = through(&t, &own, &survey, "r-2", 4).await.unwrap();
        assert_ne!(id(&answer), "r-2");
        assert_eq!(t.result(&survey).await.respondents, 10);
        assert_eq!(t.count("response").await, 10);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_gets_the_stored_response_and_is_counted_once() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Link]).await;
        let own = link_of(&mut t, &survey).await;
        let mut calls = Vec::new();
        for score in [4, 3] {
            calls.extend((0..20).map(|_| through(&t, &own, &survey, "r", score)));
        }
        let answers: Vec<_> = join_all(calls).await.into_iter().map(Result::unwrap).collect();
        let (four, three) = answers.split_at(20);
        assert!(four.iter().all(|answer| *answer == four[0]));
        assert!(three.iter().all(|answer| *answer == three[0]));
        assert_eq!(t.result(&survey).await.respondents, 2);
        let stream = || {
            let message = |score| message(&survey, "r", all(score), Some(link(&own)));
            vec![message(4), message(3), message(2), message(2)]
        };
        let answer = offline(&mut t, stream()).await.unwrap();
        assert_eq!(sums(&answer), ([1, 3, 0], Vec::new()));
        // A repeat is answered even when the survey accepts no responses by link any more.
        allow(&mut t, &survey, &[]).await;
        assert_eq!(through(&t, &own, &survey, "r", 4).await.unwrap(), four[0]);
        let late = through(&t, &own, &survey, "r", 1).await;
        refused(late, Code::FailedPrecondition, "ACCESS_MODE_NOT_ALLOWED");
        let answer = offline(&mut t, stream()).await.unwrap();
        assert_eq!(sums(&answer), ([0, 4, 0], Vec::new()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_of_a_response_of_the_previous_release_is_not_counted_again() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Link, Agent]).await;
        let own = link_of(&mut t, &survey).await;
        let first = through(&t, &own, &survey, "lama", 4).await.unwrap();
        t.respond(&survey, "agen", &SKM.map(|key| (key, 4))).await;
        // The previous release stored a response under the client's id alone.
        let text = format!(
            "UPDATE response SET response_id = 'lama' WHERE response_id = '{}'",
            id(&first)
        );
        let writer = t.db.writer();
        let changed = writer.execute_raw(sql(writer, &text, [])).await.unwrap();
        assert_eq!(changed.rows_affected(), 1);
        let repeat = through(&t, &own, &survey, "lama", 4).await.unwrap();
        assert_eq!(repeat.name, format!("{survey}/responses/lama"));
        assert_eq!(repeat.accept_time, first.accept_time);
        assert_eq!(t.result(&survey).await.respondents, 2);
        // Another body is another response, and a response of an agent is not repeated by link.
        through(&t, &own, &survey, "lama", 3).await.unwrap();
        through(&t, &own, &survey, "agen", 4).await.unwrap();
        assert_eq!(t.result(&survey).await.respondents, 4);
        allow(&mut t, &survey, &[Agent]).await;
        let late = through(&t, &own, &survey, "lama", 4).await.unwrap();
        assert_eq!(late, repeat);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_of_the_link_is_voided_by_the_returned_name() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Link]).await;
        let own = link_of(&mut t, &survey).await;
        let (one, two) = (
            through(&t, &own, &survey, "r", 1).await.unwrap(),
            through(&t, &own, &survey, "r", 4).await.unwrap(),
        );
        let void = t.voided(by_ids("void", &survey, &[id(&one)])).await;
        assert_eq!(void.responses, 1);
        assert_eq!(t.result(&survey).await.respondents, 1);
        assert_eq!(through(&t, &own, &survey, "r", 4).await.unwrap(), two);
        for unknown in ["r", "r~", "r~00", &id(&two).to_uppercase()] {
            let answer = t
                .client
                .void_responses(operator(by_ids("other", &survey, &[unknown])))
                .await;
            assert_eq!(faults(answer), ["responses.ids[0]"], "{unknown}");
        }
    })
    .await;
}
