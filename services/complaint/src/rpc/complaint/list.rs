//! Lists reports.

use std::sync::Arc;

use prima_platform::{failure::Failure, page::Page, request::Faults};
use prima_proto::complaint::v1;
use sea_orm::ConnectionTrait;

use super::summary::Summaries;
use crate::{
    context::App,
    domain::{parent, workflow::Workflow},
    store::{
        list::{Cursor, Filter, Order, complaint_page},
        workflow::workflow_ids,
    },
};

/// A parsed request.
struct List {
    filter: Filter,
    page: Page,
    /// Cursor of the last row of the previous page.
    after: Option<Cursor>,
}

/// A page of the reports of an agency, of a unit or of the whole country.
pub async fn list(
    app: &App,
    request: v1::ListComplaintsRequest,
) -> Result<v1::ListComplaintsResponse, Failure> {
    let conn = app.context.db.reader();
    let workflows = match request.state.is_empty() && request.class.is_empty() {
        true => Vec::new(),
        false => workflows(app, conn).await?,
    };
    let list = parse(request, &workflows)?;
    let (rows, next_page_token) =
        complaint_page(conn, &list.filter, app.now(), &list.page, list.after).await?;
    let mut complaints = Vec::new();
    let mut summaries = Summaries::default();
    for row in rows {
        let content = row.content(&app.vault)?.unwrap_or_default();
        complaints.push(summaries.summary(app, &row, content.title).await?);
    }
    Ok(v1::ListComplaintsResponse {
        complaints,
        next_page_token,
    })
}

/// Every workflow that a stored report may follow.
async fn workflows(app: &App, conn: &impl ConnectionTrait) -> Result<Vec<Arc<Workflow>>, Failure> {
    let mut all = vec![app.settings.workflow(conn, &Workflow::built_in().id).await?];
    for id in workflow_ids(conn).await? {
        all.push(app.settings.workflow(conn, &id).await?);
    }
    Ok(all)
}

/// Parses a request; `workflows` are those that stored reports may follow.
fn parse(request: v1::ListComplaintsRequest, workflows: &[Arc<Workflow>]) -> Result<List, Failure> {
    let mut faults = Faults::default();
    let parent = faults.take(parent::one_or_all("parent", &request.parent));
    let mut known = |field: &str, key: &str, is_known: &dyn Fn(&Workflow) -> bool| {
        if !key.is_empty() && !workflows.iter().any(|workflow| is_known(workflow)) {
            faults.add(
                field,
                "is not a key of any workflow",
                "tidak terdapat pada alur pengelolaan mana pun",
            );
        }
    };
    known("state", &request.state, &|workflow| {
        workflow
            .flows
            .iter()
            .any(|flow| flow.state(&request.state).is_some())
    });
    known("class", &request.class, &|workflow| {
        workflow.class(&request.class).is_some()
    });
    let order = match v1::ComplaintOrder::try_from(request.order) {
        Ok(v1::ComplaintOrder::Unspecified | v1::ComplaintOrder::Newest) => Order::Newest,
        Ok(v1::ComplaintOrder::Due) => Order::Due,
        Err(_) => {
            faults.add("order", "is not a known order", "Urutan tidak dikenal");
            Order::Newest
        }
    };
    let filter = [
        request.parent.as_str(),
        &request.state,
        &request.class,
        &request.open.to_string(),
        &request.overdue.to_string(),
        &format!("{order:?}"),
    ];
    let page = faults.take_all(Page::parse(request.page_size, &request.page_token, &filter));
    let after = page.as_ref().and_then(|page| Cursor::parse(&page.after));
    if page.as_ref().is_some_and(|page| !page.after.is_empty()) && after.is_none() {
        faults.add(
            "page_token",
            "is not a token of this list",
            "bukan token dari daftar ini",
        );
    }
    let built = parent.zip(page).map(|((agency, unit), page)| List {
        filter: Filter {
            agency,
            unit,
            state: request.state,
            class: request.class,
            open: request.open,
            overdue: request.overdue,
            order,
        },
        page,
        after,
    });
    faults.settle(built)
}
