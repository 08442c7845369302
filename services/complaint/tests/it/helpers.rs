//! Helpers for uploads and downloads, for bringing reports to their end, and for reading the database.

use std::time::Duration;

use futures::{StreamExt, stream};
use prima_platform::{db::sql, testing::eventually};
use prima_proto::complaint::v1::{self, upload_attachment_request::Part};
use sea_orm::{ConnectionTrait, Value};
use sha2::{Digest, Sha256};
use tonic::{Request, Status};

use crate::fixture::{
    Place, Submitted, UNIT, World, config, coordinator, intake, liaison, public, report, request_id,
};

/// Runs a test on both databases, with frequent sweeps and these retention periods.
pub async fn swept(identity_days: u32, text_days: u32, test: impl AsyncFn(World)) {
    for place in [Place::sqlite(), Place::postgres().await] {
        let mut config = config();
        config.complaint.sweep_millis = 20;
        config.complaint.identity_days = identity_days;
        config.complaint.text_days = text_days;
        test(World::start(place, config).await).await;
    }
}

/// A PDF of `size` bytes that contains `text`.
pub fn pdf(text: &str, size: usize) -> Vec<u8> {
    let mut bytes = format!("%PDF-1.7\n{text}\n").into_bytes();
    let mut n = 0_usize;
    while bytes.len() < size {
        bytes.push(u8::try_from(n * 7 % 251).unwrap());
        n += 1;
    }
    bytes
}

/// A chunk of a PNG picture with these bytes.
pub fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [length.as_slice(), kind, content, b"crc!"].concat()
}

/// A PNG picture with `text` in place of its pixels.
pub fn png(text: &str) -> Vec<u8> {
    let parts = [
        chunk(b"IHDR", &[1; 13]),
        chunk(b"IDAT", text.as_bytes()),
        chunk(b"IEND", b""),
    ];
    [b"\x89PNG\r\n\x1a\n".as_slice(), &parts.concat()].concat()
}

/// The first message of an upload, which describes the file.
pub fn head(name: &str, bytes: &[u8]) -> v1::UploadAttachmentHead {
    v1::UploadAttachmentHead {
        request_id: request_id(),
        display_name: name.into(),
        media_type: "application/pdf".into(),
        size: i64::try_from(bytes.len()).unwrap(),
        sha256: Sha256::digest(bytes).to_vec(),
        access: None,
    }
}

/// A message of the stream.
pub fn part(part: Part) -> v1::UploadAttachmentRequest {
    v1::UploadAttachmentRequest { part: Some(part) }
}

/// The messages of one upload, with 300,000 bytes of data each.
pub fn messages(head: v1::UploadAttachmentHead, bytes: &[u8]) -> Vec<v1::UploadAttachmentRequest> {
    let data = bytes.chunks(300_000).map(|c| part(Part::Data(c.to_vec())));
    std::iter::once(part(Part::Head(head))).chain(data).collect()
}

impl World {
    /// Sends these messages as one stream.
    pub async fn send<S>(&self, request: Request<S>) -> Result<v1::Attachment, Status>
    where
        S: futures::Stream<Item = v1::UploadAttachmentRequest> + Send + 'static,
    {
        let answer = self.complaints.clone().upload_attachment(request).await?;
        Ok(answer.into_inner().attachment.unwrap())
    }

    /// Uploads a file as the intake system; returns its name.
    pub async fn upload(&self, name: &str, bytes: &[u8]) -> String {
        let messages = messages(head(name, bytes), bytes);
        self.send(intake(stream::iter(messages))).await.unwrap().name
    }

    /// Uploads a file as the reporter does.
    pub async fn upload_by(&self, reporter: &Submitted, bytes: &[u8]) -> Result<v1::Attachment, Status> {
        let head = v1::UploadAttachmentHead {
            access: reporter.access(),
            ..head("balasan.pdf", bytes)
        };
        self.send(public(stream::iter(messages(head, bytes)))).await
    }

    /// Downloads a file. The fixture allows one stream at a time, and its slot becomes free a moment after the previous
    /// stream has ended, so this retries.
    pub async fn download(
        &self,
        request: impl Fn() -> Request<v1::ReadAttachmentRequest>,
    ) -> Result<Vec<u8>, Status> {
        loop {
            let opened = self.complaints.clone().read_attachment(request()).await;
            let mut pieces = match opened {
                Ok(pieces) => pieces.into_inner(),
                Err(status) if status.code() == tonic::Code::ResourceExhausted => {
                    tokio::task::yield_now().await;
                    continue;
                }
                Err(status) => return Err(status),
            };
            let mut bytes = Vec::new();
            while let Some(piece) = pieces.next().await {
                bytes.extend(piece?.data);
            }
            return Ok(bytes);
        }
    }

    /// Submits a report with these attachments.
    pub async fn submit_with(&mut self, id: &str, attachments: Vec<String>) -> Submitted {
        let request = v1::SubmitComplaintRequest {
            attachments,
            ..report(id)
        };
        self.submit_as(request).await
    }

    /// Brings a report to an answer with this text.
    pub async fn respond(&self, name: &str, text: &str, attachments: Vec<String>) {
        let mut complaints = self.complaints.clone();
        let (request_id, etag) = (request_id, String::new);
        let start = v1::StartVerificationRequest {
            request_id: request_id(),
            name: name.into(),
            etag: etag(),
        };
        complaints.start_verification(coordinator(start)).await.unwrap();
        let verify = v1::VerifyComplaintRequest {
            request_id: request_id(),
            name: name.into(),
            unit: UNIT.into(),
            category: "business_licence".into(),
            note: "Mohon ditindaklanjuti segera".into(),
            ..Default::default()
        };
        complaints.verify_complaint(coordinator(verify)).await.unwrap();
        let start = v1::StartFollowUpRequest {
            request_id: request_id(),
            name: name.into(),
            etag: etag(),
        };
        complaints.start_follow_up(liaison(start)).await.unwrap();
        self.answer(name, text, attachments).await;
    }

    /// Answers a report that is being followed up.
    pub async fn answer(&self, name: &str, text: &str, attachments: Vec<String>) {
        let respond = v1::RespondToComplaintRequest {
            request_id: request_id(),
            name: name.into(),
            etag: String::new(),
            text: text.into(),
            attachments,
        };
        let mut complaints = self.complaints.clone();
        complaints.respond_to_complaint(liaison(respond)).await.unwrap();
    }

    /// The reporter accepts the answer.
    pub async fn close(&self, report: &Submitted) {
        let close = v1::CloseComplaintRequest {
            request_id: request_id(),
            access: report.access(),
        };
        self.complaints
            .clone()
            .close_complaint(public(close))
            .await
            .unwrap();
    }

    /// Brings a report to its closing.
    pub async fn finish(&self, report: &Submitted) {
        self.respond(&report.name, "Izin sudah diterbitkan hari ini.", Vec::new())
            .await;
        self.close(report).await;
    }

    /// A number that a query returns.
    pub async fn number(&self, text: &str, values: Vec<Value>) -> Option<i64> {
        let reader = self.db.reader();
        let row = reader.query_one_raw(sql(reader, text, values)).await.unwrap();
        row.and_then(|row| row.try_get("", "n").unwrap())
    }

    /// Number of rows of a table that meet a condition.
    pub async fn rows(&self, table: &str, condition: &str) -> i64 {
        let text = format!("SELECT CAST(COUNT(*) AS BIGINT) AS n FROM {table} WHERE {condition}");
        self.number(&text, Vec::new()).await.unwrap()
    }

    /// Changes the database without the service.
    pub async fn tamper(&self, text: &str) {
        self.db.writer().execute_unprepared(text).await.unwrap();
    }

    /// Waits until retention has run after now and has erased everything that was due.
    pub async fn erased(&self) {
        let writer = self.db.writer();
        // The first run may have begun before now, and the second may find files that the first has not deleted yet.
        for _ in 0..3 {
            // A file that was uploaded long ago and never attached. Files are processed last.
            let text = "INSERT INTO attachment (uid, owner, owner_id, uploader, media_type, size, digest, sealed_key, created_at)
                VALUES ('probe', 'pending', 0, '', '', 0, $1, '', 0)";
            let probe = sql(writer, text, [vec![0_u8; 32].into()]);
            writer.execute_raw(probe).await.unwrap();
            let gone = async || (self.rows("attachment", "uid = 'probe'").await == 0).then_some(());
            eventually(Duration::from_secs(10), gone).await.unwrap();
        }
    }

    /// Contents of the object storage.
    pub fn objects(&self) -> Vec<Vec<u8>> {
        let mut files = Vec::new();
        walk(&self.place.dir.path().join("objects"), &mut files);
        files
    }
}

/// Collects the contents of all files below a folder.
pub fn walk(folder: &std::path::Path, files: &mut Vec<Vec<u8>>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if let Ok(bytes) = std::fs::read(path) {
            files.push(bytes);
        }
    }
}
