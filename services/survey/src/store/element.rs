//! The table `survey_element`: the number of answers with each score per element of a survey, of every counted response that
//! is not voided. Raw SQL where one statement reads or adds to the rows of many surveys.

use prima_platform::db::{Column as Type, Txn, sql, table};
use sea_orm::{DbErr, EntityTrait, FromQueryResult, Set, Value, entity::prelude::*};

use crate::domain::{asked::Asked, tally::Tally};

/// A row: `c0` to `c5` count the answers with score 0 to 5.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "survey_element")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub survey_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub element: String,
    pub c0: i64,
    pub c1: i64,
    pub c2: i64,
    pub c3: i64,
    pub c4: i64,
    pub c5: i64,
}

prima_platform::no_relations!();

impl Model {
    /// The tally of this row.
    pub fn tally(&self) -> Tally {
        Tally {
            counts: [self.c0, self.c1, self.c2, self.c3, self.c4, self.c5],
        }
    }
}

/// Stores the elements of a new survey, which have no answers.
pub async fn elements_insert_in_txn(txn: &Txn, survey_id: i64, asked: &[Asked]) -> Result<(), DbErr> {
    let rows = asked.iter().map(|asked| ActiveModel {
        survey_id: Set(survey_id),
        element: Set(asked.key.clone()),
        ..Default::default()
    });
    Entity::insert_many(rows)
        .exec_without_returning(txn)
        .await
        .map(drop)
}

/// The elements of surveys. The keys are one array, so that the statement is prepared once for any number of surveys.
pub async fn elements_get(txn: &Txn, surveys: &[i64]) -> Result<Vec<Model>, DbErr> {
    let (from, values) = table(txn, [Type::Int], surveys.iter().map(|id| [(*id).into()]), 0);
    let text = format!("SELECT survey_element.* FROM {from} JOIN survey_element ON survey_id = v.column1");
    Model::find_by_statement(sql(txn, &text, values)).all(txn).await
}

const ADDED: [Type; 8] = {
    use Type::{Int, Text};
    [Int, Text, Int, Int, Int, Int, Int, Int]
};

/// Adds to the counts of elements in one statement, and returns the changed elements. A line has the survey, the element and
/// the number to add for each score.
pub async fn elements_add_in_txn(txn: &Txn, lines: &[[Value; 8]]) -> Result<Vec<Model>, DbErr> {
    let (from, values) = table(txn, ADDED, lines.iter().cloned(), 0);
    let set: Vec<String> = (0..6)
        .map(|n| format!("c{n} = c{n} + v.column{}", n + 3))
        .collect();
    let text = format!(
        "UPDATE survey_element SET {} FROM {from} WHERE survey_id = v.column1 AND element = v.column2
         RETURNING survey_id, element, c0, c1, c2, c3, c4, c5",
        set.join(", ")
    );
    Model::find_by_statement(sql(txn, &text, values)).all(txn).await
}
