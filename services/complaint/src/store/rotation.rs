//! Re-encrypts rows and counts rows by encryption key. Raw SQL, because each statement is the same for every table.

use std::collections::BTreeMap;

use prima_platform::{
    db::{Txn, sql},
    failure::Failure,
    rotation,
    vault::Keyring,
};
use sea_orm::{ConnectionTrait, DbErr, Value};

use super::{
    contact::contact_renew_in_txn,
    sealed::{ConsultationText, Content, DIGEST_KEY, File, Identity, Note, Secret, Secrets, open},
    skip_locked,
    sp4n::sp4n_number_renew_in_txn,
};

/// A table with encrypted columns, and the purpose that each is bound to.
#[derive(Debug)]
pub struct Table {
    name: &'static str,
    columns: &'static [(&'static str, &'static str)],
}

/// Reports.
pub const COMPLAINT: Table = Table {
    name: "complaint",
    columns: &[
        ("secrets", Secrets::PURPOSE),
        ("identity", Identity::PURPOSE),
        ("content", Content::PURPOSE),
    ],
};

/// Consultations.
pub const CONSULTATION: Table = Table {
    name: "consultation",
    columns: &[
        ("secrets", Secrets::PURPOSE),
        ("identity", Identity::PURPOSE),
        ("content", ConsultationText::PURPOSE),
    ],
};

/// Every table with encrypted columns. Blind indexes in `contact` and `sp4n_number` are renewed together with their report.
pub const TABLES: [Table; 8] = [
    COMPLAINT,
    Table {
        name: "timeline",
        columns: &[("sealed", Note::PURPOSE)],
    },
    Table {
        name: "attachment",
        columns: &[("sealed", File::PURPOSE)],
    },
    CONSULTATION,
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
        columns: &[("sealed", DIGEST_KEY)],
    },
    Table {
        name: "identity_reading",
        columns: &[("sealed", Note::PURPOSE)],
    },
];

/// The outcome of a batch.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// Rows that are now encrypted under the current key.
    pub done: u64,
    /// Rows that cannot be decrypted with the key that they name; they stay as they are.
    pub damaged: u64,
    /// Database key of the last row of the batch; `None` when it was empty.
    pub last: Option<i64>,
}

impl Table {
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Re-encrypts at most `limit` rows under `key` that follow the row `after`. Rows that another transaction has
    /// locked are left for the next run.
    pub async fn reencrypt(
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
            match self.reencrypt_row(txn, vault, key, id, &sealed).await {
                Ok(changed) => batch.done += changed,
                Err(Error::Damaged) => batch.damaged += 1,
                Err(Error::Failed(failure)) => return Err(failure),
            }
        }
        Ok(batch)
    }

    /// Re-encrypts a locked row under the current key, unless it is encrypted under that one already.
    ///
    /// # Errors
    ///
    /// It can't be decrypted with the key that it names.
    pub async fn renew_row(&self, txn: &Txn, vault: &Keyring, id: i64) -> Result<(), Failure> {
        let text = format!("SELECT sealed_key FROM {} WHERE id = $1", self.name);
        let row = txn.query_one_raw(sql(txn, &text, [id.into()])).await?;
        let row = row.ok_or_else(|| Failure::internal("a locked row was deleted"))?;
        let key: String = row.try_get("", "sealed_key")?;
        if key == vault.current() {
            return Ok(());
        }
        let batch = self.reencrypt(txn, vault, &key, id - 1, 1).await?;
        if (batch.done, batch.last) == (1, Some(id)) {
            return Ok(());
        }
        Err(Failure::internal(
            "a row cannot be decrypted with the key that it names",
        ))
    }

    async fn reencrypt_row(
        &self,
        txn: &Txn,
        vault: &Keyring,
        key: &str,
        id: i64,
        sealed: &[Option<Vec<u8>>],
    ) -> Result<u64, Error> {
        let mut values: Vec<Value> = vec![id.into(), key.into(), vault.current().into()];
        let mut set = Vec::new();
        let (mut identity, mut number) = (None, String::new());
        for ((column, purpose), bytes) in self.columns.iter().zip(sealed) {
            let Some(bytes) = bytes else {
                continue;
            };
            let plain = vault.decrypt(purpose, key, bytes).map_err(|_| Error::Damaged)?;
            let renewed = vault.encrypt(purpose, &plain).map_err(Failure::from)?;
            values.push(renewed.bytes.into());
            set.push(format!("{column} = ${}, ", values.len()));
            if *purpose == Identity::PURPOSE {
                identity = Some(open::<Identity>(vault, key, bytes).map_err(|_| Error::Damaged)?);
            }
            if *purpose == Content::PURPOSE {
                let content = open::<Content>(vault, key, bytes).map_err(|_| Error::Damaged)?;
                number = content.sp4n_number;
            }
        }
        // The row is locked already; comparing the key again makes sure that nothing newer is overwritten.
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
            let renewed = sp4n_number_renew_in_txn(txn, vault, id, &number).await;
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

/// Number of rows by key in all tables, including those of blind indexes.
pub async fn usage(conn: &impl ConnectionTrait) -> Result<BTreeMap<String, i64>, DbErr> {
    let mut tables = TABLES.map(|table| table.name).to_vec();
    tables.extend(["contact", "sp4n_number"]);
    rotation::usage(conn, &tables).await
}
