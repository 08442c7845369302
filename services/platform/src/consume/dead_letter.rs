//! Dead letters: states that a worker could not apply, kept with the reason until they can be.

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use crate::db::{Database, sql};

/// A state that was put aside.
#[derive(Debug, Clone, FromQueryResult)]
pub struct DeadLetter {
    /// The worker that could not apply it.
    pub consumer: String,
    /// Names the aggregate.
    pub subject: String,
    /// Version of the aggregate.
    pub version: i64,
    /// Why.
    pub reason: String,
    /// When, unix microseconds; 0 when a retry was asked for.
    pub failed_at: i64,
}

/// What is put aside in one service's database, oldest first.
pub async fn dead_letters(db: &Database) -> Result<Vec<DeadLetter>, DbErr> {
    let reader = db.reader();
    let text =
        "SELECT consumer, subject, version, reason, failed_at FROM dead_letter ORDER BY failed_at, subject";
    DeadLetter::find_by_statement(sql(reader, text, []))
        .all(reader)
        .await
}

/// Asks the workers to try again; they look every few seconds. Returns how many.
pub async fn dead_letters_retry(db: &Database) -> Result<u64, DbErr> {
    let writer = db.writer();
    let text = "UPDATE dead_letter SET failed_at = 0";
    Ok(writer.execute_raw(sql(writer, text, [])).await?.rows_affected())
}
