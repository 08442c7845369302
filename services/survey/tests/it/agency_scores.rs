//! Scores of agencies: one that cannot be computed does not block others, and dirty flags of the previous release are worked off.

use std::time::Duration;

use prima_platform::{
    caller::{Caller, Role},
    testing::eventually,
};
use prima_proto::{
    event::v1::{ScoreState, ScoreStatus},
    survey::v1 as pb,
};
use sea_orm::ConnectionTrait;

use crate::fixture::*;

const DEADLINE: Duration = Duration::from_secs(20);
const PROVINCE: &str = "agencies/1100/units/dpmptsp";
const CITY: &str = "agencies/3271/units/dpmptsp";

fn everywhere<T>(message: T) -> tonic::Request<T> {
    by(
        Caller::new("operator".into(), vec![Role::Operator], vec!["*".into()]),
        message,
    )
}

impl World {
    async fn tamper(&self, text: &str) {
        self.db.writer().execute_unprepared(text).await.unwrap();
    }

    /// A survey of this unit for 2023.
    async fn survey_of(&mut self, unit: &str) -> String {
        let mut request = survey("s");
        request.parent = unit.into();
        request.request_id = unit.replace('/', ":");
        request.survey.as_mut().unwrap().period = "2023".into();
        let created = self.client.create_survey(everywhere(request)).await.unwrap();
        created.into_inner().survey.unwrap().name
    }

    async fn respond_all(&mut self, survey: &str, id: &str, score: i32) {
        let request = pb::SubmitResponseRequest {
            request_id: id.into(),
            survey: survey.into(),
            response: Some(all(score)),
            ..Default::default()
        };
        self.client.submit_response(everywhere(request)).await.unwrap();
    }

    /// Waits until an agency's score of 2023 has this value and this number of expected units.
    async fn score_becomes(&self, agency: &str, value: &str, expected: i64) {
        let subject = format!("prima.survey.score.skm.2023.agency.{agency}");
        let arrived = eventually(DEADLINE, async || {
            let score = self.staged::<ScoreState>(&subject).await?.state;
            (score.value == value && score.units_expected == expected).then_some(())
        });
        let arrived = arrived.await.is_some();
        let found = self.staged::<ScoreState>(&subject).await;
        assert!(arrived, "{agency}: {found:?}, not {value} of {expected} units");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_that_cannot_be_computed_does_not_block_others() {
    on_each_database(async |mut t| {
        t.tamper(
            "INSERT INTO directory_unit (agency, unit, close_date) VALUES
                ('1100', 'dpmptsp', ''), ('3271', 'dpmptsp', ''), ('9999', 'dpmptsp', '')",
        )
        .await;
        let (province, city) = (t.survey_of(PROVINCE).await, t.survey_of(CITY).await);
        // The recorded result of this agency is corrupted, so its score cannot be computed.
        t.tamper(
            "INSERT INTO recorded_result (agency, unit, period, number, instrument, value, category, respondents,
                elements, source, roll_up, recorded_at, actor, reason)
             VALUES ('1100', '', '2023', 1, 'skm-2017', '80.00', 'B', 10, 'broken', '', 'mean_of_units', 1, 'a', '')",
        )
        .await;
        t.respond_all(&province, "r-1", 4).await;
        t.respond_all(&city, "r-2", 4).await;
        t.score_becomes("3271", "100.00", 1).await;
        t.respond_all(&province, "r-3", 2).await;
        t.respond_all(&city, "r-4", 2).await;
        t.score_becomes("3271", "75.00", 1).await;
        assert_eq!(t.count("outbox WHERE subject LIKE '%.2023.agency.1100'").await, 0);
        t.tamper("UPDATE recorded_result SET elements = '{}'").await;
        t.score_becomes("1100", "80.00", 0).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dirty_flags_of_the_previous_release_are_worked_off() {
    on_each_database(async |mut t| {
        t.tamper("INSERT INTO directory_unit (agency, unit, close_date) VALUES ('3271', 'dpmptsp', '')")
            .await;
        let city = t.survey_of(CITY).await;
        t.respond_all(&city, "r-1", 4).await;
        t.score_becomes("3271", "100.00", 1).await;
        for (unit, period) in [("a", "2023"), ("b", "")] {
            let known = "INSERT INTO directory_unit (agency, unit, close_date) VALUES ('3271', ";
            t.tamper(&format!("{known}'{unit}', '')")).await;
            let flag = "INSERT INTO agency_dirty (agency, period, mark) VALUES ('3271', ";
            t.tamper(&format!("{flag}'{period}', 1)")).await;
            let expected = if unit == "a" { 2 } else { 3 };
            t.score_becomes("3271", "100.00", expected).await;
            assert_eq!(t.count("agency_dirty").await, 0);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_score_is_final_when_its_period_has_ended() {
    on_each_database(async |mut t| {
        t.clock.set("2023-06-01T03:00:00Z");
        t.tamper("INSERT INTO directory_unit (agency, unit, close_date) VALUES ('3271', 'dpmptsp', '')")
            .await;
        let city = t.survey_of(CITY).await;
        t.respond_all(&city, "r-1", 4).await;
        t.close(&city).await;
        t.score_becomes("3271", "100.00", 1).await;
        let subject = "prima.survey.score.skm.2023.agency.3271";
        let settled = eventually(DEADLINE, async || {
            (t.count("derived_mark").await == 0).then_some(())
        });
        settled.await.unwrap();
        let before = t.staged::<ScoreState>(subject).await.unwrap();
        assert_eq!(before.state.status(), ScoreStatus::Provisional);
        // The year ends in Jakarta, and no dirty flag is set.
        t.clock.set("2023-12-31T17:00:00Z");
        let arrived = eventually(DEADLINE, async || {
            let after = t.staged::<ScoreState>(subject).await.unwrap();
            (after.state.status() == ScoreStatus::Final && after.version > before.version).then_some(())
        });
        arrived.await.unwrap();
        assert_eq!(t.count("agency_score WHERE settles_at IS NOT NULL").await, 0);
    })
    .await;
}
