//! Erases by the periods, and removes files that nobody owns, as a task of the process. Each row has a transaction of its
//! own, so a row that fails holds up no other; it is tried again with the next look.

use std::time::Duration;

use chrono::TimeDelta;
use prima_platform::failure::Failure;

use crate::{
    context::App,
    domain::file::WAIT,
    rpc::erasure,
    store::{
        Lock,
        attachment::{stray_remove, strays},
        complaint::complaint_by_id,
        erasure::{Due, erasures_due},
    },
};

/// Rows read at once.
const BATCH: usize = 200;
/// A claim that began in time may end a little after.
const MARGIN: TimeDelta = TimeDelta::hours(1);

/// Looks as often as the sweep of due times does, for as long as the process runs.
pub fn spawn(app: &App) {
    let app = app.clone();
    let (tasks, soft) = (app.context.tasks.clone(), app.context.tasks.soft().clone());
    let pause = Duration::from_millis(app.context.config.complaint.sweep_millis);
    tasks.spawn("retention", async move {
        while !soft.is_cancelled() {
            if let Err(failure) = look(&app).await {
                tracing::warn!(reason = failure.reason, error = %failure.message, "can't look for what is to be erased");
            }
            tokio::select! {
                () = soft.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    });
}

async fn look(app: &App) -> Result<(), Failure> {
    rows(app, "complaint").await?;
    rows(app, "consultation").await?;
    files(app).await
}

async fn rows(app: &App, table: &'static str) -> Result<(), Failure> {
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
            if let Err(failure) = one(app, table, row.id).await {
                let (id, reason, error) = (row.id, failure.reason, &failure.message);
                tracing::warn!(table, id, reason, %error, "can't erase; it is tried again");
            }
        }
    }
}

async fn one(app: &App, table: &str, id: i64) -> Result<(), Failure> {
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
        tracing::info!(table, id, "erased by the period");
    }
    Ok(())
}

/// Removes the content first: as long as the row is there it is tried again.
async fn files(app: &App) -> Result<(), Failure> {
    let before = app.now() - WAIT - MARGIN;
    loop {
        let found = strays(app.context.db.reader(), before, BATCH).await?;
        let (count, mut kept) = (found.len(), 0);
        for stray in found {
            if let Err(error) = app.objects.remove(&stray.digest).await {
                // One that can't be removed holds up no other; it is tried again the next time.
                tracing::warn!(attachment = stray.id, %error, "file not removed");
                kept += 1;
                continue;
            }
            stray_remove(app.context.db.writer(), stray.id).await?;
        }
        if count < BATCH || kept == count || app.context.tasks.soft().is_cancelled() {
            return Ok(());
        }
    }
}
