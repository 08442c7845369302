//! Files that come and go as streams.

use std::{pin::pin, time::Duration};

use futures::StreamExt;
use prima_platform::{
    caller::Caller,
    failure::{Failure, Kind, Violation},
    faults::Faults,
    grpc::WatchStream,
    objects::Digest,
    text,
};
use prima_proto::{
    complaint::v1::{self, upload_attachment_request::Part},
    name,
};
use tonic::{Status, Streaming};

use super::faults::Fields;
use crate::{
    app::{
        App,
        attachments::{self, Begun, Head},
        reporter::Access,
    },
    domain::{code, file::MediaType},
};

/// Longest part of a file, bytes.
const PART_MAX: usize = 1 << 20;
/// How long a file may take to come.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long the next part of it may take.
const BETWEEN: Duration = Duration::from_secs(15);

/// Code and secret as they were given. A code of another form is none, and said so like any other.
pub fn access(field: &str, raw: v1::Access, faults: &mut Faults) -> Option<Access> {
    let mut part = |name: &str, text: &str, length: usize| {
        let code = code::read(text, length);
        if code.is_none() {
            faults.add(
                format!("{field}.{name}"),
                format!("must have {length} letters and digits"),
                format!("harus {length} huruf dan angka"),
            );
        }
        code
    };
    let tracking_code = part("tracking_code", &raw.tracking_code, code::TRACKING);
    let secret = part("secret", &raw.secret, code::SECRET);
    Some(Access {
        tracking_code: tracking_code?,
        secret: secret?,
    })
}

fn head(app: &App, raw: v1::UploadAttachmentHead) -> Result<Head, Failure> {
    let mut faults = Faults::default();
    let once = faults.once(&app.vault, &raw.request_id, &raw);
    let display_name = faults.or_default(text::line("head.display_name", &raw.display_name, 1, 200));
    let media_type = MediaType::parse(&raw.media_type);
    if media_type.is_none() {
        let names = MediaType::ALL.map(MediaType::as_str).join(", ");
        faults.add(
            "head.media_type",
            format!("must be one of {names}"),
            format!("harus salah satu dari {names}"),
        );
    }
    let most = app.context.config.complaint.attachment_bytes;
    let size = u64::try_from(raw.size).ok().filter(|s| (1..=most).contains(s));
    if size.is_none() {
        faults.add(
            "head.size",
            format!("must be 1 to {most} bytes"),
            format!("harus 1 sampai {most} bita"),
        );
    }
    let sha256 = Digest::try_from(raw.sha256.as_slice()).ok();
    if sha256.is_none() {
        faults.add("head.sha256", "must be 32 bytes", "harus 32 bita");
    }
    let access = raw.access.and_then(|raw| access("head.access", raw, &mut faults));
    let built = once.zip(media_type).zip(size).zip(sha256);
    let built = built.map(|(((once, media_type), size), sha256)| Head {
        once,
        display_name,
        media_type,
        size,
        sha256,
        access,
    });
    faults.settle(built)
}

/// UploadAttachment.
pub async fn upload(
    app: &App,
    caller: &Caller,
    mut stream: Streaming<v1::UploadAttachmentRequest>,
) -> Result<v1::UploadAttachmentResponse, Failure> {
    let received = tokio::time::timeout(PATIENCE, receive(app, caller, &mut stream)).await;
    let begun = received.map_err(|_| too_slow())??;
    let attachment = match begun {
        Begun::Answered(first) => first,
        Begun::Upload(upload) => upload.finish(app).await?,
    };
    Ok(v1::UploadAttachmentResponse {
        attachment: Some(attachment),
    })
}

async fn receive(
    app: &App,
    caller: &Caller,
    stream: &mut Streaming<v1::UploadAttachmentRequest>,
) -> Result<Begun, Failure> {
    let Some(Part::Head(raw)) = next(stream).await? else {
        // Without a head nobody knows who it is.
        caller.known()?;
        return Err(vec![Violation::new("head", "must come first", "harus dikirim pertama")].into());
    };
    if raw.access.is_none() {
        caller.known()?;
    }
    let mut upload = match attachments::begin(app, caller, head(app, raw)?).await? {
        Begun::Upload(upload) => upload,
        answered @ Begun::Answered(_) => return Ok(answered),
    };
    while let Some(part) = next(stream).await? {
        let Part::Data(data) = part else {
            let fault = Violation::new(
                "data",
                "only data may follow the head",
                "setelah kepala hanya boleh isi berkas",
            );
            return Err(vec![fault].into());
        };
        if data.len() > PART_MAX {
            let fault = Violation::new(
                "data",
                "must be at most 1 MiB a message",
                "paling banyak 1 MiB per pesan",
            );
            return Err(vec![fault].into());
        }
        upload.write(&data)?;
    }
    Ok(Begun::Upload(upload))
}

/// The next message; `None` at the end. A message without a part is empty data.
async fn next(stream: &mut Streaming<v1::UploadAttachmentRequest>) -> Result<Option<Part>, Failure> {
    let message = tokio::time::timeout(BETWEEN, stream.message())
        .await
        .map_err(|_| too_slow())?;
    let message = message.map_err(|status| broken(&status))?;
    Ok(message.map(|m| m.part.unwrap_or(Part::Data(Vec::new()))))
}

fn too_slow() -> Failure {
    Failure::new(
        Kind::Exhausted,
        "UPLOAD_TOO_SLOW",
        "the upload took longer than 5 minutes, or a part of it longer than 15 seconds",
        "Unggahan terlalu lama",
    )
}

fn broken(status: &Status) -> Failure {
    let kind = match status.code() {
        tonic::Code::OutOfRange | tonic::Code::ResourceExhausted => Kind::Exhausted,
        _ => Kind::Unavailable,
    };
    Failure::new(
        kind,
        "STREAM_BROKEN",
        "the stream broke; nothing is stored",
        "Aliran data terputus; tidak ada yang tersimpan",
    )
}

/// ReadAttachment.
pub async fn read(
    app: &App,
    caller: &Caller,
    request: v1::ReadAttachmentRequest,
) -> Result<WatchStream<v1::ReadAttachmentResponse>, Failure> {
    let mut faults = Faults::default();
    if request.access.is_none() {
        caller.known()?;
    }
    let name = faults.name("name", &request.name, name::Attachment::parse);
    let access = request.access.and_then(|raw| access("access", raw, &mut faults));
    let name = faults.settle(name)?;
    let pieces = attachments::read(app, caller, &name, access).await?;
    app.readers().open(async move |sender| {
        let mut pieces = pin!(pieces);
        while let Some(piece) = pieces.next().await {
            let data = match piece {
                Ok(data) => data,
                Err(failure) => return sender.fail(failure).await,
            };
            if sender.send(v1::ReadAttachmentResponse { data }).await.is_err() {
                return;
            }
        }
        sender.finish();
    })
}
