//! Measures what looking for work costs.

use std::{sync::Arc, time::Duration};

use prima_platform::{
    config::Config,
    derived::Source,
    testing::served::{Options, Place, Served},
    vault::Keyring,
};
use sea_orm::{DbBackend, Value};

use super::*;

/// An empty service on each database, whose background tasks have ended, so that nothing changes the rows of a test.
pub async fn places() -> Vec<Served> {
    let mut all = Vec::new();
    for place in [Place::sqlite(), Place::postgres().await] {
        all.push(empty(place).await);
    }
    all
}

async fn empty(place: Arc<Place>) -> Served {
    let mut config = Config::default();
    config.complaint.keys = vec![format!("k1:{}", Keyring::generate_key().unwrap())];
    let options = Options {
        config,
        ..Options::default()
    };
    let served = Served::start(crate::SPEC, place, options).await;
    served.tasks.stop(Duration::from_secs(5)).await;
    served
}

/// `count` more reports: all closed, or all open with a deadline.
async fn fill(served: &Served, name: &str, count: i64, open: bool) {
    let blob = match served.db.backend() {
        DbBackend::Postgres => "BYTEA",
        _ => "BLOB",
    };
    let (times, open) = if open { ("i * 1000", 1) } else { ("NULL", 0) };
    let text = format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         INSERT INTO complaint (uid, tracking, agency, unit, class, state, open, received_at, workflow, calendar, facts,
            due_at, wake_at, region, incident_date, sp4n_number, secrets, content, sealed_key, version, updated_at)
         SELECT '{name}' || CAST(i AS TEXT), CAST('{name}' || CAST(i AS TEXT) AS {blob}), '3271', 'u', 'c', 's', {open},
            i * 1000, 'sp4n-2018', i % 3, $1, {times}, {times}, '', '', '', CAST($1 AS {blob}), CAST($1 AS {blob}), 'k1',
            1, 1 FROM n"
    );
    let writer = served.db.writer();
    let values = ["x".repeat(1000).into()];
    writer.execute_raw(sql(writer, &text, values)).await.unwrap();
    // An index can answer a query alone only where PostgreSQL's visibility map is up to date.
    let tidy = match served.db.backend() {
        DbBackend::Postgres => "VACUUM ANALYZE complaint",
        _ => "ANALYZE",
    };
    writer.execute_unprepared(tidy).await.unwrap();
}

/// The plan of a query and, on PostgreSQL, the number of pages that it read.
pub async fn plan(served: &Served, text: &str, values: Vec<Value>) -> (String, i64) {
    let conn = served.db.reader();
    let (explain, column) = match served.db.backend() {
        DbBackend::Postgres => (
            "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, SUMMARY OFF)",
            "QUERY PLAN",
        ),
        _ => ("EXPLAIN QUERY PLAN", "detail"),
    };
    let rows = conn
        .query_all_raw(sql(conn, &format!("{explain} {text}"), values))
        .await
        .unwrap();
    let lines: Vec<String> = rows.iter().map(|row| row.try_get("", column).unwrap()).collect();
    let pages = lines
        .iter()
        .find_map(|line| line.trim().strip_prefix("Buffers: shared "));
    let pages = pages.map_or(0, |pages| {
        // Pages that were written to make room for others were not read by the query.
        let counts = pages.split(' ').filter_map(|word| word.split_once('='));
        let read = counts.filter(|(what, _)| matches!(*what, "hit" | "read"));
        read.filter_map(|(_, count)| count.parse::<i64>().ok()).sum()
    });
    (lines.join("\n"), pages)
}

const EVERY: Duration = Duration::from_secs(1);
/// Pages by which two readings of as many rows may differ.
const MARGIN: i64 = 8;

/// The query of the runner for these rows.
fn look(due: Due) -> (String, Vec<Value>) {
    Source::Due(due).query("kind", 1)
}

async fn version_is(served: &Served, version: i64) {
    let text = format!("UPDATE calendar_state SET version = {version}");
    served.db.writer().execute_unprepared(&text).await.unwrap();
}

fn reads(plan: &str, index: &str) -> bool {
    plan.contains(index)
        && !plan.contains("Seq Scan on complaint")
        && !plan.contains("SCAN complaint")
        && !plan.contains("Sort")
        && !plan.contains("TEMP B-TREE")
}

#[tokio::test]
async fn looking_for_work_reads_its_index_and_costs_the_same_however_many_are_closed() {
    for served in places().await {
        fill(&served, "open", 20_000, true).await;
        let mut before = None;
        for closed in ["first", "second", "third"] {
            fill(&served, closed, 10_000, false).await;
            version_is(&served, 2).await;
            let (text, values) = look(at(1_000_000_000, EVERY));
            let (due, due_pages) = plan(&served, &text, values).await;
            assert!(reads(&due, "complaint_wake"), "{due}");
            let (text, values) = look(outdated(EVERY));
            let (outdated, outdated_pages) = plan(&served, &text, values).await;
            assert!(reads(&outdated, "complaint_calendar"), "{outdated}");
            println!("{closed}: {due_pages} and {outdated_pages} pages\n{due}\n{outdated}");
            // A few pages differ, as old versions of the row of the calendar are passed over; a page for each of the closed
            // reports, or a level of the index, would be hundreds.
            let (first_due, first_outdated) = *before.get_or_insert((due_pages, outdated_pages));
            assert!(due_pages <= first_due + MARGIN, "{first_due} pages, then {due}");
            assert!(
                outdated_pages <= first_outdated + MARGIN,
                "{first_outdated} pages, then {outdated}"
            );
        }
    }
}

#[tokio::test]
async fn looking_when_nothing_is_due_costs_next_to_nothing_with_many_open() {
    for served in places().await {
        fill(&served, "open", 20_000, true).await;
        let (text, values) = look(at(0, EVERY));
        let (due, pages) = plan(&served, &text, values).await;
        assert!(reads(&due, "complaint_wake") && pages <= 6, "{due}");
        version_is(&served, 0).await;
        let (text, values) = look(outdated(EVERY));
        let (outdated, pages) = plan(&served, &text, values).await;
        // The version of the calendar, which is read along, costs up to three pages more.
        assert!(reads(&outdated, "complaint_calendar") && pages <= 9, "{outdated}");
    }
}
