use prima_platform::testing::served::Served;
use sea_orm::DbBackend;

use super::*;
use crate::store::due::tests::{places, plan};

/// One report with 30,000 lines: most belong to one agency, some to another, and some were moved between them.
async fn fill(served: &Served) {
    let blob = match served.db.backend() {
        DbBackend::Postgres => "BYTEA",
        _ => "BLOB",
    };
    let text = format!(
        "INSERT INTO complaint (uid, tracking, agency, unit, class, state, open, received_at, workflow, calendar, facts,
            region, incident_date, sp4n_number, secrets, sealed_key, version, updated_at)
         VALUES ('a', CAST('a' AS {blob}), '3271', 'u', 'c', 's', 1, 1, 'sp4n-2018', 1, '', '', '', '',
            CAST('a' AS {blob}), 'k1', 1, 1)"
    );
    let writer = served.db.writer();
    writer.execute_unprepared(&text).await.unwrap();
    let lines = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
         INSERT INTO timeline (complaint_id, number, at, agency, unit, from_agency, from_unit, actor, role, entry, public,
            sealed_key, feed)
         SELECT 1, i, i, CASE WHEN i % 100 = 0 THEN '3273' ELSE '3271' END, 'u' || CAST(i % 50 AS TEXT),
            CASE WHEN i % 500 = 0 THEN '3271' ELSE NULL END, CASE WHEN i % 500 = 0 THEN 'u7' ELSE NULL END, '', 'system',
            '{}', 0, '', CASE WHEN i > 29990 THEN NULL ELSE i END FROM n";
    writer.execute_unprepared(lines).await.unwrap();
    let tidy = match served.db.backend() {
        DbBackend::Postgres => "VACUUM ANALYZE timeline",
        _ => "ANALYZE",
    };
    writer.execute_unprepared(tidy).await.unwrap();
}

fn reads_no_whole_table(plan: &str) -> bool {
    let mut lines = plan.lines();
    lines.all(|line| !line.contains("Seq Scan on timeline") && !line.contains("SCAN timeline"))
}

#[tokio::test]
async fn a_look_into_the_feed_reads_what_is_new_by_an_index() {
    let unit = name::Unit {
        agency: "3273".into(),
        unit: "u0".into(),
    };
    for served in places().await {
        fill(&served).await;
        for scope in [
            Scope::All,
            Scope::Agency("3273".into()),
            Scope::Unit(unit.clone()),
        ] {
            for (after, most) in [(29_900, 60), (10, 900)] {
                let (text, values) = page_query(&scope, after, 29_990, 200);
                let (shown, pages) = plan(&served, &text, values).await;
                println!("{scope:?} after {after}: {pages} pages");
                assert!(reads_no_whole_table(&shown) && pages <= most, "{pages} {shown}");
            }
        }
    }
}

#[tokio::test]
async fn numbers_follow_the_order_of_writing_and_leave_no_gap() {
    for served in places().await {
        fill(&served).await;
        let set = "UPDATE feed SET last = 29990";
        served.db.writer().execute_unprepared(set).await.unwrap();
        assert!(feed_waiting(served.db.reader()).await.unwrap());
        let mut counts = Vec::new();
        for _ in 0..3 {
            let txn = served.db.begin().await.unwrap();
            counts.push(feed_number_in_txn(&txn, 6).await.unwrap());
            txn.commit().await.unwrap();
        }
        assert_eq!(counts, [6, 4, 0]);
        assert_eq!(feed_last(served.db.reader()).await.unwrap(), 30_000);
        let same = "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM timeline WHERE feed = number";
        let row = served
            .db
            .reader()
            .query_one_raw(sql(served.db.reader(), same, []))
            .await
            .unwrap();
        assert_eq!(row.unwrap().try_get::<i64>("", "n").unwrap(), 30_000);
        assert!(!feed_waiting(served.db.reader()).await.unwrap());
    }
}
