//! Statements, and rows as tables, on each database.

use prima_platform::{
    config,
    db::{Column, Database, at_once, plain_rows, rows_at_once, sql, table},
    testing::postgres::Postgres,
};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Value};

#[derive(Debug, PartialEq, Eq, FromQueryResult)]
struct Row {
    number: i64,
    text: String,
    bytes: Vec<u8>,
}

fn row(number: usize) -> Row {
    Row {
        number: number as i64,
        // A text that looks like a parameter, and has quotes and a comment.
        text: format!("${number}' \"--"),
        bytes: number.to_be_bytes().to_vec(),
    }
}

fn values(row: Row) -> [Value; 3] {
    [row.number.into(), row.text.into(), row.bytes.into()]
}

const COLUMNS: [Column; 3] = [Column::Int, Column::Text, Column::Bytes];

async fn on_each_database(test: impl AsyncFn(Database)) {
    let (dir, postgres) = (tempfile::tempdir().unwrap(), Postgres::start());
    for url in [
        format!("sqlite:{}", dir.path().display()),
        postgres.fresh_database().await,
    ] {
        let config = config::Database {
            url,
            ..config::Database::default()
        };
        let db = Database::connect(&config, "statement").await.unwrap();
        test(db).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_has_exactly_its_rows_however_many() {
    on_each_database(async |db| {
        let reader = db.reader();
        // Up to the limit of SQLite.
        let most = rows_at_once(reader, COLUMNS.len()).min(20_000);
        for count in [0, 1, 2, 3, 5, 64, 65, 1000, most] {
            let (from, mut all) = table(reader, COLUMNS, (0..count).map(row).map(values), 1);
            all.insert(0, 7_i64.into());
            all.push(0_i64.into());
            let text = format!(
                "SELECT column1 AS number, column2 AS text, column3 AS bytes FROM {from}
                 WHERE $1 = 7 AND column1 >= ${} ORDER BY column1",
                all.len()
            );
            let found = Row::find_by_statement(sql(reader, &text, all))
                .all(reader)
                .await
                .unwrap();
            assert!(found.into_iter().eq((0..count).map(row)), "{count} rows");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_any_size_share_a_few_prepared_statements() {
    on_each_database(async |db| {
        let reader = db.reader();
        let made = (1..=1000).map(|count| {
            let (from, all) = table(reader, COLUMNS, (0..count).map(row).map(values), 0);
            sql(reader, &format!("SELECT * FROM {from}"), all).sql
        });
        let texts: std::collections::HashSet<String> = made.collect();
        let few = if db.backend() == DbBackend::Postgres {
            1
        } else {
            11
        };
        assert_eq!(texts.len(), few);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_an_insert_contain_every_row_once_and_share_a_few_statements() {
    on_each_database(async |db| {
        let txn = db.begin().await.unwrap();
        let create = "CREATE TEMPORARY TABLE put (number BIGINT PRIMARY KEY, text TEXT, bytes TEXT)";
        txn.execute_unprepared(create).await.unwrap();
        let mut texts = std::collections::HashSet::new();
        let (mut next, mut expected) = (0, 0);
        for count in [0, 1, 2, 3, 1000, 1023, 12_345] {
            let rows: Vec<usize> = (next..next + count).collect();
            let parts = at_once(&txn, &rows, 3);
            assert_eq!(parts.concat(), rows);
            for part in &parts {
                if db.backend() == DbBackend::Postgres {
                    assert_eq!(part.len(), count);
                    continue;
                }
                let cell = |n: &usize| [(*n as i64).into(), "'?$1".into(), Value::String(None)];
                let values: Vec<Value> = part.iter().flat_map(cell).collect();
                let insert = plain_rows(
                    "INSERT INTO put",
                    (part.len(), 3),
                    "ON CONFLICT DO NOTHING",
                    values,
                );
                texts.insert(insert.sql.clone());
                let done = txn.execute_raw(insert).await.unwrap();
                assert_eq!(done.rows_affected(), part.len() as u64);
                expected += part.len();
            }
            next += count;
        }
        let text = "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM put WHERE text = '''?$1' AND bytes IS NULL";
        let found = txn.query_one_raw(sql(&txn, text, [])).await.unwrap().unwrap();
        assert_eq!(found.try_get::<i64>("", "n").unwrap(), expected as i64);
        assert!(texts.len() <= 15, "{} statements", texts.len());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_gets_no_named_parameters() {
    let dir = tempfile::tempdir().unwrap();
    let config = config::Database {
        url: format!("sqlite:{}", dir.path().display()),
        ..config::Database::default()
    };
    let db = Database::connect(&config, "statement").await.unwrap();
    let reader = db.reader();
    let (from, mut all) = table(reader, COLUMNS, (0..100).map(row).map(values), 0);
    all.push(3_i64.into());
    let text = format!(
        "SELECT COUNT(*) FROM {from} WHERE column1 >= ${n} OR column1 < ${n}",
        n = all.len()
    );
    let made = sql(reader, &text, all);
    assert!(!made.sql.contains('$'), "{}", made.sql);
    let found = reader.query_one_raw(made).await.unwrap().unwrap();
    assert_eq!(found.try_get_by_index::<i64>(0).unwrap(), 100);
    // A parameter without a value is an error, not NULL.
    assert!(reader.query_one_raw(sql(reader, "SELECT $1", [])).await.is_err());
}
