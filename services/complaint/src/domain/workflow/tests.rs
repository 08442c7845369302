use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::worktime::Length;

const BUILT_IN: &str = include_str!("../../../data/workflow-sp4n.json");

fn document() -> Value {
    serde_json::from_str(BUILT_IN).unwrap()
}

fn faults(document: &Value) -> Vec<Fault> {
    Workflow::parse(&document.to_string()).unwrap_err()
}

/// The faults of the built-in workflow with the value at `pointer` replaced, as `field: description`.
fn with(pointer: &str, value: Value) -> Vec<String> {
    let mut document = document();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap() {
        Value::Object(object) => {
            object.insert(key.into(), value);
        }
        Value::Array(list) if key == "-" => list.push(value),
        Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
        other => panic!("{other}"),
    }
    described(&faults(&document))
}

fn described(faults: &[Fault]) -> Vec<String> {
    faults
        .iter()
        .map(|f| format!("{}: {}", f.field, f.description))
        .collect()
}

/// Index of a transition in the built-in workflow.
fn transition(from: &str, action: &str) -> usize {
    let flow = &Workflow::built_in().flows[0];
    flow.transitions
        .iter()
        .position(|t| t.from == from && t.action.key() == action)
        .unwrap()
}

#[test]
fn the_built_in_workflow_is_valid() {
    let parsed = Workflow::parse(BUILT_IN).unwrap();
    assert_eq!(&parsed, Workflow::built_in());
    assert_eq!(parsed.id, "sp4n-2018");
    assert_eq!(parsed.top_level(), 3);
    assert_eq!(parsed.resolution().unwrap().key, "resolution");
    assert!(parsed.clock(VERIFICATION).is_some());
}

#[test]
fn the_default_deadlines_are_those_of_the_reference() {
    let workflow = Workflow::built_in();
    let days = |class: &str| workflow.class(class).unwrap().deadline;
    assert_eq!(days("information_request"), Some(Length::WorkingDays(5)));
    assert_eq!(days("complaint_normative"), Some(Length::WorkingDays(5)));
    assert_eq!(days("complaint_regular"), Some(Length::WorkingDays(14)));
    assert_eq!(days("complaint_oversight"), Some(Length::WorkingDays(60)));
    assert_eq!(days("aspiration"), None);
    let clock = |key: &str| workflow.clock(key).unwrap().length;
    let working = |n| ClockLength::Fixed(Length::WorkingDays(n));
    assert_eq!(clock("verification"), working(3));
    assert_eq!(clock("first_follow_up"), working(5));
    assert_eq!(clock("reply_window"), working(10));
}

#[test]
fn keys_are_parsed_back() {
    for role in Role::ALL {
        assert_eq!(Role::parse(role.key()), Some(role));
        assert_eq!(json!(role), role.key());
    }
    for action in ActionKind::ALL {
        assert_eq!(ActionKind::parse(action.key()), Some(action));
        assert_eq!(json!(action), action.key());
    }
}

#[test]
fn the_coordinator_includes_the_liaison_and_the_national_admin_both() {
    use Role::{CoordinatorAdmin as C, LiaisonOfficer as L, NationalAdmin as N, Reporter as R, System as S};
    let pairs: BTreeSet<(Role, Role)> = Role::ALL
        .into_iter()
        .flat_map(|a| Role::ALL.map(|b| (a, b)))
        .filter(|(a, b)| a.includes(*b))
        .collect();
    let expected = [(R, R), (L, L), (C, C), (C, L), (N, N), (N, C), (N, L), (S, S)];
    assert_eq!(pairs, BTreeSet::from(expected));
}

#[test]
fn a_document_that_is_no_workflow_is_refused() {
    assert_eq!(
        described(&Workflow::parse("{\n \"id\": sp4n}").unwrap_err()),
        ["document: is not JSON at line 2, column 8"]
    );
    assert_eq!(
        described(&Workflow::parse("[]").unwrap_err()),
        ["document: must be an object"]
    );
    let long = format!("\"{}\"", "x".repeat(256 * 1024));
    assert_eq!(
        described(&Workflow::parse(&long).unwrap_err()),
        ["document: must be at most 262144 bytes"]
    );
    let deep = "[".repeat(100_000);
    assert_eq!(Workflow::parse(&deep).unwrap_err().len(), 1);
    let empty: BTreeSet<String> = faults(&json!({})).into_iter().map(|f| f.field).collect();
    for field in [
        "id",
        "title",
        "basis",
        "classes",
        "flows",
        "rejection_reasons",
        "completion",
    ] {
        assert!(empty.contains(field), "{field}: {empty:?}");
    }
}

#[test]
fn each_fault_is_reported_with_its_path() {
    let flow = "/flows/0";
    let at = |from: &str, action: &str, field: &str| {
        format!("{flow}/transitions/{}/{field}", transition(from, action))
    };
    let is = |given: Vec<String>, expected: &str| {
        assert!(
            given.iter().any(|f| f.starts_with(expected)),
            "{expected}: {given:#?}"
        );
    };
    is(with("/id", json!("sp4n_2018")), "id: must be 1 to 63");
    is(
        with("/priority", json!(1)),
        "document: has unknown fields; known are id",
    );
    is(
        with("/classes/0/colour", json!("red")),
        "classes[0]: has unknown fields",
    );
    is(
        with("/classes/0/flow", json!("none")),
        "classes[0].flow: is no flow",
    );
    is(
        with("/classes/1/key", json!("information_request")),
        "classes[1].key: occurs twice",
    );
    is(
        with("/classes/0/deadline", json!({"days": -1})),
        "classes[0].deadline: must be",
    );
    is(
        with("/classes/0/deadline", json!({"days": 1, "working_days": 1})),
        "classes[0].deadline: must be",
    );
    is(with("/classes/0/label", json!(" ")), "classes[0].label: must be");
    is(
        with("/flows/0/states/1/initial", json!(true)),
        "flows[0].states: needs one initial",
    );
    is(
        with("/flows/0/states/0/initial", json!(false)),
        "flows[0].states: needs one initial",
    );
    let island = json!({"key": "island", "label": "Pulau", "terminal": true});
    is(
        with("/flows/0/states/-", island),
        "flows[0].states[11]: cannot be reached",
    );
    is(
        with("/flows/0/states/4/terminal", json!(false)),
        "flows[0].states[4]: is a dead end",
    );
    is(
        with("/flows/0/states/9/terminal", json!(true)),
        "flows[0].states[9]: is terminal, but",
    );
    is(
        with(&at("received", "forward", "to"), json!("nowhere")),
        "flows[0].transitions[1].to: is no state",
    );
    is(
        with(&at("received", "forward", "action"), json!("teleport")),
        "flows[0].transitions[1].action: must be one of start_verification",
    );
    is(
        with(&at("received", "forward", "roles"), json!(["mayor"])),
        "flows[0].transitions[1].roles[0]: must be one of reporter",
    );
    is(
        with(&at("received", "forward", "roles"), json!([])),
        "flows[0].transitions[1].roles: must be a list",
    );
    is(
        with(&at("verifying", "merge", "action"), json!("reject")),
        "flows[0].transitions[4]: the state has another transition for this action",
    );
    is(
        with(&at("received", "forward", "implied"), json!(true)),
        "flows[0].transitions[1]: the state has another implied",
    );
    is(
        with(&at("verifying", "reject", "to"), json!("on_hold")),
        "flows[0].transitions[3].to: this action ends a report",
    );
    is(
        with(&at("closed", "reopen", "within"), json!("reply_window")),
        "flows[0].transitions[21].within: is no clock that starts",
    );
    // The system leads the report from closed to reopened, in progress, responded and closed again.
    let mut circle = document();
    for (from, action) in [
        ("closed", "reopen"),
        ("reopened", "start_follow_up"),
        ("in_progress", "respond"),
    ] {
        let pointer = format!("/flows/0/transitions/{}/roles", transition(from, action));
        *circle.pointer_mut(&pointer).unwrap() = json!(["system"]);
    }
    let circle = described(&faults(&circle));
    is(
        circle.clone(),
        "flows[0].states[9]: the system would turn in a circle",
    );
    assert_eq!(circle.len(), 4, "{circle:?}");
    is(
        with("/clocks/0/starts_on/0", json!("nowhere")),
        "clocks[0].starts_on[0]: is no state",
    );
    is(
        with("/clocks/0/pauses_in", json!(["received"])),
        "clocks[0]: starts, stops and pauses in different",
    );
    is(
        with("/clocks/0/stops_on", json!(["dispositioned"])),
        "clocks[0]: must stop in every terminal",
    );
    is(
        with("/clocks/0/length", json!("class")),
        "clocks: only one may have",
    );
    is(
        with("/clocks/2/length", json!({"days": 3})),
        "clocks: needs one with",
    );
    is(
        with("/clocks/0/length", json!("long")),
        "clocks[0].length: must be",
    );
    is(
        with("/clocks/0/on_due", json!({"action": "forward"})),
        "clocks[0].on_due.action: must be one of close, expire",
    );
    is(
        with("/clocks/0/on_due", json!({"action": "close"})),
        "clocks[0]: may run only in states",
    );
    is(
        with("/clocks/0/on_due", json!({"escalate": true, "action": "close"})),
        "clocks[0].on_due: cannot both",
    );
    is(
        with("/clocks/1/key", json!("verification")),
        "clocks[1].key: occurs twice",
    );
    is(
        with("/escalations/2/working_days", json!(0)),
        "escalations[2].working_days: must be later",
    );
    is(
        with("/escalations/2/working_days", json!(1.5)),
        "escalations[2].working_days: must be a whole",
    );
    is(
        with("/escalations/1/level", json!(2)),
        "escalations[1].level: levels count",
    );
    is(
        with("/escalations/1/role", json!("mayor")),
        "escalations[1].role: must be one of",
    );
    for key in [
        "wrong_agency",
        "salah_alamat",
        "not_our_authority",
        "instansi_lain",
    ] {
        is(
            with("/rejection_reasons/0/key", json!(key)),
            "rejection_reasons[0].key: a report is forwarded",
        );
    }
    is(with("/completion", json!("x")), "completion: must be an object");
}

#[test]
fn a_flow_without_forwarding_is_refused() {
    let mut document = document();
    let transitions = document.pointer_mut("/flows/0/transitions").unwrap();
    let list = transitions.as_array_mut().unwrap();
    list.retain(|t| t["action"] != "forward" && t["from"] != "forwarded");
    let given = described(&faults(&document));
    assert!(
        given.contains(&"flows[0].transitions: has no `forward`: no wrong door".to_owned()),
        "{given:?}"
    );
}

#[test]
fn all_faults_are_reported_at_once() {
    let mut document = document();
    document["title"] = json!("");
    document["classes"][3]["flow"] = json!("none");
    document["flows"][0]["transitions"][5]["roles"] = json!(["mayor"]);
    document["flows"][0]["transitions"][6]["action"] = json!(7);
    document["clocks"][3]["starts_on"] = json!(["nowhere"]);
    document["escalations"][3]["working_days"] = json!(1);
    document["rejection_reasons"][2]["key"] = json!("wrong_unit");
    let fields: BTreeSet<String> = faults(&document).into_iter().map(|f| f.field).collect();
    let expected = [
        "title",
        "classes[3].flow",
        "flows[0].transitions[5].roles[0]",
        "flows[0].transitions[6].action",
        "clocks[3].starts_on[0]",
        "escalations[3].working_days",
        "rejection_reasons[2].key",
    ];
    for field in expected {
        assert!(fields.contains(field), "{field}: {fields:?}");
    }
    assert_eq!(fields.len(), expected.len(), "{fields:?}");
}

#[test]
fn lists_are_bounded() {
    let many = |n: usize| {
        Value::Array(
            (0..n)
                .map(|at| json!({"key": format!("r{at}"), "label": "x"}))
                .collect(),
        )
    };
    assert_eq!(
        with("/rejection_reasons", many(101)),
        ["rejection_reasons: must be a list of 1 to 100"]
    );
    let sevens = |n: usize| Value::Array(vec![json!(7); n]);
    let states = with("/flows/0/states", sevens(5000));
    assert_eq!(states[0], "flows[0].states: must be a list of 2 to 50");
    assert!(states.iter().all(|f| !f.starts_with("flows[0].states[")));
    let mut document = document();
    document["flows"][0]["states"] = sevens(50);
    document["flows"][0]["transitions"] = sevens(200);
    assert_eq!(faults(&document).len(), 200);
}

/// Pointers to every value of a document.
fn pointers(value: &Value, path: String, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                pointers(value, format!("{path}/{key}"), found);
            }
        }
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                pointers(value, format!("{path}/{at}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found.push(path);
}

proptest! {
    #[test]
    fn any_document_is_parsed_or_refused_without_being_repeated(
        picks in prop::collection::vec((any::<prop::sample::Index>(), 0..7usize), 1..4),
    ) {
        let mut document = document();
        for (pointer, kind) in &picks {
            let mut found = Vec::new();
            pointers(&document, String::new(), &mut found);
            let secret = "Budi 0812-345";
            *document.pointer_mut(pointer.get(&found[..]).as_str()).unwrap() = match kind {
                0 => Value::Null,
                1 => json!(-1),
                2 => json!(1e300),
                3 => json!(secret),
                4 => json!([secret, {secret: secret}]),
                5 => json!({secret: [secret]}),
                _ => json!([]),
            };
        }
        if let Err(faults) = Workflow::parse(&document.to_string()) {
            prop_assert!(!faults.is_empty());
            for fault in faults {
                let text = format!("{} {} {}", fault.field, fault.description, fault.localized);
                prop_assert!(!text.contains("Budi"), "{text}");
            }
        }
    }
}
