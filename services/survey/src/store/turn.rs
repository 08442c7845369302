//! Turns: advisory locks of surveys on PostgreSQL, acquired before the row of a survey is locked. Transactions that
//! store responses take the turn of a survey in shared mode, those that count or change the survey in exclusive mode.
//! Advisory locks are granted in the order of the requests; with row locks alone, a continuous sequence of shared locks
//! could keep a transaction that needs an exclusive lock waiting for ever. SQLite has one writer and needs no turns.

use prima_platform::db::{Column as Type, Txn, sql, table};
use sea_orm::{ConnectionTrait, DbBackend, DbErr};

/// First key of these advisory locks, which distinguishes them from others in the database.
const CLASS: i32 = 0x0050_524d;
/// Number of turns, onto which the names of surveys are hashed: a transaction holds at most this many locks, however
/// many surveys it has.
const TURNS: i32 = 512;

/// The turns of the names in the first parameter, in ascending order, so that there is no deadlock.
fn turns(from: &str) -> String {
    let most = TURNS - 1;
    format!("(SELECT DISTINCT hashtext(column1) & {most} AS turn FROM {from} ORDER BY turn) t")
}

/// Takes the turns of these surveys in exclusive mode until the transaction ends.
pub(super) async fn turns_take_in_txn(txn: &Txn, names: &[String]) -> Result<(), DbErr> {
    if txn.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let (from, values) = table(txn, [Type::Text], names.iter().map(|n| [n.clone().into()]), 0);
    let text = format!(
        "SELECT pg_advisory_xact_lock({CLASS}, turn) FROM {}",
        turns(&from)
    );
    txn.execute_raw(sql(txn, &text, values)).await.map(drop)
}

/// For a SELECT of surveys by the names in the first parameter: a clause `WITH turns AS …` and a condition, by which it
/// takes their turns in shared mode before it reads the rows.
pub(super) fn turns_shared(from: &str) -> (String, &'static str) {
    let with = format!(
        "WITH turns AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared({CLASS}, turn) FROM {}) ",
        turns(from)
    );
    (with, "(SELECT COUNT(*) FROM turns) > 0")
}
