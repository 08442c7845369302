//! Receives an attachment. The row is stored before the content: a file that is not attached to anything is deleted
//! after a day, whether or not its content ever arrived. This is no `Command`, because the file arrives as a stream and
//! is stored in several transactions.

use std::time::Duration;

use prima_platform::{
    access::admit,
    caller::Caller,
    command::App as _,
    failure::{Failure, Kind, Violation},
    objects::Digest,
    query::unadmitted,
    request::{self, Faults, text},
    request_id,
    vault::Keyring,
};
use prima_proto::{
    complaint::v1::{self, upload_attachment_request::Part},
    name,
};
use prost::Message;
use sha2::{Digest as _, Sha256};
use tonic::{Request, Status, Streaming};

use super::{
    incoming::{Declared, Incoming},
    seal::encrypted,
};
use crate::{
    context::App,
    domain::file::{MediaType, base_name},
    rpc::{
        access::{self, Access},
        files,
    },
    store::{
        Lock,
        attachment::{New, attachment_get, attachment_insert_in_txn, attachments_pending},
        sealed::File,
    },
    uploads::UploadSlot,
};

const METHOD: &str = "complaint.UploadAttachment";
/// How many uploaded files of a reporter may wait to be attached.
const PENDING_MAX: u64 = 20;
/// Longest message of the stream, in bytes.
const PART_MAX: usize = 1 << 20;
/// How long a whole upload may take.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(300);
/// Idle timeout: how long the next message of an upload may take.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// The first message of an upload, parsed.
struct Head {
    request_id: String,
    digest: Vec<u8>,
    display_name: String,
    declared: Declared,
    access: Option<Access>,
}

/// An upload in progress. Dropping it discards what has arrived.
struct Upload {
    _slot: UploadSlot,
    request_id: String,
    digest: Vec<u8>,
    requester: Caller,
    uploader: String,
    media_type: &'static str,
    file: File,
    content: Incoming,
}

/// The outcome of the first message.
enum Started {
    /// The request is a repeat; this is the stored response.
    Repeat(v1::Attachment),
    /// The content may be sent.
    Upload(Box<Upload>),
}

/// Receives a file and stores it.
///
/// # Errors
///
/// The first message has faults, the content does not match it, too many uploads are running, or the upload is too
/// slow.
pub async fn upload(
    app: &App,
    request: Request<Streaming<v1::UploadAttachmentRequest>>,
) -> Result<v1::UploadAttachmentResponse, Failure> {
    let (caller, mut stream) = unadmitted(request);
    let received = tokio::time::timeout(UPLOAD_TIMEOUT, receive(app, &caller, &mut stream)).await;
    let started = received.map_err(|_| too_slow())??;
    let attachment = match started {
        Started::Repeat(response) => response,
        Started::Upload(upload) => upload.finish(app).await?,
    };
    Ok(v1::UploadAttachmentResponse {
        attachment: Some(attachment),
    })
}

/// Admits the caller with the first message, and reads the others.
async fn receive(
    app: &App,
    caller: &Caller,
    stream: &mut Streaming<v1::UploadAttachmentRequest>,
) -> Result<Started, Failure> {
    let first = message(stream).await?.unwrap_or_default();
    admit(caller, &first)?;
    let Some(Part::Head(raw)) = first.part else {
        return Err(Violation::new("head", "must come first", "harus dikirim pertama").into());
    };
    let mut upload = match begin(app, caller, head(app, raw)?).await? {
        Started::Upload(upload) => upload,
        repeat @ Started::Repeat(_) => return Ok(repeat),
    };
    while let Some(part) = next(stream).await? {
        let Part::Data(data) = part else {
            let fault = Violation::new(
                "data",
                "only data may follow the head",
                "setelah pesan pertama hanya boleh isi berkas",
            );
            return Err(fault.into());
        };
        if data.len() > PART_MAX {
            let fault = Violation::new(
                "data",
                "must be at most 1 MiB a message",
                "paling banyak 1 MiB per pesan",
            );
            return Err(fault.into());
        }
        upload.content.write(&data)?;
    }
    Ok(Started::Upload(upload))
}

/// The next message; `None` at the end. A message without a part counts as empty data.
async fn next(stream: &mut Streaming<v1::UploadAttachmentRequest>) -> Result<Option<Part>, Failure> {
    let message = message(stream).await?;
    Ok(message.map(|m| m.part.unwrap_or(Part::Data(Vec::new()))))
}

async fn message(
    stream: &mut Streaming<v1::UploadAttachmentRequest>,
) -> Result<Option<v1::UploadAttachmentRequest>, Failure> {
    let message = tokio::time::timeout(IDLE_TIMEOUT, stream.message())
        .await
        .map_err(|_| too_slow())?;
    message.map_err(|status| broken(&status))
}

fn head(app: &App, raw: v1::UploadAttachmentHead) -> Result<Head, Failure> {
    let mut faults = Faults::default();
    let digest = app.digest(&raw.encode_to_vec());
    let request_id = faults.take(request::id("request_id", raw.request_id));
    let name = base_name(&raw.display_name);
    let display_name = faults.or_default(text::name("head.display_name", name, 1, 200));
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
    let access = raw
        .access
        .and_then(|raw| access::parse("head.access", raw, &mut faults));
    faults.build(|| {
        Some(Head {
            request_id: request_id?,
            digest,
            display_name,
            declared: Declared {
                media_type: media_type?,
                size: size?,
                sha256: sha256?,
            },
            access,
        })
    })
}

/// Checks the caller, the idempotency key and the limits before any content is read.
async fn begin(app: &App, caller: &Caller, head: Head) -> Result<Started, Failure> {
    let reader = app.context.db.reader();
    let is_reporter = head.access.is_some();
    let (requester, uploader) = match &head.access {
        Some(access) => {
            let report = access::report(app, reader, access, Lock::None).await?;
            (access::requester(&report.name), report.name.to_string())
        }
        None => (caller.clone(), files::uploader(caller)),
    };
    let (id, digest) = (&head.request_id, &head.digest);
    let response = request_id::find::<v1::Attachment>(reader, METHOD, &requester, id, digest).await?;
    if let Some(mut response) = response {
        let name = name::Attachment::parse(&response.name).map_err(Failure::internal)?;
        let stored = attachment_get(reader, &name).await?;
        let file = stored
            .map(|stored| stored.file(&app.vault))
            .transpose()?
            .flatten();
        response.display_name = file.map(|file| file.display_name).unwrap_or_default();
        return Ok(Started::Repeat(response));
    }
    if is_reporter && attachments_pending(reader, &uploader).await? >= PENDING_MAX {
        return Err(too_many());
    }
    let slot = app.uploads.acquire(&uploader, is_reporter).ok_or_else(too_many)?;
    let key = Keyring::generate_key()?;
    Ok(Started::Upload(Box::new(Upload {
        _slot: slot,
        request_id: head.request_id,
        digest: head.digest,
        requester,
        uploader,
        media_type: head.declared.media_type.as_str(),
        content: Incoming::new(head.declared),
        file: File {
            display_name: head.display_name,
            key,
        },
    })))
}

impl Upload {
    /// Stores the file if its content matches what was declared.
    async fn finish(self, app: &App) -> Result<v1::Attachment, Failure> {
        let content = self.content.close()?;
        let size = content.len() as u64;
        let sealed = encrypted(&content, &self.file.key)?;
        let digest: Digest = Sha256::digest(&sealed).into();
        let new = New {
            name: name::Attachment {
                attachment: app.context.ids.next().to_string(),
            },
            uploader: self.uploader,
            media_type: self.media_type,
            size,
            digest,
            file: self.file,
        };
        let txn = app.context.db.begin().await?;
        attachment_insert_in_txn(&txn, &app.vault, &new, app.now()).await?;
        txn.commit().await?;
        let mut object = app.objects.begin(sealed.len() as u64, digest).await?;
        object.write(&sealed).await?;
        object.finish().await?;
        let mut answer = v1::Attachment {
            name: new.name.to_string(),
            media_type: new.media_type.to_owned(),
            size: i64::try_from(new.size).map_err(Failure::internal)?,
            ..Default::default()
        };
        // The stored response leaves out the file name, which is stored encrypted in the row.
        let txn = app.context.db.begin().await?;
        let (id, digest, clock) = (&self.request_id, &self.digest, &app.context.clock);
        request_id::keep(&txn, METHOD, &self.requester, id, digest, &answer, clock).await?;
        txn.commit().await?;
        answer.display_name = new.file.display_name;
        Ok(answer)
    }
}

fn too_many() -> Failure {
    Failure::new(
        Kind::Exhausted,
        "TOO_MANY_UPLOADS",
        "too many uploads are running, or too many uploaded files are not attached yet",
        "Terlalu banyak unggahan; coba lagi sebentar lagi",
    )
}

fn too_slow() -> Failure {
    Failure::new(
        Kind::Exhausted,
        "UPLOAD_TOO_SLOW",
        "the upload took longer than 5 minutes, or was idle for longer than 15 seconds",
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
