//! Lists the reports and consultations of which personal data is stored. Raw SQL, because the list is made of two tables.

use prima_platform::db::sql;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

/// Which ones to list.
#[derive(Debug, Clone)]
pub struct Filter {
    /// Id of the agency that handles them; empty for all.
    pub agency: String,
    /// Start of the interval, unix microseconds.
    pub from: i64,
    /// End of the interval (exclusive), unix microseconds.
    pub to: i64,
    /// Only those whose identity this subject has read in the interval; empty for all that were received in it.
    pub actor: String,
    /// Only those after this time of receipt and name.
    pub after: (i64, String),
    /// Most rows.
    pub limit: u64,
}

/// A report or consultation of which personal data is stored.
#[derive(Debug, FromQueryResult)]
pub struct Held {
    /// `complaints/{complaint}` or `consultations/{consultation}`.
    pub name: String,
    /// Id of the agency that handles it.
    pub agency: String,
    /// When it was received, unix microseconds.
    pub received_at: i64,
    /// 1 when the identity is stored, else 0.
    pub identity: i64,
    /// 1 when the texts are stored, else 0.
    pub text: i64,
}

/// What `filter` selects, the oldest first.
pub async fn held_page(conn: &impl ConnectionTrait, filter: &Filter) -> Result<Vec<Held>, DbErr> {
    let (of_complaint, of_consultation) = (part("complaint"), part("consultation"));
    let limit = filter.limit;
    let text = format!(
        "SELECT * FROM ({of_complaint} UNION ALL {of_consultation}) AS held
         WHERE ($1 = '' OR agency = $1) AND (received_at > $2 OR (received_at = $2 AND name > $3))
             AND CASE WHEN $4 = '' THEN received_at >= $5 AND received_at < $6
                 ELSE name IN (SELECT name FROM identity_reading WHERE actor = $4 AND at >= $5 AND at < $6) END
         ORDER BY received_at, name LIMIT {limit}"
    );
    let (at, name) = &filter.after;
    let values = [
        filter.agency.as_str().into(),
        (*at).into(),
        name.as_str().into(),
        filter.actor.as_str().into(),
        filter.from.into(),
        filter.to.into(),
    ];
    Held::find_by_statement(sql(conn, &text, values)).all(conn).await
}

/// The rows of a table of which personal data is stored.
fn part(table: &str) -> String {
    let is = |column: &str| format!("CAST(CASE WHEN {column} IS NULL THEN 0 ELSE 1 END AS BIGINT)");
    format!(
        "SELECT '{table}s/' || uid AS name, agency, received_at, {} AS identity, {} AS text FROM {table}
         WHERE identity IS NOT NULL OR content IS NOT NULL",
        is("identity"),
        is("content")
    )
}
