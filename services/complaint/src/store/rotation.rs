//! What is sealed under which key, and how it comes under another. The statements are written by hand, because each is the
//! same for every table.

use std::collections::BTreeMap;

use prima_platform::{
    db::{Txn, sql},
    failure::Failure,
    vault::Keyring,
};
use sea_orm::{Set, entity::prelude::*, sea_query::OnConflict};

use super::{
    contact::contact_renew_in_txn,
    sealed::{Content, DigestKey, File, Identity, Matter, Note, Secret, Secrets, open},
    skip_locked,
};

/// A table with sealed columns, and what each of them is sealed for.
#[derive(Debug)]
pub struct Table {
    name: &'static str,
    columns: &'static [(&'static str, &'static str)],
}

/// Every table with something sealed. Contacts follow their report.
pub const TABLES: [Table; 8] = [
    Table {
        name: "complaint",
        columns: &[
            ("secrets", Secrets::PURPOSE),
            ("identity", Identity::PURPOSE),
            ("content", Content::PURPOSE),
        ],
    },
    Table {
        name: "timeline",
        columns: &[("sealed", Note::PURPOSE)],
    },
    Table {
        name: "attachment",
        columns: &[("sealed", File::PURPOSE)],
    },
    Table {
        name: "consultation",
        columns: &[
            ("secrets", Secrets::PURPOSE),
            ("identity", Identity::PURPOSE),
            ("content", Matter::PURPOSE),
        ],
    },
    Table {
        name: "answer",
        columns: &[("sealed", Note::PURPOSE)],
    },
    Table {
        name: "knowledge",
        columns: &[("sealed", Note::PURPOSE)],
    },
    Table {
        name: "digest_key",
        columns: &[("sealed", DigestKey::PURPOSE)],
    },
    Table {
        name: "identity_reading",
        columns: &[("sealed", Note::PURPOSE)],
    },
];

/// How a batch went.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// Rows that came under the current key.
    pub done: u64,
    /// Rows that do not open under the key that they name; they stay as they are.
    pub damaged: u64,
    /// Key of the last row looked at; `None` when there was none.
    pub last: Option<i64>,
}

impl Table {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Ids of the keys in use: one look into the index for each.
    pub async fn keys(&self, conn: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
        let text = format!(
            "SELECT MIN(sealed_key) AS k FROM {} WHERE sealed_key <> '' AND sealed_key > $1",
            self.name
        );
        let mut keys: Vec<String> = Vec::new();
        loop {
            let last = keys.last().cloned().unwrap_or_default();
            let row = conn.query_one_raw(sql(conn, &text, [last.into()])).await?;
            match row.map(|row| row.try_get("", "k")).transpose()?.flatten() {
                Some(key) => keys.push(key),
                None => return Ok(keys),
            }
        }
    }

    /// How many rows are sealed under a key.
    pub async fn count(&self, conn: &impl ConnectionTrait, key: &str) -> Result<i64, DbErr> {
        let text = format!(
            "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM {} WHERE sealed_key <> '' AND sealed_key = $1",
            self.name
        );
        let row = conn.query_one_raw(sql(conn, &text, [key.into()])).await?;
        row.map_or(Ok(0), |row| row.try_get("", "n"))
    }

    /// Seals the next rows after `after` that are under `key` anew, at most `limit`. Rows that somebody is changing are
    /// left for the next time.
    pub async fn renew(
        &self,
        txn: &Txn,
        vault: &Keyring,
        key: &str,
        after: i64,
        limit: usize,
    ) -> Result<Batch, Failure> {
        let columns: Vec<&str> = self.columns.iter().map(|(column, _)| *column).collect();
        let skip = skip_locked(txn);
        let text = format!(
            "SELECT id, {} FROM {} WHERE sealed_key <> '' AND sealed_key = $1 AND id > $2 ORDER BY id LIMIT {limit}{skip}",
            columns.join(", "),
            self.name
        );
        let rows = txn
            .query_all_raw(sql(txn, &text, [key.into(), after.into()]))
            .await?;
        let mut batch = Batch::default();
        for row in rows {
            let id: i64 = row.try_get("", "id")?;
            batch.last = Some(id);
            let mut sealed = Vec::new();
            for column in &columns {
                sealed.push(row.try_get::<Option<Vec<u8>>>("", column)?);
            }
            match self.row(txn, vault, key, id, &sealed).await {
                Ok(changed) => batch.done += changed,
                Err(Error::Damaged) => batch.damaged += 1,
                Err(Error::Failed(failure)) => return Err(failure),
            }
        }
        Ok(batch)
    }

    async fn row(
        &self,
        txn: &Txn,
        vault: &Keyring,
        key: &str,
        id: i64,
        sealed: &[Option<Vec<u8>>],
    ) -> Result<u64, Error> {
        let mut values: Vec<Value> = vec![id.into(), key.into(), vault.current().into()];
        let mut set = Vec::new();
        let mut identity = None;
        for ((column, purpose), bytes) in self.columns.iter().zip(sealed) {
            let Some(bytes) = bytes else {
                continue;
            };
            let plain = vault.open(purpose, key, bytes).map_err(|_| Error::Damaged)?;
            let renewed = vault.seal(purpose, &plain).map_err(Failure::from)?;
            values.push(renewed.bytes.into());
            set.push(format!("{column} = ${}, ", values.len()));
            if *purpose == Identity::PURPOSE {
                identity = Some(open::<Identity>(vault, key, bytes).map_err(|_| Error::Damaged)?);
            }
        }
        // The row is locked; the key is asked all the same, so that nothing newer is ever overwritten.
        let text = format!(
            "UPDATE {} SET {}sealed_key = $3 WHERE id = $1 AND sealed_key = $2",
            self.name,
            set.concat()
        );
        let changed = txn
            .execute_raw(sql(txn, &text, values))
            .await
            .map_err(Failure::from)?;
        if self.name == "complaint" {
            let renewed = contact_renew_in_txn(txn, vault, id, identity.as_ref()).await;
            renewed.map_err(Failure::from)?;
        }
        Ok(changed.rows_affected())
    }
}

enum Error {
    Damaged,
    Failed(Failure),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Rows by key: those of every table, contacts too.
pub async fn usage(conn: &impl ConnectionTrait) -> Result<BTreeMap<String, i64>, DbErr> {
    let mut usage = BTreeMap::new();
    let contacts = Table {
        name: "contact",
        columns: &[],
    };
    for table in TABLES.iter().chain([&contacts]) {
        for key in table.keys(conn).await? {
            let rows = table.count(conn, &key).await?;
            *usage.entry(key).or_default() += rows;
        }
    }
    Ok(usage)
}

/// The row of the table `sealing`.
#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "sealing")]
struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    id: i64,
    current_key: String,
}

prima_platform::no_relations!();

/// Notes which key seals, as a process knows it that starts now.
pub async fn sealing_set(conn: &impl ConnectionTrait, key: &str) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: Set(1),
        current_key: Set(key.to_owned()),
    };
    let newest = OnConflict::column(Column::Id)
        .update_column(Column::CurrentKey)
        .to_owned();
    let insert = Entity::insert(row).on_conflict(newest);
    insert.exec_without_returning(conn).await.map(drop)
}

/// Which key seals, as the process knows it that started last.
pub async fn sealing(conn: &impl ConnectionTrait) -> Result<Option<String>, DbErr> {
    Ok(Entity::find_by_id(1).one(conn).await?.map(|row| row.current_key))
}
