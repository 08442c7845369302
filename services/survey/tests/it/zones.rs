//! Days of a publication and of a follow-up are those of the agency's time zone.

use prima_proto::survey::v1 as pb;

use crate::{
    fixture::*,
    publication::{complete, medium, plan, publish},
};

#[tokio::test(flavor = "multi_thread")]
async fn today_is_the_day_where_the_agency_is() {
    on_each_database(async |mut t| {
        // It is 1 January in Jayapura and still 31 December in Bogor.
        let time = "2026-12-31T16:00:00Z";
        for (agency, day) in [("9171", "2027-01-01"), ("3271", "2026-12-31")] {
            t.clock.set("2026-12-01T00:00:00Z");
            let request = pb::CreateSurveyRequest {
                request_id: format!("survey-{agency}"),
                parent: format!("agencies/{agency}/units/dpmptsp"),
                ..survey("a")
            };
            let name = t.client.create_survey(admin(request)).await.unwrap().into_inner();
            let name = name.survey.unwrap().name;
            let close = pb::CloseSurveyRequest {
                name: name.clone(),
                ..Default::default()
            };
            t.client.close_survey(admin(close)).await.unwrap();
            t.clock.set(time);
            let id = format!("p-{agency}");
            let request = publish(&id, &name, "2027-01-01", vec![medium("papan-pengumuman", "")]);
            let answer = t.client.publish_result(admin(request)).await;
            let request = pb::CreateFollowUpRequest {
                request_id: format!("plan-{agency}"),
                ..plan(&name, "loket", "time")
            };
            let planned = t.client.create_follow_up(admin(request)).await;
            let planned = planned.unwrap().into_inner().follow_up.unwrap();
            let done = complete(&planned.name, "", "2027-01-01");
            let done = t.client.complete_follow_up(admin(done)).await;
            if day == "2027-01-01" {
                assert_eq!(
                    answer.unwrap().into_inner().publication.unwrap().publish_date,
                    day
                );
                assert_eq!(done.unwrap().into_inner().follow_up.unwrap().done_date, day);
                continue;
            }
            assert_eq!(faults(answer), ["publish_date"]);
            assert_eq!(faults(done), ["done_date"]);
            let request = publish(&id, &name, "", vec![medium("papan-pengumuman", "")]);
            let answer = t
                .client
                .publish_result(admin(request))
                .await
                .unwrap()
                .into_inner();
            assert_eq!(answer.publication.unwrap().publish_date, day);
        }
    })
    .await;
}
