//! Whether complaint keeps its speed from an empty table to a million reports: taking reports in, listing them, acting
//! on those that are due. In one run, in turns, on this machine: clients, services and PostgreSQL share its cores, so
//! read the ratios. Then the plans of what is asked most, and that nothing read a whole table.
//!
//! `cargo build --release --bin prima && cargo bench -p prima-tests --bench complaint`; it ends by itself in six minutes.
//! `PRIMA_BENCH_ROWS=100000` fills less. It fails when a median ratio is below 0.8 or a plan has another index; a small
//! run (`PRIMA_BENCH_SMALL=1`) judges no ratio, and asks only whether an index can answer.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark fails, and awaits what it spawns"
)]

mod plans;

use std::{
    fmt::Write as _,
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use prima_platform::testing::postgres::Postgres;
use prima_proto::complaint::v1;
use prima_tests::{
    Cluster,
    bench::{run, size, small},
    complaint::{Life, People, Step},
    process::{Process, Service},
};
use sea_orm::sqlx::{self, Connection, Executor, PgConnection, Row};

const ROWS: i64 = 1_000_000;
/// Reports of the table that counts as empty: as many as fill every page that is listed.
const FEW: i64 = 1000;
const SMALL_ROWS: i64 = 4000;
const UNITS: i64 = 500;
const SMALL_UNITS: i64 = 30;
/// As many as leave a page for each list.
const FEW_UNITS: i64 = 5;
const PAGE: i32 = 100;
const CONNECTIONS: usize = 8;
const ROUNDS: usize = 7;
const SLICE: Duration = Duration::from_millis(700);
const SMALL_SLICE: Duration = Duration::from_millis(50);
const SWEEPS: usize = 3;
/// Reports that fall due at once, among so many as there are.
const DUE: i64 = 10_000;
const SMALL_DUE: i64 = 200;
const LEAST: f64 = 0.8;
const LIMIT: Duration = Duration::from_secs(420);
/// A server that is not starved; the tests run on less.
const POSTGRES: &[&str] = &[
    "shared_buffers=512MB",
    "maintenance_work_mem=256MB",
    "max_wal_size=4GB",
    "autovacuum_naptime=1min",
];
/// Never in the time of a run.
const NEVER: &str = "86400000";

/// The next report: every one of a run has an id of its own.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A complaint service with a database of its own.
struct Place {
    process: Process,
    db: PgConnection,
    cluster: Cluster,
}

impl Place {
    /// Starts it and fills it with `rows` reports to `units` units; `all_new` leaves every one of them as it came in.
    async fn filled(rows: i64, units: i64, all_new: bool) -> Self {
        let cluster = Cluster::start().await;
        let command = cluster
            .command(Service::Complaint)
            .env("PRIMA_COMPLAINT__SWEEP_MILLIS", NEVER);
        let mut process = command.start().await;
        let people = People::new(&cluster, &process.url());
        // Real ones, of which the others are copies: closed, new, in progress.
        let mut lives = ["selesai", "baru", "berjalan"].map(Life::new);
        let [closed, new, running] = &mut lives;
        let begun = [
            Step::Submit,
            Step::StartVerification,
            Step::Verify,
            Step::StartFollowUp,
        ];
        closed.lead(&people, &begun).await;
        closed.lead(&people, &[Step::Respond, Step::Close]).await;
        new.lead(&people, &[Step::Submit]).await;
        running.lead(&people, &begun).await;
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

/// Columns of a table with what stands in them: those named, and for the others what the row `t` has.
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

/// Puts `rows` copies of the three reports that are there in their place, over two years, with all that goes with them.
/// Each waits for a time to come, also those that are closed, so that what is due stands among as many as there are.
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
        TRUNCATE complaint, timeline, contact, request, tally, performance, agency_score, derived, derived_mark CASCADE;"
        .to_owned();
    // Built in one go afterwards; those of constraints stay.
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

async fn number(db: &mut PgConnection, text: &str) -> i64 {
    let query = sqlx::query(sqlx::AssertSqlSafe(text.to_owned()));
    query.fetch_one(db).await.unwrap().get(0)
}

/// What is measured: reports taken in, or one kind of list.
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

/// A new report, to any of the units.
fn report() -> v1::SubmitComplaintRequest {
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let unit = n * 7919 % size(UNITS, SMALL_UNITS).unsigned_abs();
    let mut report = Life::new(&format!("ukur-{n}")).report;
    report.parent = format!("agencies/b{}/units/u{unit}", unit / 10);
    report
}

/// Calls a second over eight connections.
async fn rate(clients: &[People], what: What) -> f64 {
    let start = Instant::now();
    let tasks: Vec<_> = clients
        .iter()
        .map(|people| {
            let (mut intake, mut national) = (people.intake.clone(), people.national.clone());
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

/// Prints the ratio of every round; whether the median is high enough.
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

/// Lets `count` reports fall due at once, and returns how many a second are acted on.
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
    let mut few = Place::filled(FEW, FEW_UNITS, false).await;
    let mut many = Place::filled(rows, units, false).await;
    println!(
        "{rows} reports to {units} units stand after {:.0} s",
        begun.elapsed().as_secs_f64()
    );
    let people = |place: &Place| -> Vec<People> {
        (0..CONNECTIONS)
            .map(|_| People::new(&place.cluster, &place.process.url()))
            .collect()
    };
    let both = [people(&few), people(&many)];
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
            // Each first in turn.
            for turn in [round % 2, (round + 1) % 2] {
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

    let mut open = Place::filled(FEW, units, true).await;
    for place in [&mut open, &mut many] {
        place
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
