//! Blind indexes of the numbers of reports in SP4N-LAPOR!, by which a number is found without decrypting it. The number itself
//! is encrypted with the texts of its report.

use prima_platform::{
    db::{self, Txn, sql, table},
    failure::Failure,
    vault::Keyring,
};
use prima_proto::name;
use sea_orm::{DbBackend, Set, entity::prelude::*, sea_query::OnConflict};

use super::{
    complaint,
    sealed::{Content, open, seal},
    skip_locked,
};

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "sp4n_number")]
struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    hash: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    complaint_id: i64,
    sealed_key: String,
}

prima_platform::no_relations!();

/// The purpose that hashes of numbers are bound to; must never change after a release.
const PURPOSE: &str = "sp4n number";

/// First key of the advisory locks on numbers of SP4N-LAPOR!, which distinguishes them from others in the database.
const LOCKS: i32 = 0x0053_5034;

/// Locks a number of SP4N-LAPOR! until the transaction ends: of two transactions that submit a report with the same
/// number, the second one waits, and then sees the report of the first. SQLite has one writer and needs no lock.
pub async fn sp4n_number_lock_in_txn(txn: &Txn, number: &str) -> Result<(), DbErr> {
    if txn.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let text = format!("SELECT pg_advisory_xact_lock({LOCKS}, hashtext($1))");
    txn.execute_raw(sql(txn, &text, [number.into()])).await.map(drop)
}

/// Indexes the number of a report, if it has one, under the current key.
pub async fn sp4n_number_add_in_txn(
    txn: &Txn,
    vault: &Keyring,
    complaint: i64,
    number: &str,
) -> Result<(), DbErr> {
    let current = vault.index(PURPOSE, number).into_iter().next();
    let Some((sealed_key, hash)) = current.filter(|_| !number.is_empty()) else {
        return Ok(());
    };
    let row = ActiveModel {
        hash: Set(hash),
        complaint_id: Set(complaint),
        sealed_key: Set(sealed_key),
    };
    let taken = OnConflict::new().do_nothing().to_owned();
    let insert = Entity::insert(row).on_conflict(taken);
    insert.exec_without_returning(txn).await.map(drop)
}

/// Removes the number of a report from the index.
pub async fn sp4n_number_remove_in_txn(txn: &Txn, complaint: i64) -> Result<(), DbErr> {
    let all = Entity::delete_many().filter(Column::ComplaintId.eq(complaint));
    all.exec(txn).await.map(drop)
}

/// Indexes the number of a report again under the current key.
pub async fn sp4n_number_renew_in_txn(
    txn: &Txn,
    vault: &Keyring,
    complaint: i64,
    number: &str,
) -> Result<(), DbErr> {
    sp4n_number_remove_in_txn(txn, complaint).await?;
    sp4n_number_add_in_txn(txn, vault, complaint, number).await
}

/// The oldest report with this number in SP4N-LAPOR!, which is not empty. A number that an earlier release stored is found
/// although it is not encrypted yet.
pub async fn complaint_by_sp4n_number(
    conn: &impl ConnectionTrait,
    vault: &Keyring,
    number: &str,
) -> Result<Option<name::Complaint>, DbErr> {
    // Raw SQL, because there are as many hashes as keys.
    let rows = vault.index(PURPOSE, number).into_iter();
    let (from, mut values) = table(conn, [db::Column::Bytes], rows.map(|(_, hash)| [hash.into()]), 0);
    values.push(number.into());
    let plain = values.len();
    let text = format!(
        "SELECT uid FROM complaint WHERE id = (SELECT MIN(id) FROM (
             SELECT complaint_id AS id FROM sp4n_number WHERE hash IN (SELECT column1 FROM {from})
             UNION ALL SELECT id FROM complaint WHERE sp4n_number = ${plain} AND sp4n_number <> '') AS found)"
    );
    let row = conn.query_one_raw(sql(conn, &text, values)).await?;
    let uid: Option<String> = row.map(|row| row.try_get("", "uid")).transpose()?;
    Ok(uid.map(|complaint| name::Complaint { complaint }))
}

/// The outcome of a batch.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// Numbers that are encrypted now.
    pub done: u64,
    /// Database key of the last row of the batch; `None` when it was empty.
    pub last: Option<i64>,
}

/// Encrypts and indexes the numbers of at most `limit` reports after the row `after` that an earlier release stored, and that
/// are encrypted under the current key. Rows that another transaction has locked are left for the next run.
pub async fn sp4n_numbers_seal_in_txn(
    txn: &Txn,
    vault: &Keyring,
    after: i64,
    limit: u64,
) -> Result<Batch, Failure> {
    let skip = skip_locked(txn);
    // The first condition is that of the partial index.
    let text = format!(
        "SELECT * FROM complaint WHERE sp4n_number <> '' AND sealed_key = $1 AND id > $2 ORDER BY id LIMIT {limit}{skip}"
    );
    let rows =
        complaint::Entity::find().from_raw_sql(sql(txn, &text, [vault.current().into(), after.into()]));
    let mut batch = Batch::default();
    for row in rows.all(txn).await? {
        batch.last = Some(row.id);
        let mut change = complaint::ActiveModel {
            sp4n_number: Set(String::new()),
            ..Default::default()
        };
        // Without texts, which are erased, the number is erased as well.
        if let Some(bytes) = &row.content {
            let Ok(content) = open::<Content>(vault, &row.sealed_key, bytes) else {
                tracing::warn!(
                    complaint = row.id,
                    "a report cannot be decrypted with the key that it names"
                );
                continue;
            };
            sp4n_number_renew_in_txn(txn, vault, row.id, &row.sp4n_number).await?;
            let content = Content {
                sp4n_number: row.sp4n_number,
                ..content
            };
            change.content = Set(Some(seal(vault, &content)?.bytes));
        }
        let one = complaint::Entity::update_many().set(change);
        one.filter(complaint::Column::Id.eq(row.id)).exec(txn).await?;
        batch.done += 1;
    }
    Ok(batch)
}
