//! Reads unit types.

use prima_platform::{
    failure::{Failure, found},
    page::Page,
    request::{self, Faults, WILDCARD},
    service::Context,
};
use prima_proto::{directory::v1, name};

use super::message;
use crate::{domain::unit_type, store};

/// One unit type of an agency.
pub async fn get(ctx: &Context, message: v1::GetUnitTypeRequest) -> Result<v1::GetUnitTypeResponse, Failure> {
    let name = request::name("name", &message.name)?;
    let unit_type = found(store::unit_type_get(ctx.db.reader(), &name).await?, &name)?;
    Ok(v1::GetUnitTypeResponse {
        unit_type: Some(message::defined(&unit_type)),
    })
}

/// A page of the built-in unit types, or of those that agencies have defined.
pub async fn list(
    ctx: &Context,
    message: v1::ListUnitTypesRequest,
) -> Result<v1::ListUnitTypesResponse, Failure> {
    let mut faults = Faults::default();
    let page = faults.take_all(Page::parse(
        message.page_size,
        &message.page_token,
        &[message.parent.as_str()],
    ));
    let parent = faults.take(request::optional(&message.parent, |raw| {
        request::name::<name::Agency>("parent", raw)
    }));
    let (page, parent) = faults.build(|| page.zip(parent))?;
    let Some(agency) = parent else {
        let mut all: Vec<_> = unit_type::all()
            .iter()
            .filter(|unit_type| unit_type.key > page.after)
            .collect();
        let next_page_token = page.cut(&mut all, |unit_type| unit_type.key.clone());
        return Ok(v1::ListUnitTypesResponse {
            unit_types: all.into_iter().map(message::built_in).collect(),
            next_page_token,
        });
    };
    let agency = Some(agency).filter(|agency| agency.agency != WILDCARD);
    let (defined, next_page_token) = store::unit_type_page(ctx.db.reader(), agency.as_ref(), &page).await?;
    Ok(v1::ListUnitTypesResponse {
        unit_types: defined.iter().map(message::defined).collect(),
        next_page_token,
    })
}
