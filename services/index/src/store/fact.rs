//! The last state of each subject that a service told of a unit.

use prima_platform::db::{Txn, sql};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

/// One kept state.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Fact {
    /// Subject of its event.
    pub subject: String,
    /// Service that told it.
    pub service: String,
    /// Version of the aggregate.
    pub version: i64,
    /// Protobuf, as the event carried it.
    pub payload: Vec<u8>,
}

/// Keeps the last state of a subject of `unit`.
pub async fn fact_save(txn: &Txn, unit: &name::Unit, fact: &Fact) -> Result<(), DbErr> {
    let text =
        "INSERT INTO fact (subject, service, agency, unit, version, payload) VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (subject) DO UPDATE SET version = excluded.version, payload = excluded.payload";
    let values = [
        fact.subject.clone().into(),
        fact.service.clone().into(),
        unit.agency.clone().into(),
        unit.unit.clone().into(),
        fact.version.into(),
        fact.payload.clone().into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await.map(drop)
}

/// Forgets a subject that was withdrawn.
pub async fn fact_remove(txn: &Txn, subject: &str) -> Result<(), DbErr> {
    let text = "DELETE FROM fact WHERE subject = $1";
    txn.execute_raw(sql(txn, text, [subject.into()])).await.map(drop)
}

/// What is told of a unit, ordered by subject.
pub async fn fact_list(conn: &impl ConnectionTrait, unit: &name::Unit) -> Result<Vec<Fact>, DbErr> {
    let text = "SELECT subject, service, version, payload FROM fact
                WHERE agency = $1 AND unit = $2 ORDER BY subject";
    let values = [unit.agency.clone().into(), unit.unit.clone().into()];
    Fact::find_by_statement(sql(conn, text, values)).all(conn).await
}
