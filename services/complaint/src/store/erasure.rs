//! Takes away what is personal, for good. Facts and figures stay.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{from_micros, micros},
    db::{Column, Txn, sql, table},
    objects::Digest,
};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::{Lock, broken, next_version};

/// What is to go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Parts {
    /// Who reported or asked.
    pub identity: bool,
    /// What was written, and the files.
    pub text: bool,
}

impl Parts {
    /// Whether nothing is.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// What is in both.
    pub fn and(self, other: Self) -> Self {
        Self {
            identity: self.identity && other.identity,
            text: self.text && other.text,
        }
    }
}

/// A row whose erasure is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromQueryResult)]
pub struct Due {
    /// Since when, unix microseconds.
    pub erase_at: i64,
    /// Its key.
    pub id: i64,
}

/// Rows of `table` whose erasure is due at `now`, after `after`, the oldest first, at most `limit`.
pub async fn erasures_due(
    conn: &impl ConnectionTrait,
    table: &str,
    now: DateTime<Utc>,
    after: Due,
    limit: usize,
) -> Result<Vec<Due>, DbErr> {
    let text = format!(
        "SELECT erase_at, id FROM {table} WHERE erase_at <= $1 AND (erase_at, id) > ($2, $3)
         ORDER BY erase_at, id LIMIT {limit}"
    );
    let values = [micros(now).into(), after.erase_at.into(), after.id.into()];
    Due::find_by_statement(sql(conn, &text, values)).all(conn).await
}

#[derive(Debug, FromQueryResult)]
struct Held {
    identity: i64,
    text: i64,
}

impl From<Held> for Parts {
    fn from(held: Held) -> Self {
        Self {
            identity: held.identity != 0,
            text: held.text != 0,
        }
    }
}

const FILES: &str = "SELECT id FROM attachment WHERE (owner = 'complaint' AND owner_id = $1)
    OR (owner = 'timeline' AND owner_id IN (SELECT id FROM timeline WHERE complaint_id = $1))";

const CONSULTATION_FILES: &str = "SELECT id FROM attachment WHERE (owner = 'consultation' AND owner_id = $1)
    OR (owner = 'answer' AND owner_id IN (SELECT id FROM answer WHERE consultation_id = $1))";

/// What a locked report still holds, the notes of its timeline aside.
pub async fn complaint_held(txn: &Txn, id: i64) -> Result<Parts, DbErr> {
    let text = format!(
        "SELECT CAST(CASE WHEN identity IS NULL THEN 0 ELSE 1 END AS BIGINT) AS identity,
            CAST(CASE WHEN content IS NULL AND NOT EXISTS ({FILES}) THEN 0 ELSE 1 END AS BIGINT) AS text
         FROM complaint WHERE id = $1"
    );
    let held = Held::find_by_statement(sql(txn, &text, [id.into()]))
        .one(txn)
        .await?;
    Ok(held.map(Parts::from).unwrap_or_default())
}

/// Erases parts of a locked report, and the notes of these lines with its texts. `next`: when it is due again.
pub async fn complaint_erase(
    txn: &Txn,
    id: i64,
    parts: Parts,
    lines: Vec<i64>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    if parts.identity {
        let text = "UPDATE complaint SET identity = NULL, identity_erased_at = $2 WHERE id = $1";
        txn.execute_raw(sql(txn, text, [id.into(), micros(now).into()]))
            .await?;
        let text = "DELETE FROM contact WHERE complaint_id = $1";
        txn.execute_raw(sql(txn, text, [id.into()])).await?;
    }
    if parts.text {
        let text = "UPDATE complaint SET content = NULL, region = '', incident_date = '', sp4n_number = '' WHERE id = $1";
        txn.execute_raw(sql(txn, text, [id.into()])).await?;
        if !lines.is_empty() {
            let (from, values) = table(txn, [Column::Int], lines.into_iter().map(|id| [id.into()]), 0);
            let text = format!(
                "UPDATE timeline SET sealed = NULL, sealed_key = '' WHERE id IN (SELECT column1 FROM {from})"
            );
            txn.execute_raw(sql(txn, &text, values)).await?;
        }
        disown(txn, FILES, id).await?;
    }
    let text = "UPDATE complaint SET erased_at = $2 WHERE id = $1";
    txn.execute_raw(sql(txn, text, [id.into(), micros(now).into()]))
        .await?;
    Ok(())
}

/// Files lose their key at once; nobody owns them any more, and the sweep removes them with their content.
async fn disown(txn: &Txn, files: &str, id: i64) -> Result<(), DbErr> {
    let text = format!(
        "UPDATE attachment SET owner = 'pending', owner_id = 0, uploader = '', created_at = 0, sealed = NULL,
            sealed_key = '' WHERE id IN ({files})"
    );
    txn.execute_raw(sql(txn, &text, [id.into()])).await?;
    Ok(())
}

/// Sets when the next erasure of a row is due.
pub async fn erase_at(txn: &Txn, table: &str, id: i64, next: Option<DateTime<Utc>>) -> Result<(), DbErr> {
    let text = format!("UPDATE {table} SET erase_at = $2 WHERE id = $1");
    let values = [id.into(), next.map(micros).into()];
    txn.execute_raw(sql(txn, &text, values)).await?;
    Ok(())
}

#[derive(Debug, FromQueryResult)]
struct EndRow {
    id: i64,
    agency: String,
    completed_at: Option<i64>,
    erased_at: Option<i64>,
    identity: i64,
    text: i64,
}

/// A consultation as far as erasure goes.
#[derive(Debug)]
pub struct Ended {
    /// Its key.
    pub id: i64,
    /// Id of the agency that answers.
    pub agency: String,
    /// When it ended; `None` while it goes on.
    pub at: Option<DateTime<Utc>>,
    /// When something was erased last.
    pub erased_at: Option<DateTime<Utc>>,
    /// What it still holds.
    pub held: Parts,
}

/// A consultation by its name, or by its key when there is none; locked to be changed.
pub async fn consultation_end(
    txn: &Txn,
    name: Option<&name::Consultation>,
    id: i64,
) -> Result<Option<Ended>, DbErr> {
    // PostgreSQL locks only what it reads plainly: the row first, then what hangs on it.
    let (condition, value) = match name {
        Some(name) => ("uid = $1", name.consultation.clone().into()),
        None => ("id = $1", id.into()),
    };
    let lock = Lock::Update.sql(txn);
    let text = format!("SELECT id FROM consultation WHERE {condition}{lock}");
    let Some(row) = txn.query_one_raw(sql(txn, &text, [value])).await? else {
        return Ok(None);
    };
    let id: i64 = row.try_get("", "id")?;
    let text = format!(
        "SELECT id, agency, completed_at, erased_at,
            CAST(CASE WHEN identity IS NULL THEN 0 ELSE 1 END AS BIGINT) AS identity,
            CAST(CASE WHEN content IS NULL AND NOT EXISTS ({CONSULTATION_FILES}) AND NOT EXISTS (
                SELECT 1 FROM answer WHERE consultation_id = $1 AND sealed IS NOT NULL) THEN 0 ELSE 1 END AS BIGINT)
                AS text
         FROM consultation WHERE id = $1"
    );
    let row = EndRow::find_by_statement(sql(txn, &text, [id.into()]))
        .one(txn)
        .await?;
    Ok(row.map(|row| Ended {
        id: row.id,
        agency: row.agency,
        at: row.completed_at.map(from_micros),
        erased_at: row.erased_at.map(from_micros),
        held: Held {
            identity: row.identity,
            text: row.text,
        }
        .into(),
    }))
}

/// Erases parts of a locked consultation, and takes the next version.
pub async fn consultation_erase(txn: &Txn, id: i64, parts: Parts, now: DateTime<Utc>) -> Result<(), DbErr> {
    let at = || [id.into(), micros(now).into()];
    if parts.identity {
        let text = "UPDATE consultation SET identity = NULL, identity_erased_at = $2 WHERE id = $1";
        txn.execute_raw(sql(txn, text, at())).await?;
    }
    if parts.text {
        let text = "UPDATE consultation SET content = NULL WHERE id = $1";
        txn.execute_raw(sql(txn, text, [id.into()])).await?;
        let text = "UPDATE answer SET sealed = NULL, sealed_key = '' WHERE consultation_id = $1";
        txn.execute_raw(sql(txn, text, [id.into()])).await?;
        disown(txn, CONSULTATION_FILES, id).await?;
    }
    let version = next_version("consultation", 3);
    let text = format!(
        "UPDATE consultation SET erased_at = $2, updated_at = $2, version = {version},
            sealed_key = CASE WHEN secrets IS NULL AND identity IS NULL AND content IS NULL THEN ''
                ELSE sealed_key END
         WHERE id = $1"
    );
    let values = [id.into(), micros(now).into(), now.timestamp_millis().into()];
    txn.execute_raw(sql(txn, &text, values)).await?;
    Ok(())
}

/// A file that belongs to nothing.
#[derive(Debug)]
pub struct Stray {
    /// Its key.
    pub id: i64,
    /// SHA-256 of what the object storage holds.
    pub digest: Digest,
}

/// Files that belong to nothing and were uploaded before `before`, or were erased; at most `limit`.
pub async fn strays(
    conn: &impl ConnectionTrait,
    before: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<Stray>, DbErr> {
    let text = format!(
        "SELECT id, digest FROM attachment WHERE owner = 'pending' AND created_at < $1
         ORDER BY created_at, id LIMIT {limit}"
    );
    let rows = conn
        .query_all_raw(sql(conn, &text, [micros(before).into()]))
        .await?;
    let stray = |row: &sea_orm::QueryResult| {
        let (id, digest): (i64, Vec<u8>) = (row.try_get("", "id")?, row.try_get("", "digest")?);
        let digest = Digest::try_from(digest.as_slice());
        Ok(Stray {
            id,
            digest: digest.map_err(|_| broken(format!("attachment {id}"), "digest"))?,
        })
    };
    rows.iter().map(stray).collect()
}

/// Forgets a file whose content is removed. The key of one that waited longer than anybody may use it is in no hands.
pub async fn stray_remove(conn: &impl ConnectionTrait, id: i64) -> Result<(), DbErr> {
    let text = "DELETE FROM attachment WHERE id = $1 AND owner = 'pending'";
    conn.execute_raw(sql(conn, text, [id.into()])).await?;
    Ok(())
}
