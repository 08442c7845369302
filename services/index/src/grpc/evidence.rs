//! Evidence: links, and files that come and go as streams.

use std::pin::pin;

use futures::StreamExt;
use prima_platform::{
    caller::{Caller, Role},
    failure::{Failure, Kind, Violation},
    grpc::WatchStream,
    objects::{self, Digest},
    page::Page,
    request_id,
};
use prima_proto::{
    index::v1::{self as pb, attach_evidence_request::Part},
    name,
};
use tonic::{Status, Streaming};
use url::Url;

use super::{
    check,
    check::wrong,
    evaluation::{Target, target},
};
use crate::{
    app::{
        App, cycles,
        evaluate::Request,
        evidence::{self, Content, New},
    },
    domain::evidence::{MediaType, SIZE_MAX, START},
    store::{assessment::assessment_get, cycle::cycle_get, evidence::evidence_page},
};

/// Longest title, characters.
const TITLE_MAX: usize = 200;
/// Longest link, characters.
const LINK_MAX: usize = 500;
/// Longest part of a file, bytes.
const PART_MAX: usize = 1 << 20;

/// Key of the cycle and name of an assessment that the caller may read; `faults` are those of the other fields.
pub(super) async fn readable(
    app: &App,
    caller: &Caller,
    text: &str,
    mut faults: Vec<Violation>,
) -> Result<(i64, name::Assessment), Failure> {
    caller.known()?;
    let Some(name) = check::named("assessment", name::Assessment::parse(text), &mut faults) else {
        return Err(faults.into());
    };
    caller.require(&[Role::Operator, Role::Evaluator], &name.unit.agency)?;
    if !faults.is_empty() {
        return Err(faults.into());
    }
    let reader = app.context.db.reader();
    let cycle = cycles::found(cycle_get(reader, &name.cycle.cycle).await?, &name.cycle)?;
    match assessment_get(reader, cycle.id, &name.unit).await? {
        Some(_) => Ok((cycle.id, name)),
        None => Err(Failure::not_found(&name.to_string())),
    }
}

/// The fault of a key that is no indicator of the form.
pub(super) fn indicator(field: &str, key: &str, target: Option<&Target>, faults: &mut Vec<Violation>) {
    if key.is_empty() || target.is_some_and(|t| !t.has(key)) {
        wrong(
            field,
            "is no indicator of the form",
            "bukan indikator formulir ini",
            faults,
        );
    }
}

fn link(text: &str, faults: &mut Vec<Violation>) {
    let whole =
        text.chars().count() <= LINK_MAX && !text.chars().any(|c| c.is_control() || c.is_whitespace());
    let plain = Url::parse(text).is_ok_and(|url| {
        let web = matches!(url.scheme(), "https" | "http") && url.has_host();
        web && url.username().is_empty() && url.password().is_none()
    });
    if !whole || !plain {
        faults.push(Violation::new(
            "evidence.link",
            format!(
                "must be a link, https://… or http://…, of at most {LINK_MAX} characters and without a password"
            ),
            format!("harus tautan https://… atau http://…, paling panjang {LINK_MAX} karakter, tanpa sandi"),
        ));
    }
}

/// What the head says of a file or a link.
fn content(given: &pb::Evidence, faults: &mut Vec<Violation>) -> Option<Content> {
    if !given.link.is_empty() {
        link(&given.link, faults);
        for (field, empty) in [
            ("media_type", given.media_type.is_empty()),
            ("size", given.size == 0),
            ("sha256", given.sha256.is_empty()),
        ] {
            if !empty {
                let field = format!("evidence.{field}");
                wrong(
                    field,
                    "must be empty for a link",
                    "harus kosong untuk tautan",
                    faults,
                );
            }
        }
        return Some(Content::Link(given.link.clone()));
    }
    let media_type = MediaType::parse(&given.media_type);
    if media_type.is_none() {
        let names = MediaType::ALL.map(MediaType::as_str).join(", ");
        faults.push(Violation::new(
            "evidence.media_type",
            format!("must be one of {names}, unless it is a link"),
            format!("harus salah satu dari {names}, kecuali berupa tautan"),
        ));
    }
    let size = u64::try_from(given.size)
        .ok()
        .filter(|s| (1..=SIZE_MAX).contains(s));
    if size.is_none() {
        wrong(
            "evidence.size",
            "must be 1 byte to 20 MiB",
            "harus 1 bita sampai 20 MiB",
            faults,
        );
    }
    let sha256 = Digest::try_from(given.sha256.as_slice()).ok();
    if sha256.is_none() {
        wrong("evidence.sha256", "must be 32 bytes", "harus 32 bita", faults);
    }
    Some(Content::File {
        media_type: media_type?,
        size: size?,
        sha256: sha256?,
    })
}

pub async fn attach_evidence(
    app: &App,
    caller: Caller,
    mut stream: Streaming<pb::AttachEvidenceRequest>,
) -> Result<pb::AttachEvidenceResponse, Failure> {
    caller.known()?;
    let Some(Part::Head(head)) = next(&mut stream).await? else {
        let fault = Violation::new("head", "must come first", "harus dikirim pertama");
        return Err(vec![fault].into());
    };
    let mut faults = Vec::new();
    check::id(&head.request_id, &mut faults);
    let target = target(app, &caller, Role::Operator, &head.assessment, &mut faults).await?;
    let digest = request_id::digest(&head);
    let given = head.evidence.unwrap_or_default();
    indicator(
        "evidence.indicator",
        &given.indicator,
        target.as_ref(),
        &mut faults,
    );
    check::text(
        "evidence.display_name",
        &given.display_name,
        1,
        TITLE_MAX,
        &mut faults,
    );
    let content = content(&given, &mut faults);
    let (Some(target), Some(content), true) = (target, content, faults.is_empty()) else {
        return Err(faults.into());
    };
    let request = Request {
        id: head.request_id,
        digest,
        name: target.name,
    };
    if let Some(first) = evidence::begin(app, &caller, &request).await? {
        return Ok(pb::AttachEvidenceResponse {
            evidence: Some(first),
        });
    }
    receive(app, &mut stream, &content).await?;
    let new = New {
        indicator: given.indicator,
        display_name: given.display_name,
        content,
    };
    let evidence = evidence::attach(app, &caller, &request, new).await?;
    Ok(pb::AttachEvidenceResponse {
        evidence: Some(evidence),
    })
}

/// The next message; `None` at the end. A message without a part is empty data.
async fn next(stream: &mut Streaming<pb::AttachEvidenceRequest>) -> Result<Option<Part>, Failure> {
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
async fn receive(
    app: &App,
    stream: &mut Streaming<pb::AttachEvidenceRequest>,
    content: &Content,
) -> Result<(), Failure> {
    let (mut faults, mut start) = (Vec::new(), Vec::new());
    let mut upload = match content {
        Content::Link(_) => None,
        Content::File { size, sha256, .. } => Some(app.objects.begin(*size, *sha256).await?),
    };
    while let Some(part) = next(stream).await? {
        let (Part::Data(data), Some(upload)) = (part, &mut upload) else {
            wrong(
                "data",
                "only data may follow the head, and none may follow that of a link",
                "setelah kepala hanya boleh isi berkas, dan tidak ada untuk tautan",
                &mut faults,
            );
            break;
        };
        if data.len() > PART_MAX {
            wrong(
                "data",
                "must be at most 1 MiB a message",
                "paling banyak 1 MiB per pesan",
                &mut faults,
            );
            break;
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
        return if faults.is_empty() {
            Ok(())
        } else {
            Err(faults.into())
        };
    };
    if faults.is_empty() {
        faults.extend(upload.verify().err().and_then(|error| mismatch(&error)));
        if !media_type.fits(&start) {
            wrong(
                "evidence.media_type",
                "is not what the first bytes of the file say",
                "tidak sesuai dengan isi awal berkas",
                &mut faults,
            );
        }
    }
    if !faults.is_empty() {
        return Err(faults.into());
    }
    Ok(upload.finish().await?)
}

/// The fault of bytes that are not what the head told.
fn mismatch(error: &objects::Error) -> Option<Violation> {
    let (field, indonesian) = match error {
        objects::Error::TooLong(_) => ("evidence.size", "berkas lebih panjang daripada ukurannya"),
        objects::Error::TooShort { .. } => ("evidence.size", "berkas lebih pendek daripada ukurannya"),
        objects::Error::WrongDigest => ("evidence.sha256", "bukan SHA-256 berkas ini"),
        objects::Error::Url(..)
        | objects::Error::Store(_)
        | objects::Error::Busy
        | objects::Error::TooSlow
        | objects::Error::Damaged(_) => return None,
    };
    Some(Violation::new(field, format!("the file {error}"), indonesian))
}

pub async fn list_evidence(
    app: &App,
    caller: &Caller,
    r: pb::ListEvidenceRequest,
) -> Result<pb::ListEvidenceResponse, Failure> {
    let mut faults = Vec::new();
    let page = Page::parse(r.page_size, &r.page_token, &[&r.assessment]);
    let page = page.map_err(|f| faults.extend(f)).ok();
    let (cycle_id, name) = readable(app, caller, &r.assessment, faults).await?;
    // Without a page there are faults, and with faults nothing is readable.
    let page = page.ok_or_else(|| Failure::internal("no page"))?;
    let (indicator, number) = page.after.split_once('/').unwrap_or_default();
    let after = (indicator, number.parse().unwrap_or_default());
    let reader = app.context.db.reader();
    let mut rows = evidence_page(reader, cycle_id, &name.unit, after, page.limit()).await?;
    let next_page_token = page.cut(&mut rows, |row| format!("{}/{}", row.indicator, row.number));
    Ok(pb::ListEvidenceResponse {
        evidence: rows.iter().map(evidence::answer).collect(),
        next_page_token,
    })
}

pub async fn read_evidence(
    app: &App,
    caller: &Caller,
    r: pb::ReadEvidenceRequest,
) -> Result<WatchStream<pb::ReadEvidenceResponse>, Failure> {
    let mut faults = Vec::new();
    if r.number < 1 {
        wrong("number", "must be 1 or more", "harus 1 atau lebih", &mut faults);
    }
    let (cycle_id, name) = readable(app, caller, &r.assessment, faults).await?;
    let pieces = evidence::read(app, cycle_id, &name, r.number).await?;
    app.context.watchers.open(async move |sender| {
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
