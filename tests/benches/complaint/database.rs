//! Reads the database of the service.

use prima_platform::testing::eventually;
use sea_orm::sqlx::{self, PgConnection, Row};

use super::LIMIT;

/// The tables of what waits to be recomputed; an older build that is measured has others.
pub async fn derived_tables(db: &mut PgConnection) -> Vec<String> {
    let text = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'complaint'
        AND tablename IN ('derived', 'derived_mark', 'performance_dirty')";
    let rows = sqlx::query(text).fetch_all(db).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Waits until the figures of the reports so far are recomputed, which would otherwise slow what is measured next.
pub async fn settle(db: &mut PgConnection) {
    let tables = derived_tables(db).await;
    for table in tables.iter().filter(|table| *table != "derived") {
        let text = format!("SELECT count(*) FROM {table}");
        let db = tokio::sync::Mutex::new(&mut *db);
        let empty = eventually(LIMIT, async || {
            (number(*db.lock().await, &text).await == 0).then_some(())
        });
        assert!(empty.await.is_some(), "{table} is never empty");
    }
}

/// The number that a query returns.
pub async fn number(db: &mut PgConnection, text: &str) -> i64 {
    let query = sqlx::query(sqlx::AssertSqlSafe(text.to_owned()));
    query.fetch_one(db).await.unwrap().get(0)
}
