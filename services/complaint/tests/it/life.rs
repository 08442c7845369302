//! The life of a report from its receipt to its closing.

use chrono::{DateTime, TimeDelta, Utc};
use prima_platform::{caller::Role, clock::from_proto};
use prima_proto::complaint::v1;
use tonic::Code;

use crate::{call::*, fixture::*};

fn due(status: &v1::ComplaintStatus) -> (String, DateTime<Utc>) {
    let deadline = status.deadline.clone().unwrap();
    (deadline.clock, from_proto(&deadline.due_time.unwrap()).unwrap())
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_report_is_stored_before_the_response_and_a_repeat_gets_the_same_codes() {
    on_each_database(async |mut world| {
        let first = world.submit("satu").await;
        assert_eq!(first.status.state, "received");
        assert!(first.status.open);
        // 16 and 17 February are days off: the third working day is the 20th, which ends at 16:00 in Jakarta.
        assert_eq!(
            due(&first.status),
            ("verification".into(), time("2026-02-20T09:00:00Z"))
        );
        let again = world.submit("satu").await;
        assert_eq!((&again.code, &again.secret), (&first.code, &first.secret));
        assert_eq!(again.status, first.status);
        assert_eq!(world.count("complaint").await, 1);
        let lines = world.timeline(&first.name).await;
        assert_eq!((lines.len(), lines[0].role.as_str()), (1, "intake"));
        let mut other = report("satu");
        other.title = "Judul lain sama sekali".into();
        let reused = world.complaints.submit_complaint(intake(other)).await;
        refused(reused, Code::InvalidArgument, "REQUEST_ID_REUSED");
    })
    .await;
}

#[tokio::test]
async fn a_report_is_verified_followed_up_answered_rated_and_closed() {
    on_each_database(async |mut world| {
        let report = world.submit("satu").await;
        let status = world.done(StartVerification, &report).await;
        assert_eq!(
            (status.state.as_str(), status.state_label.as_str()),
            ("verifying", "Verifikasi")
        );
        assert_ne!(status.etag, report.status.etag);
        world.at("2026-02-18T02:00:00Z");
        let status = world.done(Verify, &report).await;
        assert_eq!(
            (status.state.as_str(), status.unit.as_str()),
            ("dispositioned", UNIT)
        );
        assert_eq!(status.category, "business_licence");
        // Five working days after 18 February.
        assert_eq!(
            due(&status),
            ("first_follow_up".into(), time("2026-02-25T09:00:00Z"))
        );
        let status = world.done(StartFollowUp, &report).await;
        // Fourteen working days after 18 February.
        assert_eq!(due(&status), ("resolution".into(), time("2026-03-10T09:00:00Z")));
        let status = world.done(Respond, &report).await;
        assert_eq!(status.state, "responded");
        let own = world.done(Reply, &report).await;
        assert_eq!(own.state, "in_progress");
        assert_eq!(
            (own.name.as_str(), own.etag.as_str(), own.agency.as_str()),
            ("", "", AGENCY)
        );
        world.done(Respond, &report).await;
        let rated = world.done(Rate, &report).await;
        assert_eq!(rated.state, "responded");
        refused(
            world.call(call(Rate, &report)).await,
            Code::FailedPrecondition,
            "ALREADY_RATED",
        );
        let closed = world.done(Close, &report).await;
        assert_eq!((closed.state.as_str(), closed.open), ("closed", false));
        assert!(closed.deadline.is_none());
        let lines = world.timeline(&report.name).await;
        let summary: Vec<_> = lines
            .iter()
            .map(|l| (l.part("to"), l.role.as_str(), l.actor.as_str(), l.public, l.noted))
            .collect();
        assert_eq!(
            summary,
            [
                ("received", "intake", "loket", true, false),
                ("verifying", "coordinator_admin", "koordinator", false, false),
                ("dispositioned", "coordinator_admin", "koordinator", false, true),
                ("in_progress", "liaison_officer", "penghubung", false, false),
                ("responded", "liaison_officer", "penghubung", true, true),
                ("in_progress", "reporter", "", true, true),
                ("responded", "liaison_officer", "penghubung", true, true),
                ("responded", "reporter", "", true, true),
                ("closed", "reporter", "", false, false),
            ]
        );
        assert!(lines.iter().zip(1..).all(|(line, n)| line.number == n));
        assert_eq!(lines[7].part("kind"), "rated");
    })
    .await;
}

#[tokio::test]
async fn a_question_to_the_reporter_adds_exactly_the_paused_working_time() {
    on_each_database(async |mut world| {
        let report = world.submit("satu").await;
        world.at("2026-02-18T02:00:00Z");
        world.done(Verify, &report).await;
        let before = due(&world.done(StartFollowUp, &report).await).1;
        // Thursday 14:00 until Friday 10:00 in Jakarta contains two plus two hours of working time.
        world.at("2026-02-19T07:00:00Z");
        let held = world.done(RequestCompletion, &report).await;
        assert_eq!(held.state, "on_hold_follow_up");
        let deadline = held.deadline.clone().unwrap();
        assert!(deadline.paused && deadline.due_time.is_none());
        world.at("2026-02-20T03:00:00Z");
        let back = world.done(Reply, &report).await;
        assert_eq!(back.state, "in_progress");
        let at = |status: &v1::ComplaintStatus| from_proto(&status.state_time.unwrap()).unwrap();
        let night = TimeDelta::hours(16);
        let paused = at(&back) - at(&held) - night;
        assert!(paused >= TimeDelta::hours(4) - TimeDelta::seconds(30));
        // 10 March 16:00 is a closing time, so added working time continues the next morning at 8.
        assert_eq!(before, time("2026-03-10T09:00:00Z"));
        assert_eq!(due(&back).1, time("2026-03-11T01:00:00Z") + paused);
    })
    .await;
}

#[tokio::test]
async fn a_report_to_the_wrong_agency_is_forwarded_with_its_timeline() {
    on_each_database(async |mut world| {
        let report = world.submit("satu").await;
        world.at("2026-02-18T02:00:00Z");
        let forwarded = world.done(Forward, &report).await;
        assert_eq!(forwarded.agency, ELSEWHERE);
        assert_eq!(
            (forwarded.unit.as_str(), forwarded.state.as_str()),
            ("", "forwarded")
        );
        // The verification clock starts again.
        assert_eq!(
            due(&forwarded),
            ("verification".into(), time("2026-02-23T09:00:00Z"))
        );
        for method in [StartVerification, Reject, Escalate] {
            refused(
                world.call(call(method, &report)).await,
                Code::NotFound,
                "NOT_FOUND",
            );
        }
        let there = || caller("bandung", Role::Admin, "3273");
        let mut verify = call(Verify, &report);
        verify.unit = UNIT.into();
        let wrong = world.call_as(there(), verify.clone()).await;
        assert_eq!(faults(wrong), ["unit"]);
        verify.unit = format!("{ELSEWHERE}/units/disdik");
        let status = world.call_as(there(), verify).await.unwrap();
        assert_eq!(status.unit, format!("{ELSEWHERE}/units/disdik"));
        let lines = world.timeline(&report.name).await;
        let hop = &lines[1];
        assert_eq!((hop.part("from_agency"), hop.part("to_agency")), ("3271", "3273"));
        assert_eq!((hop.part("from_unit"), hop.part("to_unit")), ("dpmptsp", ""));
        assert!(hop.noted && hop.public);
        assert_eq!(
            (lines[0].actor.as_str(), hop.actor.as_str()),
            ("loket", "koordinator")
        );
        assert_eq!(
            (lines[2].part("to"), lines[3].part("to")),
            ("verifying", "dispositioned")
        );
    })
    .await;
}

#[tokio::test]
async fn a_note_belongs_to_the_line_of_the_action_and_not_to_lines_of_the_system() {
    on_each_database(async |mut world| {
        let there = call(Forward, &world.submit_in_state("satu", "in_progress").await);
        let name = there.name.clone();
        // The office closes earlier from now on, so the deadline for the resolution moves.
        let day = v1::DayHours {
            weekday: 1,
            open: "08:00".into(),
            close: "14:00".into(),
        };
        let hours = v1::UpdateAgencyHoursRequest {
            request_id: "jam".into(),
            hours: Some(v1::AgencyHours {
                agency: AGENCY.into(),
                zone: "wib".into(),
                days: (1..=5)
                    .map(|weekday| v1::DayHours {
                        weekday,
                        ..day.clone()
                    })
                    .collect(),
                own: false,
            }),
        };
        world
            .settings
            .update_agency_hours(coordinator(hours))
            .await
            .unwrap();
        let status = world.call_as(usual_caller(Respond), there).await.unwrap();
        assert_eq!(status.state, "forwarded");
        let lines = world.timeline(&name).await;
        let summary = |l: &Line| (l.part("kind").to_owned(), l.role.clone(), l.noted);
        let moved: Vec<&Line> = lines.iter().filter(|l| l.part("kind") == "rescheduled").collect();
        assert!(!moved.is_empty());
        for line in moved {
            assert_eq!(summary(line), ("rescheduled".into(), "system".into(), false));
            assert_eq!(
                time(line.part("after")),
                time(line.part("before")) - TimeDelta::hours(2)
            );
        }
        let last = lines.last().map(summary);
        assert_eq!(last, Some(("transition".into(), "liaison_officer".into(), true)));
    })
    .await;
}
