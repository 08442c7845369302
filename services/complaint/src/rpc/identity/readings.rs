//! Lists the log of readings of identities.

use prima_platform::{caller::Caller, clock::to_proto, failure::Failure, page::Page, request::Faults};
use prima_proto::complaint::v1;

use super::message;
use crate::{
    context::App,
    domain::parent,
    rpc::{rights::require_national, status},
    store::reading::{Line, readings as lines_of},
};

/// A page of the log of an agency or of the whole country.
pub async fn readings(
    app: &App,
    caller: Caller,
    request: v1::ListIdentityReadingsRequest,
) -> Result<v1::ListIdentityReadingsResponse, Failure> {
    let mut faults = Faults::default();
    let agency = faults.take(parent::agency_or_all("parent", &request.parent));
    let mut name = String::new();
    if !request.name.is_empty() {
        name = faults
            .take(message::subject(&request.name))
            .map(|name| name.to_string())
            .unwrap_or_default();
    }
    let narrowed = [request.parent.as_str(), request.name.as_str()];
    let page = faults.take_all(Page::parse(request.page_size, &request.page_token, &narrowed));
    let (agency, page) = faults.build(|| agency.zip(page))?;
    let own_only = require_national(&caller).is_err();
    // Key of the last line of the previous page.
    let before = page.after.parse().ok();
    let reader = app.context.db.reader();
    let mut lines = lines_of(reader, &agency, &name, own_only, before, page.limit()).await?;
    let next_page_token = page.cut(&mut lines, |line| line.id.to_string());
    let readings = lines.iter().map(|line| reading(app, line));
    Ok(v1::ListIdentityReadingsResponse {
        readings: readings.collect::<Result<_, Failure>>()?,
        next_page_token,
    })
}

fn reading(app: &App, line: &Line) -> Result<v1::IdentityReading, Failure> {
    let reading = &line.reading;
    Ok(v1::IdentityReading {
        name: reading.name.clone(),
        agency: status::parent(&reading.agency, ""),
        actor: reading.actor.clone(),
        role: reading.role.clone(),
        purpose: message::purpose_message(reading.purpose).into(),
        reason: line.reason(&app.vault)?,
        time: Some(to_proto(reading.at)),
        method: reading.method.clone(),
    })
}
