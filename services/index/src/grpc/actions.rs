//! Action plans.

use chrono::NaiveDate;
use prima_platform::{
    caller::{Caller, Role},
    failure::{Failure, Violation},
    request_id,
};
use prima_proto::{index::v1 as pb, period::jakarta_day};

use super::{
    check,
    check::wrong,
    evaluation::target,
    evidence::{indicator, readable},
};
use crate::{
    app::{App, actions, evaluate::Request},
    store::action::{Row, action_list},
};

/// Shortest and longest description, characters.
const DESCRIPTION: (usize, usize) = (5, 500);
/// Longest name of an office, characters.
const OWNER_MAX: usize = 200;
/// Longest note, characters.
const NOTE_MAX: usize = 1000;

fn day(field: &str, text: &str, faults: &mut Vec<Violation>) -> Option<NaiveDate> {
    // chrono also reads `2026-1-2` and years of other lengths.
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let day = day.filter(|day| text.len() == 10 && day.to_string() == text);
    if day.is_none() {
        wrong(
            field,
            "must be a day, YYYY-MM-DD",
            "harus tanggal, YYYY-MM-DD",
            faults,
        );
    }
    day
}

pub async fn create_action(
    app: &App,
    caller: &Caller,
    r: pb::CreateActionRequest,
) -> Result<pb::CreateActionResponse, Failure> {
    let mut faults = Vec::new();
    check::id(&r.request_id, &mut faults);
    let target = target(app, caller, Role::Operator, &r.assessment, &mut faults).await?;
    let digest = request_id::digest(&r);
    let action = r.action.unwrap_or_default();
    indicator(
        "action.indicator",
        &action.indicator,
        target.as_ref(),
        &mut faults,
    );
    let (shortest, longest) = DESCRIPTION;
    check::text(
        "action.description",
        &action.description,
        shortest,
        longest,
        &mut faults,
    );
    check::text("action.owner", &action.owner, 1, OWNER_MAX, &mut faults);
    day("action.due_date", &action.due_date, &mut faults);
    let Some(target) = target.filter(|_| faults.is_empty()) else {
        return Err(faults.into());
    };
    let request = Request {
        id: r.request_id,
        digest,
        name: target.name,
    };
    let row = Row {
        number: 0,
        indicator: action.indicator,
        description: action.description,
        owner: action.owner,
        due_date: action.due_date,
        done_date: String::new(),
        note: String::new(),
    };
    let action = actions::create(app, caller, &request, row).await?;
    Ok(pb::CreateActionResponse { action: Some(action) })
}

pub async fn complete_action(
    app: &App,
    caller: &Caller,
    r: pb::CompleteActionRequest,
) -> Result<pb::CompleteActionResponse, Failure> {
    let mut faults = Vec::new();
    let target = target(app, caller, Role::Operator, &r.assessment, &mut faults).await?;
    if r.number < 1 {
        wrong("number", "must be 1 or more", "harus 1 atau lebih", &mut faults);
    }
    let today = jakarta_day(app.context.clock.now());
    if day("done_date", &r.done_date, &mut faults).is_some_and(|day| day > today) {
        faults.push(Violation::new(
            "done_date",
            format!("must not be after {today}, today in Jakarta"),
            format!("tidak boleh setelah hari ini, {today} WIB"),
        ));
    }
    check::text("note", &r.note, 0, NOTE_MAX, &mut faults);
    let Some(target) = target.filter(|_| faults.is_empty()) else {
        return Err(faults.into());
    };
    let action = actions::complete(app, &target.name, r.number, &r.done_date, &r.note).await?;
    Ok(pb::CompleteActionResponse { action: Some(action) })
}

pub async fn list_actions(
    app: &App,
    caller: &Caller,
    r: pb::ListActionsRequest,
) -> Result<pb::ListActionsResponse, Failure> {
    let (cycle_id, name) = readable(app, caller, &r.assessment, Vec::new()).await?;
    let rows = action_list(app.context.db.reader(), cycle_id, &name.unit).await?;
    Ok(pb::ListActionsResponse {
        actions: rows.into_iter().map(actions::answer).collect(),
    })
}
