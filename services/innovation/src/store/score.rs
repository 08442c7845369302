//! Scores of evaluators.

use std::collections::BTreeMap;

use prima_platform::db::Txn;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    SelectTwo, entity::prelude::*, sea_query::OnConflict,
};

use super::{entry, json, read_json, recusal};
use crate::domain::scoring::{EvaluatorPoints, Points};

/// A row of the table `score`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "score")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    entry_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    stage: String,
    #[sea_orm(primary_key, auto_increment = false)]
    evaluator: String,
    points: String,
    remark: String,
    scored_at: i64,
}

prima_platform::no_relations!();

/// A recusal does not change the scores of earlier stages, because those are closed.
impl Related<recusal::Entity> for Entity {
    fn to() -> RelationDef {
        use recusal::Column::{EntryId, Evaluator, Stage};
        Self::belongs_to(recusal::Entity)
            .from((Column::EntryId, Column::Evaluator, Column::Stage))
            .to((EntryId, Evaluator, Stage))
            .into()
    }
}

/// A score as stored.
#[derive(Debug, Clone)]
pub struct Score {
    /// Key of the stage.
    pub stage: String,
    /// Subject of the evaluator.
    pub evaluator: String,
    /// Points.
    pub points: Points,
    /// Remark.
    pub remark: String,
    /// When it was given, unix microseconds.
    pub scored_at: i64,
    /// Whether the evaluator is recused from the entry.
    pub recused: bool,
}

/// Stores a score; it replaces the evaluator's score before.
pub async fn score_save_in_txn(txn: &Txn, entry: i64, score: &Score) -> Result<(), DbErr> {
    let row = Model {
        entry_id: entry,
        stage: score.stage.clone(),
        evaluator: score.evaluator.clone(),
        points: json(&score.points)?,
        remark: score.remark.clone(),
        scored_at: score.scored_at,
    };
    let own = OnConflict::columns([Column::EntryId, Column::Stage, Column::Evaluator])
        .update_columns([Column::Points, Column::Remark, Column::ScoredAt])
        .to_owned();
    let insert = Entity::insert(row.into_active_model()).on_conflict(own);
    insert.exec_without_returning(txn).await.map(drop)
}

/// Scores by stage, then evaluator, each with its recusal.
fn scores() -> SelectTwo<Entity, recusal::Entity> {
    Entity::find()
        .find_also_related(recusal::Entity)
        .order_by_asc(Column::EntryId)
        .order_by_asc(Column::Stage)
        .order_by_asc(Column::Evaluator)
}

/// The scores of an entry by stage, then evaluator, at most a thousand.
pub async fn scores_of(conn: &impl ConnectionTrait, entry: i64) -> Result<Vec<Score>, DbErr> {
    let of_entry = scores().filter(Column::EntryId.eq(entry)).limit(1000);
    let score = |(row, recusal): (Model, Option<recusal::Model>)| {
        Ok(Score {
            points: read_json(&row.evaluator, "points", &row.points)?,
            stage: row.stage,
            evaluator: row.evaluator,
            remark: row.remark,
            scored_at: row.scored_at,
            recused: recusal.is_some(),
        })
    };
    of_entry.all(conn).await?.into_iter().map(score).collect()
}

/// The scores of a round's entries without recused ones, by key of the entry, then stage.
pub async fn given_in(
    conn: &impl ConnectionTrait,
    round: i64,
) -> Result<BTreeMap<i64, BTreeMap<String, Vec<EvaluatorPoints>>>, DbErr> {
    let of_round = scores().filter(Column::EntryId.in_subquery(entry::keys_in(round)));
    let mut given: BTreeMap<i64, BTreeMap<String, Vec<EvaluatorPoints>>> = BTreeMap::new();
    for (row, recusal) in of_round.all(conn).await? {
        if recusal.is_none() {
            let of_entry = given.entry(row.entry_id).or_default();
            of_entry.entry(row.stage).or_default().push(EvaluatorPoints {
                points: read_json(&row.evaluator, "points", &row.points)?,
                evaluator: row.evaluator,
            });
        }
    }
    Ok(given)
}
