//! Reads proposals.

use prima_platform::{
    caller::Caller,
    failure::Failure,
    page::Page,
    request::{self, Faults},
};
use prima_proto::ranking::v1 as pb;

use super::{
    desk::{Desk, limited, rows, seen},
    message,
};
use crate::store;

/// A proposal with a page of its rows.
pub async fn get(
    desk: &Desk,
    caller: &Caller,
    request: &pb::GetProposedLeagueTableRequest,
) -> Result<pb::GetProposedLeagueTableResponse, Failure> {
    let mut faults = Faults::default();
    let name = faults.take(request::name("name", &request.name));
    let page = Page::parse(request.page_size, &request.page_token, &[&request.name]);
    let page = faults.take_all(page);
    let (name, page) = faults.build(|| name.zip(page))?;
    let conn = desk.context.db.reader();
    let proposal = seen(conn, caller, &name).await?;
    let (rows, next_page_token) = rows(conn, &proposal.id, &page).await?;
    Ok(pb::GetProposedLeagueTableResponse {
        proposal: Some(message::proposal(conn, &proposal).await?),
        rows: rows.iter().map(message::row).collect(),
        next_page_token,
    })
}

/// The proposals that the caller may see.
pub async fn list(
    desk: &Desk,
    caller: &Caller,
    request: &pb::ListProposedLeagueTablesRequest,
) -> Result<pb::ListProposedLeagueTablesResponse, Failure> {
    let mut faults = Faults::default();
    let page = faults.take_all(Page::parse(request.page_size, &request.page_token, &[]));
    let page = faults.settle(page)?;
    let conn = desk.context.db.reader();
    let mut rows = store::proposals_of(conn, limited(caller), &page.after, page.limit()).await?;
    let next_page_token = page.cut(&mut rows, |row| row.id.clone());
    let mut proposals = Vec::with_capacity(rows.len());
    for row in &rows {
        proposals.push(message::proposal(conn, row).await?);
    }
    Ok(pb::ListProposedLeagueTablesResponse {
        proposals,
        next_page_token,
    })
}
