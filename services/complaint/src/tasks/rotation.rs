//! Seals what is under an older key anew, a few rows at a time, as a task of the process.
//!
//! To change the key without downtime: add the new key at the end of `complaint.keys` everywhere, so that every process
//! can open what it will seal; then put it in front everywhere; when `GetKeyUsage` shows no rows under the old key, drop
//! that. While processes disagree about the first key only those seal anew that agree with the one that started last, so
//! rows do not go back and forth. A row whose key nobody has, or that does not open, stays as it is and is told.

use std::time::Duration;

use prima_platform::failure::Failure;

use crate::{
    context::App,
    store::rotation::{TABLES, Table, sealing, sealing_set},
};

/// Rows in one transaction.
const BATCH: usize = 50;
/// Looks of the sweep from one look for older keys to the next.
const SWEEPS: u32 = 60;

/// Looks every sixty sweeps, for as long as the process runs.
pub fn spawn(app: &App) {
    let app = app.clone();
    let (tasks, soft) = (app.context.tasks.clone(), app.context.tasks.soft().clone());
    let pause = Duration::from_millis(app.context.config.complaint.sweep_millis).saturating_mul(SWEEPS);
    tasks.spawn("rotation", async move {
        let mut noted = false;
        while !soft.is_cancelled() {
            if let Err(failure) = look(&app, &mut noted).await {
                tracing::warn!(reason = failure.reason, error = %failure.message, "can't seal anew; it is tried again");
            }
            tokio::select! {
                () = soft.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    });
}

async fn look(app: &App, noted: &mut bool) -> Result<(), Failure> {
    let reader = app.context.db.reader();
    if !*noted {
        sealing_set(app.context.db.writer(), app.vault.current()).await?;
        *noted = true;
    }
    if sealing(reader).await?.as_deref() != Some(app.vault.current()) {
        return Ok(());
    }
    for table in &TABLES {
        for key in table.keys(reader).await? {
            if key == app.vault.current() {
                continue;
            }
            if app.vault.ids().contains(&key.as_str()) {
                renew(app, table, &key).await?;
            } else {
                let rows = table.count(reader, &key).await?;
                let table = table.name();
                tracing::warn!(table, key, rows, "sealed under a key that is not configured");
            }
        }
    }
    Ok(())
}

async fn renew(app: &App, table: &Table, key: &str) -> Result<(), Failure> {
    let (mut done, mut damaged, mut after) = (0, 0, 0);
    while !app.context.tasks.soft().is_cancelled() {
        let txn = app.context.db.begin().await?;
        let batch = table.renew(&txn, &app.vault, key, after, BATCH).await?;
        txn.commit().await?;
        done += batch.done;
        damaged += batch.damaged;
        let Some(last) = batch.last else {
            break;
        };
        after = last;
    }
    let table = table.name();
    if damaged > 0 {
        tracing::warn!(
            table,
            key,
            damaged,
            "rows do not open under the key that they name"
        );
    }
    if done > 0 {
        tracing::info!(table, key, done, "sealed anew");
    }
    Ok(())
}
