//! Deletes files that are not attached to anything. No transaction may be open while the object storage, which can be slow,
//! deletes the content; so `platform::derived`, which recomputes in a transaction, does not run this.

use chrono::TimeDelta;
use prima_platform::failure::Failure;

use crate::{
    context::App,
    domain::file::ATTACH_WITHIN,
    store::attachment::{attachment_delete, attachments_unattached},
};

/// How many rows are read at once.
const BATCH: usize = 200;
/// A request that started to attach a file in time may commit a little later.
const MARGIN: TimeDelta = TimeDelta::hours(1);

/// Runs as often as the sweep for due reports, as long as the process runs.
pub fn spawn(app: &App) {
    let app = app.clone();
    let (tasks, soft) = (app.context.tasks.clone(), app.context.tasks.soft().clone());
    tasks.spawn("unattached files", async move {
        while !soft.is_cancelled() {
            if let Err(failure) = run_once(&app).await {
                tracing::warn!(reason = failure.reason, error = %failure.message, "cannot look for unattached files; retrying");
            }
            tokio::select! {
                () = soft.cancelled() => {}
                () = tokio::time::sleep(app.sweep_every()) => {}
            }
        }
    });
}

/// Deletes the content before the row: while the row exists the deletion is retried.
async fn run_once(app: &App) -> Result<(), Failure> {
    let before = app.now() - ATTACH_WITHIN - MARGIN;
    loop {
        let found = attachments_unattached(app.context.db.reader(), before, BATCH).await?;
        let (count, mut kept) = (found.len(), 0);
        for file in found {
            if let Err(error) = app.objects.remove(&file.digest).await {
                // A file that cannot be deleted does not delay the others; it is retried in the next run.
                tracing::warn!(attachment = file.id, %error, "attachment content not deleted; retrying in the next run");
                kept += 1;
                continue;
            }
            attachment_delete(app.context.db.writer(), file.id).await?;
        }
        if count < BATCH || kept == count || app.context.tasks.soft().is_cancelled() {
            return Ok(());
        }
    }
}
