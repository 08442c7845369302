//! A database whose storage is full: the error for callers, and the reported state of the storage.

use prima_platform::{
    clock::Clock,
    config,
    db::{self, Database, sql},
    failure::{Failure, Kind},
};
use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

struct Schema;

impl MigratorTrait for Schema {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        prima_platform::schema::platform_steps()
    }
}

/// Commits a row of `bytes` bytes.
async fn put(db: &Database, name: &str, bytes: usize) -> Result<(), DbErr> {
    let txn = db.begin().await?;
    let text = "INSERT INTO lease (name, holder, expires_at) VALUES ($1, $2, 0)";
    txn.execute_raw(sql(&txn, text, [name.into(), "x".repeat(bytes).into()]))
        .await?;
    txn.commit().await
}

async fn pages(db: &Database, most: i64) {
    let text = format!("PRAGMA max_page_count = {most}");
    db.writer().execute_unprepared(&text).await.unwrap();
}

#[tokio::test]
async fn a_full_database_is_unavailable_until_it_has_room_again() {
    let dir = tempfile::tempdir().unwrap();
    let config = config::Database {
        url: format!("sqlite:{}", dir.path().display()),
        ..config::Database::default()
    };
    let db = Database::connect(&config, "full").await.unwrap();
    db::migrate::<Schema>(&db, "full", true).await.unwrap();
    let storage = db.storage();
    put(&db, "first", 1).await.unwrap();

    // The least limit of SQLite is the current size of the file.
    pages(&db, 1).await;
    let error = put(&db, "second", 1 << 20).await.unwrap_err();
    assert!(db::transient(&error), "{error}");
    let failure = Failure::from(error);
    assert_eq!(
        (failure.kind, failure.reason),
        (Kind::Unavailable, "STORAGE_FULL"),
        "{failure}"
    );
    assert!(failure.retry_after.is_some() && !*storage.borrow());

    pages(&db, 1 << 30).await;
    put(&db, "second", 1 << 20).await.unwrap();
    db.probe(&Clock::system()).await.unwrap();
    assert!(*storage.borrow());
    let reader = db.reader();
    let rows = reader
        .query_all_raw(sql(reader, "SELECT name FROM lease ORDER BY name", []))
        .await;
    let names: Vec<String> = rows
        .unwrap()
        .iter()
        .map(|row| row.try_get("", "name").unwrap())
        .collect();
    assert_eq!(names, ["first", "second", "storage"]);
}
