//! Callers who may not read the reports of a unit get no figures about single people.

use prima_proto::{complaint::v1, event::v1::ComplaintPerformanceState};

use crate::{call::*, fixture::*, performance::score_subject};

/// An agency that handles none of the reports.
const STRANGER: &str = "3273";
const PERIODS: [&str; 4] = ["2026", "2026-s1", "2026-q1", "2026-m02"];

/// Number and sum of the ratings.
fn ratings(of: &ComplaintPerformanceState) -> (i64, i64) {
    (of.ratings, of.rating_total)
}

/// The component `rating` of the published score of a unit's year, and all figures about ratings that a stranger gets.
async fn disclosed_ratings(world: &World) -> (Option<String>, Vec<(i64, i64)>) {
    let published = ratings(&world.figures(UNIT, "2026").await);
    let score = world.score(&score_subject(UNIT, "2026")).await.unwrap();
    let component = |score: &prima_proto::event::v1::ScoreState| {
        let found = score.components.iter().find(|c| c.key == "rating");
        found.map(|c| c.value.clone())
    };
    let mut disclosed = vec![published];
    for period in PERIODS {
        let answer = world.performance_as(STRANGER, UNIT, period).await;
        disclosed.push(ratings(&answer.performance.unwrap()));
        if let Some(disclosed) = &answer.score {
            assert_eq!(component(disclosed), component(&score));
        }
    }
    (component(&score), disclosed)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rating_is_published_together_with_four_others_and_never_isolated_by_subtraction() {
    on_each_database(async |mut world| {
        let mut reports = Vec::new();
        for n in 0..11 {
            reports.push(world.submit_in_state(&n.to_string(), "closed").await);
        }
        let rate = async |world: &World, n: usize, rating: i32| {
            let call = Call {
                rating,
                ..call(Rate, &reports[n])
            };
            world.call(call).await.unwrap();
        };
        let none = (None, vec![(0, 0); 5]);
        assert_eq!(disclosed_ratings(&world).await, none);
        for (n, stars) in [(0, 1), (1, 5), (2, 4), (3, 2)] {
            rate(&world, n, stars).await;
            assert_eq!(disclosed_ratings(&world).await, none, "{} have rated", n + 1);
        }
        let of_year = async |world: &World, expected: (i64, i64), mean: &str| {
            let (component, disclosed) = disclosed_ratings(world).await;
            assert_eq!(component.as_deref(), Some(mean));
            // The year has the published ratings, parts of the year have none.
            assert_eq!(disclosed, [expected, expected, (0, 0), (0, 0), (0, 0)]);
        };
        rate(&world, 4, 5).await;
        of_year(&world, (5, 17), "3.4000").await;
        // One person rates for the first time, and one rates again after a reopening.
        rate(&world, 5, 1).await;
        of_year(&world, (5, 17), "3.4000").await;
        for method in [Reopen, StartFollowUp, Respond, Close] {
            world.done(method, &reports[0]).await;
        }
        rate(&world, 0, 5).await;
        of_year(&world, (5, 17), "3.4000").await;
        for n in 6..9 {
            rate(&world, n, 3).await;
        }
        of_year(&world, (5, 17), "3.4000").await;
        rate(&world, 9, 4).await;
        of_year(&world, (10, 35), "3.5000").await;
        // Callers who may read the reports see each rating and all of them together.
        let answer = world.performance_as("3271", UNIT, "2026-m02").await;
        assert_eq!(ratings(&answer.performance.unwrap()), (10, 35));
        assert_eq!(answer.step, 1);
    })
    .await;
}

/// Every count of a response.
fn counts(of: &ComplaintPerformanceState) -> [i64; 15] {
    [
        of.received,
        of.archived,
        of.merged,
        of.verified,
        of.verified_in_time,
        of.resolved,
        of.resolved_in_time,
        of.overdue,
        of.open,
        of.reopened,
        of.sp4n,
        of.sp4n_archived,
        of.sp4n_resolved,
        of.consultations,
        of.consultations_completed,
    ]
}

/// Whether a response contains no count, no mean and no figure of a single report.
fn is_blank(answer: &v1::GetPerformanceResponse) -> bool {
    let of = answer.performance.clone().unwrap();
    let blank = ComplaintPerformanceState {
        unit: of.unit.clone(),
        period: of.period.clone(),
        ..Default::default()
    };
    of == blank && answer.score.is_none()
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_of_few_reports_are_not_disclosed_outside_of_the_agency() {
    without_sweeps(async |mut world| {
        for n in 0..4 {
            world.submit_in_state(&n.to_string(), "closed").await;
        }
        world.figures(UNIT, "2026").await;
        for period in PERIODS {
            let answer = world.performance_as(STRANGER, UNIT, period).await;
            assert!(is_blank(&answer), "{answer:?}");
            assert_eq!(answer.step, 5);
            let own = world.performance_as("3271", UNIT, period).await;
            assert_eq!(own.performance.unwrap().received, 4);
            assert_eq!(own.score.unwrap().sample_size, 4);
        }

        world.submit_in_state("archived", "archived").await;
        world.submit_in_state("fifth", "closed").await;
        let sms = v1::SubmitComplaintRequest {
            channel: v1::Channel::Sms.into(),
            sp4n_number: "LAPOR-1".into(),
            ..report("sms")
        };
        world.submit_as(sms).await;
        // Another month has one more report. The year minus the month before is one, which must not be published.
        world.at("2026-03-03T03:00:00Z");
        world.submit_in_state("march", "closed").await;
        let published = world.figures(UNIT, "2026").await;
        assert_eq!(
            (published.received, published.archived, published.sp4n),
            (8, 1, 1)
        );
        for period in ["2026", "2026-s1", "2026-q1", "2026-m02"] {
            let answer = world.performance_as(STRANGER, UNIT, period).await;
            let disclosed = answer.performance.unwrap();
            assert_eq!(
                counts(&disclosed),
                [5, 0, 0, 5, 5, 5, 5, 0, 0, 0, 0, 0, 0, 0, 0],
                "{period}"
            );
            assert!(disclosed.by_class.is_empty() && disclosed.by_channel.is_empty());
            assert_eq!(disclosed.slowest_response_hours, "");
            let (days, sample) = if period == "2026" {
                assert_eq!(disclosed.mean_days, published.mean_days);
                (published.mean_days.as_str(), Some(6))
            } else {
                ("", None)
            };
            assert_eq!(disclosed.mean_days, days);
            assert_eq!(answer.score.map(|s| s.sample_size), sample);
        }
        assert!(is_blank(&world.performance_as(STRANGER, UNIT, "2026-m03").await));
    })
    .await;
}
