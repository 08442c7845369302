//! Compares the whole transition matrix with a table that was written by hand, independently of the data.

use super::*;

/// State, action, first letters of the roles (`R`eporter, `L`iaison, `C`oordinator, `N`ational, `S`ystem), states
/// afterwards.
const TABLE: [(&str, &str, &str, &str); 37] = [
    ("received", "start_verification", "CN", "verifying"),
    ("received", "disposition", "CN", "verifying dispositioned"),
    ("received", "hold", "CN", "verifying on_hold"),
    ("received", "reject", "CN", "verifying archived"),
    ("received", "merge", "CN", "verifying archived"),
    ("received", "forward", "CN", "forwarded"),
    ("verifying", "disposition", "CN", "dispositioned"),
    ("verifying", "hold", "CN", "on_hold"),
    ("verifying", "reject", "CN", "archived"),
    ("verifying", "merge", "CN", "archived"),
    ("verifying", "forward", "CN", "forwarded"),
    ("on_hold", "reply", "R", "verifying"),
    ("on_hold", "forward", "CN", "forwarded"),
    ("on_hold", "expire", "S", "archived"),
    ("forwarded", "start_verification", "CN", "verifying"),
    ("forwarded", "disposition", "CN", "verifying dispositioned"),
    ("forwarded", "hold", "CN", "verifying on_hold"),
    ("forwarded", "reject", "CN", "verifying archived"),
    ("forwarded", "merge", "CN", "verifying archived"),
    ("forwarded", "forward", "CN", "verifying forwarded"),
    ("dispositioned", "start_follow_up", "LCN", "in_progress"),
    ("dispositioned", "hold", "LCN", "in_progress on_hold_follow_up"),
    ("dispositioned", "forward", "LCN", "forwarded"),
    ("dispositioned", "respond", "LCN", "in_progress responded"),
    ("in_progress", "hold", "LCN", "on_hold_follow_up"),
    ("in_progress", "forward", "LCN", "forwarded"),
    ("in_progress", "respond", "LCN", "responded"),
    ("on_hold_follow_up", "reply", "R", "in_progress"),
    ("on_hold_follow_up", "forward", "LCN", "forwarded"),
    ("on_hold_follow_up", "expire", "S", "archived"),
    ("responded", "reply", "R", "in_progress"),
    ("responded", "close", "RS", "closed"),
    ("closed", "reopen", "R", "reopened"),
    ("reopened", "start_follow_up", "LCN", "in_progress"),
    ("reopened", "hold", "LCN", "in_progress on_hold_follow_up"),
    ("reopened", "forward", "LCN", "in_progress forwarded"),
    ("reopened", "respond", "LCN", "in_progress responded"),
];

fn letter(role: Role) -> char {
    match role {
        Role::Reporter => 'R',
        Role::LiaisonOfficer => 'L',
        Role::CoordinatorAdmin => 'C',
        Role::NationalAdmin => 'N',
        Role::System => 'S',
    }
}

fn expected(state: &str, action: ActionKind, role: Role) -> Option<Vec<&'static str>> {
    TABLE
        .iter()
        .find(|(s, a, roles, _)| *s == state && *a == action.key() && roles.contains(letter(role)))
        .map(|(.., to)| to.split(' ').collect())
}

pub(super) fn with_data(kind: ActionKind) -> Action {
    match kind {
        ActionKind::StartVerification => Action::StartVerification,
        ActionKind::Disposition => disposition(),
        ActionKind::Hold => Action::Hold,
        ActionKind::Reject => Action::Reject {
            reason: "out_of_scope".into(),
        },
        ActionKind::Forward => forward(),
        ActionKind::Merge => Action::Merge {
            into: "01912d68".into(),
        },
        ActionKind::StartFollowUp => Action::StartFollowUp,
        ActionKind::Respond => Action::Respond,
        ActionKind::Reply => Action::Reply,
        ActionKind::Close => Action::Close,
        ActionKind::Reopen => Action::Reopen,
        ActionKind::Expire => Action::Expire,
    }
}

/// A case that was brought to a state by the shortest path.
fn in_state(state: &str) -> Life {
    let mut life = Life::begin("2025-04-08 08:00");
    let other = Action::Forward {
        agency: "3204".into(),
        unit: String::new(),
    };
    let steps: Vec<(Action, Role)> = match state {
        "received" => vec![],
        "verifying" => vec![(Action::StartVerification, COORDINATOR)],
        "on_hold" => vec![(Action::Hold, COORDINATOR)],
        "forwarded" => vec![(other, COORDINATOR)],
        "archived" => vec![(with_data(ActionKind::Reject), COORDINATOR)],
        "dispositioned" => vec![(disposition(), COORDINATOR)],
        "in_progress" => vec![(disposition(), COORDINATOR), (Action::StartFollowUp, LIAISON)],
        "on_hold_follow_up" => vec![(disposition(), COORDINATOR), (Action::Hold, LIAISON)],
        "responded" => vec![(disposition(), COORDINATOR), (Action::Respond, LIAISON)],
        "closed" | "reopened" => vec![
            (disposition(), COORDINATOR),
            (Action::Respond, LIAISON),
            (Action::Close, REPORTER),
        ],
        other => panic!("no way to {other}"),
    };
    for (action, role) in steps {
        life.act(action, role, "2025-04-08 09:00");
    }
    if state == "reopened" {
        life.act(Action::Reopen, REPORTER, "2025-04-08 10:00");
    }
    assert_eq!(life.case.state, state);
    life
}

#[test]
fn every_state_action_and_role_is_allowed_exactly_as_the_table_says() {
    let mut taken = 0;
    for state in &workflow().flows[0].states {
        let before = in_state(&state.key);
        for role in Role::ALL {
            let allowed: Vec<ActionKind> = ActionKind::ALL
                .into_iter()
                .filter(|a| expected(&state.key, *a, role).is_some())
                .collect();
            assert_eq!(
                before.case.allowed(workflow(), role),
                allowed,
                "{} {role:?}",
                state.key
            );
            for kind in ActionKind::ALL {
                let mut life = before.clone();
                let count = life.entries.len();
                let result = life.try_act(&with_data(kind), role, wib("2025-04-08 11:00"));
                let what = format!("{} {} {role:?}", state.key, kind.key());
                if let Some(to) = expected(&state.key, kind, role) {
                    assert_eq!(result, Ok(()), "{what}");
                    let steps: Vec<&Entry> = life.entries[count..]
                        .iter()
                        .filter(|e| e.kind == EntryKind::Transition)
                        .collect();
                    assert_eq!(
                        steps.iter().map(|e| e.to.as_str()).collect::<Vec<_>>(),
                        to,
                        "{what}"
                    );
                    assert_eq!(steps.last().unwrap().action, Some(kind), "{what}");
                    taken += 1;
                    continue;
                }
                assert_eq!(life.case, before.case, "{what}: refused, but changed");
                let others = Role::ALL
                    .into_iter()
                    .filter(|r| expected(&state.key, kind, *r).is_some());
                match result.unwrap_err() {
                    Refusal::WrongRole { needs } => {
                        assert!(!needs.is_empty(), "{what}");
                        let may = Role::ALL
                            .into_iter()
                            .filter(|r| needs.iter().any(|n| r.includes(*n)));
                        assert!(others.eq(may), "{what}: {needs:?}");
                    }
                    Refusal::IllegalTransition {
                        state: is,
                        action,
                        allowed: may,
                    } => {
                        assert_eq!(others.count(), 0, "{what}");
                        assert_eq!(
                            (is, action, may),
                            (state.key.clone(), kind, allowed.clone()),
                            "{what}"
                        );
                    }
                    other => panic!("{what}: {other:?}"),
                }
            }
        }
    }
    let rows = TABLE.iter().map(|(_, _, roles, _)| roles.len()).sum::<usize>();
    assert_eq!(taken, rows);
}
