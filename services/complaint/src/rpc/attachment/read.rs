//! Sends the content of an attachment to callers who may read it.

use std::pin::pin;

use futures::{Stream, StreamExt, TryStreamExt};
use prima_platform::{
    caller::Caller,
    failure::Failure,
    grpc::WatchStream,
    request::{self, Faults},
};
use prima_proto::{complaint::v1, name};
use sea_orm::ConnectionTrait;

use super::seal::{decrypted, keyring};
use crate::{
    context::App,
    domain::workflow::Role,
    rpc::{
        access::{self, Access},
        rights::{found, not_found, require_liaison},
    },
    store::{
        Lock,
        attachment::attachment_get,
        ownership::{Ownership, ownership},
    },
};

/// Streams the file in pieces of at most 256 KiB.
///
/// # Errors
///
/// `NOT_FOUND` when there is no such file, when it is not attached to anything yet, or when the caller may not read
/// what it is attached to.
pub async fn read(
    app: &App,
    caller: Caller,
    request: v1::ReadAttachmentRequest,
) -> Result<WatchStream<v1::ReadAttachmentResponse>, Failure> {
    let mut faults = Faults::default();
    let name = faults.take(request::name("name", &request.name));
    let access = request
        .access
        .and_then(|raw| access::parse("access", raw, &mut faults));
    let name = faults.settle(name)?;
    let pieces = content(app, &caller, &name, access).await?;
    app.downloads.open(async move |sender| {
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

async fn content(
    app: &App,
    caller: &Caller,
    name: &name::Attachment,
    access: Option<Access>,
) -> Result<impl Stream<Item = Result<Vec<u8>, Failure>> + Send + use<>, Failure> {
    let reader = app.context.db.reader();
    let stored = found(attachment_get(reader, name).await?, name)?;
    let owner = found(stored.owner, name)?;
    let owned = found(ownership(reader, owner).await?, name)?;
    let permitted = match access {
        Some(access) => reporter_may_read(app, reader, &access, &owned).await?,
        None => {
            let agencies = [&owned.agency, &owned.asking_agency];
            let mut handling = agencies.into_iter().filter(|agency| !agency.is_empty());
            handling.any(|agency| require_liaison(caller, agency).is_ok())
        }
    };
    if !permitted {
        return Err(not_found(name));
    }
    let file = found(stored.file(&app.vault)?, name)?;
    let sealed = app.objects.read(stored.digest).await?.map_err(Failure::from);
    Ok(decrypted(sealed, keyring(&file.key)?, stored.size))
}

/// Whether the reporter or the asker may read a file: those of the report or question, those of answers, and those of
/// their own replies.
async fn reporter_may_read(
    app: &App,
    conn: &impl ConnectionTrait,
    access: &Access,
    owned: &Ownership,
) -> Result<bool, Failure> {
    if let Some(report) = access::find_report(app, conn, access, Lock::None).await? {
        let own = owned.role.is_empty() || owned.role == Role::Reporter.key() || owned.public;
        return Ok(own && owned.name == report.name.to_string());
    }
    let asked = access::consultation(app, conn, access, Lock::None).await?;
    Ok(owned.name == asked.name.to_string())
}
