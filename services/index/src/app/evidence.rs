//! Attaches evidence to an assessment, and reads it.

use bytes::Bytes;
use futures::Stream;
use prima_platform::{
    caller::Caller,
    clock::{from_micros, micros, to_proto},
    failure::{Failure, Kind},
    objects::{self, Digest},
    request_id,
};
use prima_proto::{index::v1 as pb, name};

use super::{App, cycles::found, evaluate::Request};
use crate::{
    domain::{cycle::Stage, evidence::MediaType},
    store::{
        assessment::assessment_hold_in_txn,
        cycle::{cycle_get, cycle_share_in_txn},
        evidence::{Row, evidence_get, evidence_insert_in_txn},
    },
};

const METHOD: &str = "index.AttachEvidence";

/// What is attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A link.
    Link(String),
    /// A file, as told before its bytes came.
    File {
        /// Its type.
        media_type: MediaType,
        /// Bytes.
        size: u64,
        /// SHA-256.
        sha256: Digest,
    },
}

/// Evidence to attach, its fields parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct New {
    /// Key of an indicator of the form.
    pub indicator: String,
    /// What it shows.
    pub display_name: String,
    /// The file or link.
    pub content: Content,
}

/// Evidence for a caller.
pub fn answer(row: &Row) -> pb::Evidence {
    pb::Evidence {
        number: row.number,
        indicator: row.indicator.clone(),
        display_name: row.display_name.clone(),
        link: row.link.clone(),
        media_type: row.media_type.clone(),
        size: row.size,
        sha256: row.sha256.clone(),
        create_time: Some(to_proto(from_micros(row.created_at))),
    }
}

/// The first answer to this request, if it was answered; else `Ok(None)` when evidence is taken now. Asked before a file
/// is read.
pub async fn begin(app: &App, caller: &Caller, request: &Request) -> Result<Option<pb::Evidence>, Failure> {
    let txn = app.context.db.begin().await?;
    let first = request_id::find(&txn, METHOD, caller, &request.id, &request.digest).await?;
    drop(txn);
    if first.is_none() {
        let name = &request.name.cycle;
        let cycle = found(cycle_get(app.context.db.reader(), &name.cycle).await?, name)?;
        cycle.check(Stage::Evidence, micros(app.context.clock.now()))?;
    }
    Ok(first)
}

/// Stores evidence; the bytes of a file are in the object storage already.
pub async fn attach(
    app: &App,
    caller: &Caller,
    request: &Request,
    new: New,
) -> Result<pb::Evidence, Failure> {
    let txn = app.context.db.begin().await?;
    let (id, digest, name) = (&request.id, &request.digest, &request.name);
    if let Some(first) = request_id::find(&txn, METHOD, caller, id, digest).await? {
        return Ok(first);
    }
    let cycle = found(cycle_share_in_txn(&txn, &name.cycle.cycle).await?, &name.cycle)?;
    let now = micros(app.context.clock.now());
    cycle.check(Stage::Evidence, now)?;
    if !assessment_hold_in_txn(&txn, cycle.id, &name.unit).await? {
        return Err(Failure::not_found(&name.to_string()));
    }
    let mut row = Row {
        number: 0,
        indicator: new.indicator,
        display_name: new.display_name,
        link: String::new(),
        media_type: String::new(),
        size: 0,
        sha256: Vec::new(),
        actor: caller.subject().to_owned(),
        created_at: now,
    };
    match new.content {
        Content::Link(link) => row.link = link,
        Content::File {
            media_type,
            size,
            sha256,
        } => {
            media_type.as_str().clone_into(&mut row.media_type);
            row.size = i64::try_from(size).map_err(Failure::internal)?;
            row.sha256 = sha256.to_vec();
        }
    }
    row.number = evidence_insert_in_txn(&txn, cycle.id, &name.unit, &row).await?;
    let answer = answer(&row);
    request_id::keep(&txn, METHOD, caller, id, digest, &answer, &app.context.clock).await?;
    txn.commit().await?;
    Ok(answer)
}

/// The bytes of a file.
pub async fn read(
    app: &App,
    cycle_id: i64,
    name: &name::Assessment,
    number: i64,
) -> Result<impl Stream<Item = Result<Bytes, objects::Error>> + Send + use<>, Failure> {
    let row = evidence_get(app.context.db.reader(), cycle_id, &name.unit, number).await?;
    let row = row.ok_or_else(|| Failure::not_found(&format!("evidence {number} of {name}")))?;
    if !row.link.is_empty() {
        return Err(Failure::new(
            Kind::Precondition,
            "EVIDENCE_IS_LINK",
            format!("evidence {number} is the link {}", row.link),
            format!("bukti dukung nomor {number} berupa tautan"),
        ));
    }
    let digest = Digest::try_from(row.sha256.as_slice()).map_err(Failure::internal)?;
    Ok(app.objects.read(digest).await?)
}
