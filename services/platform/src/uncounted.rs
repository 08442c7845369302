//! What was accepted and is counted in no figure, read from a table of a service. Written as SQL because rows are looked for
//! that another table lacks.

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use crate::db::sql;

/// One thing that is not counted.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Found {
    /// The key by which its kind is ordered.
    pub key: String,
    /// Resource name.
    pub name: String,
    /// Id of the agency.
    pub agency: String,
    /// Id of the unit; empty for an agency, or without one.
    pub unit: String,
    /// Period; empty without one.
    pub period: String,
    /// Since when it is there, unix microseconds.
    pub since: i64,
}

impl Found {
    /// Resource name of the unit or agency.
    pub fn subject(&self) -> String {
        match self.unit.as_str() {
            "" => format!("agencies/{}", self.agency),
            unit => format!("agencies/{}/units/{unit}", self.agency),
        }
    }
}

/// The parts of a statement, each an expression of SQL; `s` is the table whose rows are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Query {
    /// The key of a row, by which rows are ordered.
    pub key: &'static str,
    /// Its resource name.
    pub name: &'static str,
    /// Its period.
    pub period: &'static str,
    /// Since when it is there, unix microseconds.
    pub since: &'static str,
    /// The FROM clause.
    pub from: &'static str,
    /// What the rows lack.
    pub lacks: &'static str,
}

impl Query {
    /// Up to `most` rows of an agency and a unit, of all where these are empty, whose keys come after `after`, in their order.
    pub async fn find(
        self,
        conn: &impl ConnectionTrait,
        (agency, unit): (&str, &str),
        after: &str,
        most: usize,
    ) -> Result<Vec<Found>, DbErr> {
        let Query {
            key,
            name,
            period,
            since,
            from,
            lacks,
        } = self;
        let text = format!(
            "SELECT {key} AS key, {name} AS name, s.agency, s.unit, {period} AS period, {since} AS since FROM {from}
             WHERE {lacks} AND ($1 = '' OR s.agency = $1) AND ($2 = '' OR s.unit = $2) AND {key} > $3
             ORDER BY 1 LIMIT $4"
        );
        let values = [
            agency.into(),
            unit.into(),
            after.into(),
            i64::try_from(most).unwrap_or(i64::MAX).into(),
        ];
        Found::find_by_statement(sql(conn, &text, values)).all(conn).await
    }
}
