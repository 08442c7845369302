//! Re-encrypts what is encrypted under an older key, and encrypts what an earlier release stored in plain text, a few rows at a
//! time.
//!
//! How a key is changed is explained in `prima_platform::rotation`; `GetKeyUsage` shows how many rows are left under the old
//! one. A row that cannot be decrypted, or whose key is not configured, stays as it is and is logged. It is a pass over whole
//! tables after a change of the configuration, not the recomputation of single rows, and thus a loop of its own.

use prima_platform::{failure::Failure, rotation};

use crate::{
    context::App,
    store::{
        rotation::{TABLES, Table},
        sp4n::sp4n_numbers_seal_in_txn,
    },
};

/// How many rows one transaction re-encrypts.
const BATCH: usize = 50;
/// How many sweep intervals pass between two looks for older keys.
const SWEEPS: u32 = 60;

/// Runs every sixty sweep intervals, as long as the process runs.
pub fn spawn(app: &App) {
    let app = app.clone();
    let (tasks, soft) = (app.context.tasks.clone(), app.context.tasks.soft().clone());
    let pause = app.sweep_every().saturating_mul(SWEEPS);
    tasks.spawn("rotation", async move {
        let mut recorded = false;
        while !soft.is_cancelled() {
            if let Err(failure) = run_once(&app, &mut recorded).await {
                tracing::warn!(reason = failure.reason, error = %failure.message, "cannot re-encrypt; retrying in the next run");
            }
            tokio::select! {
                () = soft.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    });
}

async fn run_once(app: &App, recorded: &mut bool) -> Result<(), Failure> {
    let reader = app.context.db.reader();
    if !*recorded {
        rotation::current_set(app.context.db.writer(), app.vault.current()).await?;
        *recorded = true;
    }
    if rotation::current(reader).await?.as_deref() != Some(app.vault.current()) {
        return Ok(());
    }
    for table in &TABLES {
        for key in rotation::keys(reader, table.name()).await? {
            if key == app.vault.current() {
                continue;
            }
            if app.vault.ids().contains(&key.as_str()) {
                reencrypt(app, table, &key).await?;
            } else {
                let rows = rotation::count(reader, table.name(), &key).await?;
                let table = table.name();
                tracing::warn!(
                    table,
                    key,
                    rows,
                    "rows are encrypted under a key that is not configured"
                );
            }
        }
    }
    seal_numbers(app).await
}

/// Encrypts the numbers in SP4N-LAPOR! that an earlier release stored.
async fn seal_numbers(app: &App) -> Result<(), Failure> {
    let (mut done, mut after) = (0, 0);
    while !app.context.tasks.soft().is_cancelled() {
        let txn = app.context.db.begin().await?;
        let batch = sp4n_numbers_seal_in_txn(&txn, &app.vault, after, BATCH as u64).await?;
        txn.commit().await?;
        done += batch.done;
        let Some(last) = batch.last else {
            break;
        };
        after = last;
    }
    if done > 0 {
        tracing::info!(done, "numbers of reports encrypted");
    }
    Ok(())
}

async fn reencrypt(app: &App, table: &Table, key: &str) -> Result<(), Failure> {
    let (mut done, mut damaged, mut after) = (0, 0, 0);
    while !app.context.tasks.soft().is_cancelled() {
        let txn = app.context.db.begin().await?;
        let batch = table.reencrypt(&txn, &app.vault, key, after, BATCH).await?;
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
            "rows cannot be decrypted with the key that they name"
        );
    }
    if done > 0 {
        tracing::info!(table, key, done, "rows re-encrypted");
    }
    Ok(())
}
