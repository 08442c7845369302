//! States of the complaint service, from the bus to suggested levels.

use std::time::Duration;

use prima_platform::testing::eventually;
use prima_proto::{
    event::v1::{ComplaintChannelFacts, ComplaintPerformanceState, ComplaintRecordFacts},
    subject,
};
use prost::Message;

use crate::{
    fixture::*,
    suggestions::{level, publish, suggested, unit},
};

/// One year of the unit, with a complaint desk that is separate from the front office, and online, since 2023.
fn year(period: &str) -> ComplaintPerformanceState {
    let channel = |kind: &str, online| ComplaintChannelFacts {
        kind: kind.into(),
        online,
        since_date: "2023-05-01".into(),
        until_date: String::new(),
    };
    ComplaintPerformanceState {
        unit: unit().to_string(),
        period: period.into(),
        received: 20,
        archived: 4,
        resolved: 12,
        consultations: 4,
        consultations_completed: 3,
        channels: vec![channel("face_to_face", false), channel("email", true)],
        separate_since_date: "2023-05-01".into(),
        ..Default::default()
    }
}

async fn publish_year(t: &World, version: i64, state: &ComplaintPerformanceState) {
    let subject = subject::complaint_performance(&unit(), &state.period);
    publish(t, "complaint", &subject, version, Some(state.encode_to_vec())).await;
}

const REACH: &str = "complaint_channel_reach";
const ACCOUNTABILITY: &str = "complaint_accountability";
const FOLLOW_UP: &str = "complaint_followup";

#[tokio::test]
async fn complaints_move_the_suggestions_for_consultation_and_complaints() {
    on_each_database(async |t| {
        let mut state = year("2023");
        publish_year(&t, 10, &state).await;
        // 15 of 20.
        let completion = level(&t, FOLLOW_UP, Some(2)).await;
        let figures: Vec<String> = completion.figures.iter().map(|(_, v)| v.text()).collect();
        assert_eq!(figures, ["20", "false", "75"]);
        assert_eq!(completion.origins[0].version, 10);
        level(&t, REACH, Some(4)).await;
        level(&t, ACCOUNTABILITY, Some(1)).await;

        (state.sp4n, state.sp4n_resolved) = (10, 9);
        state.records = vec![ComplaintRecordFacts {
            kind: "report".into(),
            date: "2023-12-20".into(),
        }];
        publish_year(&t, 11, &state).await;
        level(&t, FOLLOW_UP, Some(5)).await;
        level(&t, ACCOUNTABILITY, Some(2)).await;

        // The state of the year of the evaluation changes only how the unit can be reached.
        let mut now = year("2024");
        (now.sp4n_since_date, now.received, now.resolved) = ("2024-06-30".into(), 100, 0);
        publish_year(&t, 20, &now).await;
        let reach = level(&t, REACH, Some(5)).await;
        assert_eq!(reach.origins[0].version, 20);
        level(&t, FOLLOW_UP, Some(5)).await;
    })
    .await;
}

#[tokio::test]
async fn an_unreadable_performance_becomes_a_dead_letter() {
    on_each_database(async |t| {
        let performance = subject::complaint_performance(&unit(), "2023");
        publish(&t, "complaint", &performance, 1, Some(vec![1, 2, 3])).await;
        let set_aside = eventually(Duration::from_secs(10), async || {
            (t.count("dead_letter").await == 1).then_some(())
        });
        assert_eq!(set_aside.await, Some(()));
        assert!(suggested(&t).await.iter().all(|s| s.level.is_none()));
    })
    .await;
}
