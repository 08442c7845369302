//! Proposed tables and their frozen rows, which are those of the publication as well.

use prima_platform::db::{self, Txn, at_once, sql};
use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter, QuerySelect, Value,
    entity::prelude::*,
};

/// A proposed table.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "proposal")]
pub struct Model {
    /// Its id, which is ordered by time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Resource name of the table.
    pub league_table: String,
    /// A number of `domain::publication::State`.
    pub state: i64,
    /// What was known when the rows were frozen, canonical JSON.
    pub facts: String,
    /// Subject of the token that proposed it.
    pub actor: String,
    /// When it was frozen, unix microseconds.
    pub created_at: i64,
    /// Until when objections can be filed, unix microseconds.
    pub ends_at: i64,
    /// Number of the published table that it corrects; 0 for none.
    pub corrects: i64,
    /// Why.
    pub reason: String,
    /// Id of the proposal that it replaces; empty for none.
    pub replaces: String,
    /// Id of the proposal that has replaced it; empty for none.
    pub replaced_by: String,
    /// Number of the published table; 0 until then.
    pub published_as: i64,
}

prima_platform::no_relations!();

/// A frozen row.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct StoredRow {
    /// Its place, from 0.
    pub place: i64,
    /// Resource name of the unit or agency.
    pub subject: String,
    /// Id of its agency.
    pub agency: String,
    /// Canonical JSON.
    pub body: String,
}

/// Inserts a proposal.
pub async fn proposal_insert_in_txn(txn: &Txn, row: Model) -> Result<(), DbErr> {
    Entity::insert(row.into_active_model())
        .exec_without_returning(txn)
        .await
        .map(drop)
}

/// Inserts the rows of a proposal.
pub async fn proposal_rows_insert_in_txn(txn: &Txn, proposal: &str, rows: &[StoredRow]) -> Result<(), DbErr> {
    for part in at_once(txn, rows, 5) {
        let values = part.iter().map(|row| {
            [
                Value::from(proposal),
                row.place.into(),
                row.subject.clone().into(),
                row.agency.clone().into(),
                row.body.clone().into(),
            ]
        });
        let columns = [
            db::Column::Text,
            db::Column::Int,
            db::Column::Text,
            db::Column::Text,
            db::Column::Text,
        ];
        let (from, values) = db::table(txn, columns, values, 0);
        let text = format!(
            "INSERT INTO proposal_row (proposal, place, subject, agency, body)
             SELECT column1, column2, column3, column4, column5 FROM {from}"
        );
        txn.execute_raw(sql(txn, &text, values)).await?;
    }
    Ok(())
}

/// A proposal.
pub async fn proposal_get(conn: &impl ConnectionTrait, id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(conn).await
}

/// A proposal, locked.
pub async fn proposal_lock(txn: &Txn, id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).lock_exclusive().one(txn).await
}

/// The proposal of a table with this state, if there is one.
pub async fn proposal_open(
    conn: &impl ConnectionTrait,
    name: &str,
    state: i64,
) -> Result<Option<Model>, DbErr> {
    let own = Entity::find().filter(Column::LeagueTable.eq(name));
    own.filter(Column::State.eq(state)).one(conn).await
}

/// Saves the state of a locked proposal.
pub async fn proposal_save_in_txn(txn: &Txn, row: Model) -> Result<(), DbErr> {
    let row = row.into_active_model().reset_all();
    Entity::update(row).exec(txn).await.map(drop)
}

/// Proposals after an id that contain one of these agencies, or all of them with `None`, the oldest first.
pub async fn proposals_of(
    conn: &impl ConnectionTrait,
    agencies: Option<&[String]>,
    after: &str,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut values: Vec<Value> = vec![after.into(), i64::try_from(limit).unwrap_or(i64::MAX).into()];
    let mut of_agency = String::new();
    if let Some(agencies) = agencies {
        let marks: Vec<String> = (0..agencies.len()).map(|n| format!("${}", n + 3)).collect();
        if marks.is_empty() {
            return Ok(Vec::new());
        }
        of_agency = format!(
            "AND EXISTS (SELECT 1 FROM proposal_row r WHERE r.proposal = proposal.id AND r.agency IN ({}))",
            marks.join(", ")
        );
        values.extend(agencies.iter().map(|agency| Value::from(agency.as_str())));
    }
    let text = format!("SELECT * FROM proposal WHERE id > $1 {of_agency} ORDER BY id LIMIT $2");
    Model::find_by_statement(sql(conn, &text, values)).all(conn).await
}

/// Whether one of these agencies has a row in a proposal.
pub async fn proposal_has_agency(
    conn: &impl ConnectionTrait,
    proposal: &str,
    agencies: &[String],
) -> Result<bool, DbErr> {
    for agency in agencies {
        let text = "SELECT 1 FROM proposal_row WHERE proposal = $1 AND agency = $2 LIMIT 1";
        let values = [proposal.into(), agency.as_str().into()];
        if conn.query_one_raw(sql(conn, text, values)).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The row of a subject.
pub async fn proposal_row(
    conn: &impl ConnectionTrait,
    proposal: &str,
    subject: &str,
) -> Result<Option<StoredRow>, DbErr> {
    let text = "SELECT place, subject, agency, body FROM proposal_row WHERE proposal = $1 AND subject = $2";
    let values = [proposal.into(), subject.into()];
    StoredRow::find_by_statement(sql(conn, text, values))
        .one(conn)
        .await
}

/// Rows from a place on, in their order.
pub async fn proposal_rows(
    conn: &impl ConnectionTrait,
    proposal: &str,
    from: i64,
    limit: i64,
) -> Result<Vec<StoredRow>, DbErr> {
    let text = "SELECT place, subject, agency, body FROM proposal_row WHERE proposal = $1 AND place >= $2
        ORDER BY place LIMIT $3";
    let values = [proposal.into(), from.into(), limit.into()];
    StoredRow::find_by_statement(sql(conn, text, values))
        .all(conn)
        .await
}
