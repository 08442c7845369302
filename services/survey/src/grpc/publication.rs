//! Publication and follow-up plans.

use std::cmp::Ordering;

use prima_platform::{
    caller::Caller,
    failure::{Failure, Violation},
    page::Page,
    request_id,
};
use prima_proto::{name, survey::v1 as pb};

use super::convert;
use crate::{
    app::{
        App, aftermath,
        complete_follow_up::complete_follow_up as complete,
        create_follow_up::{CreateFollowUp, create_follow_up as create},
        publish_result::{PublishResult, publish_result},
    },
    domain::{
        follow_up::{self, Plan},
        index,
        number::Rational,
        period::jakarta_day,
        publication::{self, Draft, Medium},
    },
    store::{
        publication::{FollowUp, aftermath_get},
        survey::{Stored, survey_get},
        tally::{Tallies, tallies_get},
    },
};

pub async fn publish(
    app: &App,
    caller: &Caller,
    r: pb::PublishResultRequest,
) -> Result<pb::PublishResultResponse, Failure> {
    let digest = request_id::digest(&r);
    let mut faults = Vec::new();
    faults.extend(request_id::check("request_id", &r.request_id).err());
    let survey = convert::survey_name("survey", &r.survey)
        .map_err(|v| faults.push(v))
        .ok();
    let draft = Draft {
        date: r.publish_date,
        media: r
            .media
            .into_iter()
            .map(|m| Medium {
                kind: m.kind,
                link: m.link,
                description: m.description,
            })
            .collect(),
    };
    let Some(survey) = survey.filter(|_| faults.is_empty()) else {
        let today = jakarta_day(app.context.clock.now());
        faults.extend(publication::check(&draft, None, today).err().unwrap_or_default());
        return Err(faults.into());
    };
    let command = PublishResult {
        request_id: r.request_id,
        digest,
        survey,
        draft,
    };
    let publication = publish_result(app, caller, command).await?;
    Ok(pb::PublishResultResponse {
        publication: Some(publication),
    })
}

pub async fn create_follow_up(
    app: &App,
    caller: &Caller,
    r: pb::CreateFollowUpRequest,
) -> Result<pb::CreateFollowUpResponse, Failure> {
    let digest = request_id::digest(&r);
    let mut faults = Vec::new();
    faults.extend(request_id::check("request_id", &r.request_id).err());
    let survey = convert::survey_name("parent", &r.parent)
        .map_err(|v| faults.push(v))
        .ok();
    faults.extend(
        name::token(&r.follow_up_id, name::TOKEN_MAX)
            .err()
            .map(|e| convert::violation("follow_up_id", &e)),
    );
    let raw = r.follow_up.unwrap_or_default();
    let plan = Plan {
        element: raw.element,
        program: raw.program,
        quarter: raw.quarter,
        responsible: raw.responsible,
    };
    let Some(survey) = survey.filter(|_| faults.is_empty()) else {
        faults.extend(follow_up::plan(&plan, None).err().unwrap_or_default());
        return Err(faults.into());
    };
    let command = CreateFollowUp {
        request_id: r.request_id,
        digest,
        name: name::FollowUp {
            survey,
            follow_up: r.follow_up_id,
        },
        plan,
    };
    let follow_up = create(app, caller, command).await?;
    Ok(pb::CreateFollowUpResponse {
        follow_up: Some(follow_up),
    })
}

pub async fn complete_follow_up(
    app: &App,
    caller: &Caller,
    r: pb::CompleteFollowUpRequest,
) -> Result<pb::CompleteFollowUpResponse, Failure> {
    let mut faults: Vec<Violation> = Vec::new();
    let name = name::FollowUp::parse(&r.name)
        .map_err(|e| faults.push(convert::violation("name", &e)))
        .ok();
    let today = jakarta_day(app.context.clock.now());
    let done = follow_up::done(&r.done_date, &r.evidence, &r.note, today)
        .map_err(|v| faults.extend(v))
        .ok();
    let (Some(name), Some(done)) = (name, done) else {
        return Err(faults.into());
    };
    let follow_up = complete(app, caller, &name, &r.etag, done).await?;
    Ok(pb::CompleteFollowUpResponse {
        follow_up: Some(follow_up),
    })
}

pub async fn list_follow_ups(
    app: &App,
    caller: &Caller,
    r: pb::ListFollowUpsRequest,
) -> Result<pb::ListFollowUpsResponse, Failure> {
    caller.known()?;
    let mut faults = Vec::new();
    let survey = convert::survey_name("parent", &r.parent)
        .map_err(|v| faults.push(v))
        .ok();
    let page = Page::parse(r.page_size, &r.page_token, &[&r.parent])
        .map_err(|v| faults.extend(v))
        .ok();
    let (Some(survey), Some(page)) = (survey, page) else {
        return Err(faults.into());
    };
    let txn = crate::app::result::snapshot(&app.context.db).await?;
    let text = survey.to_string();
    let stored = survey_get(&txn, &text)
        .await?
        .ok_or_else(|| Failure::not_found(&text))?;
    let known = aftermath_get(&txn, &[stored.id]).await?.remove(&stored.id);
    let tallies = tallies_get(&txn, &[stored.id]).await?.remove(&stored.id);
    let mut plan = known.unwrap_or_default().follow_ups;
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let (planned, done) = (
        count(plan.len()),
        count(plan.iter().filter(|f| f.done.is_some()).count()),
    );
    weakest_first(&mut plan, &stored, &tallies.unwrap_or_default());
    // The plan is small: the page is cut out of it, after the action with which the page before ended.
    if !page.after.is_empty()
        && let Some(place) = plan.iter().position(|f| f.id == page.after)
    {
        plan.drain(..=place);
    }
    let next_page_token = page.cut(&mut plan, |f| f.id.clone());
    Ok(pb::ListFollowUpsResponse {
        follow_ups: plan.iter().map(|f| aftermath::follow_up(&survey, f)).collect(),
        next_page_token,
        planned,
        done,
    })
}

/// Orders a plan by the mean of its elements, lowest first and those without answers last; equal ones in the order of
/// the survey, then by id.
fn weakest_first(plan: &mut [FollowUp], stored: &Stored, tallies: &Tallies) {
    let place = |key: &str| stored.survey.asked.iter().position(|a| a.key == key);
    let mean = |key: &str| tallies.get(key).and_then(|t| index::element_mean(&t.current));
    plan.sort_by_cached_key(|f| {
        let key = f.plan.element.as_str();
        (Weakness(mean(key)), place(key), f.id.clone())
    });
}

/// A mean by which what is weak comes first.
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
