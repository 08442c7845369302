//! Which rows are not counted.

pub use prima_platform::uncounted::Found;
use prima_platform::uncounted::Query;
use prima_proto::scope::Scope;
use sea_orm::{ConnectionTrait, DbErr};

use crate::domain::uncounted::Kind;

const NO_UNIT: &str = "s.unit <> '' AND NOT EXISTS (SELECT 1 FROM directory_unit d WHERE d.agency = s.agency AND d.unit = s.unit)";

fn query(kind: Kind) -> Query {
    match kind {
        Kind::ReportWithoutUnit => Query {
            key: "s.uid",
            name: "'complaints/' || s.uid",
            period: "''",
            since: "s.received_at",
            from: "complaint s",
            lacks: "s.unit = '' AND s.open = 1 AND s.merged_into IS NULL",
        },
        Kind::ReportUnitUnknown => Query {
            key: "s.uid",
            name: "'complaints/' || s.uid",
            period: "''",
            since: "s.received_at",
            from: "(SELECT * FROM complaint WHERE merged_into IS NULL) s",
            lacks: NO_UNIT,
        },
        Kind::ConsultationUnitUnknown => Query {
            key: "s.uid",
            name: "'consultations/' || s.uid",
            period: "''",
            since: "s.received_at",
            from: "consultation s",
            lacks: NO_UNIT,
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
