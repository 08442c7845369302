//! Late responses: given before a survey ended, and sent after it by devices that were offline.

use chrono::{DateTime, Utc};
use pb::AccessMode::{Agent, Kiosk as KioskMode, Link};
use prima_platform::clock::to_proto;
use prima_proto::survey::v1 as pb;
use tonic::{Code, Status};

use crate::{
    counting::hold_runner,
    credentials::*,
    fixture::*,
    publication::{medium, publish},
};

const OPEN: &str = "2024-07-10T01:00:00Z";
const ANSWERED: &str = "2024-07-10T02:00:00Z";
const CLOSED: &str = "2024-07-10T03:00:00Z";
/// A time after the end that no delay of closing can reach.
const ENDED: &str = "2024-07-10T03:30:00Z";
/// Two days later, within the grace of 72 hours.
const WITHIN: &str = "2024-07-12T03:00:00Z";
const AFTER: &str = "2024-07-13T03:00:01Z";

/// A response with 4 for every element, submitted at a time.
fn at(time: &str) -> pb::Response {
    let time: DateTime<Utc> = time.parse().unwrap();
    pb::Response {
        submit_time: Some(to_proto(time)),
        ..all(4)
    }
}

impl World {
    async fn agent(&mut self, survey: &str, id: &str, time: &str) -> Result<(), Status> {
        let request = sent(survey, id, at(time), None);
        self.client.submit_response(operator(request)).await.map(|_| ())
    }
}

fn closed(answer: Result<(), Status>) {
    refused(answer, Code::FailedPrecondition, "SURVEY_CLOSED");
}

#[tokio::test(flavor = "multi_thread")]
async fn late_responses_are_accepted_from_operators_and_kiosks_but_not_through_links() {
    on_each_database(async |mut t| {
        t.clock.set(OPEN);
        let survey = survey_by(&mut t, "a", &[Agent, KioskMode, Link]).await;
        let lobby = Kiosk::new(UNIT, "lobi", 1);
        lobby.register(&mut t).await;
        let own = link_of(&mut t, &survey).await;
        t.agent(&survey, "in-time", OPEN).await.unwrap();
        t.clock.set(CLOSED);
        t.close(&survey).await;
        assert_eq!(t.result(&survey).await.respondents, 1);

        t.clock.set(WITHIN);
        t.agent(&survey, "r-1", ANSWERED).await.unwrap();
        let kiosk = |n: i64, id: &str, time: &str| {
            let proof = lobby.proof(&survey, n, id, &at(time));
            sent(&survey, id, at(time), Some(proof))
        };
        let answer = t.client.submit_response(kiosk(1, "r-2", ANSWERED)).await;
        answer.unwrap();
        let result = t.result(&survey).await;
        assert_eq!((result.respondents, result.index.as_str()), (3, "100.00"));
        t.assert_sums(&survey).await;

        // Responses given after the end are refused, and so are those whose time comes from an unknown device.
        closed(t.agent(&survey, "r-3", ENDED).await);
        let answer = t.client.submit_response(kiosk(2, "r-4", ENDED)).await;
        closed(answer.map(|_| ()));
        let linked = sent(&survey, "r-5", at(ANSWERED), Some(link(&own)));
        closed(t.client.submit_response(linked).await.map(|_| ()));
        // A device that signs by `prima-kiosk-1` signs no time, so its response has the time of arrival.
        let proof = lobby.proof_of_previous_release(&survey, 3, "r-6", &at(ANSWERED));
        let before = sent(&survey, "r-6", at(ANSWERED), Some(proof));
        closed(t.client.submit_response(before).await.map(|_| ()));

        t.clock.set(AFTER);
        closed(t.agent(&survey, "r-7", ANSWERED).await);
        t.agent(&survey, "r-1", ANSWERED)
            .await
            .expect("a repeat is answered");
        assert_eq!(t.result(&survey).await.respondents, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_late_response_is_accepted_once_the_result_is_published() {
    on_each_database(async |mut t| {
        t.clock.set(OPEN);
        let survey = survey_by(&mut t, "a", &[Agent]).await;
        t.agent(&survey, "in-time", OPEN).await.unwrap();
        t.clock.set(CLOSED);
        t.close(&survey).await;
        t.clock.set(WITHIN);
        hold_runner(&t).await;
        t.agent(&survey, "late", ANSWERED).await.unwrap();
        assert_eq!(t.count("survey_delta").await, 1, "it is not counted yet");
        let request = publish("p", &survey, "", vec![medium("papan-pengumuman", "")]);
        t.client.publish_result(operator(request)).await.unwrap();
        assert_eq!(t.count("survey_delta").await, 0, "publishing counts it first");
        assert_eq!(t.count("unit_score WHERE respondents = 2").await, 1);
        closed(t.agent(&survey, "later", ANSWERED).await);
        assert_eq!(t.result(&survey).await.respondents, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_responses_can_be_refused_by_the_configuration() {
    let config = prima_platform::config::Survey {
        late_hours: 0,
        ..at_once()
    };
    configured(config, async |mut t| {
        t.clock.set(OPEN);
        let survey = survey_by(&mut t, "a", &[Agent]).await;
        t.clock.set(CLOSED);
        t.close(&survey).await;
        closed(t.agent(&survey, "r-1", ANSWERED).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_paper_waits_until_several_have_come_and_then_moves_the_figures_together() {
    in_steps(async |mut t| {
        t.clock.set(OPEN);
        let survey = survey_by(&mut t, "a", &[Agent, KioskMode]).await;
        for n in 0..10 {
            t.respond(&survey, &format!("in-time-{n}"), &SKM.map(|key| (key, 3)))
                .await;
        }
        t.clock.set(CLOSED);
        t.close(&survey).await;
        t.clock.set(WITHIN);
        for n in 0..5 {
            let result = t.result(&survey).await;
            assert_eq!(
                (
                    result.index.as_str(),
                    result.counted,
                    result.pending,
                    result.in_correction
                ),
                ("75.00", 10, n, n > 0)
            );
            t.agent(&survey, &format!("paper-{n}"), ANSWERED).await.unwrap();
        }
        let result = t.result(&survey).await;
        assert_eq!(
            (
                result.index.as_str(),
                result.counted,
                result.pending,
                result.in_correction
            ),
            ("83.33", 15, 0, false)
        );
        t.assert_sums(&survey).await;
    })
    .await;
}
