//! Who answers for a report: those who held it when a deadline passed, units and agencies, in the year of their zone.

use prima_platform::{caller::Role, testing::eventually};
use prima_proto::{complaint::v1, event::v1::ComplaintPerformanceState};

use crate::{call::*, fixture::*, performance::*};

impl World {
    /// The figures of the agency of the tests in a period, as its operator gets them.
    async fn agency_performance(&self, period: &str) -> v1::GetPerformanceResponse {
        let request = v1::GetPerformanceRequest {
            agency: AGENCY.into(),
            period: period.into(),
            ..Default::default()
        };
        let answer = self.complaints.clone().get_performance(liaison(request)).await;
        answer.unwrap().into_inner()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_that_an_agency_never_verified_count_against_it() {
    without_disclosure_delay(async |mut world| {
        for n in 0..12 {
            world.submit_in_state(&format!("selesai-{n}"), "closed").await;
        }
        for n in 0..40 {
            let ignored = v1::SubmitComplaintRequest {
                parent: AGENCY.into(),
                ..report(&format!("diabaikan-{n}"))
            };
            world.submit_as(ignored).await;
        }
        world.at("2026-12-11T03:00:00Z");
        let late = eventually(DEADLINE, async || {
            let figures = world.agency_performance("2026").await.performance.unwrap();
            (figures.late == 40).then_some(figures)
        });
        let figures = late.await.unwrap();
        assert_eq!((figures.received, figures.in_time, figures.open), (52, 12, 40));
        assert_eq!((figures.agency.as_str(), figures.unit.as_str()), (AGENCY, ""));
        assert_eq!(figures.by_class.iter().map(|g| g.received).sum::<i64>(), 52);
        let agency = world.score(&agency_subject("2026")).await.unwrap();
        assert_eq!(
            (agency.value.as_str(), agency.fraction.as_str()),
            ("23.08", "300/13")
        );
        assert_eq!((agency.sample_size, agency.sample_minimum), (52, 10));
        assert_eq!(
            world.agency_performance("2026").await.score.unwrap().value,
            "23.08"
        );
        // The unit answered all that it got.
        assert_eq!(
            world.score(&score_subject(UNIT, "2026")).await.unwrap().value,
            "100.00"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_the_first_minutes_of_the_year_in_jayapura_belongs_to_the_new_year() {
    on_each_database(async |mut world| {
        let unit = "agencies/9171/units/dukcapil";
        // 00:30 in Jayapura, 22:30 of the old year in Jakarta.
        world.at("2026-12-31T15:30:00Z");
        for (id, parent) in [("unit", unit), ("instansi", "agencies/9171")] {
            let request = v1::SubmitComplaintRequest {
                parent: parent.into(),
                ..report(id)
            };
            let request = by("loket", Role::Intake, "9171", request);
            world.complaints.submit_complaint(request).await.unwrap();
        }
        let received = async |period: &str| {
            let answer = world.performance_as("9171", unit, period).await;
            answer.performance.unwrap().received
        };
        assert_eq!((received("2026").await, received("2027").await), (0, 1));
        assert_eq!((received("2026-m12").await, received("2027-m01").await), (0, 1));
        assert_eq!(world.figures(unit, "2027").await.received, 1);
        assert!(
            world
                .staged::<ComplaintPerformanceState>(&subject(unit, "2026"))
                .await
                .is_none()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_that_an_earlier_release_counted_are_counted_again() {
    without_disclosure_delay(async |mut world| {
        let late = world.submit_assigned("satu", "complaint_normative", UNIT).await;
        let ignored = v1::SubmitComplaintRequest {
            parent: AGENCY.into(),
            ..report("dua")
        };
        world.submit_as(ignored).await;
        world.at("2026-03-27T03:00:00Z");
        let counted = eventually(DEADLINE, async || {
            let figures = world.agency_performance("2026").await.performance.unwrap();
            (figures.late == 2).then_some(())
        });
        assert_eq!(counted.await, Some(()));
        // As the release before leaves a report: neither counted for its holders, nor with its missed deadlines.
        world.tamper("UPDATE complaint SET held = '', counted = 0").await;
        world.tamper("DELETE FROM held_tally").await;
        let again = eventually(DEADLINE, async || {
            (world.count("complaint WHERE counted < version").await == 0).then_some(())
        });
        assert_eq!(again.await, Some(()));
        let figures = world.agency_performance("2026").await.performance.unwrap();
        assert_eq!((figures.late, figures.received, figures.open), (2, 2, 2));
        assert_eq!(world.figures(UNIT, "2026").await.late, 1);
        // What happens next continues from there.
        world.done(Respond, &late).await;
        world.done(Close, &late).await;
        let figures = world.agency_performance("2026").await.performance.unwrap();
        assert_eq!((figures.late, figures.in_time, figures.open), (2, 0, 1));
    })
    .await;
}
