//! Checks the query plans of the most frequent queries, and whether any query read a whole table.

use std::time::Duration;

use prima_tests::bench::small;
use sea_orm::sqlx::{self, Executor, PgConnection, Row};

use super::database::number;

/// The most frequent queries, each with the index that must serve it.
const PLANS: [(&str, &str); 16] = [
    (
        "complaint_newest",
        "SELECT * FROM complaint ORDER BY received_at DESC, id DESC LIMIT 101",
    ),
    (
        "complaint_newest",
        "SELECT * FROM complaint WHERE (received_at, id) < ($now - 9000000000000, 1) ORDER BY received_at DESC, id DESC LIMIT 101",
    ),
    (
        "complaint_agency",
        "SELECT * FROM complaint WHERE agency = 'b0' ORDER BY received_at DESC, id DESC LIMIT 101",
    ),
    (
        "complaint_unit",
        "SELECT * FROM complaint WHERE agency = 'b0' AND unit = 'u3' ORDER BY received_at DESC, id DESC LIMIT 101",
    ),
    (
        "complaint_state",
        "SELECT * FROM complaint WHERE agency = 'b0' AND state = 'received' ORDER BY received_at DESC, id DESC LIMIT 101",
    ),
    (
        "complaint_open",
        "SELECT * FROM complaint WHERE agency = 'b0' AND open = 1 ORDER BY received_at DESC, id DESC LIMIT 101",
    ),
    (
        "complaint_due",
        "SELECT * FROM complaint WHERE due_at IS NOT NULL ORDER BY due_at, id LIMIT 101",
    ),
    (
        "complaint_agency_due",
        "SELECT * FROM complaint WHERE agency = 'b0' AND due_at IS NOT NULL ORDER BY due_at, id LIMIT 101",
    ),
    (
        "complaint_agency_due",
        "SELECT * FROM complaint WHERE agency = 'b0' AND due_at < $now AND due_at IS NOT NULL ORDER BY due_at, id LIMIT 101",
    ),
    (
        "complaint_tracking_key",
        "SELECT * FROM complaint WHERE tracking = sha256(int8send(77))",
    ),
    (
        "complaint_wake",
        "SELECT id FROM complaint WHERE wake_at <= $now ORDER BY wake_at, id LIMIT 200",
    ),
    (
        "complaint_calendar",
        "SELECT id FROM complaint WHERE (wake_at IS NOT NULL OR due_at IS NOT NULL) AND calendar < 1 ORDER BY calendar, id LIMIT 200",
    ),
    (
        "complaint_erase",
        "SELECT id FROM complaint WHERE erase_at <= $now ORDER BY erase_at, id LIMIT 200",
    ),
    (
        "contact_pkey",
        "SELECT complaint_id FROM contact WHERE hash = sha256(int8send(77))",
    ),
    (
        "timeline_agency_feed",
        "SELECT * FROM timeline WHERE agency = 'b0' AND feed > 5 ORDER BY feed LIMIT 1000",
    ),
    (
        "timeline_unfed",
        "SELECT id FROM timeline WHERE feed IS NULL ORDER BY id LIMIT 1000",
    ),
];

/// Prints the index of each plan. Returns whether every plan uses its index and none reads a whole table.
pub async fn plans(db: &mut PgConnection) -> bool {
    println!("\nplans, with as many reports as there are:");
    if small() {
        // With so few rows PostgreSQL would prefer a sequential scan or another index.
        db.execute("SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off")
            .await
            .unwrap();
    }
    let now = "(extract(epoch FROM now()) * 1e6)::bigint";
    let mut fits = true;
    for (index, text) in PLANS {
        let text = format!("EXPLAIN {}", text.replace("$now", now));
        let rows = sqlx::query(sqlx::AssertSqlSafe(text.clone()))
            .fetch_all(&mut *db)
            .await
            .unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let plan = plan.join("\n");
        let words = plan.split_whitespace().collect::<Vec<_>>();
        let fit = (words.contains(&index) || small()) && !plan.contains("Seq Scan") && !plan.contains("Sort");
        println!(
            "{} {index:<24} {}",
            if fit { "ok  " } else { "FAIL" },
            text.trim_start_matches("EXPLAIN ")
        );
        if !fit {
            println!("{plan}");
        }
        fits &= fit;
    }
    fits
}

/// How often the services read whole tables.
pub async fn scans(db: &mut PgConnection) -> i64 {
    // PostgreSQL publishes its statistics with a short delay.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let text = "SELECT COALESCE(sum(seq_scan), 0)::bigint FROM pg_stat_user_tables
                WHERE schemaname = 'complaint' AND relname IN ('complaint', 'timeline', 'contact', 'request')";
    number(db, text).await
}
