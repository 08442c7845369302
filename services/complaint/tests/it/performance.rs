//! Figures of units, from actions on reports to published states, scores and responses.

use std::{collections::BTreeMap, time::Duration};

use prima_complaint::domain::{
    case::{Case, Channel},
    performance::{cells, month_of},
    workflow::Workflow,
};
use prima_platform::{caller::Role, db::sql, testing::eventually};
use prima_proto::{
    complaint::v1,
    event::v1::{ComplaintGroupFacts, ComplaintPerformanceState, ScoreState, ScoreStatus},
};
use sea_orm::{ConnectionTrait, QueryResult};
use tonic::Code;

use crate::{call::*, consultation, fixture::*};

pub const DEADLINE: Duration = Duration::from_secs(20);
pub const OTHER: &str = "agencies/3271/units/rsud";

pub fn subject(unit: &str, year: &str) -> String {
    let (agency, unit) = parts(unit);
    format!("prima.complaint.performance.{agency}.{unit}.{year}")
}

pub fn score_subject(unit: &str, year: &str) -> String {
    let (agency, unit) = parts(unit);
    format!("prima.complaint.score.complaint-resolution.{year}.unit.{agency}.{unit}")
}

pub fn agency_subject(year: &str) -> String {
    format!("prima.complaint.score.complaint-resolution.{year}.agency.3271")
}

fn parts(unit: &str) -> (&str, &str) {
    let rest = unit.strip_prefix("agencies/").unwrap();
    rest.split_once("/units/").unwrap()
}

impl World {
    /// Waits until no figures are flagged as dirty.
    async fn wait_until_clean(&self) {
        let done = eventually(DEADLINE, async || {
            (self.count("derived_mark").await == 0).then_some(())
        });
        done.await.unwrap();
    }

    /// The figures of a unit in a year that are staged once no figures are dirty.
    pub async fn figures(&self, unit: &str, year: &str) -> ComplaintPerformanceState {
        self.wait_until_clean().await;
        let staged = self.staged(&subject(unit, year)).await;
        staged.unwrap().state
    }

    /// The score under a subject once no figures are dirty; `None` when there is none.
    pub async fn score(&self, subject: &str) -> Option<ScoreState> {
        self.wait_until_clean().await;
        self.staged(subject).await.map(|staged| staged.state)
    }

    async fn asked(&self, unit: &str, period: &str) -> v1::GetPerformanceResponse {
        self.performance_as("3271", unit, period).await
    }

    /// The figures of a unit in a period, as an operator of an agency gets them.
    pub async fn performance_as(&self, agency: &str, unit: &str, period: &str) -> v1::GetPerformanceResponse {
        let request = v1::GetPerformanceRequest {
            unit: unit.into(),
            period: period.into(),
            ..Default::default()
        };
        let request = by("penghubung", Role::Operator, agency, request);
        let answer = self.complaints.clone().get_performance(request).await;
        answer.unwrap().into_inner()
    }

    /// A report of a class that was verified and assigned to a unit.
    pub async fn submit_assigned(&mut self, id: &str, class: &str, unit: &str) -> Submitted {
        let submitted = self
            .submit_as(v1::SubmitComplaintRequest {
                class: class.into(),
                ..report(id)
            })
            .await;
        let verify = Call {
            unit: unit.into(),
            ..call(Verify, &submitted)
        };
        self.call(verify).await.unwrap();
        submitted
    }
}

fn group(
    key: &str,
    [received, archived, verified, resolved, overdue]: [i64; 5],
    [mean_days, median_days]: [&str; 2],
) -> ComplaintGroupFacts {
    ComplaintGroupFacts {
        key: key.into(),
        received,
        archived,
        resolved,
        resolved_in_time: resolved,
        overdue,
        verified,
        verified_in_time: verified,
        reopened: 0,
        mean_days: mean_days.into(),
        median_days: median_days.into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_follow_from_the_reports() {
    without_disclosure_delay(async |mut world| {
        // Friday, 13 February 2026, 10:00. The following Monday and Tuesday are days off.
        let answered = world.submit_assigned("satu", "complaint_regular", UNIT).await;
        let by_sms = v1::SubmitComplaintRequest {
            class: "aspiration".into(),
            channel: v1::Channel::Sms.into(),
            sp4n_number: "LAPOR-1".into(),
            ..report("dua")
        };
        let by_sms = world.submit_as(by_sms).await;
        world.done(Verify, &by_sms).await;
        world.submit_in_state("tiga", "closed").await;
        world.submit_in_state("empat", "archived").await;
        let open = world.submit_in_state("lima", "verifying").await;
        let duplicate = world.submit_in_state("enam", "verifying").await;
        let merge = Call {
            into: open.name.clone(),
            ..call(Merge, &duplicate)
        };
        world.call(merge).await.unwrap();
        let late = world.submit_assigned("tujuh", "complaint_normative", UNIT).await;
        world.at("2026-02-18T03:30:00Z");
        world.done(Respond, &answered).await;
        world.done(Respond, &by_sms).await;
        world.at("2026-02-19T03:00:00Z");
        world.done(Close, &answered).await;
        world.done(Close, &by_sms).await;
        world.done(Rate, &answered).await;
        // The deadline is Tuesday, 24 February; that for verification was Friday, 20 February.
        world.at("2026-02-27T03:00:00Z");
        world.done(Escalate, &late).await;
        world.done(Escalate, &open).await;

        let sums = world.figures(UNIT, "2026").await;
        let expected = ComplaintPerformanceState {
            unit: UNIT.into(),
            period: "2026".into(),
            received: 6,
            archived: 1,
            merged: 1,
            verified: 5,
            verified_in_time: 5,
            resolved: 3,
            resolved_in_time: 3,
            overdue: 2,
            open: 2,
            late: 2,
            in_time: 3,
            sp4n: 1,
            sp4n_resolved: 1,
            // Closed after 2, 2 and 0 working days; answered after 1, 1 and 0.
            mean_days: "1.33".into(),
            median_days: "2.0".into(),
            mean_response_days: "0.67".into(),
            slowest_response_hours: "121".into(),
            ratings: 1,
            rating_total: 4,
            by_class: vec![
                group("aspiration", [1, 0, 1, 1, 0], ["2.00", "2.0"]),
                group("complaint_normative", [1, 0, 1, 0, 1], ["", ""]),
                group("complaint_regular", [4, 1, 3, 2, 1], ["1.00", "1.0"]),
            ],
            by_channel: vec![
                group("sms", [1, 0, 1, 1, 0], ["2.00", "2.0"]),
                group("web", [5, 1, 4, 2, 2], ["1.00", "1.0"]),
            ],
            ..Default::default()
        };
        assert_eq!(sums, expected);
        let score = world.score(&score_subject(UNIT, "2026")).await.unwrap();
        assert_eq!((score.value.as_str(), score.fraction.as_str()), ("60.00", "60/1"));
        assert_eq!((score.sample_size, score.sample_minimum), (5, 10));
        assert_eq!(score.status(), ScoreStatus::Provisional);
        let parts: Vec<(&str, &str)> = score
            .components
            .iter()
            .map(|c| (c.key.as_str(), c.value.as_str()))
            .collect();
        assert_eq!(
            parts,
            [
                ("verified_in_time", "100.0000"),
                ("resolved", "60.0000"),
                ("rating", "4.0000")
            ]
        );

        let year = world.asked(UNIT, "2026").await;
        assert_eq!((year.performance, year.score), (Some(sums.clone()), Some(score)));
        for period in ["2026-s1", "2026-q1", "2026-m02"] {
            let part = world.asked(UNIT, period).await;
            let same = ComplaintPerformanceState {
                period: period.into(),
                ..sums.clone()
            };
            assert_eq!(part.performance, Some(same));
            assert_eq!(part.score.unwrap().value, "60.00");
        }
        let none = world.asked(UNIT, "2026-m03").await;
        assert_eq!((none.performance.unwrap().received, none.score), (0, None));
        let bad = v1::GetPerformanceRequest {
            unit: "agencies/3271".into(),
            period: "2026-m13".into(),
            ..Default::default()
        };
        let client = &mut world.complaints;
        assert_eq!(
            faults(client.get_performance(liaison(bad.clone())).await),
            ["unit", "period"]
        );
        let both = v1::GetPerformanceRequest {
            unit: UNIT.into(),
            agency: AGENCY.into(),
            period: "2026".into(),
        };
        assert_eq!(faults(client.get_performance(liaison(both)).await), ["agency"]);
        refused(
            client.get_performance(public(bad)).await,
            Code::Unauthenticated,
            "TOKEN_MISSING",
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarded_report_counts_for_the_unit_that_handles_it() {
    on_each_database(async |mut world| {
        let report = world.submit_in_state("satu", "dispositioned").await;
        assert_eq!(world.figures(UNIT, "2026").await.received, 1);
        let forward = |to: &str| Call {
            to: to.into(),
            ..call(Forward, &report)
        };
        world.call(forward(OTHER)).await.unwrap();
        let left = world.figures(UNIT, "2026").await;
        assert_eq!((left.received, left.open, left.verified), (0, 0, 0));
        assert!(left.by_class.is_empty() && left.by_channel.is_empty());
        // The receiving unit has yet to verify it.
        let reached = world.figures(OTHER, "2026").await;
        assert_eq!((reached.received, reached.open, reached.verified), (1, 1, 0));
        // In the other agency no unit has it before it is assigned.
        world.call(forward(ELSEWHERE)).await.unwrap();
        assert_eq!(world.figures(OTHER, "2026").await.received, 0);
        assert_eq!(world.score(&score_subject(OTHER, "2026")).await, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_score_is_withdrawn_when_no_report_counts_any_more() {
    on_each_database(async |mut world| {
        let report = world.submit_in_state("satu", "responded").await;
        let (unit, agency) = (score_subject(UNIT, "2026"), agency_subject("2026"));
        assert_eq!(world.score(&unit).await, None);
        world.done(Close, &report).await;
        assert_eq!(world.score(&unit).await.unwrap().value, "100.00");
        assert_eq!(world.score(&agency).await.unwrap().value, "100.00");
        world.done(Reopen, &report).await;
        assert_eq!(world.score(&unit).await, None);
        assert_eq!(world.score(&agency).await, None);
        assert_eq!(world.figures(UNIT, "2026").await.reopened, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_score_of_an_agency_counts_all_its_reports_once() {
    without_sweeps(async |mut world| {
        world.submit_in_state("satu", "closed").await;
        world.submit_assigned("dua", "complaint_normative", OTHER).await;
        let late = world.submit_assigned("tiga", "complaint_normative", OTHER).await;
        let later = world.submit_assigned("empat", "complaint_normative", OTHER).await;
        let kept = world.submit_assigned("lima", "complaint_normative", OTHER).await;
        world.done(Respond, &kept).await;
        world.done(Close, &kept).await;
        world.at("2026-02-27T03:00:00Z");
        world.done(Escalate, &late).await;
        world.done(Escalate, &later).await;
        let unit = world.score(&score_subject(OTHER, "2026")).await.unwrap();
        assert_eq!(unit.fraction, "100/3");
        // Two of four reports, not the mean of 100 and 33.33.
        let agency = world.score(&agency_subject("2026")).await.unwrap();
        assert_eq!(
            (agency.value.as_str(), agency.fraction.as_str()),
            ("50.00", "50/1")
        );
        assert_eq!((agency.units_counted, agency.units_expected), (2, 2));
        assert_eq!((agency.sample_size, agency.sample_minimum), (4, 10));
        assert_eq!(agency.aggregation, "all_cases");
        // Archived before its deadline, and in hand: neither counts.
        let fourth = v1::SubmitComplaintRequest {
            parent: "agencies/3271/units/dinkes".into(),
            ..report("tujuh")
        };
        let fourth = world.submit_as(fourth).await;
        world.done(Reject, &fourth).await;
        world
            .submit_assigned("enam", "complaint_regular", "agencies/3271/units/dukcapil")
            .await;
        let agency = world.score(&agency_subject("2026")).await.unwrap();
        assert_eq!((agency.units_counted, agency.units_expected), (2, 2));
        assert_eq!(agency.value, "50.00");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_is_final_when_it_has_ended_and_no_report_is_open() {
    on_each_database(async |mut world| {
        world.submit_in_state("satu", "closed").await;
        let other = world.submit_assigned("dua", "complaint_regular", OTHER).await;
        world.done(Respond, &other).await;
        world.done(Close, &other).await;
        let open = world.submit_assigned("tiga", "complaint_oversight", OTHER).await;
        let status = async |world: &World, subject: &str| {
            let score = world.score(subject).await.unwrap();
            score.status()
        };
        let (one, two, all) = (
            score_subject(UNIT, "2026"),
            score_subject(OTHER, "2026"),
            agency_subject("2026"),
        );
        for subject in [&one, &two, &all] {
            assert_eq!(status(&world, subject).await, ScoreStatus::Provisional);
        }
        // The last second of the year in Jakarta; nobody acts after it.
        world.at("2026-12-31T16:59:58Z");
        let noticed = eventually(DEADLINE, async || {
            (status(&world, &one).await == ScoreStatus::Final).then_some(())
        });
        assert_eq!(noticed.await, Some(()));
        assert!(
            world.now()
                >= "2026-12-31T17:00:00Z"
                    .parse::<chrono::DateTime<chrono::Utc>>()
                    .unwrap()
        );
        for subject in [&two, &all] {
            assert_eq!(status(&world, subject).await, ScoreStatus::Provisional);
        }
        world.done(Respond, &open).await;
        world.done(Close, &open).await;
        for subject in [&two, &all] {
            assert_eq!(status(&world, subject).await, ScoreStatus::Final);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn consultations_at_the_desk_are_part_of_the_figures() {
    on_each_database(async |world| {
        let mut client = world.consultations.clone();
        let asked = client
            .request_consultation(intake(consultation::desk("satu")))
            .await;
        let asked = asked.unwrap().into_inner();
        assert_eq!(world.figures(UNIT, "2026").await.consultations, 1);
        world.at("2026-02-13T04:59:50Z");
        let answer = v1::AnswerConsultationRequest {
            request_id: request_id(),
            name: asked.name.clone(),
            text: "Bawa kartu identitas dan formulir yang sudah diisi.".into(),
            ..Default::default()
        };
        client.answer_consultation(liaison(answer)).await.unwrap();
        let complete = v1::CompleteConsultationRequest {
            request_id: request_id(),
            name: asked.name,
            ..Default::default()
        };
        client.complete_consultation(liaison(complete)).await.unwrap();
        let sums = world.figures(UNIT, "2026").await;
        assert_eq!((sums.consultations, sums.consultations_completed), (1, 1));
        assert_eq!(sums.slowest_consultation_hours, "2");
        assert_eq!((sums.received, sums.slowest_response_hours.as_str()), (0, ""));
        let march = world.asked(UNIT, "2026-m03").await.performance.unwrap();
        assert_eq!(march.consultations, 0);
    })
    .await;
}

/// The table `tally`, without cells whose count is 0.
async fn tally(world: &World) -> BTreeMap<String, i64> {
    let reader = world.db.reader();
    let text = "SELECT agency, unit, month, class, channel, sp4n, measure, bucket, count FROM tally";
    let rows = reader.query_all_raw(sql(reader, text, [])).await.unwrap();
    let row = |row: QueryResult| {
        let text = |column| row.try_get::<String>("", column).unwrap();
        let number = |column| row.try_get::<i64>("", column).unwrap();
        let key = [
            text("agency"),
            text("unit"),
            number("month").to_string(),
            text("class"),
            text("channel"),
            number("sp4n").to_string(),
            text("measure"),
            number("bucket").to_string(),
        ];
        (key.join(" "), number("count"))
    };
    let rows: BTreeMap<String, i64> = rows.into_iter().map(row).collect();
    assert!(rows.values().all(|count| *count >= 0), "{rows:?}");
    rows.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// The table as it should be according to the reports.
async fn rebuilt(world: &World) -> BTreeMap<String, i64> {
    let reader = world.db.reader();
    let rows = reader
        .query_all_raw(sql(reader, "SELECT facts FROM complaint", []))
        .await
        .unwrap();
    let mut table = BTreeMap::new();
    for row in rows {
        let facts: String = row.try_get("", "facts").unwrap();
        let case: Case = serde_json::from_str(&facts).unwrap();
        for cell in cells(&case, Workflow::built_in()) {
            assert_eq!(cell.month, month_of(&case.agency, case.received_at));
            let key = [
                cell.agency,
                cell.unit,
                cell.month.to_string(),
                cell.class,
                cell.channel.map_or("", Channel::key).to_owned(),
                i64::from(cell.sp4n).to_string(),
                cell.measure.key().to_owned(),
                cell.bucket.to_string(),
            ];
            *table.entry(key.join(" ")).or_insert(0) += 1;
        }
    }
    table
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tallies_equal_the_reports_after_any_sequence_of_actions() {
    on_each_database(async |mut world| {
        // A pseudo-random sequence that is the same in every run.
        let mut state = 20_260_213u64;
        let mut next = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % below
        };
        let classes = [
            "complaint_regular",
            "complaint_normative",
            "aspiration",
            "information_request",
        ];
        let mut reports = Vec::new();
        let mut done = 0;
        for step in 0..240 {
            world.advance(chrono::TimeDelta::hours(i64::try_from(next(20)).unwrap()));
            if step % 12 == 0 {
                let request = v1::SubmitComplaintRequest {
                    class: classes[next(4)].into(),
                    channel: i32::try_from(next(9) + 1).unwrap(),
                    sp4n_number: [String::new(), format!("LAPOR-{step}")][next(2)].clone(),
                    ..report(&step.to_string())
                };
                reports.push(world.submit_as(request).await);
                continue;
            }
            // Mostly one of the newest reports, so that its life continues.
            let report = &reports[reports.len() - 1 - next(reports.len().min(3))];
            let ways = [
                Verify, Verify, Respond, Respond, Close, Close, Reopen, Rate, Forward, Merge, Reply, Escalate,
            ];
            let mut call = call(ways[next(ways.len())], report);
            call.unit = [UNIT, OTHER][next(2)].into();
            call.to = ["agencies/3271/units/dukcapil", OTHER][next(2)].into();
            call.into = reports[next(reports.len())].name.clone();
            call.rating = i32::try_from(next(5) + 1).unwrap();
            done += usize::from(world.call(call).await.is_ok());
        }
        assert!(done > 60, "{done}");
        let table = tally(&world).await;
        assert!(table.keys().any(|key| key.contains(" resolved ")));
        assert!(table.keys().any(|key| key.contains(" merged ")));
        assert_eq!(table, rebuilt(&world).await);
    })
    .await;
}
