//! The tables of the audit log. What is linked can only be read: the database itself refuses to change or delete it.

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::db::{AppendOnly, ddl};

const TABLES: [&str; 6] = [
    "CREATE TABLE audit_pending (id {identity}, entry {blob} NOT NULL)",
    "CREATE TABLE audit (
        position BIGINT PRIMARY KEY, at BIGINT NOT NULL, agency TEXT NOT NULL, subject TEXT NOT NULL,
        method TEXT NOT NULL, decision BIGINT NOT NULL, entry {blob} NOT NULL, hash TEXT NOT NULL)",
    "CREATE INDEX audit_agency ON audit (agency, position)",
    "CREATE INDEX audit_subject ON audit (subject, position)",
    "CREATE TABLE audit_head (one BIGINT PRIMARY KEY CHECK (one = 1), position BIGINT NOT NULL, hash TEXT NOT NULL)",
    "INSERT INTO audit_head (one, position, hash) VALUES (1, 0, '')",
];

/// The step that creates the tables.
pub(crate) struct Tables;

impl MigrationName for Tables {
    fn name(&self) -> &'static str {
        "m0000_platform_z_audit"
    }
}

#[async_trait]
impl MigrationTrait for Tables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        let tables = TABLES.iter().map(|statement| ddl(statement, backend));
        let guards = AppendOnly::always("audit").statements(backend);
        for statement in tables.chain(guards) {
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
