//! To whom what a file is attached to belongs: which report or consultation, in which agency.

use prima_platform::{db::sql, failure::Failure, vault::Keyring};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::{
    attachment::Owner,
    sealed::{Secrets, open},
};

/// Where a file belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ownership {
    /// `complaints/{complaint}` or `consultations/{consultation}`.
    pub name: String,
    /// Id of the agency that has it.
    pub agency: String,
    /// Id of the agency of the unit that asks, for the clinic; else empty.
    pub asking_agency: String,
    /// Role of the line of the timeline; empty for everything else.
    pub role: String,
    /// Whether the reporter may read the line.
    pub public: bool,
}

#[derive(Debug, FromQueryResult)]
struct Row {
    uid: String,
    agency: String,
    asking_agency: String,
    role: String,
    public: i64,
}

/// Where what `owner` names belongs; `None` when there is no such row.
pub async fn ownership(conn: &impl ConnectionTrait, owner: Owner) -> Result<Option<Ownership>, DbErr> {
    let (text, id) = match owner {
        Owner::Complaint(id) => (
            "SELECT uid, agency, '' AS asking_agency, '' AS role, CAST(1 AS BIGINT) AS public
             FROM complaint WHERE id = $1",
            id,
        ),
        Owner::Line(id) => (
            "SELECT c.uid, c.agency, '' AS asking_agency, t.role, t.public
             FROM timeline t JOIN complaint c ON c.id = t.complaint_id WHERE t.id = $1",
            id,
        ),
        Owner::Consultation(id) => (
            "SELECT uid, agency, asking_agency, '' AS role, CAST(1 AS BIGINT) AS public
             FROM consultation WHERE id = $1",
            id,
        ),
        Owner::Answer(id) => (
            "SELECT c.uid, c.agency, c.asking_agency, '' AS role, CAST(1 AS BIGINT) AS public
             FROM answer a JOIN consultation c ON c.id = a.consultation_id WHERE a.id = $1",
            id,
        ),
    };
    let row = Row::find_by_statement(sql(conn, text, [id.into()]))
        .one(conn)
        .await?;
    Ok(row.map(|row| Ownership {
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
    }))
}

#[derive(Debug, FromQueryResult)]
struct Asked {
    uid: String,
    secrets: Option<Vec<u8>>,
    sealed_key: String,
}

/// The consultation of a tracking code and what its asker shows.
pub async fn consultation_access(
    conn: &impl ConnectionTrait,
    vault: &Keyring,
    tracking: &[u8],
) -> Result<Option<(String, Secrets)>, Failure> {
    let text = "SELECT uid, secrets, sealed_key FROM consultation WHERE tracking = $1";
    let row = Asked::find_by_statement(sql(conn, text, [tracking.to_vec().into()]))
        .one(conn)
        .await?;
    let Some((uid, secrets, key)) = row.and_then(|r| Some((r.uid, r.secrets?, r.sealed_key))) else {
        return Ok(None);
    };
    let name = name::Consultation { consultation: uid }.to_string();
    Ok(Some((name, open(vault, &key, &secrets)?)))
}
