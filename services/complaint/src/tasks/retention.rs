//! Erases personal data whose retention period has ended, and deletes files that are not attached to anything. Each row
//! has a transaction of its own, so that a failing one does not delay the others; it is retried in the next run.

use std::time::Duration;

use chrono::TimeDelta;
use prima_platform::failure::Failure;

use crate::{
    context::App,
    domain::file::ATTACH_WITHIN,
    rpc::erasure,
    store::{
        Lock,
        attachment::{attachment_delete, attachments_unattached},
        complaint::complaint_by_id,
        erasure::{Due, erasures_due},
    },
};

/// How many rows are read at once.
const BATCH: usize = 200;
/// A request that started to attach a file in time may commit a little later.
const MARGIN: TimeDelta = TimeDelta::hours(1);

/// Runs as often as the sweep for due reports, as long as the process runs.
pub fn spawn(app: &App) {
    let app = app.clone();
    let (tasks, soft) = (app.context.tasks.clone(), app.context.tasks.soft().clone());
    let pause = Duration::from_millis(app.context.config.complaint.sweep_millis);
    tasks.spawn("retention", async move {
        while !soft.is_cancelled() {
            if let Err(failure) = run_once(&app).await {
                tracing::warn!(reason = failure.reason, error = %failure.message, "cannot look for due erasures; retrying");
            }
            tokio::select! {
                () = soft.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    });
}

async fn run_once(app: &App) -> Result<(), Failure> {
    erase_due(app, "complaint").await?;
    erase_due(app, "consultation").await?;
    delete_unattached(app).await
}

async fn erase_due(app: &App, table: &'static str) -> Result<(), Failure> {
    let soft = app.context.tasks.soft();
    let mut after = Due {
        erase_at: i64::MIN,
        id: 0,
    };
    loop {
        let due = erasures_due(app.context.db.reader(), table, app.now(), after, BATCH).await?;
        let Some(last) = due.last() else {
            return Ok(());
        };
        after = *last;
        for row in due {
            if soft.is_cancelled() {
                return Ok(());
            }
            if let Err(failure) = erase_row(app, table, row.id).await {
                let (id, reason, error) = (row.id, failure.reason, &failure.message);
                tracing::warn!(table, id, reason, %error, "not erased; retrying in the next run");
            }
        }
    }
}

async fn erase_row(app: &App, table: &str, id: i64) -> Result<(), Failure> {
    let txn = app.context.db.begin().await?;
    let erased = if table == "complaint" {
        match complaint_by_id(&txn, id, Lock::Update).await? {
            Some(mut stored) => erasure::report_due(app, &txn, &mut stored).await?,
            None => false,
        }
    } else {
        erasure::consultation_due(app, &txn, id).await?
    };
    app.commit(txn).await?;
    if erased {
        tracing::info!(table, id, "erased because the retention period ended");
    }
    Ok(())
}

/// Deletes the content before the row: while the row exists the deletion is retried.
async fn delete_unattached(app: &App) -> Result<(), Failure> {
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
