//! A report from its receipt to its end.

use prima_proto::complaint::v1;

use crate::fixture::{intake, on_each_database, report};

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_stored_before_it_is_answered_and_a_repeat_gets_the_same_codes() {
    on_each_database(async |mut world| {
        let first = world.submit("satu").await;
        assert_eq!(first.status.state, "received");
        assert!(first.status.open);
        assert_eq!(first.status.deadline.clone().unwrap().clock, "verification");
        assert_eq!(world.count("complaint").await, 1);
        let again = world.complaints.submit_complaint(intake(report("satu"))).await;
        let v1::SubmitComplaintResponse {
            tracking_code,
            secret,
            status,
        } = again.unwrap().into_inner();
        assert_eq!((tracking_code, secret), (first.code, first.secret));
        assert_eq!(status.unwrap(), first.status);
        assert_eq!(world.count("complaint").await, 1);
        assert_eq!(world.count("timeline").await, 1);
    })
    .await;
}
