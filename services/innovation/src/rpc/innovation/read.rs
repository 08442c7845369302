//! Reads innovations and their history.

use std::collections::BTreeSet;

use prima_platform::{
    caller::Caller,
    failure::{Failure, found},
    page::Page,
    request::{self, Faults, WILDCARD},
    service::Context,
};
use prima_proto::{innovation::v1, name};
use sea_orm::{ConnectionTrait, DbErr};

use super::message::{self, STATUS};
use crate::{
    rpc::access::{may_see_ideas, visible_innovation},
    store::{
        Lock,
        directory_unit::units_confirmed,
        innovation::{Filter, Stored, innovation_get, innovation_page},
        revision::revision_page,
    },
};

/// Innovations as messages, with whether the directory has announced their units.
pub async fn shown(conn: &impl ConnectionTrait, rows: &[Stored]) -> Result<Vec<v1::Innovation>, DbErr> {
    let agencies: BTreeSet<&str> = rows.iter().map(|r| r.name.unit.agency.as_str()).collect();
    let known = units_confirmed(conn, &agencies.into_iter().collect::<Vec<_>>()).await?;
    let confirmed = |r: &Stored| known.contains(&(r.name.unit.agency.clone(), r.name.unit.unit.clone()));
    Ok(rows
        .iter()
        .map(|r| message::innovation(r, confirmed(r)))
        .collect())
}

/// One innovation that the caller may see.
pub async fn get(
    ctx: &Context,
    caller: Caller,
    message: v1::GetInnovationRequest,
) -> Result<v1::GetInnovationResponse, Failure> {
    let name = request::name("name", &message.name)?;
    let reader = ctx.db.reader();
    let stored = visible_innovation(reader, &caller, &name).await?;
    Ok(v1::GetInnovationResponse {
        innovation: shown(reader, &[stored]).await?.pop(),
    })
}

/// Parses `agencies/-`, `agencies/{agency}` or a unit into ids; an empty text means all.
fn parent(raw: &str, faults: &mut Faults) -> Option<(String, String)> {
    if raw.contains("/units/") {
        let unit: name::Unit = faults.take(request::name("parent", raw))?;
        return Some((unit.agency, unit.unit));
    }
    let name: name::Agency = faults.take(request::name("parent", raw))?;
    let agency = Some(name.agency).filter(|agency| agency != WILDCARD);
    Some((agency.unwrap_or_default(), String::new()))
}

fn parse(message: &v1::ListInnovationsRequest) -> Result<(Filter, Page), Failure> {
    let mut faults = Faults::default();
    let filters = [message.parent.as_str(), &message.status.to_string()];
    let page = faults.take_all(Page::parse(message.page_size, &message.page_token, &filters));
    let within = parent(&message.parent, &mut faults);
    let status = faults.take(STATUS.optional("status", message.status, message::parse_status));
    faults.build(|| {
        let (agency, unit) = within?;
        let filter = Filter {
            agency,
            unit,
            status: status?.map(|s| s.as_str().to_owned()).unwrap_or_default(),
            ..Filter::default()
        };
        Some((filter, page?))
    })
}

/// A page of innovations that the caller may see, in the order of their names.
pub async fn list(
    ctx: &Context,
    caller: Caller,
    message: v1::ListInnovationsRequest,
) -> Result<v1::ListInnovationsResponse, Failure> {
    let (mut filter, page) = parse(&message)?;
    if !may_see_ideas(&caller, "*") {
        filter.ideas_of = Some(caller.agencies().to_vec());
    }
    let reader = ctx.db.reader();
    let (rows, next_page_token) = innovation_page(reader, &filter, &page).await?;
    Ok(v1::ListInnovationsResponse {
        innovations: shown(reader, &rows).await?,
        next_page_token,
    })
}

/// A page of the earlier states of an innovation, the oldest first.
pub async fn list_revisions(
    ctx: &Context,
    message: v1::ListInnovationRevisionsRequest,
) -> Result<v1::ListInnovationRevisionsResponse, Failure> {
    let mut faults = Faults::default();
    let filters = [message.parent.as_str()];
    let page = faults.take_all(Page::parse(message.page_size, &message.page_token, &filters));
    let name: Option<name::Innovation> = faults.take(request::name("parent", &message.parent));
    let (name, page) = faults.build(|| name.zip(page))?;
    let reader = ctx.db.reader();
    let stored = found(innovation_get(reader, &name, Lock::None).await?, &name)?;
    let (rows, next_page_token) = revision_page(reader, stored.id, &page).await?;
    let text = name.to_string();
    Ok(v1::ListInnovationRevisionsResponse {
        revisions: rows.iter().map(|r| message::revision(&text, r)).collect(),
        next_page_token,
    })
}
