//! Lists evidence, and reads its files.

use std::pin::pin;

use futures::StreamExt;
use prima_platform::{
    failure::{Failure, Kind, found},
    grpc::WatchStream,
    objects::{Digest, Objects},
    page::Page,
    request::Faults,
    service::Context,
};
use prima_proto::index::v1 as pb;

use super::message;
use crate::{
    domain::field,
    rpc::target,
    store::{evidence_get, evidence_page},
};

/// A page of evidence of an assessment in the order of indicators and numbers.
pub async fn list(
    ctx: &Context,
    message: pb::ListEvidenceRequest,
) -> Result<pb::ListEvidenceResponse, Failure> {
    let mut faults = Faults::default();
    let page = Page::parse(message.page_size, &message.page_token, &[&message.assessment]);
    let page = faults.take_all(page);
    let (cycle, row) = target::read(ctx, "assessment", &message.assessment, faults).await?;
    // `target::read` fails when there are faults, so here the page is present.
    let page = page.ok_or_else(|| Failure::internal("no page"))?;
    let (indicator, number) = page.after.split_once('/').unwrap_or_default();
    let after = (indicator, number.parse().unwrap_or_default());
    let reader = ctx.db.reader();
    let mut rows = evidence_page(reader, cycle.id, &row.unit_name(), after, page.limit()).await?;
    let next_page_token = page.cut(&mut rows, |row| format!("{}/{}", row.indicator, row.number));
    Ok(pb::ListEvidenceResponse {
        evidence: rows.iter().map(message::evidence).collect(),
        next_page_token,
    })
}

/// The bytes of a file, as a stream.
pub async fn read(
    ctx: &Context,
    objects: &Objects,
    message: pb::ReadEvidenceRequest,
) -> Result<WatchStream<pb::ReadEvidenceResponse>, Failure> {
    let mut faults = Faults::default();
    let number = message.number;
    faults.take(field::number("number", number));
    let (cycle, row) = target::read(ctx, "assessment", &message.assessment, faults).await?;
    let (unit, name) = (row.unit_name(), format!("{}/{}", cycle.name(), row.unit_name()));
    let row = evidence_get(ctx.db.reader(), cycle.id, &unit, number).await?;
    let row = found(row, format!("evidence {number} of {name}"))?;
    if !row.link.is_empty() {
        return Err(Failure::new(
            Kind::Precondition,
            "EVIDENCE_IS_LINK",
            format!("evidence {number} is the link {}", row.link),
            format!("bukti dukung nomor {number} berupa tautan"),
        ));
    }
    let digest = Digest::try_from(row.sha256.as_slice()).map_err(Failure::internal)?;
    let pieces = objects.read(digest).await?;
    ctx.watchers.open(async move |sender| {
        let mut pieces = pin!(pieces);
        while let Some(piece) = pieces.next().await {
            let data = match piece {
                Ok(piece) => piece.to_vec(),
                Err(error) => return sender.fail(error.into()).await,
            };
            if sender.send(pb::ReadEvidenceResponse { data }).await.is_err() {
                return;
            }
        }
        sender.finish();
    })
}
