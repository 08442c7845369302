//! Which rows are not counted.

pub use prima_platform::uncounted::Found;
use prima_platform::uncounted::Query;
use prima_proto::scope::Scope;
use sea_orm::{ConnectionTrait, DbErr};

use crate::domain::uncounted::Kind;

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
    query(kind)
        .find(conn, (&scope.agency, &scope.unit), after, most)
        .await
}
