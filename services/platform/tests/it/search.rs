//! Full-text search, on each database.

use prima_platform::{
    config,
    db::{self, Database, Step, sql},
    search::Search,
    testing::postgres::Postgres,
};
use sea_orm::{ConnectionTrait, DbBackend};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

const SEARCH: Search = Search {
    step: "m0002_search",
    table: "note_search",
    key: "note_id",
};

struct Schema;

impl MigratorTrait for Schema {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let note = Step {
            name: "m0001_note",
            statements: &["CREATE TABLE note (number BIGINT PRIMARY KEY)"],
        };
        vec![Box::new(note), Box::new(SEARCH)]
    }
}

async fn put(db: &Database, id: i64, text: &str) {
    let txn = db.begin().await.unwrap();
    SEARCH.put(&txn, id, text).await.unwrap();
    txn.commit().await.unwrap();
}

/// Numbers of the notes that a query finds, from 2 on.
async fn found(db: &Database, query: &str) -> Vec<i64> {
    let reader = db.reader();
    let (condition, value) = SEARCH.condition(reader, "number", query, 2).unwrap();
    let text = format!("SELECT number FROM note WHERE number >= $1 AND {condition} ORDER BY number");
    let rows = reader
        .query_all_raw(sql(reader, &text, [2_i64.into(), value]))
        .await
        .unwrap();
    rows.iter()
        .map(|row| row.try_get("", "number").unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_found_by_the_text_that_was_indexed_last_until_it_is_removed() {
    let (dir, postgres) = (tempfile::tempdir().unwrap(), Postgres::start());
    for url in [
        format!("sqlite:{}", dir.path().display()),
        postgres.fresh_database().await,
    ] {
        let config = config::Database {
            url,
            ..config::Database::default()
        };
        let db = Database::connect(&config, "note").await.unwrap();
        db::migrate::<Schema>(&db, "note", true).await.unwrap();
        let insert = "INSERT INTO note (number) VALUES (1), (2), (3)";
        db.writer().execute_unprepared(insert).await.unwrap();
        put(&db, 1, "Antrean panjang").await;
        put(&db, 2, "Antrean loket").await;
        put(&db, 3, "Loket \"tutup\" lebih awal").await;
        assert_eq!(found(&db, "ANTREAN").await, [2]);
        assert_eq!(found(&db, "loket").await, [2, 3]);
        assert_eq!(found(&db, "loket OR -tutup*").await, [0; 0]);
        assert_eq!(found(&db, "tutup, loket!").await, [3]);
        // Written with a zero-width space and Cyrillic letters, and searched for with others.
        put(&db, 2, "P\u{200b}etug\u{430}s C\u{430}f\u{e9} r\u{430}m\u{430}h").await;
        for query in [
            "petugas ramah",
            "p\u{435}tugas",
            "caf\u{e9}",
            "cafe",
            "ra\u{ad}mah",
        ] {
            assert_eq!(found(&db, query).await, [2], "{query}");
        }
        // As a release before the folding indexed it.
        let txn = db.begin().await.unwrap();
        let (text, row) = match txn.get_database_backend() {
            DbBackend::Postgres => ("to_tsvector('indonesian', 'Warung caf\u{e9}')", "note_id"),
            _ => ("'Warung caf\u{e9}'", "rowid"),
        };
        let old = format!("UPDATE note_search SET document = {text} WHERE {row} = 2");
        txn.execute_unprepared(&old).await.unwrap();
        txn.commit().await.unwrap();
        assert_eq!(found(&db, "caf\u{e9}").await, [2]);
        put(&db, 2, "Petugas ramah").await;
        assert_eq!(found(&db, "loket").await, [3]);
        let txn = db.begin().await.unwrap();
        SEARCH.remove(&txn, 3).await.unwrap();
        SEARCH.remove(&txn, 3).await.unwrap();
        txn.commit().await.unwrap();
        assert_eq!(found(&db, "loket").await, [0; 0]);
        assert_eq!(found(&db, "ramah").await, [2]);
        assert!(SEARCH.condition(db.reader(), "number", "?!", 2).is_none());
    }
}
