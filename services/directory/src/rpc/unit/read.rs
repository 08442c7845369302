//! Reads units.

use prima_platform::{
    failure::{Failure, found},
    page::Page,
    request::{self, Faults, WILDCARD},
    service::Context,
};
use prima_proto::{directory::v1, name};

use super::message;
use crate::{
    domain::unit_type,
    store::{self, UnitFilter},
};

const UNIT_TYPE: &str = "unit_type";

/// One unit.
pub async fn get(ctx: &Context, message: v1::GetUnitRequest) -> Result<v1::GetUnitResponse, Failure> {
    let name = request::name("name", &message.name)?;
    let unit = found(store::unit_get(ctx.db.reader(), &name).await?, &name)?;
    Ok(v1::GetUnitResponse {
        unit: Some(message::unit(&unit)),
    })
}

/// A page of units in the order of their names.
pub async fn list(ctx: &Context, message: v1::ListUnitsRequest) -> Result<v1::ListUnitsResponse, Failure> {
    let (filter, page) = parse(&message)?;
    if let Some(key) = filter.unit_type.as_deref()
        && !unit_type::is_built_in(key)
        && !store::unit_type_is_defined(ctx.db.reader(), filter.agency.as_ref(), key).await?
    {
        return Err(unit_type::unknown(UNIT_TYPE).into());
    }
    let (units, next_page_token) = store::unit_page(ctx.db.reader(), &filter, &page).await?;
    Ok(v1::ListUnitsResponse {
        units: units.iter().map(message::unit).collect(),
        next_page_token,
    })
}

fn parse(message: &v1::ListUnitsRequest) -> Result<(UnitFilter, Page), Failure> {
    let mut faults = Faults::default();
    let filters = [message.parent.as_str(), message.unit_type.as_str()];
    let page = faults.take_all(Page::parse(message.page_size, &message.page_token, &filters));
    let agency = faults.take(request::name::<name::Agency>("parent", &message.parent));
    let unit_type = faults.take(request::optional(&message.unit_type, |raw| {
        unit_type::key(UNIT_TYPE, raw, agency.is_some())
    }));
    faults.build(|| {
        let filter = UnitFilter {
            agency: agency.filter(|agency| agency.agency != WILDCARD),
            unit_type: unit_type?,
        };
        Some((filter, page?))
    })
}
