//! Keys the digests of responses that earlier releases stored without a key, a few rows at a time. Their processes may run
//! beside this one during an upgrade, so this is repeated.

use std::time::Duration;

use prima_platform::{service::Context, vault::Keyring};
use sea_orm::DbErr;

use crate::{
    domain::digest,
    store::response::{Key, Rekeyed, digests_rekey_in_txn, digests_unkeyed},
};

/// How many rows one transaction changes.
const BATCH: u64 = 500;

/// Runs every `survey.sweep_millis`, as long as the process runs.
pub fn spawn(context: &Context, vault: &Keyring) {
    let (context, vault) = (context.clone(), vault.clone());
    let (tasks, soft) = (context.tasks.clone(), context.tasks.soft().clone());
    let pause = Duration::from_millis(context.config.survey.sweep_millis);
    tasks.spawn("digests", async move {
        while !soft.is_cancelled() {
            if let Err(error) = run_once(&context, &vault).await {
                tracing::warn!(%error, "cannot key the digests of responses; retrying in the next run");
            }
            tokio::select! {
                () = soft.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    });
}

async fn run_once(context: &Context, vault: &Keyring) -> Result<(), DbErr> {
    let mut done = 0;
    let mut after = Key::default();
    while !context.tasks.soft().is_cancelled() {
        let rows = digests_unkeyed(context.db.reader(), &after, BATCH).await?;
        let Some(last) = rows.last() else { break };
        after = last.key.clone();
        let rows = rows.into_iter().map(|row| Rekeyed {
            keyed: digest::keyed(vault, row.digest.clone()),
            row,
        });
        let rows: Vec<_> = rows.collect();
        let txn = context.db.begin().await?;
        digests_rekey_in_txn(&txn, &rows).await?;
        txn.commit().await?;
        done += rows.len();
    }
    if done > 0 {
        tracing::info!(done, "digests of responses were keyed");
    }
    Ok(())
}
