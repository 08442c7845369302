//! What moves the figures and what does not: imports, corrections, the open link; and who reads exact ones.

use chrono::TimeDelta;
use prima_platform::{
    caller::{Caller, Role},
    db::migrate,
    testing::eventually,
};
use prima_proto::{event::v1::ScoreStatus, survey::v1 as pb};
use prima_survey::store::Migrator;
use sea_orm::ConnectionTrait;
use tonic::Code;

use crate::{
    corrections::by_ids,
    counting::hold_runner,
    credentials::*,
    disclosure::{NAME, SCORE, answers, event, index_of, score, stepped_figures},
    fixture::*,
};

impl World {
    /// Submits these responses in one stream.
    async fn stream(&mut self, ids: std::ops::Range<usize>) -> pb::SubmitResponsesResponse {
        let rows = ids.map(|n| pb::SubmitResponsesRequest {
            survey: NAME.into(),
            response_id: format!("r-{n:04}"),
            response: Some(response(&answers(n))),
            import_id: "berkas".into(),
            ..Default::default()
        });
        let rows: Vec<_> = rows.collect();
        let stream = futures::stream::iter(rows);
        let answer = self.client.submit_responses(operator(stream)).await;
        answer.unwrap().into_inner()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_moves_the_figures_at_once_and_a_small_one_waits() {
    in_steps(async |mut t| {
        t.survey("a").await;
        let few = t.stream(0..4).await;
        assert_eq!((few.accepted, few.counted, few.pending), (4, 0, 4));
        let many = t.stream(4..1207).await;
        assert_eq!((many.accepted, many.counted, many.pending), (1203, 1207, 0));
        let result = t.result(NAME).await;
        assert_eq!((result.counted, result.pending), (1207, 0));
        assert_eq!(result.index, index_of(1207));
        // Two single responses after it are not enough to be added when the survey closes.
        let one = pb::SubmitResponseRequest {
            request_id: "one".into(),
            survey: NAME.into(),
            response: Some(all(1)),
            ..Default::default()
        };
        let answer = t
            .client
            .submit_response(operator(one))
            .await
            .unwrap()
            .into_inner();
        assert_eq!((answer.counted, answer.pending), (1207, 1));
        t.respond(NAME, "two", &answers(2)).await;
        t.close(NAME).await;
        let closed = t.result(NAME).await;
        assert!(closed.in_correction);
        assert_eq!(
            (closed.respondents, closed.counted, closed.pending),
            (1209, 1207, 2)
        );
        assert_eq!(stepped_figures(&closed), stepped_figures(&result));
        assert_eq!(score(&t, SCORE).await.unwrap().status(), ScoreStatus::Provisional);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_answered_before_it_is_counted_and_released_by_the_next_count() {
    in_steps(async |mut t| {
        t.survey("a").await;
        hold_runner(&t).await;
        let many = t.stream(0..12).await;
        assert_eq!((many.accepted, many.counted, many.pending), (12, 12, 0));
        assert_eq!(t.count("survey WHERE respondents > 0").await, 0);
        let result = t.result(NAME).await;
        assert_eq!((result.respondents, result.counted, result.pending), (12, 12, 0));
        assert_eq!(t.count("survey_delta").await, 0);
        // Its repetition adds nothing.
        let again = t.stream(0..12).await;
        assert_eq!((again.repeated_count, again.counted, again.pending), (12, 12, 0));
        assert_eq!(t.result(NAME).await.version, result.version);
        assert_eq!(t.count("survey_delta").await, 0);
        let few = t.stream(12..16).await;
        assert_eq!((few.counted, few.pending), (12, 4));
        let more = t.stream(16..21).await;
        assert_eq!((more.counted, more.pending), (21, 0));
        t.close(NAME).await;
        let closed = t.result(NAME).await;
        assert_eq!((closed.respondents, closed.counted, closed.pending), (21, 21, 0));
        assert_eq!(closed.index, index_of(21));
        t.assert_sums(NAME).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_figure_is_corrected_on_the_day_of_corrections() {
    in_steps(async |mut t| {
        t.clock.set("2024-07-10T01:00:00Z");
        t.survey("a").await;
        t.stream(0..30).await;
        t.clock.set("2024-07-10T02:00:00Z");
        t.close(NAME).await;
        let closed = t.result(NAME).await;
        let void = by_ids("void", NAME, &["r-0003"]);
        t.client.void_responses(operator(void)).await.unwrap();
        let waits = t.result(NAME).await;
        assert_eq!(stepped_figures(&waits), stepped_figures(&closed));
        assert_eq!(
            (waits.respondents, waits.pending, waits.in_correction),
            (29, 1, true)
        );
        // The first of August in Bogor.
        t.clock.set("2024-07-31T17:00:00Z");
        let corrected = eventually(DEADLINE, || async {
            let event = event(&t).await;
            (event.pending == 0).then_some(event)
        });
        let corrected = corrected.await.unwrap();
        assert_eq!((corrected.counted, corrected.in_correction), (29, false));
        let result = t.result(NAME).await;
        assert_eq!(
            (result.counted, &result.index_exact),
            (29, &corrected.index_exact)
        );
        assert_eq!(score(&t, SCORE).await.unwrap().fraction, result.index_exact);
        t.assert_sums(NAME).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_sender_through_the_open_link_moves_no_figure_alone() {
    in_steps(async |mut t| {
        let survey = survey_by(&mut t, "a", &[pb::AccessMode::Agent, pb::AccessMode::Link]).await;
        let own = link_of(&mut t, &survey).await;
        for n in 0..10 {
            t.respond(&survey, &format!("r-{n}"), &answers(n)).await;
        }
        let before = t.result(&survey).await;
        assert_eq!((before.counted, before.pending), (5, 5));
        let mut next = 0..;
        let mut sent_from = async |t: &mut World, networks: &[usize]| {
            for network in networks {
                // Slowly, so that they are no burst.
                t.clock.advance(TimeDelta::minutes(5));
                let n = next.next().unwrap();
                let padding = sent(&survey, &format!("l-{n:03}"), all(1 + n % 4), Some(link(&own)));
                let padding = from_network(*network, padding);
                t.client.submit_response(padding).await.unwrap();
            }
            let result = t.result(&survey).await;
            ((result.counted, result.pending), stepped_figures(&result))
        };
        // One sender fills no step, nor do two, however the responses of another person are placed among theirs.
        let mut padding = [vec![0; 19], vec![1], vec![0; 20]].concat();
        let (standing, figures) = sent_from(&mut t, &padding).await;
        assert_eq!((standing, &figures), ((5, 45), &stepped_figures(&before)));
        padding = (0..20).map(|n| 2 * (n % 2)).collect();
        let (standing, figures) = sent_from(&mut t, &padding).await;
        assert_eq!((standing, &figures), ((5, 65), &stepped_figures(&before)));
        // Five networks have filled a step, but the next one, which stays, has only two.
        let (standing, _) = sent_from(&mut t, &[3, 4, 0, 0]).await;
        assert_eq!(standing, (5, 69));
        let (standing, figures) = sent_from(&mut t, &(5..22).collect::<Vec<_>>()).await;
        assert_eq!((standing, &figures), ((5, 86), &stepped_figures(&before)));
        let (standing, _) = sent_from(&mut t, &[22]).await;
        assert_eq!(standing, (67, 25));
        t.close(&survey).await;
        let closed = t.result(&survey).await;
        assert_eq!((closed.counted, closed.pending), (92, 0));
        t.assert_sums(&survey).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exact_figures_are_read_with_a_purpose_by_those_who_may() {
    in_steps(async |mut t| {
        t.survey("a").await;
        for n in 0..7 {
            t.respond(NAME, &format!("r-{n}"), &answers(n)).await;
        }
        let read = |purpose: &str| pb::ReadExactResultRequest {
            survey: NAME.into(),
            purpose: purpose.into(),
        };
        let exact = t.client.read_exact_result(operator(read("Rapat evaluasi"))).await;
        let exact = exact.unwrap().into_inner().result.unwrap();
        assert_eq!((exact.respondents, exact.counted, exact.pending), (7, 7, 0));
        assert_eq!(exact.index, index_of(7));
        assert_eq!(t.result(NAME).await.index, "", "nothing is released by it");
        assert_eq!(
            faults(t.client.read_exact_result(operator(read(" "))).await),
            ["purpose"]
        );
        for (role, agency) in [
            (Role::Operator, "3275"),
            (Role::Evaluator, "3271"),
            (Role::Intake, "3271"),
        ] {
            let caller = Caller::new("other".into(), vec![role], vec![agency.into()]);
            let answer = t.client.read_exact_result(by(caller, read("Ingin tahu"))).await;
            refused(answer, Code::PermissionDenied, "PERMISSION_DENIED");
        }
        t.client
            .read_exact_result(admin(read("Pemeriksaan")))
            .await
            .unwrap();
        let list = pb::ListResultReadingsRequest {
            survey: NAME.into(),
            ..Default::default()
        };
        let listed = t.client.list_result_readings(admin(list.clone())).await.unwrap();
        let readings = listed.into_inner().readings;
        let told: Vec<_> = readings
            .iter()
            .map(|r| (r.number, r.actor.as_str(), r.purpose.as_str()))
            .collect();
        assert_eq!(
            told,
            [(1, "operator", "Rapat evaluasi"), (2, "admin", "Pemeriksaan")]
        );
        assert!(readings.iter().all(|r| r.read_time.is_some()));
        let refused_list = t.client.list_result_readings(operator(list)).await;
        refused(refused_list, Code::PermissionDenied, "PERMISSION_DENIED");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_releases_nobody() {
    in_steps(async |mut t| {
        t.survey("a").await;
        for n in 0..10 {
            t.respond(NAME, &format!("r-{n:02}"), &answers(n)).await;
        }
        let version = t.result(NAME).await.version;
        for n in 10..12 {
            t.respond(NAME, &format!("r-{n:02}"), &answers(n)).await;
        }
        let void = by_ids("void", NAME, &["r-03"]);
        t.client.void_responses(operator(void)).await.unwrap();
        // As release 0.1.0 left it after it had disclosed ten responses.
        for text in [
            "DROP INDEX survey_correction",
            "ALTER TABLE survey DROP COLUMN pending",
            "ALTER TABLE survey DROP COLUMN correction_at",
            "ALTER TABLE unit_score DROP COLUMN pending",
            "ALTER TABLE response DROP COLUMN counted",
            "ALTER TABLE response DROP COLUMN pending",
            "DROP TABLE reading",
            "DROP INDEX response_quarantine",
            "ALTER TABLE response DROP COLUMN quarantine",
            "ALTER TABLE survey DROP COLUMN questioned",
            "DROP TABLE quarantine",
            "DROP TABLE survey_change",
            "DROP TABLE digest_key",
            "DROP INDEX response_unkeyed",
            "ALTER TABLE unit_score DROP COLUMN in_question",
            "ALTER TABLE unit_score DROP COLUMN exact_with_questioned",
            "DELETE FROM seaql_migrations WHERE version IN
                ('m0004_survey_release', 'm0005_survey_quarantine', 'm0007_survey_keyed_digests')",
            &format!(
                "UPDATE survey SET disclosed_version = {version}, disclosed_respondents = 10, undisclosed = 3"
            ),
        ] {
            t.db.writer().execute_unprepared(text).await.unwrap();
        }
        migrate::<Migrator>(&t.db, "survey", true).await.unwrap();
        let result = t.result(NAME).await;
        assert_eq!((result.respondents, result.counted, result.pending), (11, 10, 3));
        assert_eq!(result.index, index_of(10));
        assert_eq!(result.elements[0].answers, 10);
        t.close(NAME).await;
        let closed = t.result(NAME).await;
        assert_eq!(
            (closed.counted, closed.pending, closed.in_correction),
            (10, 3, true)
        );
        t.assert_sums(NAME).await;
    })
    .await;
}
