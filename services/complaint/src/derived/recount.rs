//! Counts reports again that an earlier release counted: in the tallies of those who hold or held them, and by the time
//! zone of the agency.

use std::time::Duration;

use async_trait::async_trait;
use prima_platform::{
    db::Txn,
    derived::{Kind, Settings},
    failure::Failure,
};

use crate::{
    context::App,
    store::{
        complaint::{Counted, complaints_lock_by_id_in_txn, complaints_uncounted, counted_save_in_txn},
        figures::{Moved, figures_change_in_txn},
    },
};

/// How many reports are found at a time.
const PAGE: u64 = 1000;

/// Counts reports again; the keys are their keys in the database.
pub struct Recount(pub App);

#[async_trait]
impl Kind for Recount {
    fn settings(&self) -> Settings {
        Settings {
            name: "recount",
            batch: 50,
            min_interval: Duration::ZERO,
            legacy: None,
        }
    }

    async fn due(&self) -> Result<Vec<String>, Failure> {
        let ids = complaints_uncounted(self.0.context.db.reader(), PAGE).await?;
        Ok(ids.iter().map(ToString::to_string).collect())
    }

    async fn recompute(&self, txn: &Txn, keys: &[String]) -> Result<(), Failure> {
        let ids = keys.iter().map(|key| key.parse());
        let ids: Vec<i64> = ids.collect::<Result<_, _>>().map_err(Failure::internal)?;
        let mut moved = Moved::default();
        for mut stored in complaints_lock_by_id_in_txn(txn, ids).await? {
            let workflow = self.0.settings.workflow(txn, &stored.workflow).await?;
            let counted = Counted::of(&stored.case, &workflow);
            let was = std::mem::replace(&mut stored.counted, counted);
            counted_save_in_txn(txn, &stored).await?;
            let after = (&stored.case, &stored.counted);
            moved.add(Some((&stored.case, &was)), after, &workflow);
        }
        Ok(figures_change_in_txn(txn, moved).await?)
    }
}
