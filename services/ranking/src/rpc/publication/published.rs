//! Reads published tables.

use prima_platform::{
    failure::Failure,
    grpc::WatchStream,
    page::Page,
    request::{self, Choice, Faults},
};
use prima_proto::{name, ranking::v1 as pb};

use super::{
    desk::{Desk, published, rows},
    message,
};
use crate::{
    derived::press::{Format, blocking},
    store,
};

const FORMAT: Choice = Choice {
    english: "format",
    indonesian: "Bentuk berkas",
};
/// Bytes of one piece of a file.
const PIECE: usize = 256 << 10;

/// A published table with a page of its rows.
pub async fn get(
    desk: &Desk,
    request: &pb::GetPublishedLeagueTableRequest,
) -> Result<pb::GetPublishedLeagueTableResponse, Failure> {
    let mut faults = Faults::default();
    let name = faults.take(request::name("name", &request.name));
    let page = Page::parse(request.page_size, &request.page_token, &[&request.name]);
    let page = faults.take_all(page);
    let (name, page) = faults.build(|| name.zip(page))?;
    let conn = desk.context.db.reader();
    let row = published(conn, &name).await?;
    let (rows, next_page_token) = rows(conn, &row.proposal, &page).await?;
    Ok(pb::GetPublishedLeagueTableResponse {
        published: Some(message::published(conn, &row).await?),
        rows: rows.iter().map(message::row).collect(),
        next_page_token,
    })
}

/// A page of published tables.
pub async fn list(
    desk: &Desk,
    request: &pb::ListPublishedLeagueTablesRequest,
) -> Result<pb::ListPublishedLeagueTablesResponse, Failure> {
    let mut faults = Faults::default();
    let filter = [request.metric.as_str(), request.period.as_str()];
    for (field, text) in ["metric", "period"].into_iter().zip(filter) {
        faults.take(request::optional(text, |raw| {
            request::parsed(field, raw, name::id).map(drop)
        }));
    }
    let page = faults.take_all(Page::parse(request.page_size, &request.page_token, &filter));
    let page = faults.settle(page)?;
    let conn = desk.context.db.reader();
    let after = page.after.parse().unwrap_or(0);
    let mut rows = store::published_list(conn, filter, after, page.limit()).await?;
    let next_page_token = page.cut(&mut rows, |row| row.number.to_string());
    let mut published = Vec::with_capacity(rows.len());
    for row in &rows {
        published.push(message::published(conn, row).await?);
    }
    Ok(pb::ListPublishedLeagueTablesResponse {
        published,
        next_page_token,
    })
}

/// Streams a published table as a file.
pub async fn download(
    desk: &Desk,
    request: &pb::DownloadPublishedLeagueTableRequest,
) -> Result<WatchStream<pb::DownloadPublishedLeagueTableResponse>, Failure> {
    let mut faults = Faults::default();
    let name = faults.take(request::name("name", &request.name));
    let format = FORMAT.optional("format", request.format, |format| match format {
        pb::PublishedTableFormat::Unspecified => None,
        pb::PublishedTableFormat::Sealed => Some(Format::Sealed),
        pb::PublishedTableFormat::Csv => Some(Format::Csv),
        pb::PublishedTableFormat::Xlsx => Some(Format::Xlsx),
        pb::PublishedTableFormat::Json => Some(Format::Json),
    });
    let format = faults.take(format);
    let (name, format) = faults.build(|| name.zip(format))?;
    let conn = desk.context.db.reader();
    let row = published(conn, &name).await?;
    let documents = desk.ledger.documents(conn, &row).await?;
    let file = blocking(move || documents.file(format.unwrap_or(Format::Sealed))).await??;
    desk.context.watchers.open(async move |sender| {
        for piece in file.chunks(PIECE) {
            let data = piece.to_vec();
            let message = pb::DownloadPublishedLeagueTableResponse { data };
            if sender.send(message).await.is_err() {
                return;
            }
        }
        sender.finish();
    })
}
