//! The tables of the audit log. What is linked can only be read: the database itself refuses to change or delete it.

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::db::ddl;

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

const POSTGRES: [&str; 2] = [
    "CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$",
    "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
        FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()",
];

const SQLITE: [&str; 2] = [
    "CREATE TRIGGER audit_not_changed BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    "CREATE TRIGGER audit_not_deleted BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
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
        let guards = if backend == DbBackend::Postgres {
            POSTGRES
        } else {
            SQLITE
        };
        for statement in TABLES.iter().chain(&guards) {
            let connection = manager.get_connection();
            connection.execute_unprepared(&ddl(statement, backend)).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
