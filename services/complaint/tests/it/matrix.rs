//! What each state allows, according to the data of the workflow.

use prima_complaint::domain::workflow::{ActionKind, Workflow};
use tonic::Code;

use crate::{call::*, fixture::*};

/// The state to which an action leads from a state, if it is allowed there.
fn leads(state: &str, method: Method) -> Option<String> {
    let kind = ActionKind::parse(method.action()?).unwrap();
    let flow = Workflow::built_in().flow_of("complaint_regular").unwrap();
    flow.path(state, kind).map(|(_, own)| own.to.clone())
}

fn changes() -> impl Iterator<Item = Method> {
    Method::ALL.into_iter().filter(|m| m.action().is_some())
}

fn states() -> impl Iterator<Item = &'static str> {
    let flow = Workflow::built_in().flow_of("complaint_regular").unwrap();
    flow.states.iter().map(|s| s.key.as_str())
}

#[tokio::test]
async fn an_action_that_the_state_does_not_allow_is_refused_and_changes_nothing() {
    on_each_database(async |mut world| {
        let other = world.submit_in_state("lain", "verifying").await;
        let mut tried = 0;
        for state in states() {
            let report = world.submit_in_state(state, state).await;
            let before = world.timeline(&report.name).await;
            for method in changes().filter(|m| leads(state, *m).is_none()) {
                let call = Call {
                    into: other.name.clone(),
                    ..call(method, &report)
                };
                let refusal = world.call(call).await;
                let refusal = refused(refusal, Code::FailedPrecondition, "ILLEGAL_TRANSITION");
                let message = format!("`{}` is not possible", method.action().unwrap());
                assert!(
                    refusal.message().contains(&message),
                    "{state}: {}",
                    refusal.message()
                );
                tried += 1;
            }
            assert_eq!(world.timeline(&report.name).await, before, "{state}");
        }
        // 11 states and 11 actions, without the allowed combinations.
        assert_eq!(tried, 121 - allowed().len());
    })
    .await;
}

fn allowed() -> Vec<(&'static str, Method, String)> {
    let pairs = states().flat_map(|state| changes().map(move |method| (state, method)));
    pairs
        .filter_map(|(state, method)| Some((state, method, leads(state, method)?)))
        .collect()
}

#[tokio::test]
async fn an_allowed_action_leads_to_the_state_of_the_workflow() {
    on_each_database(async |mut world| {
        let other = world.submit_in_state("lain", "verifying").await;
        for (n, (state, method, to)) in allowed().into_iter().enumerate() {
            let report = world.submit_in_state(&format!("{state}-{n}"), state).await;
            let call = Call {
                into: other.name.clone(),
                ..call(method, &report)
            };
            let status = world.call(call).await;
            let status = status.unwrap_or_else(|error| panic!("{state} {method:?}: {error:?}"));
            assert_eq!(status.state, to, "{state} {method:?}");
        }
    })
    .await;
}
