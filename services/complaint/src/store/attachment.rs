//! Files. The object storage holds the content, sealed under a key of its own that stands sealed in the row.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    db::{Column, Txn, sql, table},
    failure::Failure,
    objects::Digest,
    vault::Keyring,
};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::{
    Lock, broken,
    sealed::{File, open, seal},
};

/// Whose file it is: what it was attached to, by its key in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// A report itself.
    Complaint(i64),
    /// A line of a timeline: an answer, a reply, a reason.
    Line(i64),
    /// The question of a consultation.
    Consultation(i64),
    /// An answer of a consultation.
    Answer(i64),
}

const PENDING: &str = "pending";

impl Owner {
    fn parts(self) -> (&'static str, i64) {
        match self {
            Self::Complaint(id) => ("complaint", id),
            Self::Line(id) => ("timeline", id),
            Self::Consultation(id) => ("consultation", id),
            Self::Answer(id) => ("answer", id),
        }
    }

    fn read(kind: &str, id: i64) -> Option<Option<Self>> {
        let owners = [
            Self::Complaint(id),
            Self::Line(id),
            Self::Consultation(id),
            Self::Answer(id),
        ];
        let owner = owners.into_iter().find(|owner| owner.parts().0 == kind);
        (owner.is_some() || kind == PENDING).then_some(owner)
    }
}

#[derive(Debug, FromQueryResult)]
struct Row {
    id: i64,
    uid: String,
    owner: String,
    owner_id: i64,
    uploader: String,
    media_type: String,
    size: i64,
    digest: Vec<u8>,
    sealed: Option<Vec<u8>>,
    sealed_key: String,
    created_at: i64,
}

const SELECTED: &str =
    "SELECT id, uid, owner, owner_id, uploader, media_type, size, digest, sealed, sealed_key,
    created_at FROM attachment";

/// A file as stored.
#[derive(Debug)]
pub struct Stored {
    /// Key in the database.
    pub id: i64,
    /// Resource name.
    pub name: name::Attachment,
    /// Whose it is; `None` until it is attached.
    pub owner: Option<Owner>,
    /// Who uploaded it.
    pub uploader: String,
    /// Its type (RFC 6838).
    pub media_type: String,
    /// Bytes of the file.
    pub size: u64,
    /// SHA-256 of what the object storage holds.
    pub digest: Digest,
    /// When it was uploaded, unix microseconds.
    pub created_at: i64,
    sealed: Option<Vec<u8>>,
    sealed_key: String,
}

impl Stored {
    /// Its name and key; `None` once erased.
    pub fn file(&self, vault: &Keyring) -> Result<Option<File>, Failure> {
        let sealed = self.sealed.as_deref();
        sealed
            .map(|bytes| open(vault, &self.sealed_key, bytes))
            .transpose()
    }
}

impl TryFrom<Row> for Stored {
    type Error = DbErr;

    fn try_from(row: Row) -> Result<Self, DbErr> {
        let wrong = |column| broken(format!("attachment {}", row.id), column);
        Ok(Self {
            id: row.id,
            owner: Owner::read(&row.owner, row.owner_id).ok_or_else(|| wrong("owner"))?,
            size: u64::try_from(row.size).map_err(|_| wrong("size"))?,
            digest: Digest::try_from(row.digest.as_slice()).map_err(|_| wrong("digest"))?,
            name: name::Attachment { attachment: row.uid },
            uploader: row.uploader,
            media_type: row.media_type,
            created_at: row.created_at,
            sealed: row.sealed,
            sealed_key: row.sealed_key,
        })
    }
}

/// A file that is new; it belongs to nothing yet.
#[derive(Debug)]
pub struct New {
    /// Resource name.
    pub name: name::Attachment,
    /// Who uploads it.
    pub uploader: String,
    /// Its type.
    pub media_type: &'static str,
    /// Bytes of the file.
    pub size: u64,
    /// SHA-256 of what the object storage holds.
    pub digest: Digest,
    /// What is personal of it.
    pub file: File,
}

/// Stores a new file's row.
pub async fn attachment_insert(
    txn: &Txn,
    vault: &Keyring,
    new: &New,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let sealed = seal(vault, &new.file)?;
    let values = [
        new.name.attachment.clone().into(),
        PENDING.into(),
        new.uploader.clone().into(),
        new.media_type.into(),
        i64::try_from(new.size).map_err(Failure::internal)?.into(),
        new.digest.to_vec().into(),
        sealed.bytes.into(),
        sealed.key.into(),
        micros(now).into(),
    ];
    let text = "INSERT INTO attachment
            (uid, owner, owner_id, uploader, media_type, size, digest, sealed, sealed_key, created_at)
        VALUES ($1, $2, 0, $3, $4, $5, $6, $7, $8, $9)";
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}

/// A file by its name.
pub async fn attachment_get(
    conn: &impl ConnectionTrait,
    name: &name::Attachment,
) -> Result<Option<Stored>, DbErr> {
    let text = format!("{SELECTED} WHERE uid = $1");
    let found = read(conn, &text, vec![name.attachment.clone().into()]).await?;
    Ok(found.into_iter().next())
}

/// Files by their names, in the order of their keys, locked to be changed.
pub async fn attachments_lock(txn: &Txn, names: &[name::Attachment]) -> Result<Vec<Stored>, DbErr> {
    let rows = names.iter().map(|name| [name.attachment.clone().into()]);
    let (from, values) = table(txn, [Column::Text], rows, 0);
    let lock = Lock::Update.sql(txn);
    let text = format!("{SELECTED} WHERE uid IN (SELECT column1 FROM {from}) ORDER BY id{lock}");
    read(txn, &text, values).await
}

/// Gives files that belong to nothing to an owner; returns how many.
pub async fn attachments_give(txn: &Txn, ids: &[i64], owner: Owner) -> Result<u64, DbErr> {
    let (kind, id) = owner.parts();
    let (from, values) = table(txn, [Column::Int], ids.iter().map(|id| [(*id).into()]), 2);
    let text = format!(
        "UPDATE attachment SET owner = $1, owner_id = $2
         WHERE owner = '{PENDING}' AND id IN (SELECT column1 FROM {from})"
    );
    let values = [kind.into(), id.into()].into_iter().chain(values);
    Ok(txn.execute_raw(sql(txn, &text, values)).await?.rows_affected())
}

/// The files of owners, in the order in which they were uploaded.
pub async fn attachments_of(conn: &impl ConnectionTrait, owners: &[Owner]) -> Result<Vec<Stored>, DbErr> {
    if owners.is_empty() {
        return Ok(Vec::new());
    }
    let rows = owners.iter().map(|owner| {
        let (kind, id) = owner.parts();
        [kind.into(), id.into()]
    });
    let (from, values) = table(conn, [Column::Text, Column::Int], rows, 0);
    let text =
        format!("{SELECTED} WHERE (owner, owner_id) IN (SELECT column1, column2 FROM {from}) ORDER BY id");
    read(conn, &text, values).await
}

/// How many files of an uploader belong to nothing yet.
pub async fn attachments_pending(conn: &impl ConnectionTrait, uploader: &str) -> Result<i64, DbErr> {
    let text = format!("SELECT COUNT(*) AS n FROM attachment WHERE owner = '{PENDING}' AND uploader = $1");
    let row = conn.query_one_raw(sql(conn, &text, [uploader.into()])).await?;
    row.map_or(Ok(0), |row| row.try_get("", "n"))
}

async fn read(conn: &impl ConnectionTrait, text: &str, values: Vec<Value>) -> Result<Vec<Stored>, DbErr> {
    let rows = Row::find_by_statement(sql(conn, text, values)).all(conn).await?;
    rows.into_iter().map(Stored::try_from).collect()
}
