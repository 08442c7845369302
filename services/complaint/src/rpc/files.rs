//! Attachments of reports, timeline lines, consultations and answers.

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
    domain::{
        file::{ATTACH_WITHIN, MediaType, neutral_name},
        workflow::Role,
    },
    store::{
        attachment::{
            Owner, Stored, attachment_rename_in_txn, attachments_attach_in_txn, attachments_lock_in_txn,
            attachments_of,
        },
        ownership::{Ownership, ownership},
    },
};

/// How many attachments one request may contain.
const ATTACHMENTS: usize = 10;

/// Parses the names of attachments, none of which may occur twice.
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
            faults.add(field, "occurs twice", "disebut dua kali");
        } else {
            names.push(name);
        }
    }
    names
}

/// The uploader stored for a caller with a token. The space keeps it apart from resource names, which are stored for
/// reporters.
pub fn uploader(caller: &Caller) -> String {
    format!("token {}", caller.subject())
}

/// Attaches uploaded files to `owner`. Each must have been uploaded within the last 24 hours by the same token, or by
/// the reporter with the code of this report, and must not be attached to anything yet. Attachments are locked after
/// everything else, so this must be the last call of a transaction.
///
/// # Errors
///
/// `INVALID_ARGUMENT`, with `attachments[n]` for every file that cannot be attached. An anonymous reporter can't attach
/// files of a type that may identify the author. Files of an anonymous reporter, and of the reporter of a confidential
/// report, get a neutral name.
pub async fn attach(
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
    if caller.require_token().is_ok() {
        uploaders.push(uploader(caller));
    }
    let owned = ownership(txn, owner).await?;
    let of_reporter = |owned: &Ownership| match owner {
        Owner::Line(_) => owned.role == Role::Reporter.key(),
        Owner::Complaint(_) | Owner::Consultation(_) | Owner::Answer(_) => true,
    };
    let reported = owned.as_ref().filter(|owned| of_reporter(owned));
    let anonymous = reported.is_some_and(|owned| owned.anonymous);
    let renamed = reported.is_some_and(|owned| owned.anonymous || owned.confidential);
    if let Owner::Line(_) = owner {
        uploaders.extend(owned.filter(of_reporter).map(|line| line.name));
    }
    let since = micros(app.now() - ATTACH_WITHIN);
    let found = attachments_lock_in_txn(txn, names).await?;
    let free =
        |file: &Stored| file.owner.is_none() && file.created_at > since && uploaders.contains(&file.uploader);
    let mut ids = Vec::new();
    let mut faults = Vec::new();
    for (n, name) in names.iter().enumerate() {
        match found.iter().find(|file| file.name == *name) {
            Some(file) if free(file) && anonymous && !is_cleaned(file) => faults.push(names_its_author(n)),
            Some(file) if free(file) => ids.push(file.id),
            _ => faults.push(Violation::new(
                format!("attachments[{n}]"),
                "is not a file that you uploaded in the last 24 hours and that is not attached yet",
                "bukan berkas yang Anda unggah dalam 24 jam terakhir dan yang belum dilampirkan",
            )),
        }
    }
    if !faults.is_empty() {
        return Err(faults.into());
    }
    if renamed {
        for (n, name) in (1..).zip(names) {
            if let Some(file) = found.iter().find(|file| file.name == *name) {
                let neutral = neutral_name(n, &file.media_type);
                attachment_rename_in_txn(txn, &app.vault, file, neutral).await?;
            }
        }
    }
    let attached = attachments_attach_in_txn(txn, ids, owner).await?;
    if attached == names.len() as u64 {
        Ok(())
    } else {
        Err(Failure::internal(
            "a locked file was attached by another transaction",
        ))
    }
}

fn is_cleaned(file: &Stored) -> bool {
    MediaType::parse(&file.media_type).is_some_and(MediaType::is_cleaned)
}

fn names_its_author(n: usize) -> Violation {
    Violation::new(
        format!("attachments[{n}]"),
        "is a PDF, which names its author and can't be cleaned for an anonymous report; upload pictures of its pages (JPEG, \
         PNG, WebP), which are stored without metadata",
        "berkas PDF menyimpan nama pembuatnya dan tidak dapat dibersihkan untuk laporan anonim; unggah gambar halamannya (JPEG, \
         PNG, WebP), yang disimpan tanpa metadata",
    )
}

/// The attachments of each owner, in the order in which they were uploaded; owners without attachments are left out.
pub async fn of_owners(
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
