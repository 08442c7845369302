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
