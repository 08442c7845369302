//! Reads assessments.

use prima_platform::{
    caller::{Caller, Role},
    failure::{Failure, found},
    page::Page,
    request::{self, Faults},
    service::Context,
};
use prima_proto::{index::v1 as pb, name};

use super::message;
use crate::{
    derived::Assessed,
    rpc::target,
    store::{assessment_page, cycle_get, instrument_of},
};

/// One assessment with its rows.
pub async fn get(
    ctx: &Context,
    message: pb::GetAssessmentRequest,
) -> Result<pb::GetAssessmentResponse, Failure> {
    let (cycle, row) = target::read(ctx, "name", &message.name, Faults::default()).await?;
    let reader = ctx.db.reader();
    let assessed = Assessed::of(reader, cycle, row).await?;
    Ok(pb::GetAssessmentResponse {
        assessment: Some(message::assessment(reader, &assessed).await?),
    })
}

/// A page of assessments of a cycle, or of one agency in it, in the order of their units.
pub async fn list(
    ctx: &Context,
    caller: Caller,
    message: pb::ListAssessmentsRequest,
) -> Result<pb::ListAssessmentsResponse, Failure> {
    let mut faults = Faults::default();
    let (cycle, agency) = match message.parent.split_once("/agencies/") {
        Some((cycle, agency)) => (cycle, Some(format!("agencies/{agency}"))),
        None => (message.parent.as_str(), None),
    };
    let name = faults.take(request::name::<name::Cycle>("parent", cycle));
    let agency = agency.and_then(|agency| faults.take(request::name::<name::Agency>("parent", &agency)));
    let page = Page::parse(message.page_size, &message.page_token, &[&message.parent]);
    let page = faults.take_all(page);
    let (name, page) = faults.build(|| name.zip(page))?;
    let reader = ctx.db.reader();
    let cycle = found(cycle_get(reader, &name.cycle).await?, &name)?;
    let agency = agency.map(|a| a.agency);
    let agency_or_all = agency.as_deref().unwrap_or(cycle.agency_or_all());
    caller.require(&[Role::Operator, Role::Evaluator, Role::Admin], agency_or_all)?;
    let after = page.after.split_once('/').unwrap_or_default();
    let agency = agency.as_deref().unwrap_or_default();
    let mut rows = assessment_page(reader, cycle.id, agency, after, page.limit()).await?;
    let next_page_token = page.cut(&mut rows, |row| format!("{}/{}", row.agency, row.unit));
    let instrument = instrument_of(reader, &cycle).await?;
    let assessments = rows.iter().map(|row| message::summary(&cycle, &instrument, row));
    Ok(pb::ListAssessmentsResponse {
        assessments: assessments.collect::<Result<_, Failure>>()?,
        next_page_token,
    })
}
