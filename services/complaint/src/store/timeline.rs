//! Timelines of reports. Rows are added and never changed, except that erasure removes their note and the feed numbers
//! them.

use prima_platform::{
    clock::micros,
    db::{Txn, sql},
    failure::Failure,
    vault::Keyring,
};
use sea_orm::{QueryOrder, QuerySelect, Set, entity::prelude::*};

use super::{
    json, read_json,
    sealed::{Note, open_optional, seal},
};
use crate::domain::case::Entry;

/// A new line.
#[derive(Debug)]
pub struct New {
    /// What happened.
    pub entry: Entry,
    /// The agency that handles the report after this line.
    pub agency: String,
    /// The unit that handles it; may be empty.
    pub unit: String,
    /// Subject of the token; empty for the reporter and the system.
    pub actor: String,
    /// Key of the role of who acted.
    pub role: String,
    /// What was written with the action.
    pub note: Option<Note>,
    /// Whether the reporter may read the note.
    pub public: bool,
}

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "timeline")]
pub struct Model {
    #[sea_orm(primary_key)]
    id: i64,
    complaint_id: i64,
    number: i64,
    at: i64,
    agency: String,
    unit: String,
    from_agency: Option<String>,
    from_unit: Option<String>,
    actor: String,
    role: String,
    entry: String,
    public: i64,
    sealed: Option<Vec<u8>>,
    sealed_key: String,
    feed: Option<i64>,
}

prima_platform::no_relations!();

/// A line as stored.
#[derive(Debug)]
pub struct Line {
    /// Key in the database.
    pub id: i64,
    /// Number within the report, from 1.
    pub number: i64,
    /// Subject of the token; empty for the reporter and the system.
    pub actor: String,
    /// Key of the role of who acted.
    pub role: String,
    pub entry: Entry,
    /// Whether the reporter may read the note.
    pub public: bool,
    sealed: Option<Vec<u8>>,
    sealed_key: String,
}

impl Line {
    /// Whether a note was written and is not erased.
    pub fn has_note(&self) -> bool {
        self.sealed.is_some()
    }

    /// Decrypts the note; `None` when there is none, or once erased.
    pub fn note(&self, vault: &Keyring) -> Result<Option<String>, Failure> {
        let note: Option<Note> = open_optional(vault, &self.sealed_key, self.sealed.as_deref())?;
        Ok(note.map(|note| note.0))
    }
}

/// Adds a line to a report that the transaction has locked; returns its database key.
pub async fn timeline_add_in_txn(
    txn: &Txn,
    vault: &Keyring,
    complaint: i64,
    new: &New,
) -> Result<i64, Failure> {
    let sealed = new.note.as_ref().map(|note| seal(vault, note)).transpose()?;
    let (bytes, key) = sealed.map(|s| (Some(s.bytes), s.key)).unwrap_or_default();
    let entry = &new.entry;
    let moved = entry.from_agency != entry.to_agency || entry.from_unit != entry.to_unit;
    let values = [
        complaint.into(),
        micros(new.entry.at).into(),
        new.agency.clone().into(),
        new.unit.clone().into(),
        new.actor.clone().into(),
        new.role.clone().into(),
        json(&new.entry)?.into(),
        i64::from(new.public).into(),
        bytes.into(),
        key.into(),
        moved.then(|| entry.from_agency.clone()).into(),
        moved.then(|| entry.from_unit.clone()).into(),
    ];
    // Raw SQL, so that one statement finds the next number and inserts the row.
    let text = "INSERT INTO timeline
            (complaint_id, number, at, agency, unit, actor, role, entry, public, sealed, sealed_key, from_agency, from_unit)
        SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 FROM timeline
        WHERE complaint_id = $1 RETURNING id";
    let row = txn.query_one_raw(sql(txn, text, values)).await?;
    let row = row.ok_or_else(|| Failure::internal("INSERT returned no row"))?;
    Ok(row.try_get("", "id")?)
}

/// The whole timeline of a report, the oldest line first.
pub async fn timeline_of(conn: &impl ConnectionTrait, complaint: i64) -> Result<Vec<Line>, DbErr> {
    let rows = Entity::find()
        .filter(Column::ComplaintId.eq(complaint))
        .order_by_asc(Column::Number);
    let line = |row: Model| {
        Ok(Line {
            entry: read_json(format!("timeline {}", row.id), "entry", &row.entry)?,
            id: row.id,
            number: row.number,
            actor: row.actor,
            role: row.role,
            public: row.public != 0,
            sealed: row.sealed,
            sealed_key: row.sealed_key,
        })
    };
    rows.all(conn).await?.into_iter().map(line).collect()
}

/// Database keys of the lines of a report.
pub fn line_ids(complaint: i64) -> Select<Entity> {
    Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::ComplaintId.eq(complaint))
}

/// Erases the notes of lines.
pub async fn lines_erase_in_txn(txn: &Txn, lines: Vec<i64>) -> Result<(), DbErr> {
    let erased = ActiveModel {
        sealed: Set(None),
        sealed_key: Set(String::new()),
        ..Default::default()
    };
    let those = Entity::update_many().set(erased).filter(Column::Id.is_in(lines));
    those.exec(txn).await.map(drop)
}
