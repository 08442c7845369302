//! Reads proposals.

use prima_platform::{
    caller::Caller,
    failure::Failure,
    page::Page,
    request::{self, Faults},
};
use prima_proto::ranking::v1 as pb;

use super::{
    desk::{Desk, limited, seen},
    message,
};
use crate::store::{self, StoredRow};

/// The place after which a page of rows begins; that of the first page is 0.
pub fn place(page: &Page) -> i64 {
    page.after.parse::<i64>().map_or(0, |last| last.saturating_add(1))
}

/// Cuts rows to a page, and returns the token of the next one.
pub fn cut(page: &Page, rows: &mut Vec<StoredRow>) -> String {
    page.cut(rows, |row| row.place.to_string())
}

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
    let limit = i64::try_from(page.limit()).unwrap_or(i64::MAX);
    let mut rows = store::proposal_rows(conn, &proposal.id, place(&page), limit).await?;
    let next_page_token = cut(&page, &mut rows);
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
