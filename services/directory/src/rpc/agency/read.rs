//! Reads agencies.

use prima_platform::{
    failure::{Failure, found},
    page::Page,
    request::{self, Faults},
    service::Context,
};
use prima_proto::directory::v1;

use super::message;
use crate::store::{self, AgencyFilter};

/// One agency.
pub async fn get(ctx: &Context, message: v1::GetAgencyRequest) -> Result<v1::GetAgencyResponse, Failure> {
    let name = request::name("name", &message.name)?;
    let agency = found(store::agency_get(ctx.db.reader(), &name).await?, &name)?;
    Ok(v1::GetAgencyResponse {
        agency: Some(message::agency(&agency)),
    })
}

/// A page of agencies in the order of their names.
pub async fn list(
    ctx: &Context,
    message: v1::ListAgenciesRequest,
) -> Result<v1::ListAgenciesResponse, Failure> {
    let (filter, page) = parse(&message)?;
    let (agencies, next_page_token) = store::agency_page(ctx.db.reader(), &filter, &page).await?;
    Ok(v1::ListAgenciesResponse {
        agencies: agencies.iter().map(message::agency).collect(),
        next_page_token,
    })
}

fn parse(message: &v1::ListAgenciesRequest) -> Result<(AgencyFilter, Page), Failure> {
    let mut faults = Faults::default();
    let filters = [&message.kind.to_string(), message.parent.as_str()];
    let page = faults.take_all(Page::parse(message.page_size, &message.page_token, &filters));
    let kind = faults.take(message::optional_kind("kind", message.kind));
    let parent = faults.take(request::optional(&message.parent, |raw| {
        request::name("parent", raw)
    }));
    faults.build(|| {
        let filter = AgencyFilter {
            kind: kind?,
            parent: parent?,
        };
        Some((filter, page?))
    })
}
