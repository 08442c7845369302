//! Reads recorded results.

use prima_platform::{
    failure::{Failure, Violation},
    page::Page,
    request::{Faults, WILDCARD},
};
use prima_proto::{name, survey::v1 as pb};

use super::message;
use crate::{
    service::App,
    store::recorded::{Filter, recorded_page},
};

/// A page of the recorded results of one agency or of all.
pub async fn list(
    app: &App,
    r: pb::ListRecordedResultsRequest,
) -> Result<pb::ListRecordedResultsResponse, Failure> {
    let mut faults = Faults::default();
    let agency = faults.take(name::Agency::parse(&r.parent).map_err(|_| {
        Violation::new(
            "parent",
            "must be agencies/{agency} or agencies/-",
            "harus berbentuk agencies/{agency} atau agencies/-",
        )
    }));
    let filters = [r.parent.as_str(), if r.show_replaced { "replaced" } else { "" }];
    let page = faults.take_all(Page::parse(r.page_size, &r.page_token, &filters));
    let (agency, page) = faults.settle(agency.zip(page))?;
    let filter = Filter {
        agency: Some(agency.agency).filter(|agency| agency != WILDCARD),
        replaced: r.show_replaced,
        after: cursor(&page.after).unwrap_or_default(),
        limit: page.limit(),
    };
    let mut rows = recorded_page(app.context.db.reader(), filter).await?;
    let next_page_token = page.cut(&mut rows, |r| {
        let (agency, unit) = (r.subject.agency(), r.subject.unit());
        format!("{agency}/{unit}/{}/{}", r.result.period, r.number)
    });
    Ok(pb::ListRecordedResultsResponse {
        results: rows.iter().map(message::recorded).collect(),
        next_page_token,
    })
}

/// The cursor in a page token: agency, unit, period and number of the last record.
fn cursor(token: &str) -> Option<(String, String, String, i64)> {
    match token.split('/').collect::<Vec<_>>().as_slice() {
        [agency, unit, period, number] => Some((
            (*agency).to_owned(),
            (*unit).to_owned(),
            (*period).to_owned(),
            number.parse().ok()?,
        )),
        _ => None,
    }
}
