use serde_json::json;

use super::*;

#[test]
fn a_report_lives_from_its_receipt_to_an_automatic_close() {
    let mut life = Life::begin("2025-03-26 10:00");
    assert_eq!(
        life.case.next_due(workflow()).map(|(k, d)| (k, d.at)),
        Some(("verification", wib("2025-04-09 16:00")))
    );
    life.act(disposition(), COORDINATOR, "2025-03-27 09:00");
    assert_eq!(life.case.verified_at, Some(wib("2025-03-27 09:00")));
    assert_eq!(life.case.verified_in_time, Some(true));
    assert_eq!(
        (life.case.unit.as_str(), life.case.category.as_str()),
        ("dpupr", "roads_bridges")
    );
    assert_eq!(life.due_of("resolution"), Some(wib("2025-04-28 16:00")));
    let (clock, due) = life.case.next_due(workflow()).unwrap();
    assert_eq!((clock, due.at), ("first_follow_up", wib("2025-04-14 16:00")));

    life.act(Action::StartFollowUp, LIAISON, "2025-04-08 08:00");
    assert!(life.case.clocks["first_follow_up"].stopped_at.is_some());
    assert_eq!(life.case.next_due(workflow()).unwrap().0, "resolution");
    life.act(Action::Hold, LIAISON, "2025-04-09 10:00");
    assert_eq!(life.due_of("resolution"), None);
    assert_eq!(life.case.next_due(workflow()), None);
    // Six working hours on the 9th and four on the 10th.
    life.act(Action::Reply, REPORTER, "2025-04-10 12:00");
    assert_eq!(life.due_of("resolution"), Some(wib("2025-04-30 10:00")));

    life.act(Action::Respond, LIAISON, "2025-04-15 09:00");
    assert_eq!(life.due_of("reply_window"), Some(wib("2025-04-30 16:00")));
    // A working day of eight hours until the reply; 1 May is a holiday.
    life.act(Action::Reply, REPORTER, "2025-04-16 09:00");
    assert_eq!(life.due_of("resolution"), Some(wib("2025-05-02 10:00")));
    life.act(Action::Respond, LIAISON, "2025-04-17 10:00");
    assert_eq!(life.wake(), Some(wib("2025-05-05 16:00")));
    assert!(life.case.is_open());

    let closing = life.due(wib("2025-06-01 00:00"));
    assert_eq!(closing.len(), 1);
    assert_eq!(closing[0].role, Some(Role::System));
    assert_eq!(closing[0].action, Some(ActionKind::Close));
    assert_eq!(life.case.closed_at, Some(wib("2025-05-05 16:00")));
    assert_eq!(life.case.closed_by, Some(Closer::System));
    assert_eq!(life.case.resolved_in_time, Some(true));
    assert_eq!(life.case.first_response_at, Some(wib("2025-04-15 09:00")));
    assert_eq!(life.case.responded_at, Some(wib("2025-04-17 10:00")));
    assert!(life.case.is_settled());
    assert_eq!(life.wake(), None);
    assert_eq!(
        life.path(),
        [
            "received",
            "verifying",
            "dispositioned",
            "in_progress",
            "on_hold_follow_up",
            "in_progress",
            "responded",
            "in_progress",
            "responded",
            "closed"
        ]
    );
}

#[test]
fn a_late_answer_is_late_however_long_the_reporter_waits() {
    let mut life = Life::begin("2025-03-26 10:00");
    life.act(disposition(), COORDINATOR, "2025-03-27 09:00");
    let mut late = life.clone();
    life.act(Action::Respond, LIAISON, "2025-04-28 16:00");
    life.act(Action::Close, REPORTER, "2025-05-08 09:00");
    assert_eq!(life.case.resolved_in_time, Some(true));
    assert_eq!(life.case.closed_by, Some(Closer::Reporter));
    late.act(Action::Respond, LIAISON, "2025-04-28 16:01");
    late.act(Action::Close, REPORTER, "2025-04-28 16:02");
    assert_eq!(late.case.resolved_in_time, Some(false));
}

#[test]
fn a_late_verification_is_recorded() {
    let mut life = Life::begin("2025-03-26 10:00");
    life.act(disposition(), COORDINATOR, "2025-04-09 16:01");
    assert_eq!(life.case.verified_in_time, Some(false));
    // The level belonged to a deadline that was met.
    assert_eq!(life.case.level, 0);
    assert_eq!(
        life.entries.iter().filter_map(|e| e.level).collect::<Vec<_>>(),
        [0, 1]
    );
}

#[test]
fn waiting_for_completion_pauses_verification() {
    let mut life = Life::begin("2025-04-08 10:00");
    assert_eq!(life.due_of("verification"), Some(wib("2025-04-11 16:00")));
    life.act(Action::Hold, COORDINATOR, "2025-04-08 12:00");
    assert_eq!(life.due_of("verification"), None);
    life.act(Action::Reply, REPORTER, "2025-04-09 12:00");
    assert_eq!(life.due_of("verification"), Some(wib("2025-04-14 16:00")));
    assert!(life.case.clocks["completion_window"].stopped_at.is_some());
}

#[test]
fn an_incomplete_report_is_archived_automatically() {
    let mut life = Life::begin("2025-04-08 10:00");
    life.act(Action::Hold, COORDINATOR, "2025-04-08 12:00");
    assert_eq!(life.wake(), Some(wib("2025-05-08 12:00")));
    assert_eq!(life.due(wib("2025-05-08 11:59")), []);
    let expired = life.due(wib("2025-05-08 12:00"));
    assert_eq!(expired[0].reason.as_deref(), Some("not_completed"));
    assert_eq!(life.case.archive_reason.as_deref(), Some("not_completed"));
    assert_eq!(
        (life.case.verified_at, life.case.state.as_str()),
        (None, "archived")
    );
    assert_eq!(life.case.resolved_in_time, None);
    assert!(life.case.is_settled());
}

#[test]
fn forwarding_keeps_the_case_and_restarts_its_deadlines() {
    let mut life = Life::begin("2025-03-26 10:00");
    life.act(disposition(), COORDINATOR, "2025-03-27 09:00");
    life.act(Action::StartFollowUp, LIAISON, "2025-03-27 10:00");
    // Makassar is one hour ahead of Jakarta.
    life.office = office_in(Zone::Wita, Calendar::built_in());
    life.act(forward(), LIAISON, "2025-04-08 10:00");
    let [.., hop] = life.entries.as_slice() else {
        panic!("{:?}", life.entries)
    };
    assert_eq!(
        (hop.from_agency.as_str(), hop.to_agency.as_str()),
        ("3271", "7371")
    );
    assert_eq!(
        (hop.from_unit.as_str(), hop.to_unit.as_str()),
        ("dpupr", "dishub")
    );
    // The time that the first unit used does not count for the next one.
    assert_eq!(
        life.case.clocks["resolution"].stopped_at,
        Some(wib("2025-04-08 10:00"))
    );
    assert_eq!(life.case.hops, 1);
    assert_eq!((life.case.verified_at, life.case.verified_in_time), (None, None));
    assert_eq!(life.due_of("verification"), Some(wib("2025-04-11 15:00")));

    life.act(disposition(), COORDINATOR, "2025-04-09 09:00");
    assert_eq!(life.case.verified_at, Some(wib("2025-04-09 09:00")));
    assert_eq!(life.case.clocks["resolution"].started_at, wib("2025-04-09 09:00"));
    assert_eq!(life.due_of("resolution"), Some(wib("2025-04-30 15:00")));
    assert_eq!(life.case.received_at, wib("2025-03-26 10:00"));
}

#[test]
fn a_report_can_be_forwarded_to_another_unit_of_its_agency_but_not_to_its_own() {
    let mut life = Life::begin("2025-04-08 10:00");
    life.act(disposition(), COORDINATOR, "2025-04-08 11:00");
    let to = |unit: &str| Action::Forward {
        agency: "3271".into(),
        unit: unit.into(),
    };
    for unit in ["", "dpupr"] {
        assert_eq!(
            life.try_act(&to(unit), LIAISON, wib("2025-04-08 12:00")),
            Err(Refusal::SameAgency)
        );
    }
    life.act(to("dishub"), LIAISON, "2025-04-08 12:00");
    assert_eq!((life.case.unit.as_str(), life.case.hops), ("dishub", 1));
}

#[test]
fn a_reply_after_the_window_is_refused_because_the_report_is_closed() {
    let mut life = Life::begin("2025-04-08 10:00");
    life.act(disposition(), COORDINATOR, "2025-04-08 11:00");
    life.act(Action::Respond, LIAISON, "2025-04-15 09:00");
    let end = wib("2025-04-30 16:00");
    let mut last = life.clone();
    last.try_act(&Action::Reply, REPORTER, end).unwrap();
    let before = life.case.clone();
    let late = life.try_act(&Action::Reply, REPORTER, end + TimeDelta::microseconds(1));
    assert_eq!(
        late,
        Err(Refusal::IllegalTransition {
            state: "closed".into(),
            action: ActionKind::Reply,
            allowed: vec![ActionKind::Reopen],
        })
    );
    assert_eq!(life.case, before);
}

#[test]
fn a_report_can_be_reopened_only_within_its_window() {
    let mut life = Life::begin("2025-04-08 10:00");
    life.act(disposition(), COORDINATOR, "2025-04-08 11:00");
    life.act(Action::Respond, LIAISON, "2025-04-15 09:00");
    life.act(Action::Close, REPORTER, "2025-04-16 09:00");
    life.case
        .rate(&life.workflow, &life.office, 2, wib("2025-04-16 10:00"))
        .unwrap();
    let end = wib("2025-05-16 09:00");
    let late = life.try_act(&Action::Reopen, REPORTER, end + TimeDelta::microseconds(1));
    assert_eq!(
        late,
        Err(Refusal::WindowPassed {
            clock: "reopen_window".into()
        })
    );
    life.try_act(&Action::Reopen, REPORTER, end).unwrap();
    assert_eq!((life.case.reopened, life.case.closed_at), (1, None));
    assert_eq!((life.case.closed_by, life.case.resolved_in_time), (None, None));
    assert!(life.case.is_open());
    assert_eq!(life.case.clocks["resolution"].started_at, end);
    // The next closing can be rated; until then the last rating remains.
    assert_eq!((life.case.rating, life.case.rated_at), (Some(2), None));
}

#[test]
fn a_merged_report_records_the_other_and_allows_no_action() {
    let mut life = Life::begin("2025-04-08 10:00");
    let into = "01912d68".to_owned();
    life.act(
        Action::Merge { into: into.clone() },
        COORDINATOR,
        "2025-04-08 11:00",
    );
    assert_eq!(life.case.merged_into.as_ref(), Some(&into));
    assert_eq!(life.entries.last().unwrap().merged_into.as_ref(), Some(&into));
    assert_eq!((life.wake(), life.case.next_due(workflow())), (None, None));
    assert_eq!(life.case.verified_in_time, Some(true));
}

#[test]
fn a_rejection_requires_a_reason_of_the_workflow() {
    let mut life = Life::begin("2025-04-08 10:00");
    let reject = |reason: &str| Action::Reject {
        reason: reason.into(),
    };
    let at = wib("2025-04-08 11:00");
    for reason in ["", "wrong_agency", "not_completed"] {
        assert_eq!(
            life.try_act(&reject(reason), COORDINATOR, at),
            Err(Refusal::UnknownReason)
        );
    }
    life.try_act(&reject("duplicate"), COORDINATOR, at).unwrap();
    assert_eq!(life.entries.last().unwrap().reason.as_deref(), Some("duplicate"));
}

#[test]
fn a_report_can_be_rated_once_for_each_answer_or_closing() {
    let mut life = Life::begin("2025-04-08 10:00");
    let (workflow, office) = (life.workflow.clone(), office());
    let rate = |life: &mut Life, stars, at: &str| life.case.rate(&workflow, &office, stars, wib(at));
    assert_eq!(rate(&mut life, 4, "2025-04-08 11:00"), Err(Refusal::NotAnswered));
    life.act(disposition(), COORDINATOR, "2025-04-08 11:00");
    life.act(Action::Respond, LIAISON, "2025-04-08 12:00");
    for stars in [0, 6] {
        assert_eq!(
            rate(&mut life, stars, "2025-04-08 13:00"),
            Err(Refusal::StarsOutOfRange)
        );
    }
    let entries = rate(&mut life, 5, "2025-04-08 13:00").unwrap();
    assert_eq!((entries[0].kind, entries[0].stars), (EntryKind::Rated, Some(5)));
    life.act(Action::Close, REPORTER, "2025-04-08 14:00");
    assert_eq!(rate(&mut life, 1, "2025-04-08 15:00"), Err(Refusal::AlreadyRated));
    life.act(Action::Reopen, REPORTER, "2025-04-09 09:00");
    assert_eq!(rate(&mut life, 1, "2025-04-09 10:00"), Err(Refusal::NotAnswered));
    life.act(Action::Respond, LIAISON, "2025-04-09 11:00");
    rate(&mut life, 1, "2025-04-09 12:00").unwrap();
    assert_eq!(life.case.rating, Some(1));
}

#[test]
fn the_verified_class_decides_the_deadline() {
    let mut life = Life::begin("2025-03-26 10:00");
    let as_class = |class: &str| Action::Disposition {
        unit: "inspektorat".into(),
        class: class.into(),
        category: "illegal_fees".into(),
    };
    let at = wib("2025-03-26 11:00");
    assert_eq!(
        life.try_act(&as_class("gossip"), COORDINATOR, at),
        Err(Refusal::UnknownClass)
    );
    let mut aspiration = life.clone();
    aspiration
        .try_act(&as_class("aspiration"), COORDINATOR, at)
        .unwrap();
    assert!(!aspiration.case.clocks.contains_key("resolution"));
    aspiration.act(Action::Respond, LIAISON, "2025-08-01 09:00");
    aspiration.act(Action::Close, REPORTER, "2025-08-01 10:00");
    assert_eq!(aspiration.case.resolved_in_time, None);
    let mut promised = life.clone();
    life.try_act(&as_class("complaint_oversight"), COORDINATOR, at)
        .unwrap();
    assert_eq!(life.due_of("resolution"), Some(wib("2025-07-10 16:00")));
    let two = Some(Length::WorkingDays(2));
    let (workflow, office) = (&life.workflow, &life.office);
    promised
        .case
        .act(
            workflow,
            office,
            two,
            &as_class("complaint_oversight"),
            COORDINATOR,
            at,
        )
        .unwrap();
    assert_eq!(promised.due_of("resolution"), Some(wib("2025-04-08 16:00")));
}

#[test]
fn a_report_of_an_unknown_class_is_refused() {
    let refused = Case::receive(
        workflow(),
        &office(),
        None,
        intake("gossip"),
        wib("2025-03-26 10:00"),
    );
    assert_eq!(refused.unwrap_err(), Refusal::UnknownClass);
}

#[test]
fn the_verified_class_decides_the_flow() {
    let workflow = edited(|document| {
        let mut quick = document["flows"][0].clone();
        quick["key"] = json!("quick");
        let answer = json!({
            "from": "dispositioned", "to": "responded", "action": "respond",
            "roles": ["liaison_officer"], "label": "Tanggapi"
        });
        quick["transitions"].as_array_mut().unwrap().push(answer);
        document["flows"].as_array_mut().unwrap().push(quick);
        document["classes"][0]["flow"] = json!("quick");
    });
    let answer = |class: &str| {
        let mut life = Life::begin_with(workflow.clone(), "aspiration", wib("2025-04-08 10:00"));
        let disposition = Action::Disposition {
            unit: "dpupr".into(),
            class: class.into(),
            category: String::new(),
        };
        life.act(disposition, COORDINATOR, "2025-04-08 11:00");
        life.act(Action::Respond, LIAISON, "2025-04-08 12:00");
        life.path()[3..].join(" ")
    };
    assert_eq!(answer("information_request"), "responded");
    assert_eq!(answer("complaint_regular"), "in_progress responded");
}

#[test]
fn an_implied_transition_needs_the_role_for_both_transitions() {
    let workflow = changed("/flows/0/transitions/0/roles", json!(["national_admin"]));
    let mut life = Life::begin_with(workflow, "complaint_regular", wib("2025-04-08 10:00"));
    assert_eq!(
        life.case.allowed(&life.workflow, COORDINATOR),
        [ActionKind::Forward]
    );
    let refused = life.try_act(&disposition(), COORDINATOR, wib("2025-04-08 11:00"));
    assert_eq!(
        refused,
        Err(Refusal::WrongRole {
            needs: vec![Role::NationalAdmin]
        })
    );
    life.act(Action::StartVerification, Role::NationalAdmin, "2025-04-08 12:00");
    life.act(disposition(), COORDINATOR, "2025-04-08 13:00");
}
