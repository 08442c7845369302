//! Attachments. The object storage keeps their content, encrypted under a key of its own that is stored encrypted in
//! the row.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::micros,
    db::{self, Txn, broken, sql, table},
    failure::Failure,
    objects::Digest,
    vault::Keyring,
};
use prima_proto::name;
use sea_orm::{Condition, ExprTrait, NotSet, QueryOrder, QuerySelect, QueryTrait, Set, entity::prelude::*};

use super::{
    Lock,
    answer::answer_ids,
    sealed::{File, open_optional, seal},
    timeline::line_ids,
};

/// What a file is attached to, by its database key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// A report.
    Complaint(i64),
    /// A line of a timeline, such as an answer, a reply or a reason.
    Line(i64),
    /// The question of a consultation.
    Consultation(i64),
    /// An answer to a consultation.
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

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "attachment")]
struct Model {
    #[sea_orm(primary_key)]
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

prima_platform::no_relations!();

#[derive(Debug)]
pub struct Stored {
    /// Key in the database.
    pub id: i64,
    pub name: name::Attachment,
    /// What it is attached to; `None` until then.
    pub owner: Option<Owner>,
    /// Who uploaded it.
    pub uploader: String,
    /// Media type (RFC 6838).
    pub media_type: String,
    /// Size of the file in bytes, before encryption.
    pub size: u64,
    /// SHA-256 of the encrypted content in the object storage.
    pub digest: Digest,
    /// Time of the upload, unix microseconds.
    pub created_at: i64,
    sealed: Option<Vec<u8>>,
    sealed_key: String,
}

impl Stored {
    /// The file name and the key of the content; `None` once erased.
    pub fn file(&self, vault: &Keyring) -> Result<Option<File>, Failure> {
        open_optional(vault, &self.sealed_key, self.sealed.as_deref())
    }
}

impl TryFrom<Model> for Stored {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
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

/// A new file, which is not attached to anything yet.
#[derive(Debug)]
pub struct New {
    pub name: name::Attachment,
    pub uploader: String,
    /// Media type (RFC 6838).
    pub media_type: &'static str,
    /// Size of the file in bytes, before encryption.
    pub size: u64,
    /// SHA-256 of the encrypted content in the object storage.
    pub digest: Digest,
    /// Its personal data.
    pub file: File,
}

/// Inserts the row of a new file.
pub async fn attachment_insert_in_txn(
    txn: &Txn,
    vault: &Keyring,
    new: &New,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let sealed = seal(vault, &new.file)?;
    let row = ActiveModel {
        id: NotSet,
        uid: Set(new.name.attachment.clone()),
        owner: Set(PENDING.to_owned()),
        owner_id: Set(0),
        uploader: Set(new.uploader.clone()),
        media_type: Set(new.media_type.to_owned()),
        size: Set(i64::try_from(new.size).map_err(Failure::internal)?),
        digest: Set(new.digest.to_vec()),
        sealed: Set(Some(sealed.bytes)),
        sealed_key: Set(sealed.key),
        created_at: Set(micros(now)),
    };
    Entity::insert(row).exec_without_returning(txn).await?;
    Ok(())
}

/// Files that are not attached to anything. The condition is worded as in the partial index `attachment_pending`.
fn pending() -> Expr {
    Expr::cust(format!("owner = '{PENDING}'"))
}

pub async fn attachment_get(
    conn: &impl ConnectionTrait,
    name: &name::Attachment,
) -> Result<Option<Stored>, DbErr> {
    let found = Entity::find().filter(Column::Uid.eq(name.attachment.as_str()));
    found.one(conn).await?.map(Stored::try_from).transpose()
}

/// The files of these names, locked for a change in the order of their database keys.
pub async fn attachments_lock_in_txn(txn: &Txn, names: &[name::Attachment]) -> Result<Vec<Stored>, DbErr> {
    let uids = names.iter().map(|name| name.attachment.as_str());
    let files = Entity::find().filter(Column::Uid.is_in(uids));
    let files = Lock::Update.on(files.order_by_asc(Column::Id));
    stored(files.all(txn).await?)
}

/// Attaches files to an owner, except those that are attached already; returns how many were attached.
pub async fn attachments_attach_in_txn(txn: &Txn, ids: Vec<i64>, owner: Owner) -> Result<u64, DbErr> {
    let (kind, id) = owner.parts();
    let given = ActiveModel {
        owner: Set(kind.to_owned()),
        owner_id: Set(id),
        ..Default::default()
    };
    let those = Entity::update_many().set(given);
    let those = those.filter(pending()).filter(Column::Id.is_in(ids));
    Ok(those.exec(txn).await?.rows_affected)
}

/// Renames a locked file.
pub async fn attachment_rename_in_txn(
    txn: &Txn,
    vault: &Keyring,
    stored: &Stored,
    display_name: String,
) -> Result<(), Failure> {
    let Some(file) = stored.file(vault)? else {
        return Ok(());
    };
    let sealed = seal(vault, &File { display_name, ..file })?;
    let row = ActiveModel {
        sealed: Set(Some(sealed.bytes)),
        sealed_key: Set(sealed.key),
        ..Default::default()
    };
    let one = Entity::update_many().set(row).filter(Column::Id.eq(stored.id));
    one.exec(txn).await?;
    Ok(())
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
    // Raw SQL, because there may be as many owners as a timeline has lines.
    let (from, values) = table(conn, [db::Column::Text, db::Column::Int], rows, 0);
    let text = format!(
        "SELECT * FROM attachment WHERE (owner, owner_id) IN (SELECT column1, column2 FROM {from}) ORDER BY id"
    );
    let files = Entity::find().from_raw_sql(sql(conn, &text, values));
    stored(files.all(conn).await?)
}

fn stored(rows: Vec<Model>) -> Result<Vec<Stored>, DbErr> {
    rows.into_iter().map(Stored::try_from).collect()
}

/// Number of files of an uploader that are not attached to anything yet.
pub async fn attachments_pending(conn: &impl ConnectionTrait, uploader: &str) -> Result<u64, DbErr> {
    let own = Entity::find().filter(pending());
    own.filter(Column::Uploader.eq(uploader)).count(conn).await
}

/// The files of a report and its lines, or of a consultation and its answers.
fn below(owner: Owner) -> Condition {
    let (kind, id) = owner.parts();
    let own = Column::Owner.eq(kind).and(Column::OwnerId.eq(id));
    let (part, parts) = match owner {
        Owner::Complaint(id) => (Owner::Line(0), line_ids(id).into_query()),
        Owner::Consultation(id) => (Owner::Answer(0), answer_ids(id).into_query()),
        Owner::Line(_) | Owner::Answer(_) => return Condition::all().add(own),
    };
    let of_parts = Column::Owner.eq(part.parts().0);
    let of_parts = of_parts.and(Column::OwnerId.in_subquery(parts));
    Condition::any().add(own).add(of_parts)
}

/// Whether a report or a consultation has attachments, including those of its lines or answers.
pub fn has_attachments(owner: Owner) -> Expr {
    let ids = Entity::find().select_only().column(Column::Id);
    Expr::exists(ids.filter(below(owner)).into_query())
}

/// Erases the keys of all attachments of a report or a consultation, so that their content can no longer be decrypted.
/// They become unattached, and retention then deletes them with their content.
pub async fn attachments_erase_in_txn(txn: &Txn, owner: Owner) -> Result<(), DbErr> {
    let erased = ActiveModel {
        owner: Set(PENDING.to_owned()),
        owner_id: Set(0),
        uploader: Set(String::new()),
        created_at: Set(0),
        sealed: Set(None),
        sealed_key: Set(String::new()),
        ..Default::default()
    };
    let all = Entity::update_many().set(erased).filter(below(owner));
    all.exec(txn).await.map(drop)
}

/// At most `limit` files that are not attached to anything and were uploaded before `before`, or were erased.
pub async fn attachments_unattached(
    conn: &impl ConnectionTrait,
    before: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<Stored>, DbErr> {
    let files = Entity::find()
        .filter(pending())
        .filter(Column::CreatedAt.lt(micros(before)))
        .order_by_asc(Column::CreatedAt)
        .order_by_asc(Column::Id)
        .limit(limit as u64);
    stored(files.all(conn).await?)
}

/// Deletes the row of an unattached file whose content is deleted.
pub async fn attachment_delete(conn: &impl ConnectionTrait, id: i64) -> Result<(), DbErr> {
    let one = Entity::delete_by_id(id).filter(pending());
    one.exec(conn).await.map(drop)
}
