//! The snapshot: the last state heard of every subject.

use prima_platform::db::{Database, Step, placeholders, platform_steps, sql};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// The steps of this service's schema.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut steps = platform_steps();
        steps.push(Box::new(FIRST));
        steps
    }
}

const FIRST: Step = Step {
    name: "m0001_ranking",
    statements: &[
        "CREATE TABLE snapshot (
            subject {key} PRIMARY KEY, version BIGINT NOT NULL, withdrawn BIGINT NOT NULL, payload {blob} NOT NULL,
            applied_at BIGINT NOT NULL)",
        // Services whose stream was once read to its end into the snapshot: before that it is a part of the truth.
        "CREATE TABLE snapshot_source (service {key} PRIMARY KEY)",
    ],
};

/// The last state heard of a subject.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Heard {
    /// Bus subject.
    pub subject: String,
    /// Version of the aggregate.
    pub version: i64,
    /// Not zero: the aggregate ended.
    pub withdrawn: i64,
    /// Protobuf.
    pub payload: Vec<u8>,
    /// When it was applied, unix microseconds.
    pub applied_at: i64,
}

/// Saves states; an older one changes nothing. Subjects are distinct and in order, so that replicas don't deadlock.
pub async fn snapshot_save(db: &Database, rows: &[Heard]) -> Result<(), DbErr> {
    let writer = db.writer();
    for chunk in rows.chunks(500) {
        let lines = placeholders(chunk.len(), 5, 0);
        let text = format!(
            "INSERT INTO snapshot (subject, version, withdrawn, payload, applied_at) VALUES {lines}
             ON CONFLICT (subject) DO UPDATE SET version = excluded.version, withdrawn = excluded.withdrawn,
                payload = excluded.payload, applied_at = excluded.applied_at
             WHERE excluded.version > snapshot.version"
        );
        let values = chunk.iter().flat_map(|h| {
            [
                Value::from(h.subject.clone()),
                h.version.into(),
                h.withdrawn.into(),
                h.payload.clone().into(),
                h.applied_at.into(),
            ]
        });
        writer.execute_raw(sql(writer, &text, values)).await?;
    }
    Ok(())
}

/// A page of the snapshot after `subject`.
pub async fn snapshot_page(db: &Database, subject: &str, limit: i64) -> Result<Vec<Heard>, DbErr> {
    let reader = db.reader();
    let text = "SELECT subject, version, withdrawn, payload, applied_at FROM snapshot
                WHERE subject > $1 ORDER BY subject LIMIT $2";
    Heard::find_by_statement(sql(reader, text, [subject.into(), limit.into()]))
        .all(reader)
        .await
}

/// Notes that the snapshot holds everything that these services had published.
pub async fn snapshot_source_save(db: &Database, services: &[String]) -> Result<(), DbErr> {
    let writer = db.writer();
    for service in services {
        let text = "INSERT INTO snapshot_source (service) VALUES ($1) ON CONFLICT DO NOTHING";
        writer
            .execute_raw(sql(writer, text, [service.clone().into()]))
            .await?;
    }
    Ok(())
}

#[derive(Debug, FromQueryResult)]
struct SourceRow {
    service: String,
}

/// Services that the snapshot once held completely.
pub async fn snapshot_sources(db: &Database) -> Result<Vec<String>, DbErr> {
    let reader = db.reader();
    let text = "SELECT service FROM snapshot_source";
    let rows = SourceRow::find_by_statement(sql(reader, text, []))
        .all(reader)
        .await?;
    Ok(rows.into_iter().map(|row| row.service).collect())
}
