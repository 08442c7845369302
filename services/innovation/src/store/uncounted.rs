//! Reads what is not counted. Written as SQL because rows are looked for that another table lacks.

use prima_platform::db::sql;
use prima_proto::scope::Scope;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use crate::domain::uncounted::Kind;

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

/// The parts of a statement; `s` is the table whose rows are looked for.
struct Query {
    key: &'static str,
    name: &'static str,
    period: &'static str,
    since: &'static str,
    from: &'static str,
    /// What the rows lack.
    lacks: &'static str,
}

fn query(kind: Kind) -> Query {
    Query {
        key: "s.name",
        name: "s.name",
        period: "''",
        since: "s.created_at",
        from: "innovation s",
        lacks: match kind {
            Kind::AgencyUnknown => "NOT EXISTS (SELECT 1 FROM directory_agency d WHERE d.agency = s.agency)",
            Kind::UnitUnknown => {
                "EXISTS (SELECT 1 FROM directory_agency a WHERE a.agency = s.agency)
                 AND NOT EXISTS (SELECT 1 FROM directory_unit d WHERE d.agency = s.agency AND d.unit = s.unit)"
            }
        },
    }
}

/// Up to `most` rows of a kind in the scope whose keys come after `after`, in their order.
pub async fn uncounted(
    conn: &impl ConnectionTrait,
    kind: Kind,
    scope: &Scope,
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
    } = query(kind);
    let text = format!(
        "SELECT {key} AS key, {name} AS name, s.agency, s.unit, {period} AS period, {since} AS since FROM {from}
         WHERE {lacks} AND ($1 = '' OR s.agency = $1) AND ($2 = '' OR s.unit = $2) AND {key} > $3
         ORDER BY 1 LIMIT $4"
    );
    let values = [
        scope.agency.as_str().into(),
        scope.unit.as_str().into(),
        after.into(),
        i64::try_from(most).unwrap_or(i64::MAX).into(),
    ];
    Found::find_by_statement(sql(conn, &text, values)).all(conn).await
}
