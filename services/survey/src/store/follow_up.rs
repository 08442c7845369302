//! Follow-up plans; together with the publication they are the aftermath of a survey.

use std::collections::HashMap;

use chrono::NaiveDate;
use prima_platform::db::{Txn, broken};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, entity::prelude::*,
};

use super::publication::{Published, publications_get};
use crate::domain::follow_up::{Done, Plan};

/// A row of the table `follow_up`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "follow_up")]
pub struct Model {
    /// The survey.
    #[sea_orm(primary_key, auto_increment = false)]
    pub survey_id: i64,
    /// Id within the survey.
    #[sea_orm(primary_key, auto_increment = false)]
    pub follow_up: String,
    /// Key of the element.
    pub element: String,
    /// Program or activity.
    pub program: String,
    /// Quarter.
    pub quarter: String,
    /// Responsible office.
    pub responsible: String,
    /// Day of completion, `YYYY-MM-DD`.
    pub done_date: Option<String>,
    /// Link to the evidence; empty until the action is done.
    pub evidence: String,
    /// Remark; may be empty.
    pub note: String,
    /// Version for optimistic updates.
    pub etag: i64,
    /// When it was planned, unix microseconds.
    pub created_at: i64,
}

prima_platform::no_relations!();

/// An action of a follow-up plan as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUp {
    /// Id within the survey.
    pub id: String,
    /// What is planned.
    pub plan: Plan,
    /// Its completion; `None` until it is done.
    pub done: Option<Done>,
    /// Version for optimistic updates.
    pub etag: i64,
    /// When it was planned, unix microseconds.
    pub created_at: i64,
}

impl TryFrom<Model> for FollowUp {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let date = row.done_date.map(|d| d.parse::<NaiveDate>()).transpose();
        let date = date.map_err(|_| broken(&row.follow_up, "date"))?;
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

fn row(survey_id: i64, follow_up: &FollowUp) -> ActiveModel {
    let (plan, done) = (&follow_up.plan, follow_up.done.as_ref());
    Model {
        survey_id,
        follow_up: follow_up.id.clone(),
        element: plan.element.clone(),
        program: plan.program.clone(),
        quarter: plan.quarter.clone(),
        responsible: plan.responsible.clone(),
        done_date: done.map(|done| done.date.to_string()),
        evidence: done.map(|done| done.evidence.clone()).unwrap_or_default(),
        note: done.map(|done| done.note.clone()).unwrap_or_default(),
        etag: follow_up.etag,
        created_at: follow_up.created_at,
    }
    .into_active_model()
}

/// What followed the closing of a survey.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aftermath {
    /// Its publication.
    pub published: Option<Published>,
    /// Its follow-up plan, ordered by id.
    pub follow_ups: Vec<FollowUp>,
}

/// The aftermath of surveys by their key; surveys without a publication and a plan are left out.
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
    let rows = Entity::find()
        .filter(Column::SurveyId.is_in(surveys.iter().copied()))
        .order_by_asc(Column::SurveyId)
        .order_by_asc(Column::FollowUp)
        .all(conn)
        .await?;
    for row in rows {
        let aftermath = all.entry(row.survey_id).or_default();
        aftermath.follow_ups.push(row.try_into()?);
    }
    Ok(all)
}

/// Inserts a new action of a locked survey.
pub async fn follow_up_insert_in_txn(txn: &Txn, survey: i64, new: &FollowUp) -> Result<(), DbErr> {
    let insert = Entity::insert(row(survey, new));
    insert.exec_without_returning(txn).await.map(drop)
}

/// Saves an action of a locked survey.
pub async fn follow_up_save_in_txn(txn: &Txn, survey: i64, follow_up: &FollowUp) -> Result<(), DbErr> {
    row(survey, follow_up).reset_all().update(txn).await.map(drop)
}
