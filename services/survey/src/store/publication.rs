//! What came after a survey: its publication and its follow-up plan.

use std::collections::HashMap;

use chrono::NaiveDate;
use prima_platform::db::{Column, Txn, sql, table};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use crate::domain::{
    follow_up::{Done, Plan},
    publication::Publication,
};

/// A publication as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// When and where.
    pub publication: Publication,
    /// When it was last recorded, unix microseconds.
    pub updated_at: i64,
}

/// An action of a follow-up plan as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUp {
    /// Id within the survey.
    pub id: String,
    /// What is planned.
    pub plan: Plan,
    /// That it was done.
    pub done: Option<Done>,
    /// Version for optimistic updates.
    pub etag: i64,
    /// When it was planned, unix microseconds.
    pub created_at: i64,
}

/// What came after one survey.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aftermath {
    /// Its publication.
    pub published: Option<Published>,
    /// Its plan, ordered by id.
    pub follow_ups: Vec<FollowUp>,
}

#[derive(Debug, FromQueryResult)]
struct PublicationRow {
    survey_id: i64,
    publish_date: String,
    media: String,
    updated_at: i64,
}

fn broken(what: &str) -> DbErr {
    DbErr::Custom(format!("stored {what} can't be read"))
}

impl TryFrom<PublicationRow> for Published {
    type Error = DbErr;

    fn try_from(row: PublicationRow) -> Result<Self, DbErr> {
        Ok(Self {
            publication: Publication {
                date: row.publish_date.parse().map_err(|_| broken("publication date"))?,
                media: serde_json::from_str(&row.media).map_err(|_| broken("media"))?,
            },
            updated_at: row.updated_at,
        })
    }
}

#[derive(Debug, FromQueryResult)]
struct FollowUpRow {
    survey_id: i64,
    follow_up: String,
    element: String,
    program: String,
    quarter: String,
    responsible: String,
    done_date: Option<String>,
    evidence: String,
    note: String,
    etag: i64,
    created_at: i64,
}

impl TryFrom<FollowUpRow> for FollowUp {
    type Error = DbErr;

    fn try_from(row: FollowUpRow) -> Result<Self, DbErr> {
        let date = row.done_date.map(|d| d.parse::<NaiveDate>()).transpose();
        let date = date.map_err(|_| broken("date of a follow-up"))?;
        Ok(Self {
            id: row.follow_up,
            plan: Plan {
                element: row.element,
                program: row.program,
                quarter: row.quarter,
                responsible: row.responsible,
            },
            done: date.map(|date| Done {
                date,
                evidence: row.evidence,
                note: row.note,
            }),
            etag: row.etag,
            created_at: row.created_at,
        })
    }
}

/// The publications of surveys, by their key.
pub async fn publications_get(
    conn: &impl ConnectionTrait,
    surveys: &[i64],
) -> Result<HashMap<i64, Published>, DbErr> {
    if surveys.is_empty() {
        return Ok(HashMap::new());
    }
    let (from, values) = table(conn, [Column::Int], surveys.iter().map(|id| [(*id).into()]), 0);
    let text = format!("SELECT p.* FROM {from} JOIN publication p ON p.survey_id = v.column1");
    let rows = PublicationRow::find_by_statement(sql(conn, &text, values));
    let rows = rows.all(conn).await?;
    rows.into_iter()
        .map(|row| Ok((row.survey_id, row.try_into()?)))
        .collect()
}

/// What came after surveys, by their key; a survey of which nothing is recorded is left out.
pub async fn aftermath_get(
    conn: &impl ConnectionTrait,
    surveys: &[i64],
) -> Result<HashMap<i64, Aftermath>, DbErr> {
    let mut all: HashMap<i64, Aftermath> = HashMap::new();
    for (id, published) in publications_get(conn, surveys).await? {
        all.entry(id).or_default().published = Some(published);
    }
    if surveys.is_empty() {
        return Ok(all);
    }
    let (from, values) = table(conn, [Column::Int], surveys.iter().map(|id| [(*id).into()]), 0);
    let text = format!(
        "SELECT f.* FROM {from} JOIN follow_up f ON f.survey_id = v.column1 ORDER BY f.survey_id, f.follow_up"
    );
    let rows = FollowUpRow::find_by_statement(sql(conn, &text, values))
        .all(conn)
        .await?;
    for row in rows {
        all.entry(row.survey_id)
            .or_default()
            .follow_ups
            .push(row.try_into()?);
    }
    Ok(all)
}

/// Stores the publication of a survey that is locked.
pub async fn publication_save(txn: &Txn, survey: i64, new: &Published) -> Result<(), DbErr> {
    let media = serde_json::to_string(&new.publication.media).map_err(|e| DbErr::Custom(e.to_string()))?;
    let text = "INSERT INTO publication (survey_id, publish_date, media, updated_at) VALUES ($1, $2, $3, $4)
                ON CONFLICT (survey_id) DO UPDATE SET publish_date = excluded.publish_date,
                    media = excluded.media, updated_at = excluded.updated_at";
    let values = [
        survey.into(),
        new.publication.date.to_string().into(),
        media.into(),
        new.updated_at.into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}

/// Stores a new action of a survey that is locked.
pub async fn follow_up_insert(txn: &Txn, survey: i64, new: &FollowUp) -> Result<(), DbErr> {
    let text = "INSERT INTO follow_up (survey_id, follow_up, element, program, quarter, responsible, etag, created_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values = [
        survey.into(),
        new.id.as_str().into(),
        new.plan.element.as_str().into(),
        new.plan.program.as_str().into(),
        new.plan.quarter.as_str().into(),
        new.plan.responsible.as_str().into(),
        new.etag.into(),
        new.created_at.into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}

/// Stores that an action was done.
pub async fn follow_up_done(txn: &Txn, survey: i64, id: &str, done: &Done, etag: i64) -> Result<(), DbErr> {
    let text = "UPDATE follow_up SET done_date = $3, evidence = $4, note = $5, etag = $6
                WHERE survey_id = $1 AND follow_up = $2";
    let values = [
        survey.into(),
        id.into(),
        done.date.to_string().into(),
        done.evidence.as_str().into(),
        done.note.as_str().into(),
        etag.into(),
    ];
    let changed = txn.execute_raw(sql(txn, text, values)).await?.rows_affected();
    if changed == 1 {
        return Ok(());
    }
    Err(DbErr::RecordNotUpdated)
}
