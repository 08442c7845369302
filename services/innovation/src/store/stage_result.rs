//! Results of entries in closed stages, and decisions at screening.

use std::collections::BTreeMap;

use prima_platform::db::Txn;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, entity::prelude::*,
    sea_query::OnConflict,
};

use super::{entry, json, with_keys};
use crate::domain::contest::Outcome;

/// A row of the table `stage_result`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stage_result")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    entry_id: i64,
    /// Key of the stage.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stage: String,
    number: i64,
    /// Score, two decimals; empty for screening.
    pub score: String,
    /// Rank in the group; 0 for screening.
    pub place: i64,
    /// Whether it passed.
    pub passed: i64,
    /// Scores counted.
    pub counted: i64,
    left_out: String,
    /// Whether the scores are disputed because they differ too much.
    pub disputed: i64,
}

prima_platform::no_relations!();

/// A result, stored as the domain has it.
pub type StageResult = Model;

impl Model {
    /// The evaluators whose scores were left out.
    pub fn left_out(&self) -> Vec<String> {
        serde_json::from_str(&self.left_out).unwrap_or_default()
    }
}

/// Stores outcomes of stage `stage`, the `number`th, by key of the entry.
pub async fn results_save_in_txn(
    txn: &Txn,
    stage: &str,
    number: i64,
    outcomes: &[(i64, &Outcome)],
) -> Result<(), DbErr> {
    let row = |(id, outcome): &(i64, &Outcome)| {
        let row = Model {
            entry_id: *id,
            stage: stage.to_owned(),
            number,
            score: outcome.score.clone(),
            place: i64::try_from(outcome.rank).unwrap_or(0),
            passed: outcome.passed.into(),
            counted: i64::try_from(outcome.counted).unwrap_or(0),
            left_out: json(&outcome.left_out)?,
            disputed: outcome.disputed.into(),
        };
        Ok(row.into_active_model())
    };
    for chunk in outcomes.chunks(1000) {
        let rows: Vec<ActiveModel> = chunk.iter().map(row).collect::<Result<_, DbErr>>()?;
        let decided = OnConflict::columns([Column::EntryId, Column::Stage])
            .update_column(Column::Passed)
            .to_owned();
        let insert = Entity::insert_many(rows).on_conflict(decided);
        insert.exec_without_returning(txn).await?;
    }
    Ok(())
}

/// Results of entries in the order of stages, by key of the entry.
pub async fn results_of(
    conn: &impl ConnectionTrait,
    entries: &[i64],
) -> Result<BTreeMap<i64, Vec<StageResult>>, DbErr> {
    let mut all: BTreeMap<i64, Vec<StageResult>> = BTreeMap::new();
    for chunk in entries.chunks(1000) {
        let keys = chunk.iter().map(|id| [(*id).into()]);
        for row in with_keys::<Entity, 1>(conn, [Column::EntryId], keys, &[Column::Number]).await? {
            all.entry(row.entry_id).or_default().push(row);
        }
    }
    Ok(all)
}

/// Whether entries of a round passed, by key of the entry, then stage.
pub async fn screened_in(
    conn: &impl ConnectionTrait,
    round: i64,
) -> Result<BTreeMap<i64, BTreeMap<String, bool>>, DbErr> {
    let of_round = Entity::find().filter(Column::EntryId.in_subquery(entry::keys_in(round)));
    let mut screened: BTreeMap<i64, BTreeMap<String, bool>> = BTreeMap::new();
    for row in of_round.all(conn).await? {
        let of_entry = screened.entry(row.entry_id).or_default();
        of_entry.insert(row.stage, row.passed != 0);
    }
    Ok(screened)
}
