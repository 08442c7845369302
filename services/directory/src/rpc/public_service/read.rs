//! Reads public services.

use prima_platform::{
    failure::{Failure, found},
    page::Page,
    request::{self, Faults},
    service::Context,
};
use prima_proto::directory::v1;

use super::message;
use crate::store;

/// One public service.
pub async fn get(
    ctx: &Context,
    message: v1::GetPublicServiceRequest,
) -> Result<v1::GetPublicServiceResponse, Failure> {
    let name = request::name("name", &message.name)?;
    let service = found(store::public_service_get(ctx.db.reader(), &name).await?, &name)?;
    Ok(v1::GetPublicServiceResponse {
        public_service: Some(message::public_service(&service)),
    })
}

/// A page of public services of a unit in the order of their names.
pub async fn list(
    ctx: &Context,
    message: v1::ListPublicServicesRequest,
) -> Result<v1::ListPublicServicesResponse, Failure> {
    let mut faults = Faults::default();
    let filters = [message.parent.as_str()];
    let page = faults.take_all(Page::parse(message.page_size, &message.page_token, &filters));
    let unit = faults.take(request::name("parent", &message.parent));
    let (unit, page) = faults.build(|| unit.zip(page))?;
    let (services, next_page_token) = store::public_service_page(ctx.db.reader(), &unit, &page).await?;
    Ok(v1::ListPublicServicesResponse {
        public_services: services.iter().map(message::public_service).collect(),
        next_page_token,
    })
}
