//! Full-text search in Indonesian: `tsvector` with a GIN index on PostgreSQL, FTS5 on SQLite.

use async_trait::async_trait;
use prima_platform::db::{Txn, sql};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Value};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::domain::words::words;

/// The step that makes the index; it differs between the databases.
pub struct Search;

impl MigrationName for Search {
    fn name(&self) -> &str {
        "m0002_search"
    }
}

#[async_trait]
impl MigrationTrait for Search {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let postgres = [
            "CREATE TABLE innovation_search (innovation_id BIGINT PRIMARY KEY, document TSVECTOR NOT NULL)",
            "CREATE INDEX innovation_search_document ON innovation_search USING GIN (document)",
        ];
        let sqlite = ["CREATE VIRTUAL TABLE innovation_search
             USING fts5(document, tokenize = 'unicode61 remove_diacritics 2')"];
        let statements: &[&str] = if manager.get_database_backend() == DbBackend::Postgres {
            &postgres
        } else {
            &sqlite
        };
        for statement in statements {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// Puts the words of an innovation into the index, in place of those before.
pub async fn search_put(txn: &Txn, innovation: i64, text: &str) -> Result<(), DbErr> {
    let values = [innovation.into(), text.into()];
    if txn.get_database_backend() == DbBackend::Postgres {
        let text = "INSERT INTO innovation_search (innovation_id, document) VALUES ($1, to_tsvector('indonesian', $2))
                    ON CONFLICT (innovation_id) DO UPDATE SET document = excluded.document";
        txn.execute_raw(sql(txn, text, values)).await?;
    } else {
        let gone = "DELETE FROM innovation_search WHERE rowid = $1";
        txn.execute_raw(sql(txn, gone, [innovation.into()])).await?;
        let text = "INSERT INTO innovation_search (rowid, document) VALUES ($1, $2)";
        txn.execute_raw(sql(txn, text, values)).await?;
    }
    Ok(())
}

/// A condition on `innovation.id` that holds where every word of `query` occurs, with `$n`, and its value. PostgreSQL
/// takes words by their stem; SQLite has no stems of Indonesian, there a word also stands for longer ones. `None` for
/// a query without words.
pub fn search_condition(conn: &impl ConnectionTrait, query: &str, n: usize) -> Option<(String, Value)> {
    let words = words(query);
    if words.is_empty() {
        return None;
    }
    if conn.get_database_backend() == DbBackend::Postgres {
        let text = format!(
            "id IN (SELECT innovation_id FROM innovation_search
                    WHERE document @@ plainto_tsquery('indonesian', ${n}))"
        );
        return Some((text, words.join(" ").into()));
    }
    // Words hold letters and digits only, so that nothing in them is an operator.
    let terms: Vec<String> = words.iter().map(|w| format!("\"{w}\"*")).collect();
    let text = format!("id IN (SELECT rowid FROM innovation_search WHERE innovation_search MATCH ${n})");
    Some((text, terms.join(" ").into()))
}
