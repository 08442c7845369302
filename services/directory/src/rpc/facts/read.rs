//! Reads what everybody may read.

use prima_platform::{
    db::{DbErr, Txn},
    failure::{Failure, found},
    page::Page,
    request::{self, Faults},
    service::Context,
};
use prima_proto::{directory::v1, name};

use super::message::{self, Names};
use crate::{
    domain::{charter::Charter, standard::Standard, unit::Unit, unit_type},
    store,
};

/// One unit with its charter.
pub async fn unit(
    ctx: &Context,
    message: v1::GetUnitFactsRequest,
) -> Result<v1::GetUnitFactsResponse, Failure> {
    let name = request::name::<name::Unit>("name", &message.name)?;
    let txn = ctx.db.snapshot().await?;
    let unit = found(store::unit_get(&txn, &name).await?, &name)?;
    let charter = store::revision_in_force(&txn, &name, Charter::is_in_force).await?;
    let names = names(&txn, &unit).await?;
    Ok(v1::GetUnitFactsResponse {
        unit: Some(message::unit(&unit, names, charter.as_ref())),
    })
}

/// The names of a unit's type, agency and province.
async fn names(txn: &Txn, unit: &Unit) -> Result<Names, DbErr> {
    let agency = &unit.name.agency;
    let key = &unit.unit_type;
    let built_in = unit_type::all().iter().find(|built_in| built_in.key == *key);
    let unit_type = match built_in {
        Some(built_in) => Some(built_in.display_name.clone()),
        None => {
            let defined = name::UnitType {
                agency: agency.clone(),
                unit_type: key.clone(),
            };
            let defined = store::unit_type_get(txn, &defined).await?;
            defined.map(|defined| defined.display_name)
        }
    };
    let agency = name::Agency {
        agency: agency.clone(),
    };
    let agency = store::agency_get(txn, &agency).await?;
    let province = match agency.as_ref().and_then(|agency| agency.parent.as_ref()) {
        Some(province) => store::agency_get(txn, province).await?,
        None => None,
    };
    Ok(Names {
        unit_type: unit_type.unwrap_or_default(),
        agency: agency.map(|agency| agency.display_name).unwrap_or_default(),
        province: province.map(|province| province.display_name).unwrap_or_default(),
    })
}

/// A page of the public services of a unit in the order of their names, without their standards.
pub async fn list_services(
    ctx: &Context,
    message: v1::ListServiceFactsRequest,
) -> Result<v1::ListServiceFactsResponse, Failure> {
    let mut faults = Faults::default();
    let filters = [message.parent.as_str()];
    let page = faults.take_all(Page::parse(message.page_size, &message.page_token, &filters));
    let unit = faults.take(request::name("parent", &message.parent));
    let (unit, page) = faults.settle(unit.zip(page))?;
    let (services, next_page_token) = store::public_service_page(ctx.db.reader(), &unit, &page).await?;
    Ok(v1::ListServiceFactsResponse {
        services: services.iter().map(|one| message::service(one, None)).collect(),
        next_page_token,
    })
}

/// One public service with what is public of its standard.
pub async fn service(
    ctx: &Context,
    message: v1::GetServiceFactsRequest,
) -> Result<v1::GetServiceFactsResponse, Failure> {
    let name = request::name::<name::PublicService>("name", &message.name)?;
    let txn = ctx.db.snapshot().await?;
    let service = found(store::public_service_get(&txn, &name).await?, &name)?;
    let standard = match store::revision_in_force(&txn, &name, Standard::is_in_force).await? {
        // Before the first one is enacted, what is public of its draft.
        None => store::revision_get::<Standard>(&txn, &name, 0)
            .await?
            .map(|newest| newest.document),
        found => found,
    };
    Ok(v1::GetServiceFactsResponse {
        service: Some(message::service(&service, standard.as_ref())),
    })
}
