//! A report from its receipt to its end.

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
async fn a_report_is_stored_before_it_is_answered_and_a_repeat_gets_the_same_codes() {
    on_each_database(async |mut world| {
        let first = world.submit("satu").await;
        assert_eq!(first.status.state, "received");
        assert!(first.status.open);
        // 16 and 17 February are off: the third working day is the 20th, until 16:00 in Jakarta.
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
        // Fourteen.
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
        let told: Vec<_> = lines
            .iter()
            .map(|l| (l.part("to"), l.role.as_str(), l.actor.as_str(), l.public, l.noted))
            .collect();
        assert_eq!(
            told,
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
        // Thursday 14:00 until Friday 10:00 in Jakarta: two hours and two hours of work.
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
        // 10 March 16:00 is a closing: what is added begins with the next morning at 8.
        assert_eq!(before, time("2026-03-10T09:00:00Z"));
        assert_eq!(due(&back).1, time("2026-03-11T01:00:00Z") + paused);
    })
    .await;
}

#[tokio::test]
async fn a_report_to_the_wrong_agency_goes_on_to_the_right_one_with_its_trail() {
    on_each_database(async |mut world| {
        let report = world.submit("satu").await;
        world.at("2026-02-18T02:00:00Z");
        let forwarded = world.done(Forward, &report).await;
        assert_eq!(forwarded.agency, ELSEWHERE);
        assert_eq!(
            (forwarded.unit.as_str(), forwarded.state.as_str()),
            ("", "forwarded")
        );
        // The clock of verification begins anew.
        assert_eq!(
            due(&forwarded),
            ("verification".into(), time("2026-02-23T09:00:00Z"))
        );
        for method in [StartVerification, Reject, Escalate] {
            refused(
                world.call(call(method, &report)).await,
                Code::PermissionDenied,
                "PERMISSION_DENIED",
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
async fn what_is_written_stands_with_the_action_also_when_deadlines_move_with_it() {
    on_each_database(async |mut world| {
        let mut there = call(Forward, &world.brought("satu", "in_progress").await);
        // Papua is two hours ahead, and its offices close earlier: the deadline of the resolution moves.
        there.to = "agencies/9471".into();
        let name = there.name.clone();
        let status = world.call_as(usual(Respond), there).await.unwrap();
        assert_eq!(status.state, "forwarded");
        let lines = world.timeline(&name).await;
        let told: Vec<_> = lines
            .iter()
            .map(|l| (l.part("kind"), l.role.as_str(), l.noted))
            .skip(4)
            .collect();
        assert_eq!(
            told,
            [
                ("transition", "liaison_officer", true),
                ("rescheduled", "system", false)
            ]
        );
        let moved = &lines[5];
        let at = |part| time(moved.part(part));
        assert_eq!(at("after"), at("before") - TimeDelta::hours(2));
    })
    .await;
}

#[tokio::test]
async fn a_closed_report_is_reopened_in_its_window_and_not_after_it() {
    on_each_database(async |mut world| {
        let report = world.brought("satu", "closed").await;
        world.done(Rate, &report).await;
        world.advance(TimeDelta::days(30) - TimeDelta::minutes(1));
        let status = world.done(Reopen, &report).await;
        assert_eq!((status.state.as_str(), status.open), ("reopened", true));
        world.done(Respond, &report).await;
        world.done(Close, &report).await;
        // Once for each closing.
        world.done(Rate, &report).await;
        world.advance(TimeDelta::days(30) + TimeDelta::minutes(1));
        let before = world.timeline(&report.name).await;
        refused(
            world.call(call(Reopen, &report)).await,
            Code::FailedPrecondition,
            "WINDOW_PASSED",
        );
        assert_eq!(world.timeline(&report.name).await, before);
    })
    .await;
}

#[tokio::test]
async fn a_report_is_archived_for_a_reason_and_a_wrong_address_is_none() {
    on_each_database(async |mut world| {
        let report = world.brought("satu", "verifying").await;
        let mut reject = call(Reject, &report);
        reject.reason = "wrong_address".into();
        assert_eq!(faults(world.call(reject).await), ["reason"]);
        let mut here = call(Forward, &report);
        here.to = AGENCY.into();
        assert_eq!(faults(world.call(here).await), ["to"]);
        let status = world.done(Reject, &report).await;
        assert_eq!((status.state.as_str(), status.open), ("archived", false));
        let lines = world.timeline(&report.name).await;
        assert_eq!(lines[2].part("reason"), "out_of_scope");
        assert!(lines[2].public && lines[2].noted);
    })
    .await;
}

#[tokio::test]
async fn a_duplicate_becomes_a_part_of_the_report_that_goes_on_and_never_in_a_circle() {
    on_each_database(async |mut world| {
        let one = world.brought("satu", "verifying").await;
        let two = world.brought("dua", "verifying").await;
        let merge = |from: &Submitted, into: &Submitted| Call {
            into: into.name.clone(),
            ..call(Merge, from)
        };
        let status = world.call(merge(&two, &one)).await.unwrap();
        assert_eq!((status.state.as_str(), status.open), ("archived", false));
        let id = |report: &Submitted| report.name.trim_start_matches("complaints/").to_owned();
        let lines = world.timeline(&two.name).await;
        assert_eq!(lines.last().unwrap().part("merged_into"), id(&one));
        let lines = world.timeline(&one.name).await;
        let last = lines.last().unwrap();
        assert_eq!(
            (last.part("kind"), last.part("merged")),
            ("merged", id(&two).as_str())
        );
        assert_eq!((last.part("from"), last.part("to")), ("verifying", "verifying"));
        assert_eq!((last.actor.as_str(), last.public), ("koordinator", false));

        // Back is a circle, and a chain would hide where the report is.
        refused(
            world.call(merge(&one, &two)).await,
            Code::FailedPrecondition,
            "ALREADY_MERGED",
        );
        let three = world.brought("tiga", "verifying").await;
        refused(
            world.call(merge(&three, &two)).await,
            Code::FailedPrecondition,
            "ALREADY_MERGED",
        );
        let closed = world.brought("empat", "closed").await;
        refused(
            world.call(merge(&three, &closed)).await,
            Code::FailedPrecondition,
            "SETTLED",
        );
        assert_eq!(faults(world.call(merge(&three, &three)).await), ["into"]);
        let away = world.submit("lima").await;
        world.done(Forward, &away).await;
        assert_eq!(faults(world.call(merge(&three, &away)).await), ["into"]);
        let mut nowhere = merge(&three, &one);
        nowhere.into = format!("complaints/{}", request_id());
        assert_eq!(faults(world.call(nowhere).await), ["into"]);
        assert_eq!(world.timeline(&three.name).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn two_mergers_of_each_other_leave_one_report_to_go_on() {
    on_each_database(async |mut world| {
        for n in 0..5 {
            let one = world.brought(&format!("a{n}"), "verifying").await;
            let two = world.brought(&format!("b{n}"), "verifying").await;
            let merge = |from: &Submitted, into: &Submitted| {
                world.call(Call {
                    into: into.name.clone(),
                    ..call(Merge, from)
                })
            };
            let (there, back) = tokio::join!(merge(&one, &two), merge(&two, &one));
            assert!(there.is_ok() != back.is_ok(), "{there:?} {back:?}");
            refused(there.and(back), Code::FailedPrecondition, "ALREADY_MERGED");
        }
    })
    .await;
}

#[tokio::test]
async fn a_report_is_raised_by_hand_to_the_top_and_no_further() {
    on_each_database(async |mut world| {
        let report = world.submit("satu").await;
        for level in 1..=3 {
            assert_eq!(world.done(Escalate, &report).await.level, level);
        }
        refused(
            world.call(call(Escalate, &report)).await,
            Code::FailedPrecondition,
            "TOP_LEVEL",
        );
        let lines = world.timeline(&report.name).await;
        let last = lines.last().unwrap();
        assert_eq!(
            (last.part("kind"), last.public, last.noted),
            ("escalated_by_hand", false, true)
        );
        let archived = world.brought("dua", "archived").await;
        refused(
            world.call(call(Escalate, &archived)).await,
            Code::FailedPrecondition,
            "SETTLED",
        );
    })
    .await;
}

#[tokio::test]
async fn what_a_unit_promises_is_the_deadline_of_its_reports() {
    on_each_database(async |mut world| {
        let insert = "INSERT INTO deadline (agency, unit, class, days, citation, actor, created_at)
                      VALUES ('3271', 'dpmptsp', 'complaint_regular', 7, '', '', 0)";
        sea_orm::ConnectionTrait::execute_unprepared(world.db.writer(), insert)
            .await
            .unwrap();
        let report = world.submit("satu").await;
        world.at("2026-02-18T02:00:00Z");
        world.done(Verify, &report).await;
        let status = world.done(StartFollowUp, &report).await;
        assert_eq!(due(&status), ("resolution".into(), time("2026-02-27T09:00:00Z")));
    })
    .await;
}

#[tokio::test]
async fn what_the_system_had_to_do_before_comes_first_and_a_refusal_leaves_it_to_the_sweep() {
    on_each_database(async |mut world| {
        let report = world.brought("satu", "responded").await;
        let before = world.timeline(&report.name).await;
        // Ten working days after 13 February were over on 3 March.
        world.at("2026-03-05T02:00:00Z");
        let refusal = world.call(call(Reply, &report)).await;
        refused(refusal, Code::FailedPrecondition, "ILLEGAL_TRANSITION");
        assert_eq!(world.timeline(&report.name).await, before);
        let status = world.done(Reopen, &report).await;
        assert_eq!(status.state, "reopened");
        let lines = world.timeline(&report.name).await;
        let told: Vec<_> = lines[before.len()..]
            .iter()
            .map(|l| (l.part("to"), l.role.as_str(), l.noted))
            .collect();
        assert_eq!(
            told,
            [("closed", "system", false), ("reopened", "reporter", true)]
        );
        assert_eq!(time(lines[before.len()].part("at")), time("2026-03-03T09:00:00Z"));
    })
    .await;
}
