//! Results that were published before this system computed them.

use prima_platform::{
    caller::Caller,
    failure::{Failure, Violation},
    page::Page,
    request_id,
};
use prima_proto::{name, survey::v1 as pb};

use crate::{
    app::{
        App,
        record_result::{RecordResult, record_result, recorded},
    },
    domain::recorded::{self as domain, Result as Published},
    store::recorded::{Filter, recorded_page},
};

pub async fn record(
    app: &App,
    caller: &Caller,
    r: pb::RecordResultRequest,
) -> Result<pb::RecordResultResponse, Failure> {
    let digest = request_id::digest(&r);
    let mut faults = Vec::new();
    faults.extend(request_id::check("request_id", &r.request_id).err());
    let given = r.result.unwrap_or_default();
    let raw = Published {
        subject: given.subject,
        period: given.period,
        instrument: given.instrument,
        index: given.index,
        category: given.category,
        respondents: given.respondents,
        elements: given.elements.into_iter().collect(),
        source: given.source,
        roll_up: given.roll_up,
        reason: given.reason,
    };
    let checked = domain::check(raw, app.context.clock.now())
        .map_err(|v| faults.extend(v))
        .ok();
    let Some((subject, result)) = checked.filter(|_| faults.is_empty()) else {
        return Err(faults.into());
    };
    let command = RecordResult {
        request_id: r.request_id,
        digest,
        subject,
        result,
    };
    let result = record_result(app, caller, command).await?;
    Ok(pb::RecordResultResponse { result: Some(result) })
}

pub async fn list(
    app: &App,
    caller: &Caller,
    r: pb::ListRecordedResultsRequest,
) -> Result<pb::ListRecordedResultsResponse, Failure> {
    caller.known()?;
    let mut faults = Vec::new();
    let agency = name::Agency::parse(&r.parent).ok();
    if agency.is_none() {
        faults.push(Violation::new(
            "parent",
            "must be agencies/{agency} or agencies/-",
            "harus berbentuk agencies/{agency} atau agencies/-",
        ));
    }
    let own = [r.parent.as_str(), if r.show_replaced { "replaced" } else { "" }];
    let page = Page::parse(r.page_size, &r.page_token, &own)
        .map_err(|v| faults.extend(v))
        .ok();
    let (Some(agency), Some(page)) = (agency, page) else {
        return Err(faults.into());
    };
    let filter = Filter {
        agency: if agency.agency == "-" {
            String::new()
        } else {
            agency.agency
        },
        replaced: r.show_replaced,
        after: place(&page.after).unwrap_or_default(),
        limit: page.limit(),
    };
    let mut rows = recorded_page(app.context.db.reader(), &filter).await?;
    let next_page_token = page.cut(&mut rows, |r| {
        format!("{}/{}/{}/{}", r.agency, r.unit, r.period, r.number)
    });
    Ok(pb::ListRecordedResultsResponse {
        results: rows.iter().map(recorded).collect(),
        next_page_token,
    })
}

/// Agency, unit, period and number with which the page before ended.
fn place(token: &str) -> Option<(String, String, String, i64)> {
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
