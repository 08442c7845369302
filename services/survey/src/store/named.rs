//! Surveys by their names, without their definitions.

use std::str::FromStr;

use prima_platform::db::{Column as Type, broken, sql, table};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use crate::domain::period::Period;

/// A survey of this name.
#[derive(Debug, FromQueryResult)]
pub struct Named {
    /// Key in the database.
    pub id: i64,
    /// Resource name.
    pub name: String,
    period: String,
}

impl Named {
    /// Its period.
    pub fn period(&self) -> Result<Period, DbErr> {
        Period::from_str(&self.period).map_err(|_| broken(&self.name, "period"))
    }
}

/// The surveys with these names, in order of name.
pub async fn surveys_named(conn: &impl ConnectionTrait, names: &[String]) -> Result<Vec<Named>, DbErr> {
    let (from, values) = table(conn, [Type::Text], names.iter().map(|n| [n.clone().into()]), 0);
    let text = format!("SELECT id, name, period FROM {from} JOIN survey ON name = v.column1 ORDER BY name");
    Named::find_by_statement(sql(conn, &text, values)).all(conn).await
}
