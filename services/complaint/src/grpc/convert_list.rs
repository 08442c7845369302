//! From ListComplaints to a page of a list, with every fault found at once.

use std::sync::Arc;

use prima_platform::{failure::Failure, faults::Faults, page::Page};
use prima_proto::complaint::v1;

use super::faults::Fields;
use crate::{
    domain::workflow::Workflow,
    store::list::{Filter, Order, Seat},
};

/// A page asked for.
#[derive(Debug)]
pub struct List {
    /// Which reports.
    pub filter: Filter,
    /// How many.
    pub page: Page,
    /// Where the page before ended.
    pub after: Option<Seat>,
}

/// ListComplaints; `workflows` are all by which reports may be led.
pub fn list(request: v1::ListComplaintsRequest, workflows: &[Arc<Workflow>]) -> Result<List, Failure> {
    let mut faults = Faults::default();
    let parent = faults.parent("parent", &request.parent);
    let mut known = |field: &str, key: &str, is_known: &dyn Fn(&Workflow) -> bool| {
        if !key.is_empty() && !workflows.iter().any(|workflow| is_known(workflow)) {
            faults.add(
                field,
                "is not a key of any workflow",
                "tidak dikenal alur mana pun",
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
            faults.add("order", "must be known", "Urutan tidak dikenal");
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
    let after = page.as_ref().and_then(|page| Seat::parse(&page.after));
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
