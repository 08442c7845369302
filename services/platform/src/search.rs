//! Full-text search in Indonesian: `tsvector` with a GIN index on PostgreSQL, FTS5 on SQLite. The index contains the
//! words in plain text, so a text that must be encrypted must not be indexed.

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Value};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::{
    db::{Txn, sql},
    words::{unfolded, words},
};

/// A full-text index beside a table whose rows have a number. It is also the migration step that creates the index.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    /// Name of the step, which must sort after those of the earlier steps and must not change after a release.
    pub step: &'static str,
    /// Name of the index.
    pub table: &'static str,
    /// Name of its column with the number of the row, on PostgreSQL.
    pub key: &'static str,
}

impl MigrationName for Search {
    fn name(&self) -> &str {
        self.step
    }
}

#[async_trait]
impl MigrationTrait for Search {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in self.statements(manager.get_database_backend()) {
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

impl Search {
    fn statements(&self, backend: DbBackend) -> Vec<String> {
        let Self { table, key, .. } = self;
        if backend == DbBackend::Postgres {
            return vec![
                format!("CREATE TABLE {table} ({key} BIGINT PRIMARY KEY, document TSVECTOR NOT NULL)"),
                format!("CREATE INDEX {table}_document ON {table} USING GIN (document)"),
            ];
        }
        vec![format!(
            "CREATE VIRTUAL TABLE {table}
             USING fts5(document, tokenize = 'unicode61 remove_diacritics 2')"
        )]
    }

    /// Indexes the text of row `id`, which replaces the earlier one. Its words are folded, so that a text with letters that
    /// look like others is found by the word that it looks like.
    pub async fn put(&self, txn: &Txn, id: i64, text: &str) -> Result<(), DbErr> {
        let Self { table, key, .. } = self;
        let text = words(text).join(" ");
        let insert = if txn.get_database_backend() == DbBackend::Postgres {
            format!(
                "INSERT INTO {table} ({key}, document) VALUES ($1, to_tsvector('indonesian', $2))
                 ON CONFLICT ({key}) DO UPDATE SET document = excluded.document"
            )
        } else {
            self.remove(txn, id).await?;
            format!("INSERT INTO {table} (rowid, document) VALUES ($1, $2)")
        };
        txn.execute_raw(sql(txn, &insert, [id.into(), text.into()]))
            .await?;
        Ok(())
    }

    /// Removes row `id` from the index; does nothing when it is not indexed.
    pub async fn remove(&self, txn: &Txn, id: i64) -> Result<(), DbErr> {
        let key = match txn.get_database_backend() {
            DbBackend::Postgres => self.key,
            _ => "rowid",
        };
        let delete = format!("DELETE FROM {} WHERE {key} = $1", self.table);
        txn.execute_raw(sql(txn, &delete, [id.into()])).await?;
        Ok(())
    }

    /// A condition on `column`, the number of the row, that is true for the rows that contain every word of `query`;
    /// with the value of its parameter `$n`. PostgreSQL compares the stems of words. SQLite has no stemmer for
    /// Indonesian, so a word there matches all words that begin with it. `None` for a query without words. The query is
    /// searched for folded and as it is, because rows that an earlier release indexed are not folded.
    pub fn condition(
        &self,
        conn: &impl ConnectionTrait,
        column: &str,
        query: &str,
        n: usize,
    ) -> Option<(String, Value)> {
        let Self { table, key, .. } = self;
        let (folded, plain) = (words(query), unfolded(query));
        if folded.is_empty() {
            return None;
        }
        if conn.get_database_backend() == DbBackend::Postgres {
            let text = format!(
                "{column} IN (SELECT {key} FROM {table}
                    WHERE document @@ (plainto_tsquery('indonesian', split_part(${n}, '/', 1))
                        || plainto_tsquery('indonesian', split_part(${n}, '/', 2))))"
            );
            // Words contain no slash.
            return Some((text, format!("{}/{}", folded.join(" "), plain.join(" ")).into()));
        }
        // Words contain letters and digits only, so that they contain no operator.
        let all = |words: &[String]| {
            let terms: Vec<String> = words.iter().map(|w| format!("\"{w}\"*")).collect();
            format!("({})", terms.join(" AND "))
        };
        let mut terms = all(&folded);
        if plain != folded && !plain.is_empty() {
            terms = format!("{terms} OR {}", all(&plain));
        }
        let text = format!("{column} IN (SELECT rowid FROM {table} WHERE {table} MATCH ${n})");
        Some((text, terms.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statements_of_a_released_step_never_change() {
        let search = Search {
            step: "m0002_search",
            table: "note_search",
            key: "note_id",
        };
        assert_eq!(
            search.statements(DbBackend::Postgres),
            [
                "CREATE TABLE note_search (note_id BIGINT PRIMARY KEY, document TSVECTOR NOT NULL)",
                "CREATE INDEX note_search_document ON note_search USING GIN (document)",
            ]
        );
        assert_eq!(
            search.statements(DbBackend::Sqlite),
            [
                "CREATE VIRTUAL TABLE note_search\n             USING fts5(document, tokenize = 'unicode61 \
              remove_diacritics 2')"
            ]
        );
    }
}
