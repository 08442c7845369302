//! Whether the complaint service keeps its speed from an almost empty table to a million reports: submitting, listing,
//! and acting on reports that are due. Both are measured in turns in one run on this machine; clients, services and
//! PostgreSQL share its cores, so only the ratios are meaningful. Afterwards the query plans of the most frequent
//! queries are checked, and that no query read a whole table.
//!
//! Run it with `cargo build --release --bin prima && cargo bench -p prima-tests --bench complaint`. It takes six
//! minutes; `PRIMA_BENCH_ROWS=100000` fills a smaller table. It fails when a median ratio is below 0.8 or a plan uses
//! another index. A small run (`PRIMA_BENCH_SMALL=1`) does not judge ratios and only checks that an index can be used.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark fails, and awaits what it spawns"
)]

mod database;
mod plans;

use std::{
    fmt::Write as _,
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use database::{derived_tables, number, settle};
use prima_platform::testing::postgres::Postgres;
use prima_proto::complaint::v1;
use prima_tests::{
    Cluster,
    bench::{run, size, small},
    complaint::{Case, Clients, Step},
    process::{Process, Service},
};
use sea_orm::sqlx::{self, Connection, Executor, PgConnection, Row};

const ROWS: i64 = 1_000_000;
/// Number of reports in the table that counts as empty: enough to fill every page that is listed.
const FEW: i64 = 1000;
const SMALL_ROWS: i64 = 4000;
const UNITS: i64 = 500;
const SMALL_UNITS: i64 = 30;
/// Enough units to leave a page of reports for each list.
const FEW_UNITS: i64 = 5;
const PAGE: i32 = 100;
const CONNECTIONS: usize = 8;
const ROUNDS: usize = 7;
const SLICE: Duration = Duration::from_millis(700);
const SMALL_SLICE: Duration = Duration::from_millis(50);
const SWEEPS: usize = 3;
/// Number of reports that fall due at once, among all others.
const DUE: i64 = 10_000;
const SMALL_DUE: i64 = 200;
const LEAST: f64 = 0.8;
const LIMIT: Duration = Duration::from_secs(420);
/// The production settings of PostgreSQL; the tests run with less.
const POSTGRES: &[&str] = &[
    "shared_buffers=512MB",
    "maintenance_work_mem=256MB",
    "max_wal_size=4GB",
    "autovacuum_naptime=1min",
];
/// An interval that never passes during a run.
const NEVER: &str = "86400000";

/// The number of the next report, so that every report of a run has its own id.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A complaint service with a database of its own.
struct Deployment {
    process: Process,
    db: PgConnection,
    cluster: Cluster,
}

impl Deployment {
    /// Starts the service and fills it with `rows` reports to `units` units; with `all_new` every report stays in its
    /// first state.
    async fn filled(rows: i64, units: i64, all_new: bool) -> Self {
        let cluster = Cluster::start().await;
        let command = cluster
            .command(Service::Complaint)
            .env("PRIMA_COMPLAINT__SWEEP_MILLIS", NEVER);
        let mut process = command.start().await;
        let clients = Clients::new(&cluster, &process.url());
        // Three reports are submitted through the API; all others are copies of them in the states closed, new and in
        // progress.
        let mut cases = ["selesai", "baru", "berjalan"].map(Case::new);
        let [closed, new, running] = &mut cases;
        let begun = [
            Step::Submit,
            Step::StartVerification,
            Step::Verify,
            Step::StartFollowUp,
        ];
        closed.take_all(&clients, &begun).await;
        closed.take_all(&clients, &[Step::Respond, Step::Close]).await;
        new.take_all(&clients, &[Step::Submit]).await;
        running.take_all(&clients, &begun).await;
        cluster.settle("complaint").await;
        process.kill();
        let mut db = PgConnection::connect(&cluster.database).await.unwrap();
        db.execute("SET search_path = complaint").await.unwrap();
        fill(&mut db, rows, units, all_new).await;
        process.restart().await;
        process.wait_ready().await;
        Self { process, db, cluster }
    }
}

/// The columns of a table with the SQL of their values: `own` names some, and the others are copied from row `t`.
async fn columns(db: &mut PgConnection, table: &str, own: &[(&str, &str)]) -> (String, String) {
    let text = "SELECT column_name::text FROM information_schema.columns
                WHERE table_schema = 'complaint' AND table_name = $1 ORDER BY ordinal_position";
    let rows = sqlx::query(text).bind(table).fetch_all(db).await.unwrap();
    let names: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let given = |name: &String| {
        own.iter()
            .find(|(own, _)| own == name)
            .map(|(_, text)| (*text).to_owned())
    };
    let values: Vec<String> = names
        .iter()
        .map(|name| given(name).unwrap_or_else(|| format!("t.{name}")))
        .collect();
    (names.join(", "), values.join(", "))
}

/// Replaces the three existing reports by `rows` copies, spread over two years, with all their related rows. Every copy
/// waits for a due time in the future, also the closed ones, so that the due reports are found among that many.
async fn fill(db: &mut PgConnection, rows: i64, units: i64, all_new: bool) {
    let which = if all_new {
        "2".to_owned()
    } else {
        "CASE WHEN n % 10 < 7 THEN 1 WHEN n % 10 = 7 THEN 2 ELSE 3 END".to_owned()
    };
    let unit = format!("n * 7919 % {units}");
    let (agency, unit) = (format!("'b' || {unit} / 10"), format!("'u' || {unit}"));
    let step = 2 * 365 * 86_400_000_000 / rows;
    let received = format!("$now - ({rows} - n) * {step}");
    let day = 86_400_000_000_i64;
    let due = format!("CASE WHEN t.due_at IS NOT NULL THEN $now + n * 7919 % 66 * {day} - 6 * {day} + n END");
    let facts = format!(
        "replace(replace(replace(t.facts, t.facts_agency, '\"agency\":\"' || {agency} || '\"'), t.facts_unit,
            '\"unit\":\"' || {unit} || '\"'), t.facts_received,
            to_char(to_timestamp(({received}) / 1e6) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'))"
    );
    let wake = format!("$now + 30 * {day} + n * 7919 % 1000 * {day}");
    let complaint = [
        ("id", "n"),
        ("uid", "gen_random_uuid()::text"),
        ("tracking", "sha256(int8send(n))"),
        ("agency", &agency),
        ("unit", &unit),
        ("received_at", &received),
        ("updated_at", &received),
        ("facts", &facts),
        ("due_at", &due),
        ("wake_at", &wake),
    ];
    let line = [
        ("id", "3 * (n - 1) + t.number"),
        ("complaint_id", "n"),
        ("agency", &*agency),
        ("unit", &*unit),
        ("at", &*received),
        ("feed", "3 * (n - 1) + t.number"),
    ];
    let contact = [("hash", "sha256(int8send(n + 7))"), ("complaint_id", "n")];
    let request = [("request_id", "'isian-' || n"), ("created_at", &*received)];
    let mut text = "BEGIN; SET LOCAL session_replication_role = replica;
        CREATE TEMP TABLE t1 ON COMMIT DROP AS SELECT *, '\"agency\":\"' || agency || '\"' AS facts_agency,
            '\"unit\":\"' || unit || '\"' AS facts_unit, facts::jsonb ->> 'received_at' AS facts_received,
            row_number() OVER (ORDER BY id) AS which FROM complaint;
        CREATE TEMP TABLE t2 ON COMMIT DROP AS SELECT * FROM timeline WHERE complaint_id = (SELECT min(id) FROM complaint)
            AND number <= 3;
        CREATE TEMP TABLE t3 ON COMMIT DROP AS SELECT * FROM contact LIMIT 1;
        CREATE TEMP TABLE t4 ON COMMIT DROP AS SELECT * FROM request WHERE method = 'complaint.SubmitComplaint' LIMIT 1;
        TRUNCATE complaint, timeline, contact, request, tally, performance, agency_score CASCADE;"
        .to_owned();
    for table in derived_tables(db).await {
        write!(text, "TRUNCATE {table};").unwrap();
    }
    // Indexes are built once after the rows are filled in; those of constraints stay.
    let indexes = "SELECT i.indexname::text, i.indexdef::text FROM pg_indexes i
        WHERE i.schemaname = 'complaint' AND i.tablename IN ('complaint', 'timeline', 'contact')
        AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)";
    let indexes = sqlx::query(indexes).fetch_all(&mut *db).await.unwrap();
    for index in &indexes {
        write!(text, "DROP INDEX {};", index.get::<String, _>(0)).unwrap();
    }
    for (table, own, source) in [
        (
            "complaint",
            &complaint[..],
            format!("JOIN t1 t ON t.which = {which}"),
        ),
        ("timeline", &line, "CROSS JOIN t2 t".to_owned()),
        ("contact", &contact, "CROSS JOIN t3 t".to_owned()),
        ("request", &request, "CROSS JOIN t4 t".to_owned()),
    ] {
        let (names, values) = columns(db, table, own).await;
        write!(
            text,
            "INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE
             SELECT {values} FROM generate_series(1::bigint, {rows}) n {source};"
        )
        .unwrap();
    }
    for index in &indexes {
        write!(text, "{};", index.get::<String, _>(1)).unwrap();
    }
    let counted = "INSERT INTO tally SELECT agency, unit,
            to_char(to_timestamp(received_at / 1e6) AT TIME ZONE 'Asia/Jakarta', 'YYYYMM')::bigint, class, 'web', 0, measure,
            0, count(*) FROM complaint CROSS JOIN (VALUES ('received', 2), ('verified', 0), ('verified_in_time', 0),
            ('resolved', 0), ('resolved_in_time', 0), ('open', 1)) AS m (measure, needs)
            WHERE needs IN (2, open) GROUP BY 1, 2, 3, 4, 7;
        INSERT INTO performance (agency, unit, year, version, settled) SELECT DISTINCT agency, unit, month / 100, 1, 1
            FROM tally;
        INSERT INTO directory_unit SELECT DISTINCT agency, unit FROM tally ON CONFLICT DO NOTHING;";
    write!(
        text,
        "{counted} UPDATE feed SET last = 3 * {rows};
         SELECT setval(pg_get_serial_sequence('complaint', 'id'), {rows});
         SELECT setval(pg_get_serial_sequence('timeline', 'id'), 3 * {rows}); COMMIT;"
    )
    .unwrap();
    let now = "(extract(epoch FROM now()) * 1e6)::bigint";
    db.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(text.replace("$now", now))))
        .await
        .unwrap();
    db.execute("VACUUM ANALYZE").await.unwrap();
    db.execute("CHECKPOINT").await.unwrap();
    assert_eq!(number(db, "SELECT count(*) FROM complaint").await, rows);
}

/// What is measured: submitting reports, or one kind of list.
#[derive(Debug, Clone, Copy)]
enum What {
    Submit,
    Newest,
    Agency,
    Unit,
    State,
    Due,
    AgencyDue,
}

const WHATS: [What; 7] = [
    What::Submit,
    What::Newest,
    What::Agency,
    What::Unit,
    What::State,
    What::Due,
    What::AgencyDue,
];

impl What {
    fn name(self) -> &'static str {
        match self {
            Self::Submit => "SubmitComplaint",
            Self::Newest => "ListComplaints, newest, country",
            Self::Agency => "ListComplaints, newest, agency",
            Self::Unit => "ListComplaints, newest, unit",
            Self::State => "ListComplaints, newest, agency and state",
            Self::Due => "ListComplaints, most urgent, country",
            Self::AgencyDue => "ListComplaints, most urgent, agency",
        }
    }

    fn list(self) -> v1::ListComplaintsRequest {
        let parent = match self {
            Self::Submit | Self::Newest | Self::Due => "agencies/-",
            Self::Agency | Self::State | Self::AgencyDue => "agencies/b0",
            Self::Unit => "agencies/b0/units/u3",
        };
        let order = match self {
            Self::Due | Self::AgencyDue => v1::ComplaintOrder::Due,
            Self::Submit | Self::Newest | Self::Agency | Self::Unit | Self::State => {
                v1::ComplaintOrder::Newest
            }
        };
        v1::ListComplaintsRequest {
            parent: parent.to_owned(),
            state: if matches!(self, Self::State) {
                "in_progress"
            } else {
                ""
            }
            .to_owned(),
            order: order.into(),
            page_size: PAGE,
            ..Default::default()
        }
    }
}

/// A new report to one of the units.
fn report() -> v1::SubmitComplaintRequest {
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let unit = n * 7919 % size(UNITS, SMALL_UNITS).unsigned_abs();
    let mut report = Case::new(&format!("ukur-{n}")).report;
    report.parent = format!("agencies/b{}/units/u{unit}", unit / 10);
    report
}

/// Calls per second over eight connections.
async fn rate(clients: &[Clients], what: What) -> f64 {
    let start = Instant::now();
    let tasks: Vec<_> = clients
        .iter()
        .map(|clients| {
            let (mut intake, mut national) = (clients.intake.clone(), clients.national.clone());
            tokio::spawn(async move {
                let mut count = 0;
                while start.elapsed() < size(SLICE, SMALL_SLICE) {
                    if matches!(what, What::Submit) {
                        intake.submit_complaint(report()).await.unwrap();
                    } else {
                        let page = national.list_complaints(what.list()).await.unwrap().into_inner();
                        assert_eq!(page.complaints.len(), usize::try_from(PAGE).unwrap(), "{what:?}");
                    }
                    count += 1;
                }
                count
            })
        })
        .collect();
    let mut count = 0;
    for task in tasks {
        count += task.await.unwrap();
    }
    f64::from(count) / start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    *values.get(values.len() / 2).unwrap()
}

/// Prints the ratio of every round. Returns whether the median is high enough.
fn judge(name: &str, few: Vec<f64>, many: Vec<f64>) -> bool {
    let ratios: Vec<f64> = few.iter().zip(&many).map(|(few, many)| many / few).collect();
    let all: Vec<String> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
    let ratio = median(ratios);
    println!(
        "{name:<44}{:>8.0}{:>10.0}{ratio:>8.2}   {}",
        median(few),
        median(many),
        all.join(" ")
    );
    ratio >= LEAST || small()
}

/// Makes `count` reports fall due at once, and returns how many per second are acted on.
async fn sweep(db: &mut PgConnection, round: usize, count: i64) -> f64 {
    let first = count * i64::try_from(round).unwrap();
    let before = number(db, "SELECT max(id) FROM timeline").await;
    let text = format!(
        "WITH chosen AS (SELECT id FROM complaint WHERE state = 'received' ORDER BY id OFFSET {first} LIMIT {count})
         UPDATE complaint c SET wake_at = 1000 + c.id, facts = jsonb_set(jsonb_set(jsonb_set(c.facts::jsonb,
            '{{clocks,verification,due,at}}',
            to_jsonb(to_char(now() AT TIME ZONE 'UTC' - interval '1 minute', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'))),
            '{{fired}}', '{{}}'), '{{level}}', '0')::text
         FROM chosen WHERE c.id = chosen.id"
    );
    let done = db
        .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(text)))
        .await
        .unwrap();
    assert_eq!(done.rows_affected(), count.unsigned_abs());
    let start = Instant::now();
    while number(
        db,
        "SELECT count(*) FROM (SELECT 1 FROM complaint WHERE wake_at < 1000000000 LIMIT 1) AS due",
    )
    .await
        > 0
    {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let seconds = start.elapsed().as_secs_f64();
    let text = format!(
        "SELECT count(*) FROM timeline WHERE id > {before} AND entry::jsonb ->> 'kind' = 'escalation'"
    );
    let told = number(db, &text).await;
    assert_eq!(told, count, "each was escalated once");
    count as f64 / seconds
}

async fn measure(rows: i64) -> bool {
    let _postgres = Postgres::start_with(POSTGRES);
    let begun = Instant::now();
    let (rounds, sweeps) = (size(ROUNDS, 1), size(SWEEPS, 1));
    let units = size(UNITS, SMALL_UNITS);
    let mut few = Deployment::filled(FEW, FEW_UNITS, false).await;
    let mut many = Deployment::filled(rows, units, false).await;
    println!(
        "{rows} reports to {units} units were created in {:.0} s",
        begun.elapsed().as_secs_f64()
    );
    let clients = |deployment: &Deployment| -> Vec<Clients> {
        (0..CONNECTIONS)
            .map(|_| Clients::new(&deployment.cluster, &deployment.process.url()))
            .collect()
    };
    let both = [clients(&few), clients(&many)];
    for clients in &both {
        for what in WHATS {
            rate(clients, what).await;
        }
    }
    let before = plans::scans(&mut many.db).await;
    let mut figures = vec![[Vec::new(), Vec::new()]; WHATS.len()];
    for round in 0..rounds {
        eprintln!("round {} of {rounds}", round + 1);
        for (what, figures) in WHATS.into_iter().zip(&mut figures) {
            // Each of the two goes first in every other round.
            for turn in [round % 2, (round + 1) % 2] {
                settle(&mut few.db).await;
                settle(&mut many.db).await;
                if let (Some(clients), Some(values)) = (both.get(turn), figures.get_mut(turn)) {
                    values.push(rate(clients, what).await);
                }
            }
        }
    }
    let whole = plans::scans(&mut many.db).await - before;
    println!(
        "{:<44}{:>8}{:>10}{:>8}   each round",
        "a second, median", "empty", rows, "ratio"
    );
    let mut fits = true;
    for (what, [empty, full]) in WHATS.into_iter().zip(figures) {
        fits &= judge(what.name(), empty, full);
    }
    few.process.kill();

    let mut open = Deployment::filled(FEW, units, true).await;
    for deployment in [&mut open, &mut many] {
        deployment
            .process
            .restart_with("PRIMA_COMPLAINT__SWEEP_MILLIS", Some("50"))
            .await;
    }
    let few_due = size(FEW, SMALL_DUE);
    let due = size(DUE, SMALL_DUE).min(rows / 10 / i64::try_from(sweeps).unwrap());
    let (mut alone, mut among) = (Vec::new(), Vec::new());
    for round in 0..sweeps {
        eprintln!("due times {} of {sweeps}", round + 1);
        alone.push(sweep(&mut open.db, 0, few_due).await);
        among.push(sweep(&mut many.db, round, due).await);
    }
    let per = |rates: &[f64]| 1000.0 / median(rates.to_vec());
    let (one, other) = (per(&alone), per(&among));
    fits &= judge(
        &format!("due times, {few_due} of {FEW} and {due} of {rows}"),
        alone,
        among,
    );
    println!("1000 due reports take {one:.2} s among {FEW}, {other:.2} s among {rows}");

    fits &= plans::plans(&mut many.db).await;
    println!("whole tables read by the service: {whole}");
    println!("done after {:.0} s", begun.elapsed().as_secs_f64());
    fits && (whole == 0 || small())
}

fn main() -> ExitCode {
    let rows = std::env::var("PRIMA_BENCH_ROWS").ok();
    let rows = rows.map_or(size(ROWS, SMALL_ROWS), |rows| rows.parse().unwrap());
    run(LIMIT, async {
        if measure(rows).await {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    })
}
