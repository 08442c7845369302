//! Takes a file in. What is stored first is the row: a file without an owner is swept after a day, whether its content
//! ever came or not. No command, since it comes as a stream and is stored in several transactions.

use std::time::Duration;

use prima_platform::{
    caller::{self, Caller},
    command::App as _,
    failure::{Failure, Kind, Violation},
    objects::Digest,
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

use super::incoming::{Incoming, Told};
use crate::{
    context::App,
    domain::file::MediaType,
    rpc::{
        access::{self, Access},
        files,
        rights::require_intake,
    },
    store::{
        Lock,
        attachment::{New, attachment_get, attachment_insert_in_txn, attachments_pending},
        sealed::File,
    },
    uploads::Turn,
};

const METHOD: &str = "complaint.UploadAttachment";
/// Files that a reporter may have uploaded and not yet used.
const PENDING: u64 = 20;
/// Longest part of a file, bytes.
const PART_MAX: usize = 1 << 20;
/// How long a file may take to come.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long the next part of it may take.
const BETWEEN: Duration = Duration::from_secs(15);

/// What the head of an upload says.
struct Head {
    request_id: String,
    digest: Vec<u8>,
    display_name: String,
    told: Told,
    access: Option<Access>,
}

/// A file on its way. Dropped it leaves nothing.
struct Upload {
    _turn: Turn,
    request_id: String,
    digest: Vec<u8>,
    asker: Caller,
    uploader: String,
    media_type: &'static str,
    size: u64,
    file: File,
    content: Incoming,
}

/// How an upload begins.
enum Begun {
    /// It was answered before.
    Answered(v1::Attachment),
    /// The bytes may come.
    Upload(Box<Upload>),
}

/// Receives a file and stores it.
///
/// # Errors
///
/// The head has faults, the file is not what it tells, there is no room, or it comes too slowly.
pub async fn upload(
    app: &App,
    request: Request<Streaming<v1::UploadAttachmentRequest>>,
) -> Result<v1::UploadAttachmentResponse, Failure> {
    let caller = caller::of(&request);
    let mut stream = request.into_inner();
    let received = tokio::time::timeout(PATIENCE, receive(app, &caller, &mut stream)).await;
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
        return Err(Violation::new("head", "must come first", "harus dikirim pertama").into());
    };
    if raw.access.is_none() {
        caller.known()?;
    }
    let mut upload = match begin(app, caller, head(app, raw)?).await? {
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

fn head(app: &App, raw: v1::UploadAttachmentHead) -> Result<Head, Failure> {
    let mut faults = Faults::default();
    let digest = app.digest(&raw.encode_to_vec());
    let request_id = faults.take(request::id("request_id", raw.request_id));
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
    let access = raw
        .access
        .and_then(|raw| access::parse("head.access", raw, &mut faults));
    faults.build(|| {
        Some(Head {
            request_id: request_id?,
            digest,
            display_name,
            told: Told {
                media_type: media_type?,
                size: size?,
                sha256: sha256?,
            },
            access,
        })
    })
}

/// Asks who it is, whether it was answered, and whether there is room, before a byte is read.
async fn begin(app: &App, caller: &Caller, head: Head) -> Result<Begun, Failure> {
    let reader = app.context.db.reader();
    let is_reporter = head.access.is_some();
    let (asker, uploader) = match &head.access {
        Some(access) => {
            let report = access::report(app, reader, access, Lock::None).await?;
            (access::asker(&report.name), report.name.to_string())
        }
        None => {
            require_intake(caller)?;
            (caller.clone(), files::uploader(caller))
        }
    };
    let (id, digest) = (&head.request_id, &head.digest);
    let first = request_id::find::<v1::Attachment>(reader, METHOD, &asker, id, digest).await?;
    if let Some(mut first) = first {
        let name = name::Attachment::parse(&first.name).map_err(Failure::internal)?;
        let stored = attachment_get(reader, &name).await?;
        let file = stored
            .map(|stored| stored.file(&app.vault))
            .transpose()?
            .flatten();
        first.display_name = file.map(|file| file.display_name).unwrap_or_default();
        return Ok(Begun::Answered(first));
    }
    if is_reporter && attachments_pending(reader, &uploader).await? >= PENDING {
        return Err(too_many());
    }
    let turn = app.uploads.take(&uploader, is_reporter).ok_or_else(too_many)?;
    let key = Keyring::generate_key()?;
    Ok(Begun::Upload(Box::new(Upload {
        _turn: turn,
        request_id: head.request_id,
        digest: head.digest,
        asker,
        uploader,
        media_type: head.told.media_type.as_str(),
        size: head.told.size,
        content: Incoming::new(head.told, &key)?,
        file: File {
            display_name: head.display_name,
            key,
        },
    })))
}

impl Upload {
    /// Stores the file, if it is what the head told.
    async fn finish(self, app: &App) -> Result<v1::Attachment, Failure> {
        let sealed = self.content.close()?;
        let digest: Digest = Sha256::digest(&sealed).into();
        let new = New {
            name: name::Attachment {
                attachment: app.context.ids.next().to_string(),
            },
            uploader: self.uploader,
            media_type: self.media_type,
            size: self.size,
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
        // Kept without the name of the file, which stands sealed in the row.
        let txn = app.context.db.begin().await?;
        let (id, digest, clock) = (&self.request_id, &self.digest, &app.context.clock);
        request_id::keep(&txn, METHOD, &self.asker, id, digest, &answer, clock).await?;
        txn.commit().await?;
        answer.display_name = new.file.display_name;
        Ok(answer)
    }
}

fn too_many() -> Failure {
    Failure::new(
        Kind::Exhausted,
        "TOO_MANY_UPLOADS",
        "too many uploads, or too many files that were uploaded and not used",
        "Terlalu banyak unggahan; coba lagi sebentar lagi",
    )
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
