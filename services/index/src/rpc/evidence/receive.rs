//! Receives the stream of a file into the object storage.

use prima_platform::{
    failure::{Failure, Kind},
    objects::{self, Objects},
    request::Faults,
};
use prima_proto::index::v1::{self as pb, attach_evidence_request::Part};
use tonic::{Status, Streaming};

use super::message::Content;
use crate::domain::evidence::START;

/// Maximum size of one message of data, bytes.
const PART_MAX: usize = 1 << 20;

/// The next message of the stream; `None` at its end. A message without a part counts as empty data.
pub async fn next(stream: &mut Streaming<pb::AttachEvidenceRequest>) -> Result<Option<Part>, Failure> {
    let message = message(stream).await?;
    Ok(message.map(|m| m.part.unwrap_or(Part::Data(Vec::new()))))
}

/// The next message of the stream as it was sent; `None` at its end.
pub async fn message(
    stream: &mut Streaming<pb::AttachEvidenceRequest>,
) -> Result<Option<pb::AttachEvidenceRequest>, Failure> {
    stream.message().await.map_err(|status| broken(&status))
}

fn broken(status: &Status) -> Failure {
    let kind = match status.code() {
        tonic::Code::OutOfRange | tonic::Code::ResourceExhausted => Kind::Exhausted,
        _ => Kind::Unavailable,
    };
    Failure::new(
        kind,
        "STREAM_BROKEN",
        format!("the stream broke: {}; nothing is stored", status.message()),
        "Pengiriman data terputus; tidak ada yang tersimpan",
    )
}

/// Receives the bytes of a file into the object storage; a link has none. After a fault nothing remains stored.
pub async fn receive(
    objects: &Objects,
    stream: &mut Streaming<pb::AttachEvidenceRequest>,
    content: &Content,
) -> Result<(), Failure> {
    let (mut faults, mut start) = (Faults::default(), Vec::new());
    let mut upload = match content {
        Content::Link(_) => None,
        Content::File { size, sha256, .. } => Some(objects.begin(*size, *sha256).await?),
    };
    while let Some(part) = next(stream).await? {
        let (Part::Data(data), Some(upload)) = (part, &mut upload) else {
            faults.add(
                "data",
                "only data may follow the head, and no data may follow the head of a link",
                "setelah pesan pertama (head) hanya boleh dikirim isi berkas; tautan tidak memiliki isi berkas",
            );
            return Err(faults.refused());
        };
        if data.len() > PART_MAX {
            faults.add(
                "data",
                "must be at most 1 MiB a message",
                "paling banyak 1 MiB per pesan",
            );
            return Err(faults.refused());
        }
        let wanted = START.saturating_sub(start.len());
        start.extend(data.iter().take(wanted));
        match upload.write(&data).await {
            Ok(()) => {}
            // `verify` below reports this together with the other faults.
            Err(objects::Error::TooLong(_)) => break,
            Err(error) => return Err(error.into()),
        }
    }
    let (Some(upload), Content::File { media_type, .. }) = (upload, content) else {
        return Ok(());
    };
    if let Err(error) = upload.verify()
        && let Some((field, indonesian)) = mismatch(&error)
    {
        faults.add(field, format!("the file {error}"), indonesian);
    }
    if !media_type.fits(&start) {
        faults.add(
            "evidence.media_type",
            "does not match the first bytes of the file",
            "tidak sesuai dengan isi awal berkas",
        );
    }
    faults.settle(Some(()))?;
    Ok(upload.finish().await?)
}

/// The field and the Indonesian message for bytes that differ from the head.
fn mismatch(error: &objects::Error) -> Option<(&'static str, &'static str)> {
    match error {
        objects::Error::TooLong(_) => Some(("evidence.size", "berkas lebih panjang daripada ukurannya")),
        objects::Error::TooShort { .. } => Some(("evidence.size", "berkas lebih pendek daripada ukurannya")),
        objects::Error::WrongDigest => Some(("evidence.sha256", "bukan SHA-256 berkas ini")),
        objects::Error::Url(..)
        | objects::Error::Folder(..)
        | objects::Error::Store(_)
        | objects::Error::Busy
        | objects::Error::TooSlow
        | objects::Error::Damaged(_) => None,
    }
}
