//! Reads indexes.

use prima_platform::{
    failure::{Failure, found},
    number::Rational,
    page::Page,
    request::{self, Faults},
    service::Context,
};
use prima_proto::{index::v1 as pb, name};
use sea_orm::ConnectionTrait;

use super::{
    groups,
    index_name::{IndexName, in_cycle},
    message,
};
use crate::{
    domain::{cycle::Cycle, score},
    rpc::target,
    store::{
        agency_index_get, agency_index_page, assessment_page, assessments_exact, cycle_get, instrument_of,
    },
};

/// The index of a unit, an agency or a cycle.
pub async fn get(ctx: &Context, message: pb::GetIndexRequest) -> Result<pb::GetIndexResponse, Failure> {
    let reader = ctx.db.reader();
    let index = match IndexName::parse(&message.name)? {
        IndexName::Unit(name) => {
            let (cycle, row) = target::get(reader, &name).await?;
            let instrument = instrument_of(reader, &cycle).await?;
            message::unit(&cycle, &instrument, &row)?
        }
        IndexName::Agency(name, agency) => {
            let cycle = found(cycle_get(reader, &name.cycle).await?, &name)?;
            let row = agency_index_get(reader, cycle.id, &agency.agency).await?;
            let row = found(row, in_cycle(&name, &agency))?;
            let instrument = instrument_of(reader, &cycle).await?;
            message::agency(&cycle, &instrument, &row)
        }
        IndexName::Cycle(name) => of_cycle(reader, &name).await?,
    };
    Ok(pb::GetIndexResponse { index: Some(index) })
}

/// The mean of all units of a cycle.
async fn of_cycle(conn: &impl ConnectionTrait, name: &name::Cycle) -> Result<pb::IndexSummary, Failure> {
    let cycle = found(cycle_get(conn, &name.cycle).await?, name)?;
    let instrument = instrument_of(conn, &cycle).await?;
    let rows = assessments_exact(conn, cycle.id, "").await?;
    let exact: Vec<Rational> = rows.iter().flatten().cloned().collect();
    let mut summary = pb::IndexSummary {
        units_counted: i64::try_from(exact.len()).map_err(Failure::internal)?,
        units_expected: i64::try_from(rows.len()).map_err(Failure::internal)?,
        ..message::summary(&cycle, name.to_string())
    };
    message::publish(&mut summary, score::agency(&instrument, &exact).as_ref());
    Ok(summary)
}

/// A page of indexes: of the agencies of a cycle, of the units of one or all agencies, or of the unit types.
pub async fn list(
    ctx: &Context,
    message: pb::ListIndexesRequest,
) -> Result<pb::ListIndexesResponse, Failure> {
    let mut faults = Faults::default();
    let parent = message.parent.as_str();
    let by_type = parent.strip_suffix("/unitTypes/-");
    let (cycle, agency) = match (by_type, parent.split_once("/agencies/")) {
        (Some(cycle), _) => (cycle, None),
        (None, None) => (parent, None),
        (None, Some((cycle, "-"))) => (cycle, Some(String::new())),
        (None, Some((cycle, agency))) => {
            let agency = request::name::<name::Agency>("parent", &format!("agencies/{agency}"));
            let agency = faults.take(agency);
            (cycle, Some(agency.map(|a| a.agency).unwrap_or_default()))
        }
    };
    let name = faults.take(request::name::<name::Cycle>("parent", cycle));
    let page = Page::parse(message.page_size, &message.page_token, &[parent]);
    let page = faults.take_all(page);
    let (name, page) = faults.build(|| name.zip(page))?;
    let reader = ctx.db.reader();
    let cycle = found(cycle_get(reader, &name.cycle).await?, &name)?;
    let (indexes, next_page_token) = match agency {
        None if by_type.is_some() => groups::page(reader, &cycle, &page).await?,
        None => agencies(reader, &cycle, &page).await?,
        Some(agency) => units(reader, &cycle, &agency, &page).await?,
    };
    Ok(pb::ListIndexesResponse {
        indexes,
        next_page_token,
    })
}

async fn agencies(
    conn: &impl ConnectionTrait,
    cycle: &Cycle,
    page: &Page,
) -> Result<(Vec<pb::IndexSummary>, String), Failure> {
    let instrument = instrument_of(conn, cycle).await?;
    let mut rows = agency_index_page(conn, cycle.id, &page.after, page.limit()).await?;
    let next = page.cut(&mut rows, |row| row.agency.clone());
    let all = rows.iter().map(|row| message::agency(cycle, &instrument, row));
    Ok((all.collect(), next))
}

async fn units(
    conn: &impl ConnectionTrait,
    cycle: &Cycle,
    agency: &str,
    page: &Page,
) -> Result<(Vec<pb::IndexSummary>, String), Failure> {
    let instrument = instrument_of(conn, cycle).await?;
    let after = page.after.split_once('/').unwrap_or_default();
    let mut rows = assessment_page(conn, cycle.id, agency, after, page.limit()).await?;
    let next = page.cut(&mut rows, |row| format!("{}/{}", row.agency, row.unit));
    let all = rows.iter().map(|row| message::unit(cycle, &instrument, row));
    Ok((all.collect::<Result<_, Failure>>()?, next))
}
