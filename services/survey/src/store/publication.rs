//! Publications of results.

use std::collections::HashMap;

use prima_platform::db::{Txn, broken};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, QueryTrait,
    entity::prelude::*,
    sea_query::{Expr, OnConflict, SelectStatement},
};

use super::json;
use crate::domain::publication::Publication;

/// A row of the table `publication`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "publication")]
pub struct Model {
    /// The survey.
    #[sea_orm(primary_key, auto_increment = false)]
    pub survey_id: i64,
    /// First day of publication, `YYYY-MM-DD`.
    pub publish_date: String,
    /// Media, JSON.
    pub media: String,
    /// When it was last recorded, unix microseconds.
    pub updated_at: i64,
}

prima_platform::no_relations!();

/// A stored publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its day and media.
    pub publication: Publication,
    /// When it was last recorded, unix microseconds.
    pub updated_at: i64,
}

impl TryFrom<Model> for Published {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
        let broken = |column| broken(format!("publication of survey {}", row.survey_id), column);
        Ok(Self {
            publication: Publication {
                date: row.publish_date.parse().map_err(|_| broken("date"))?,
                media: serde_json::from_str(&row.media).map_err(|_| broken("media"))?,
            },
            updated_at: row.updated_at,
        })
    }
}

/// The publication of the survey in the row of an outer query.
pub(super) fn of_survey() -> SelectStatement {
    let publications = Entity::find().select_only().column(Column::SurveyId);
    publications
        .filter(Expr::cust("survey_id = survey.id"))
        .into_query()
}

/// The publications of surveys, by their key.
pub async fn publications_get(
    conn: &impl ConnectionTrait,
    surveys: &[i64],
) -> Result<HashMap<i64, Published>, DbErr> {
    if surveys.is_empty() {
        return Ok(HashMap::new());
    }
    let of = Column::SurveyId.is_in(surveys.iter().copied());
    let rows = Entity::find().filter(of).all(conn).await?;
    rows.into_iter()
        .map(|row| Ok((row.survey_id, row.try_into()?)))
        .collect()
}

/// Saves the publication of a locked survey.
pub async fn publication_save_in_txn(txn: &Txn, survey_id: i64, new: &Published) -> Result<(), DbErr> {
    let row = Model {
        survey_id,
        publish_date: new.publication.date.to_string(),
        media: json(&new.publication.media)?,
        updated_at: new.updated_at,
    };
    let known = OnConflict::column(Column::SurveyId)
        .update_columns([Column::PublishDate, Column::Media, Column::UpdatedAt])
        .to_owned();
    let insert = Entity::insert(row.into_active_model()).on_conflict(known);
    insert.exec_without_returning(txn).await.map(drop)
}
