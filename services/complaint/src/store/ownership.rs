//! Finds the report or consultation to which an attachment belongs, and its agencies.

use prima_platform::db::sql;
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::{attachment::Owner, read_json};
use crate::domain::case::Case;

/// What an attachment belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ownership {
    /// `complaints/{complaint}` or `consultations/{consultation}`.
    pub name: String,
    /// Id of the agency that handles it.
    pub agency: String,
    /// Id of the agency whose unit asks the clinic; otherwise empty.
    pub asking_agency: String,
    /// Key of the role that wrote the timeline line; otherwise empty.
    pub role: String,
    /// Whether the reporter may read the line.
    pub public: bool,
    /// Whether the reporter of the report is anonymous.
    pub anonymous: bool,
    /// Whether the report is confidential.
    pub confidential: bool,
}

#[derive(Debug, FromQueryResult)]
struct Row {
    uid: String,
    agency: String,
    asking_agency: String,
    role: String,
    public: i64,
    /// The facts of the report, as JSON.
    facts: Option<String>,
}

/// What `owner` belongs to; `None` when there is no such row. Raw SQL, because two of the four statements join.
pub async fn ownership(conn: &impl ConnectionTrait, owner: Owner) -> Result<Option<Ownership>, DbErr> {
    let (text, id) = match owner {
        Owner::Complaint(id) => (
            "SELECT uid, agency, '' AS asking_agency, '' AS role, CAST(1 AS BIGINT) AS public, facts
             FROM complaint WHERE id = $1",
            id,
        ),
        Owner::Line(id) => (
            "SELECT c.uid, c.agency, '' AS asking_agency, t.role, t.public, c.facts
             FROM timeline t JOIN complaint c ON c.id = t.complaint_id WHERE t.id = $1",
            id,
        ),
        Owner::Consultation(id) => (
            "SELECT uid, agency, asking_agency, '' AS role, CAST(1 AS BIGINT) AS public, CAST(NULL AS TEXT) AS facts
             FROM consultation WHERE id = $1",
            id,
        ),
        Owner::Answer(id) => (
            "SELECT c.uid, c.agency, c.asking_agency, '' AS role, CAST(1 AS BIGINT) AS public,
                CAST(NULL AS TEXT) AS facts
             FROM answer a JOIN consultation c ON c.id = a.consultation_id WHERE a.id = $1",
            id,
        ),
    };
    let row = Row::find_by_statement(sql(conn, text, [id.into()]))
        .one(conn)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let case: Option<Case> = match &row.facts {
        Some(facts) => Some(read_json(&row.uid, "facts", facts)?),
        None => None,
    };
    Ok(Some(Ownership {
        name: match owner {
            Owner::Complaint(_) | Owner::Line(_) => name::Complaint { complaint: row.uid }.to_string(),
            Owner::Consultation(_) | Owner::Answer(_) => name::Consultation {
                consultation: row.uid,
            }
            .to_string(),
        },
        agency: row.agency,
        asking_agency: row.asking_agency,
        role: row.role,
        public: row.public != 0,
        anonymous: case.as_ref().is_some_and(|case| case.anonymous),
        confidential: case.is_some_and(|case| case.confidential),
    }))
}
