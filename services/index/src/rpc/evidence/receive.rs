//! Takes the stream of a file into the object storage.

use prima_platform::{
    failure::{Failure, Kind},
    objects::{self, Objects},
    request::Faults,
};
use prima_proto::index::v1::{self as pb, attach_evidence_request::Part};
use tonic::{Status, Streaming};

use super::message::Content;
use crate::domain::evidence::START;

/// Longest part of a file, bytes.
const PART_MAX: usize = 1 << 20;

/// The next message; `None` at the end. A message without a part is empty data.
pub async fn next(stream: &mut Streaming<pb::AttachEvidenceRequest>) -> Result<Option<Part>, Failure> {
    let message = stream.message().await.map_err(|status| broken(&status))?;
    Ok(message.map(|m| m.part.unwrap_or(Part::Data(Vec::new()))))
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
        "Aliran data terputus; tidak ada yang tersimpan",
    )
}

/// Takes the bytes of a file into the object storage; of a link there are none. What is wrong leaves nothing behind.
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
                "only data may follow the head, and none may follow that of a link",
                "setelah kepala hanya boleh isi berkas, dan tidak ada untuk tautan",
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
            // Told below, with what else is wrong.
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
            "is not what the first bytes of the file say",
            "tidak sesuai dengan isi awal berkas",
        );
    }
    faults.settle(Some(()))?;
    Ok(upload.finish().await?)
}

/// The field and the fault of bytes that are not what the head told.
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
