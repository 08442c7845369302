//! Settings as everybody may read them.

use std::sync::Arc;

use chrono::Datelike;
use prima_platform::{clock::to_proto, failure::Failure};
use prima_proto::complaint::v1;

use super::{convert_settings as convert, render_settings as render};
use crate::{
    app::App,
    domain::{
        calendar::Calendar,
        category::Categories,
        workflow::Workflow,
        worktime::{Clock, Length},
    },
    store::settings::{calendar_years, deadline_of, hours_of, workflows},
};

/// ListHolidays.
pub async fn list_holidays(
    app: &App,
    request: v1::ListHolidaysRequest,
) -> Result<v1::ListHolidaysResponse, Failure> {
    let year = convert::year(&request)?;
    let db = app.context.db.reader();
    let calendar = app.ground.calendar(db).await?;
    let imported = calendar_years(db).await?;
    let imported = imported.into_iter().find(|y| y.year == i64::from(year));
    let shipped = Calendar::built_in_citation(year).map(str::to_owned);
    let days = calendar.holidays().filter(|h| h.date.year() == year);
    Ok(v1::ListHolidaysResponse {
        holidays: days.map(render::holiday).collect(),
        loaded: calendar.covers(year),
        version: calendar.version(),
        citation: imported.map(|y| y.citation).or(shipped).unwrap_or_default(),
    })
}

/// CalculateDueTime.
pub async fn calculate_due_time(
    app: &App,
    request: v1::CalculateDueTimeRequest,
) -> Result<v1::CalculateDueTimeResponse, Failure> {
    let asked = convert::calculation(&request)?;
    // No agency has the empty id: it stands for the default.
    let agency = asked.agency.map(|a| a.agency).unwrap_or_default();
    let work_time = app.ground.work_time(app.context.db.reader(), &agency).await?;
    let due = work_time.due(&Clock {
        started_at: asked.start,
        length: Length::WorkingDays(asked.days),
        pauses: asked.pauses,
        stopped_at: None,
        due: None,
    });
    let due = due.ok_or_else(|| Failure::internal("a clock that runs has no due time"))?;
    Ok(v1::CalculateDueTimeResponse {
        due_time: Some(to_proto(due.at)),
        due_date: work_time.day(due.at).to_string(),
        provisional: due.provisional,
        calendar_version: work_time.calendar().version(),
    })
}

/// GetAgencyHours.
pub async fn get_agency_hours(
    app: &App,
    request: v1::GetAgencyHoursRequest,
) -> Result<v1::GetAgencyHoursResponse, Failure> {
    let agency = convert::hours_agency(&request)?;
    let db = app.context.db.reader();
    let own = hours_of(db, &agency.agency).await?.is_some();
    let work_time = app.ground.work_time(db, &agency.agency).await?;
    Ok(v1::GetAgencyHoursResponse {
        hours: Some(render::hours(&agency, work_time.hours(), own)),
    })
}

/// ListDeadlines.
pub async fn list_deadlines(
    app: &App,
    request: v1::ListDeadlinesRequest,
) -> Result<v1::ListDeadlinesResponse, Failure> {
    let unit = convert::deadlines_unit(&request)?;
    let db = app.context.db.reader();
    let workflow = app.ground.current_workflow(db).await?;
    let mut deadlines = Vec::new();
    for class in &workflow.classes {
        let own = deadline_of(db, &unit.agency, &unit.unit, &class.key).await?;
        deadlines.push(render::deadline(class, own));
    }
    Ok(v1::ListDeadlinesResponse { deadlines })
}

/// ListWorkflows.
pub async fn list_workflows(app: &App) -> Result<v1::ListWorkflowsResponse, Failure> {
    let db = app.context.db.reader();
    let rows = workflows(db).await?;
    let built_in = render::built_in(rows.is_empty());
    let mut listed = Vec::new();
    for row in &rows {
        let workflow: Arc<Workflow> = app.ground.workflow(db, &row.id).await?;
        listed.push(render::workflow(row, &workflow.title, listed.is_empty()));
    }
    listed.push(built_in);
    Ok(v1::ListWorkflowsResponse { workflows: listed })
}

/// ListCategories.
pub fn list_categories() -> v1::ListCategoriesResponse {
    let category = |category: &crate::domain::category::Category| v1::Category {
        key: category.key.clone(),
        label: category.label.clone(),
        parent: category.parent.clone().unwrap_or_default(),
    };
    v1::ListCategoriesResponse {
        categories: Categories::built_in().all.iter().map(category).collect(),
    }
}
