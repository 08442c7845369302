//! The table `survey_element`: the number of answers with each score per element of a survey, of all responses and of the
//! disclosed ones. Raw SQL where one statement reads or adds to the rows of many surveys.

use prima_platform::db::{Column as Type, Txn, sql, table};
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, Set, Value, entity::prelude::*,
    sea_query::Expr,
};

use crate::domain::{asked::Asked, tally::Tally};

/// The tally of one element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Of every response that is not voided.
    pub current: Tally,
    /// Of the disclosed responses.
    pub disclosed: Tally,
}

/// A row: `c0` to `c5` count the answers with score 0 to 5, `d0` to `d5` those that are disclosed.
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
    pub d0: i64,
    pub d1: i64,
    pub d2: i64,
    pub d3: i64,
    pub d4: i64,
    pub d5: i64,
}

prima_platform::no_relations!();

impl Model {
    /// The tallies of this row.
    pub fn counts(&self) -> Counts {
        Counts {
            current: Tally {
                counts: [self.c0, self.c1, self.c2, self.c3, self.c4, self.c5],
            },
            disclosed: Tally {
                counts: [self.d0, self.d1, self.d2, self.d3, self.d4, self.d5],
            },
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

const ADDED: [Type; 9] = {
    use Type::{Int, Text};
    [Int, Text, Int, Int, Int, Int, Int, Int, Int]
};

/// Adds to the counts of elements in one statement, and returns the changed elements. A line has the survey, the element,
/// the number to add for each score, and whether the new counts are disclosed (1).
pub async fn elements_add_in_txn(txn: &Txn, lines: &[[Value; 9]]) -> Result<Vec<Model>, DbErr> {
    let (from, values) = table(txn, ADDED, lines.iter().cloned(), 0);
    let set: Vec<String> = (0..6)
        .map(|n| {
            let column = n + 3;
            format!(
                "c{n} = c{n} + v.column{column},
                 d{n} = CASE WHEN v.column9 = 1 THEN c{n} + v.column{column} ELSE d{n} END"
            )
        })
        .collect();
    let text = format!(
        "UPDATE survey_element SET {} FROM {from} WHERE survey_id = v.column1 AND element = v.column2
         RETURNING survey_id, element, c0, c1, c2, c3, c4, c5, d0, d1, d2, d3, d4, d5",
        set.join(", ")
    );
    Model::find_by_statement(sql(txn, &text, values)).all(txn).await
}

/// Discloses every answer of a survey.
pub async fn elements_disclose_in_txn(txn: &Txn, survey_id: i64) -> Result<(), DbErr> {
    use Column::*;
    let update = [(D0, C0), (D1, C1), (D2, C2), (D3, C3), (D4, C4), (D5, C5)]
        .into_iter()
        .fold(Entity::update_many(), |update, (shown, counted)| {
            update.col_expr(shown, Expr::col(counted))
        });
    update.filter(SurveyId.eq(survey_id)).exec(txn).await.map(drop)
}
