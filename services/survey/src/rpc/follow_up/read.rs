//! Reads follow-up plans.

use std::cmp::Ordering;

use prima_platform::{
    failure::{Failure, found},
    request,
};
use prima_proto::{name, survey::v1 as pb};

use super::message;
use crate::{
    derived::outcome::Outcome,
    domain::{index, number::Rational},
    rpc::field,
    service::App,
    store::{
        follow_up::{FollowUp, aftermath_get},
        survey::survey_get,
        tally::tallies_get,
    },
};

/// A page of the plan of a survey; the actions on its weakest elements come first.
pub async fn list(
    app: &App,
    message: pb::ListFollowUpsRequest,
) -> Result<pb::ListFollowUpsResponse, Failure> {
    let survey = request::name::<name::Survey>("parent", &message.parent);
    let (survey, page) =
        field::parent_and_page(survey, &message.parent, message.page_size, &message.page_token)?;
    let txn = app.context.db.snapshot().await?;
    let stored = found(survey_get(&txn, &survey.to_string()).await?, &survey)?;
    let known = aftermath_get(&txn, &[stored.id]).await?.remove(&stored.id);
    let tallies = tallies_get(&txn, &[stored.id]).await?.remove(&stored.id);
    let mut plan = known.unwrap_or_default().follow_ups;
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let (planned, done) = (
        count(plan.len()),
        count(plan.iter().filter(|f| f.done.is_some()).count()),
    );
    let tallies = tallies.unwrap_or_default();
    let outcome = Outcome::of(&stored, &tallies, &app.rules(), app.context.clock.now());
    weakest_first(&mut plan, &outcome);
    // The plan is small, so the whole plan is read and the page is cut out after the last action of the previous page.
    if !page.after.is_empty()
        && let Some(last) = plan.iter().position(|f| f.id == page.after)
    {
        plan.drain(..=last);
    }
    let next_page_token = page.cut(&mut plan, |f| f.id.clone());
    Ok(pb::ListFollowUpsResponse {
        follow_ups: plan.iter().map(|f| message::follow_up(&survey, f)).collect(),
        next_page_token,
        planned,
        done,
    })
}

/// Orders a plan by the means of its elements, the lowest first and elements without answers last; then in the survey's order
/// and by id.
fn weakest_first(plan: &mut [FollowUp], outcome: &Outcome) {
    let position = |key: &str| outcome.elements.iter().position(|e| e.key == key);
    let mean = |key: &str| {
        let element = outcome.elements.iter().find(|e| e.key == key)?;
        index::element_mean(&element.tally)
    };
    plan.sort_by_cached_key(|f| {
        let key = f.plan.element.as_str();
        (Weakness(mean(key)), position(key), f.id.clone())
    });
}

/// A mean that is ordered before higher means and before none.
#[derive(PartialEq, Eq)]
struct Weakness(Option<Rational>);

impl Ord for Weakness {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => a.cmp(b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        }
    }
}

impl PartialOrd for Weakness {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
