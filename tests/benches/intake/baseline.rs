//! Baseline: the speed of the database alone with the same rows. The table and its rows are read from the service's
//! database, because a copy of the schema would be wrong after the next migration.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures::TryStreamExt;
use prima_platform::{config, db::Database};
use prima_tests::bench::percentile;
use sea_orm::sqlx::{self, AssertSqlSafe, Connection, Executor, PgConnection, Row, SqlitePool};
use tempfile::TempDir;

/// Rows of a multi-row statement, as many as a transaction of the service has.
const BATCH: usize = 2000;
/// Most rows of a statement of SQLite.
const PARAMETERS: usize = 32_766;

/// A column with its values.
enum Column {
    Int(Vec<Option<i64>>),
    Text(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Column {
    fn name(&self) -> &'static str {
        match self {
            Self::Int(_) => "int8",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytea",
        }
    }
}

macro_rules! column {
    ($rows:expr, $place:expr, $kind:expr) => {{
        let rows = $rows.iter();
        match $kind.to_lowercase().as_str() {
            "int8" | "bigint" | "integer" => Column::Int(rows.map(|r| r.get($place)).collect()),
            "text" => Column::Text(rows.map(|r| r.get($place)).collect()),
            "bytea" | "blob" => Column::Bytes(rows.map(|r| r.get($place)).collect()),
            other => panic!("the baselines can't bind a column of type {other}"),
        }
    }};
}

macro_rules! bind {
    ($query:expr, $columns:expr, $row:expr) => {{
        let mut query = $query;
        for column in $columns {
            query = match column {
                Column::Int(values) => query.bind(values.get($row).unwrap()),
                Column::Text(values) => query.bind(values.get($row).unwrap()),
                Column::Bytes(values) => query.bind(values.get($row).unwrap()),
            };
        }
        query
    }};
}

/// One-row inserts.
pub struct OneRow {
    /// Rows a second.
    pub rate: f64,
    /// Median, milliseconds.
    pub p50: f64,
}

/// The baseline on PostgreSQL, in a schema of its own.
pub struct Postgres {
    url: String,
    conn: PgConnection,
    /// The rows in the format of COPY.
    text: Vec<u8>,
    names: String,
    columns: Arc<Vec<Column>>,
    count: usize,
}

impl Postgres {
    /// Reads `count` responses that the service has stored.
    pub async fn load(url: &str, count: usize) -> Self {
        let mut conn = PgConnection::connect(url).await.unwrap();
        let setup =
            "CREATE SCHEMA baseline; CREATE TABLE baseline.response (LIKE survey.response INCLUDING ALL)";
        conn.execute(sqlx::raw_sql(setup)).await.unwrap();
        let catalogue = "SELECT column_name::text, udt_name::text FROM information_schema.columns
            WHERE table_schema = 'survey' AND table_name = 'response' ORDER BY ordinal_position";
        let catalogue = sqlx::query(catalogue).fetch_all(&mut conn).await.unwrap();
        let text = format!("SELECT * FROM survey.response ORDER BY ctid LIMIT {count}");
        let rows = sqlx::query(AssertSqlSafe(text.clone()))
            .fetch_all(&mut conn)
            .await
            .unwrap();
        assert_eq!(rows.len(), count, "responses stored");
        let columns = catalogue.iter().enumerate();
        let columns = columns.map(|(place, told)| column!(rows, place, told.get::<String, _>(1)));
        let names: Vec<String> = catalogue.iter().map(|told| told.get(0)).collect();
        let mut copied = Vec::new();
        let copy = format!("COPY ({text}) TO STDOUT");
        let mut pieces = conn.copy_out_raw(&copy).await.unwrap();
        while let Some(piece) = pieces.try_next().await.unwrap() {
            copied.extend_from_slice(&piece);
        }
        drop(pieces);
        Self {
            url: url.to_owned(),
            text: copied,
            names: names.join(", "),
            columns: Arc::new(columns.collect()),
            conn,
            count,
        }
    }

    async fn empty(&mut self) {
        self.conn.execute("TRUNCATE baseline.response").await.unwrap();
    }

    /// Rows a second with one COPY.
    pub async fn copy(&mut self) -> f64 {
        self.empty().await;
        let start = Instant::now();
        let mut sink = self
            .conn
            .copy_in_raw("COPY baseline.response FROM STDIN")
            .await
            .unwrap();
        for piece in self.text.chunks(1 << 20) {
            sink.send(piece).await.unwrap();
        }
        assert_eq!(sink.finish().await.unwrap(), self.count as u64);
        self.count as f64 / start.elapsed().as_secs_f64()
    }

    /// Rows a second with UNNEST, one transaction for each batch.
    pub async fn unnest(&mut self) -> f64 {
        self.empty().await;
        let casts: Vec<String> = (1..)
            .zip(self.columns.iter())
            .map(|(n, column)| format!("${n}::{}[]", column.name()))
            .collect();
        let text = format!(
            "INSERT INTO baseline.response ({}) OVERRIDING SYSTEM VALUE SELECT * FROM UNNEST({})",
            self.names,
            casts.join(", ")
        );
        let start = Instant::now();
        for first in (0..self.count).step_by(BATCH) {
            let range = first..(first + BATCH).min(self.count);
            let mut query = sqlx::query(AssertSqlSafe(text.clone()));
            for column in self.columns.iter() {
                query = match column {
                    Column::Int(values) => query.bind(values.get(range.clone()).unwrap()),
                    Column::Text(values) => query.bind(values.get(range.clone()).unwrap()),
                    Column::Bytes(values) => query.bind(values.get(range.clone()).unwrap()),
                };
            }
            query.execute(&mut self.conn).await.unwrap();
        }
        self.count as f64 / start.elapsed().as_secs_f64()
    }

    /// Prepared inserts of one row, each in its own transaction, on `connections` connections, as pgbench does.
    pub async fn one_row(&mut self, connections: usize, slice: Duration) -> OneRow {
        self.empty().await;
        let places: Vec<String> = (1..=self.columns.len()).map(|n| format!("${n}")).collect();
        let text = format!(
            "INSERT INTO baseline.response ({}) OVERRIDING SYSTEM VALUE VALUES ({})",
            self.names,
            places.join(", ")
        );
        let mut open = Vec::new();
        for _ in 0..connections {
            open.push(PgConnection::connect(&self.url).await.unwrap());
        }
        let (next, count) = (Arc::new(AtomicUsize::new(0)), self.count);
        let start = Instant::now();
        let tasks: Vec<_> = open
            .into_iter()
            .map(|mut conn| {
                let (text, columns, next) = (text.clone(), self.columns.clone(), next.clone());
                tokio::spawn(async move {
                    let mut times = Vec::new();
                    while start.elapsed() < slice {
                        let row = next.fetch_add(1, Ordering::Relaxed);
                        if row >= count {
                            break;
                        }
                        let begun = Instant::now();
                        let query = bind!(sqlx::query(AssertSqlSafe(text.clone())), &*columns, row);
                        query.execute(&mut conn).await.unwrap();
                        times.push(begun.elapsed().as_secs_f64() * 1e3);
                    }
                    (times, start.elapsed())
                })
            })
            .collect();
        let (mut times, mut took) = (Vec::new(), Duration::ZERO);
        for task in tasks {
            let (own, until) = task.await.unwrap();
            times.extend(own);
            took = took.max(until);
        }
        OneRow {
            rate: times.len() as f64 / took.as_secs_f64(),
            p50: percentile(&mut times, 0.5),
        }
    }
}

/// The baseline on SQLite, in files of its own with the settings of the service.
pub struct Sqlite {
    dir: TempDir,
    files: usize,
    schema: Vec<String>,
    columns: Vec<Column>,
    count: usize,
}

impl Sqlite {
    /// Reads `count` responses that the service has stored in a folder.
    pub async fn load(data: &std::path::Path, count: usize) -> Self {
        let service = open(data, "survey").await;
        let pool = service.reader().pool().get_sqlite_connection_pool();
        let text = "SELECT sql FROM sqlite_master WHERE tbl_name = 'response' AND sql IS NOT NULL
            ORDER BY type = 'table' DESC";
        let schema = sqlx::query(text).fetch_all(pool).await.unwrap();
        let catalogue = "SELECT type FROM pragma_table_info('response') ORDER BY cid";
        let catalogue = sqlx::query(catalogue).fetch_all(pool).await.unwrap();
        let text = format!("SELECT * FROM response LIMIT {count}");
        let rows = sqlx::query(AssertSqlSafe(text)).fetch_all(pool).await.unwrap();
        assert_eq!(rows.len(), count, "responses stored");
        let columns = catalogue.iter().enumerate();
        let columns = columns.map(|(place, told)| column!(rows, place, told.get::<String, _>(0)));
        let columns = columns.collect();
        service.close().await;
        Self {
            dir: tempfile::tempdir().unwrap(),
            files: 0,
            schema: schema.iter().map(|row| row.get(0)).collect(),
            columns,
            count,
        }
    }

    /// An empty table in a new file.
    async fn empty(&mut self) -> Database {
        self.files += 1;
        let db = open(self.dir.path(), &format!("baseline{}", self.files)).await;
        for statement in &self.schema {
            let query = sqlx::query(AssertSqlSafe(statement.clone()));
            query
                .execute(db.writer().pool().get_sqlite_connection_pool())
                .await
                .unwrap();
        }
        db
    }

    /// Inserts rows in one statement and transaction.
    async fn insert(&self, pool: &SqlitePool, rows: std::ops::Range<usize>) {
        let row = format!("({})", vec!["?"; self.columns.len()].join(", "));
        let text = format!("INSERT INTO response VALUES {}", vec![row; rows.len()].join(", "));
        let mut query = sqlx::query(AssertSqlSafe(text));
        for row in rows {
            query = bind!(query, &self.columns, row);
        }
        query.execute(pool).await.unwrap();
    }

    /// Rows a second with inserts of as many rows as a statement can have.
    pub async fn many_rows(&mut self) -> f64 {
        let db = self.empty().await;
        let batch = BATCH.min(PARAMETERS / self.columns.len());
        let start = Instant::now();
        for first in (0..self.count).step_by(batch) {
            let rows = first..(first + batch).min(self.count);
            self.insert(db.writer().pool().get_sqlite_connection_pool(), rows)
                .await;
        }
        let rate = self.count as f64 / start.elapsed().as_secs_f64();
        db.close().await;
        rate
    }

    /// Inserts of one row; SQLite has one writer.
    pub async fn one_row(&mut self, slice: Duration) -> OneRow {
        let db = self.empty().await;
        let (start, mut times) = (Instant::now(), Vec::new());
        while start.elapsed() < slice && times.len() < self.count {
            let begun = Instant::now();
            let row = times.len();
            self.insert(db.writer().pool().get_sqlite_connection_pool(), row..row + 1)
                .await;
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        let rate = times.len() as f64 / start.elapsed().as_secs_f64();
        db.close().await;
        let p50 = percentile(&mut times, 0.5);
        OneRow { rate, p50 }
    }
}

async fn open(dir: &std::path::Path, name: &str) -> Database {
    let config = config::Database {
        url: format!("sqlite:{}", dir.display()),
        ..config::Database::default()
    };
    Database::connect(&config, name).await.unwrap()
}
