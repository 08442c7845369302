//! Which rows are not counted.

pub use prima_platform::uncounted::Found;
use prima_platform::uncounted::Query;
use prima_proto::scope::Scope;
use sea_orm::{ConnectionTrait, DbErr};

use crate::domain::uncounted::Kind;

const NO_UNIT: &str =
    "NOT EXISTS (SELECT 1 FROM directory_unit d WHERE d.agency = s.agency AND d.unit = s.unit)";

fn query(kind: Kind) -> Query {
    match kind {
        Kind::SurveyUnitUnknown => Query {
            key: "s.name",
            name: "s.name",
            period: "s.period",
            since: "s.created_at",
            from: "survey s",
            lacks: NO_UNIT,
        },
        Kind::ResultUnitUnknown => Query {
            key: "s.agency || '/' || s.unit || '/' || s.period",
            name: "'agencies/' || s.agency || '/units/' || s.unit",
            period: "s.period",
            since: "s.recorded_at",
            // Of each unit and period, only the record that counts.
            from: "(SELECT * FROM recorded_result WHERE unit <> '' AND replaced = 0) s",
            lacks: NO_UNIT,
        },
        Kind::SurveyNeverClosed => Query {
            key: "s.name",
            name: "s.name",
            period: "s.period",
            since: "s.created_at",
            from: "survey s",
            lacks: "s.closed_at IS NULL AND s.close_at IS NULL",
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
    query(kind)
        .find(conn, (&scope.agency, &scope.unit), after, most)
        .await
}
