use prima_platform::{
    config::Config,
    db::{Database, sql},
    testing::served::{Options, Place, Served},
    vault::Keyring,
};
use sea_orm::DbBackend;

use super::*;

/// Rows like those of a whole country in its second year: 20 agencies of 10 units, most reports closed.
async fn filled(place: std::sync::Arc<Place>) -> Served {
    let mut config = Config::default();
    config.complaint.keys = vec![format!("k1:{}", Keyring::generate_key().unwrap())];
    let options = Options {
        config,
        ..Options::default()
    };
    let served = Served::start(crate::SPEC, place, options).await;
    let bytes = match served.db.backend() {
        DbBackend::Postgres => "BYTEA",
        _ => "BLOB",
    };
    let fill = format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000),
            r (i, agency, unit, class, state) AS (SELECT i, CAST(3200 + i * 7 % 20 AS TEXT),
                'u' || CAST(i * 13 % 10 AS TEXT), 'class' || CAST(i * 11 % 5 AS TEXT),
                CASE WHEN i % 100 < 80 THEN 'closed' WHEN i % 100 < 88 THEN 'archived' WHEN i % 100 < 94 THEN 'in_progress'
                     WHEN i % 100 < 97 THEN 'received' WHEN i % 100 < 99 THEN 'verifying' ELSE 'reopened' END FROM n)
         INSERT INTO complaint (uid, tracking, agency, unit, class, state, open, received_at, workflow, calendar, facts,
            due_at, region, incident_date, sp4n_number, secrets, content, sealed_key, version, updated_at)
         SELECT 'c' || CAST(i AS TEXT), CAST(CAST(i AS TEXT) AS {bytes}), agency, unit, class, state,
            CASE WHEN i % 100 < 88 THEN 0 ELSE 1 END, i * 1000, 'sp4n-2018', 1, $1,
            CASE WHEN i % 100 < 88 THEN NULL ELSE i * 1000 + 5000000 END, '', '', '', CAST($1 AS {bytes}),
            CAST($1 AS {bytes}), 'k1', 1, 1 FROM r"
    );
    let writer = served.db.writer();
    let values = ["x".repeat(1000).into()];
    writer.execute_raw(sql(writer, &fill, values)).await.unwrap();
    served
}

async fn plan(conn: &impl ConnectionTrait, (condition, values): (String, Vec<Value>)) -> String {
    let (explain, column) = match conn.get_database_backend() {
        DbBackend::Postgres => ("EXPLAIN", "QUERY PLAN"),
        _ => ("EXPLAIN QUERY PLAN", "detail"),
    };
    let text = format!("{explain} SELECT id, facts FROM complaint {condition}");
    let rows = conn.query_all_raw(sql(conn, &text, values)).await.unwrap();
    let lines: Vec<String> = rows.iter().map(|row| row.try_get("", column).unwrap()).collect();
    lines.join("\n")
}

/// Every kind of list that `ListComplaints` can be asked for.
fn shapes() -> Vec<Filter> {
    let mut shapes = Vec::new();
    for (agency, unit) in [("", ""), ("3207", ""), ("3207", "u1")] {
        for (state, class) in [
            ("", ""),
            ("reopened", ""),
            ("closed", ""),
            ("", "class1"),
            ("received", "class1"),
        ] {
            for flags in 0..8 {
                shapes.push(Filter {
                    agency: agency.into(),
                    unit: unit.into(),
                    state: state.into(),
                    class: class.into(),
                    open: flags & 1 != 0,
                    overdue: flags & 2 != 0,
                    order: if flags & 4 != 0 { Order::Due } else { Order::Newest },
                });
            }
        }
    }
    shapes
}

/// The plan when sorting is switched off, which the planner prefers for few rows. It shows whether the indexes can
/// serve a list of any length. SQLite plans in this way as long as `ANALYZE` was never run, and nothing runs it.
async fn plan_without_sorts(db: &Database, statement: (String, Vec<Value>)) -> String {
    let txn = db.begin().await.unwrap();
    if db.backend() == DbBackend::Postgres {
        let off = "SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off";
        txn.execute_unprepared(off).await.unwrap();
    }
    plan(&txn, statement).await
}

fn sorts(plan: &str) -> bool {
    plan.contains("Sort") || plan.contains("TEMP B-TREE")
}

fn reads_an_index(plan: &str) -> bool {
    let by_index = [
        "USING INDEX complaint_",
        "Index Scan using complaint_",
        "Index Scan Backward using complaint_",
        "Bitmap Index Scan on complaint_",
    ];
    by_index.iter().any(|way| plan.contains(way)) && !plan.contains("Seq Scan")
}

#[tokio::test]
async fn every_shape_of_list_reads_an_index_in_its_order() {
    let now = prima_platform::clock::from_micros(10_000_000);
    for place in [Place::sqlite(), Place::postgres().await] {
        let served = filled(place).await;
        let db = &served.db;
        for filter in shapes() {
            for after in [
                None,
                Some(Cursor {
                    at: 9_000_000,
                    id: 9000,
                }),
            ] {
                let statement = rows(&filter, now, after, 101);
                let able = plan_without_sorts(db, statement).await;
                assert!(reads_an_index(&able), "{filter:?} {after:?}\n{able}");
                // SQLite finds overdue reports by their deadline and sorts them; there are few, unless the agency has
                // worse problems.
                let sorted =
                    filter.overdue && filter.order == Order::Newest && db.backend() == DbBackend::Sqlite;
                assert!(sorted || !sorts(&able), "{filter:?} {after:?}\n{able}");
            }
        }
        for (unit, before) in [("", true), ("", false), ("u1", true), ("u1", false)] {
            let span = TimeDelta::milliseconds(2);
            let statement = neighbours(("3207", unit), now, 7, span, before, 500);
            let able = plan_without_sorts(db, statement).await;
            assert!(reads_an_index(&able) && !sorts(&able), "{unit} {before}\n{able}");
        }
    }
}

#[tokio::test]
async fn no_list_reads_the_whole_table_once_it_is_analyzed() {
    let now = prima_platform::clock::from_micros(10_000_000);
    for place in [Place::sqlite(), Place::postgres().await] {
        let served = filled(place).await;
        let db = &served.db;
        db.writer().execute_unprepared("ANALYZE complaint").await.unwrap();
        for filter in shapes() {
            let chosen = plan(db.reader(), rows(&filter, now, None, 101)).await;
            assert!(reads_an_index(&chosen), "{filter:?}\n{chosen}");
        }
    }
}
