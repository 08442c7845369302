//! Reads portfolios and obligations.

use prima_platform::{
    failure::Failure,
    page::Page,
    request::{self, Faults, WILDCARD},
    service::Context,
};
use prima_proto::{innovation::v1, name};

use super::message;
use crate::{
    derived::portfolio,
    domain::{calendar, obligation},
    store::portfolio::{coverage_page, units_without},
};

/// The portfolio of a unit in a year, computed from the tables.
pub async fn get(
    ctx: &Context,
    message: v1::GetPortfolioRequest,
) -> Result<v1::GetPortfolioResponse, Failure> {
    let mut faults = Faults::default();
    let unit: Option<name::Unit> = faults.take(request::name("unit", &message.unit));
    let year = faults.take(calendar::check_year("year", message.year));
    let (unit, year) = faults.build(|| unit.zip(year))?;
    let key = (unit.agency, unit.unit, i64::from(year));
    let computed = portfolio::compute(ctx.db.reader(), &[key]).await?.pop();
    Ok(v1::GetPortfolioResponse {
        portfolio: computed.map(|(_, portfolio, _)| portfolio),
    })
}

/// A page of agencies, and how each fulfils its obligation in a year; for a single agency also the units that lack an
/// innovation.
pub async fn check_obligation(
    ctx: &Context,
    message: v1::CheckObligationRequest,
) -> Result<v1::CheckObligationResponse, Failure> {
    let mut faults = Faults::default();
    let (raw_year, raw_unmet) = (message.year.to_string(), message.only_unmet.to_string());
    let filters = [message.parent.as_str(), &raw_year, &raw_unmet];
    let page = faults.take_all(Page::parse(message.page_size, &message.page_token, &filters));
    let agency: Option<name::Agency> = faults.take(request::name("parent", &message.parent));
    let year = faults.take(calendar::check_year("year", message.year));
    let (agency, year, page) = faults.build(|| Some((agency?.agency, year?, page?)))?;
    let one = if agency == WILDCARD { "" } else { &agency };
    let reader = ctx.db.reader();
    let limit = i64::try_from(page.limit()).unwrap_or(i64::MAX);
    let mut rows = coverage_page(reader, year, one, message.only_unmet, &page.after, limit).await?;
    let next_page_token = page.cut(&mut rows, |r| r.agency.clone());
    let lacking = if one.is_empty() {
        Vec::new()
    } else {
        units_without(reader, one, year).await?
    };
    Ok(v1::CheckObligationResponse {
        obligations: rows
            .iter()
            .map(|row| message::obligation(row, &lacking))
            .collect(),
        next_page_token,
        definition: obligation::definition().id.clone(),
    })
}
