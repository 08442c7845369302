//! Which rows are not counted.

pub use prima_platform::uncounted::Found;
use prima_platform::uncounted::Query;
use prima_proto::scope::Scope;
use sea_orm::{ConnectionTrait, DbErr};

use crate::domain::uncounted::Kind;

const NO_UNIT: &str = "s.unit <> '' AND NOT EXISTS
    (SELECT 1 FROM fact f WHERE f.service = 'directory' AND f.agency = s.agency AND f.unit = s.unit)";
const SCORE_NAME: &str = "'metrics/' || s.metric || '/periods/' || s.period";
const SCORE: &str = "s.metric || '/' || s.agency || '/' || s.unit || '/' || s.period";
const ASSESSMENTS: &str = "assessment s JOIN cycle c ON c.id = s.cycle_id";
const ASSESSMENT: &str = "c.cycle || '/' || s.agency || '/' || s.unit";
const ASSESSMENT_NAME: &str = "'cycles/' || c.cycle || '/agencies/' || s.agency || '/units/' || s.unit";

fn query(kind: Kind) -> Query {
    match kind {
        Kind::ScoreUnconfirmed => Query {
            key: SCORE,
            name: SCORE_NAME,
            period: "s.period",
            since: "s.recorded_at",
            from: "external_unconfirmed s",
            lacks: "s.replaced = 0",
        },
        Kind::ScoreUnitUnknown => Query {
            key: SCORE,
            name: SCORE_NAME,
            period: "s.period",
            since: "s.recorded_at",
            from: "(SELECT * FROM external_score WHERE replaced = 0) s",
            lacks: NO_UNIT,
        },
        Kind::AssessmentUnitUnknown => Query {
            key: ASSESSMENT,
            name: ASSESSMENT_NAME,
            period: "c.year",
            since: "s.updated_at",
            from: ASSESSMENTS,
            lacks: NO_UNIT,
        },
        // Whether the unit was closed follows from its state, see `closed`.
        Kind::AssessmentUnitClosed => Query {
            key: ASSESSMENT,
            name: ASSESSMENT_NAME,
            period: "c.year",
            since: "s.updated_at",
            from: ASSESSMENTS,
            lacks: "s.exact IS NULL AND c.final_at IS NULL",
        },
        Kind::AssessmentWithoutIndex => Query {
            key: ASSESSMENT,
            name: ASSESSMENT_NAME,
            period: "c.year",
            since: "COALESCE(c.final_at, s.updated_at)",
            from: ASSESSMENTS,
            lacks: "s.exact IS NULL AND c.final_at IS NOT NULL",
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
