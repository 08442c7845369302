//! What follows when responses are marked as voided: they leave the sums, or the quarantines that they were in.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use prima_platform::{clock::micros, db::Txn};
use sea_orm::DbErr;

use crate::store::{
    comment::comments_of_void_erase_in_txn,
    quarantine::{VOIDED, quarantine_save_in_txn, quarantines_empty},
    selection::{Voided, voided_page},
    survey::Stored,
    tally::Added,
    void,
};

/// Most rows that are in memory at a time.
const PAGE: u64 = 5000;

/// Takes the responses of a locked survey that `void` has marked out of its sums, by `added`, and out of what is in
/// question, and erases their texts. Sets their number and the time in `void`.
pub async fn marked(
    txn: &Txn,
    stored: &mut Stored,
    void: &mut void::Model,
    added: &mut Added,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let (mut after, mut quarantines) = (String::new(), BTreeSet::new());
    loop {
        let page = voided_page(txn, stored.id, void.number, &after, PAGE).await?;
        for row in &page {
            one(stored, row, added, now);
            quarantines.extend(row.quarantine.filter(|number| *number > 0));
        }
        match page.into_iter().next_back() {
            Some(last) => after = last.response_id,
            None => break,
        }
    }
    void.responses = added.voided;
    comments_of_void_erase_in_txn(txn, stored.id, void.number).await?;
    void.erased_at = Some(micros(now));
    let numbers = Vec::from_iter(quarantines);
    for mut empty in quarantines_empty(txn, stored.id, &numbers).await? {
        empty.state = VOIDED;
        empty.etag += 1;
        empty.decided_at = Some(micros(now));
        empty.actor.clone_from(&void.actor);
        empty.reason.clone_from(&void.reason);
        stored.questioned.close(empty.number);
        quarantine_save_in_txn(txn, &empty).await?;
    }
    Ok(())
}

fn one(stored: &mut Stored, row: &Voided, added: &mut Added, now: DateTime<Utc>) {
    if row.quarantine.is_some_and(|number| number > 0) {
        added.voided += 1;
        stored.questioned.remove(&row.answers);
    } else {
        added.remove(&row.response_id, &row.answers, row.batch, now);
    }
}
