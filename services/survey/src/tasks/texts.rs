//! Encrypts texts of respondents that are stored in plain text or under an older key, and erases those that were voided or whose
//! retention period has ended, a few rows at a time.
//!
//! Rows in plain text and voids with texts are those of an earlier release, which may run beside this one during an upgrade.
//! These are passes over whole tables, not the recomputation of single rows, and thus a loop of its own.

use std::time::Duration;

use prima_platform::{clock::micros, failure::Failure, rotation, service::Context, vault::Keyring};

use crate::{
    domain::retention::expired,
    store::{
        SEALED_TABLES,
        comment::{
            Key, comment_seal_in_txn, comments_erase_old_in_txn, comments_lock_in_txn,
            comments_of_void_erase_in_txn,
        },
        respondent_log::{log_lock_in_txn, log_reseal_in_txn},
        void::{void_erased_in_txn, voids_lock_unerased_in_txn},
    },
};

/// How many rows one transaction changes.
const BATCH: u64 = 100;

/// Runs every `survey.sweep_millis`, as long as the process runs.
pub fn spawn(context: &Context, vault: &Keyring) {
    let (context, vault) = (context.clone(), vault.clone());
    let (tasks, soft) = (context.tasks.clone(), context.tasks.soft().clone());
    let pause = Duration::from_millis(context.config.survey.sweep_millis);
    tasks.spawn("texts", async move {
        let mut recorded = false;
        while !soft.is_cancelled() {
            if let Err(failure) = run_once(&context, &vault, &mut recorded).await {
                tracing::warn!(reason = failure.reason, error = %failure.message, "cannot encrypt or erase texts; retrying in the next run");
            }
            tokio::select! {
                () = soft.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    });
}

async fn run_once(context: &Context, vault: &Keyring, recorded: &mut bool) -> Result<(), Failure> {
    erase_voided(context).await?;
    erase_old(context).await?;
    let reader = context.db.reader();
    if !*recorded {
        rotation::current_set(context.db.writer(), vault.current()).await?;
        *recorded = true;
    }
    if rotation::current(reader).await?.as_deref() != Some(vault.current()) {
        return Ok(());
    }
    seal(context, vault, None).await?;
    for table in SEALED_TABLES {
        for key in rotation::keys(reader, table).await? {
            if key == vault.current() {
                continue;
            }
            if !vault.ids().contains(&key.as_str()) {
                let rows = rotation::count(reader, table, &key).await?;
                tracing::warn!(
                    table,
                    key,
                    rows,
                    "rows are encrypted under a key that is not configured"
                );
            } else if table == "comment" {
                seal(context, vault, Some(&key)).await?;
            } else {
                reseal_log(context, vault, &key).await?;
            }
        }
    }
    Ok(())
}

/// Encrypts comments that are in plain text, or those under an older key. One that can't be decrypted stays as it is.
async fn seal(context: &Context, vault: &Keyring, under: Option<&str>) -> Result<(), Failure> {
    let (mut done, mut damaged, mut after) = (0_u64, 0_u64, Key::default());
    while !context.tasks.soft().is_cancelled() {
        let txn = context.db.begin().await?;
        let rows = comments_lock_in_txn(&txn, under, &after, BATCH).await?;
        let Some(last) = rows.last() else { break };
        after = (last.survey_id, last.response_id.clone(), last.kind);
        for row in rows {
            match row.sealed(vault) {
                Ok(row) => {
                    comment_seal_in_txn(&txn, row).await?;
                    done += 1;
                }
                Err(_) => damaged += 1,
            }
        }
        txn.commit().await?;
    }
    if damaged > 0 {
        tracing::warn!(
            damaged,
            "comments cannot be decrypted with the key that they name"
        );
    }
    if done > 0 {
        tracing::info!(done, "comments encrypted");
    }
    Ok(())
}

async fn reseal_log(context: &Context, vault: &Keyring, key: &str) -> Result<(), Failure> {
    let (mut damaged, mut after) = (0_u64, 0);
    while !context.tasks.soft().is_cancelled() {
        let txn = context.db.begin().await?;
        let lines = log_lock_in_txn(&txn, key, after, BATCH).await?;
        let Some(last) = lines.last() else { break };
        after = last.id;
        for line in &lines {
            if line.reason(vault).is_err() {
                damaged += 1;
                continue;
            }
            log_reseal_in_txn(&txn, vault, line).await?;
        }
        txn.commit().await?;
    }
    if damaged > 0 {
        tracing::warn!(
            damaged,
            "lines of the log cannot be decrypted with the key that they name"
        );
    }
    Ok(())
}

/// Erases the texts of responses that a process of an earlier release voided.
async fn erase_voided(context: &Context) -> Result<(), Failure> {
    while !context.tasks.soft().is_cancelled() {
        let txn = context.db.begin().await?;
        let voids = voids_lock_unerased_in_txn(&txn, 1).await?;
        let Some(void) = voids.first() else { break };
        comments_of_void_erase_in_txn(&txn, void.survey_id, void.number).await?;
        void_erased_in_txn(&txn, void, micros(context.clock.now())).await?;
        txn.commit().await?;
    }
    Ok(())
}

/// Erases texts whose retention period has ended.
async fn erase_old(context: &Context) -> Result<(), Failure> {
    let mut erased = 0;
    while !context.tasks.soft().is_cancelled() {
        let expired = expired(context.clock.now(), context.config.survey.text_days);
        let txn = context.db.begin().await?;
        let before = micros(expired.before);
        let some = comments_erase_old_in_txn(&txn, before, &expired.last_day, BATCH).await?;
        txn.commit().await?;
        erased += some;
        if some < BATCH {
            break;
        }
    }
    if erased > 0 {
        tracing::info!(erased, "comments erased because their retention period ended");
    }
    Ok(())
}
