//! Files as what they belong to takes and shows them.

use std::collections::BTreeMap;

use prima_platform::{
    caller::Caller,
    clock::micros,
    db::Txn,
    failure::{Failure, Violation},
    request::{self, Faults},
};
use prima_proto::{complaint::v1, name};
use sea_orm::ConnectionTrait;

use crate::{
    context::App,
    domain::{file::WAIT, workflow::Role},
    store::{
        attachment::{Owner, Stored, attachments_give_in_txn, attachments_lock_in_txn, attachments_of},
        ownership::ownership,
    },
};

/// Files that one call takes at most.
const ATTACHMENTS: usize = 10;

/// Names of files, each once.
pub fn names(raw: &[String], faults: &mut Faults) -> Vec<name::Attachment> {
    if raw.len() > ATTACHMENTS {
        faults.add(
            "attachments",
            format!("must be at most {ATTACHMENTS}"),
            format!("paling banyak {ATTACHMENTS}"),
        );
        return Vec::new();
    }
    let mut names = Vec::new();
    for (n, raw) in raw.iter().enumerate() {
        let field = format!("attachments[{n}]");
        let Some(name) = faults.take(request::name(&field, raw)) else {
            continue;
        };
        if names.contains(&name) {
            faults.add(field, "stands there twice", "disebut dua kali");
        } else {
            names.push(name);
        }
    }
    names
}

/// How a token's subject is noted as uploader; no name of a report begins so.
pub fn uploader(caller: &Caller) -> String {
    format!("token {}", caller.subject())
}

/// Gives files to what they were sent with. Each must have been uploaded within 24 hours by the same token, or with the
/// code of the report by its reporter, and belong to nothing yet. Call it last: files are locked
/// after everything else.
///
/// # Errors
///
/// `INVALID_ARGUMENT` with `attachments[n]` of every file that can't be claimed.
pub async fn claim(
    app: &App,
    txn: &Txn,
    caller: &Caller,
    names: &[name::Attachment],
    owner: Owner,
) -> Result<(), Failure> {
    if names.is_empty() {
        return Ok(());
    }
    let mut uploaders = Vec::new();
    if caller.known().is_ok() {
        uploaders.push(uploader(caller));
    }
    if let Owner::Line(_) = owner {
        let line = ownership(txn, owner).await?;
        let own = line.filter(|line| line.role == Role::Reporter.key());
        uploaders.extend(own.map(|line| line.name));
    }
    let since = micros(app.now() - WAIT);
    let found = attachments_lock_in_txn(txn, names).await?;
    let free =
        |file: &Stored| file.owner.is_none() && file.created_at > since && uploaders.contains(&file.uploader);
    let mut ids = Vec::new();
    let mut faults = Vec::new();
    for (n, name) in names.iter().enumerate() {
        match found.iter().find(|file| file.name == *name) {
            Some(file) if free(file) => ids.push(file.id),
            _ => faults.push(Violation::new(
                format!("attachments[{n}]"),
                "is no file that you uploaded in the last 24 hours and that is still free",
                "bukan berkas yang Anda unggah dalam 24 jam terakhir dan belum dipakai",
            )),
        }
    }
    if !faults.is_empty() {
        return Err(faults.into());
    }
    let given = attachments_give_in_txn(txn, ids, owner).await?;
    if given == names.len() as u64 {
        Ok(())
    } else {
        Err(Failure::internal("a locked file was given away"))
    }
}

/// The files of owners, in the order in which they were uploaded; owners without files are left out.
pub async fn of(
    app: &App,
    conn: &impl ConnectionTrait,
    owners: &[Owner],
) -> Result<BTreeMap<Owner, Vec<v1::Attachment>>, Failure> {
    let mut files = BTreeMap::<Owner, Vec<v1::Attachment>>::new();
    for stored in attachments_of(conn, owners).await? {
        let Some(owner) = stored.owner else {
            continue;
        };
        let file = stored.file(&app.vault)?;
        files.entry(owner).or_default().push(v1::Attachment {
            name: stored.name.to_string(),
            display_name: file.map(|file| file.display_name).unwrap_or_default(),
            media_type: stored.media_type,
            size: i64::try_from(stored.size).map_err(Failure::internal)?,
        });
    }
    Ok(files)
}
