//! What the system does on a timer.

use std::time::{Duration, Instant};

use chrono::DateTime;
use prima_platform::{
    clock::to_proto,
    db::sql,
    testing::{eventually, served::Place},
};
use prima_proto::complaint::v1::{self, TimelineKind};
use sea_orm::{ConnectionTrait, DbBackend};

use crate::fixture::{Submitted, UNIT, World, config, coordinator, liaison, request_id};

/// Runs a test on both databases, with a service that looks every 20 milliseconds for 10 due reports.
pub async fn on_each_database(test: impl AsyncFn(World)) {
    for place in [Place::sqlite(), Place::postgres().await] {
        test(quick(place).await).await;
    }
}

/// A service that looks every 20 milliseconds for 10 due reports.
pub async fn quick(place: std::sync::Arc<Place>) -> World {
    let mut config = config();
    config.complaint.sweep_millis = 20;
    config.complaint.sweep_batch = 10;
    World::start(place, config).await
}

/// How long a test waits at most.
const PATIENCE: Duration = Duration::from_secs(60);

/// The timeline of a report, without its first line.
pub async fn lines(world: &World, report: &Submitted) -> Vec<v1::TimelineEntry> {
    let request = liaison(v1::GetComplaintRequest {
        name: report.name.clone(),
    });
    let answer = world.complaints.clone().get_complaint(request).await.unwrap();
    answer.into_inner().complaint.unwrap().timeline[1..].to_vec()
}

/// Waits until a report has `count` lines after its first one.
#[track_caller]
pub fn lines_of(
    world: &World,
    report: &Submitted,
    count: usize,
) -> impl Future<Output = Vec<v1::TimelineEntry>> {
    let caller = std::panic::Location::caller();
    async move {
        let found = eventually(PATIENCE, async || {
            Some(lines(world, report).await).filter(|lines| lines.len() >= count)
        });
        match found.await {
            Some(lines) => lines,
            None => panic!("{caller}: {:#?}", lines(world, report).await),
        }
    }
}

/// Kind, level and time of lines.
pub fn summary_of(lines: &[v1::TimelineEntry]) -> Vec<(TimelineKind, i32, String)> {
    let line = |line: &v1::TimelineEntry| {
        let time = line.time.unwrap();
        let time = DateTime::from_timestamp(time.seconds, 0).unwrap();
        (line.kind(), line.level, time.format("%m-%d %H:%M").to_string())
    };
    lines.iter().map(line).collect()
}

/// A number that a query returns.
pub async fn number(world: &World, query: &str) -> i64 {
    let conn = world.db.reader();
    let text = format!("SELECT CAST(({query}) AS BIGINT) AS n");
    let row = conn.query_one_raw(sql(conn, &text, [])).await.unwrap().unwrap();
    row.try_get("", "n").unwrap()
}

/// Waits until a query returns `expected`.
#[track_caller]
pub fn number_is(world: &World, query: &str, expected: i64) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        let met = eventually(PATIENCE, async || {
            (number(world, query).await == expected).then_some(())
        });
        if met.await.is_none() {
            panic!("{caller}: {} is not {expected}", number(world, query).await);
        }
    }
}

/// Waits until the service has looked for due reports after now and has processed all of them.
pub async fn wait_for_sweep(world: &World) {
    let writer = world.db.writer();
    // The first run may have begun before now, and the second may find reports that the first has not processed yet.
    for _ in 0..3 {
        // A report that is due before all others and cannot be read, so that it fails.
        let text = "INSERT INTO complaint (uid, tracking, agency, unit, class, state, open, received_at, workflow, calendar,
                facts, wake_at, region, incident_date, sp4n_number, secrets, sealed_key, version, updated_at)
            VALUES ('probe', $1, '', '', '', '', 0, 0, '', 1000000, '{', 1, '', '', '', $1, '', 0, 0)";
        let probe = sql(writer, text, [b"probe".to_vec().into()]);
        writer.execute_raw(probe).await.unwrap();
        let failed = "SELECT COUNT(*) FROM derived d JOIN complaint c ON d.key = CAST(c.id AS TEXT)
            WHERE d.kind = 'complaint-due' AND d.attempts > 0 AND c.uid = 'probe'";
        number_is(world, failed, 1).await;
        world.tamper("DELETE FROM complaint WHERE uid = 'probe'").await;
    }
}

/// Inserts `count` copies of the first report, with the following database keys.
pub async fn insert_copies(world: &World, count: i64) {
    let blob = match world.db.backend() {
        DbBackend::Postgres => "decode(lpad(to_hex(n), 32, '0'), 'hex')",
        _ => "randomblob(16)",
    };
    let text = format!(
        "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count})
         INSERT INTO complaint (uid, tracking, agency, unit, class, state, open, received_at, workflow, calendar, facts,
            due_at, wake_at, region, incident_date, sp4n_number, secrets, content, sealed_key, version, updated_at)
         SELECT 'copy-' || CAST(n AS TEXT), {blob}, agency, unit, class, state, open, received_at, workflow, calendar,
            facts, due_at, wake_at, region, incident_date, sp4n_number, secrets, content, sealed_key, version, updated_at
         FROM complaint, s WHERE id = 1"
    );
    world.db.writer().execute_unprepared(&text).await.unwrap();
}

/// Assigns a report to the unit.
pub async fn verify(world: &mut World, report: &Submitted) -> v1::ComplaintStatus {
    let request = coordinator(v1::VerifyComplaintRequest {
        request_id: request_id(),
        name: report.name.clone(),
        unit: UNIT.into(),
        category: "licensing".into(),
        ..Default::default()
    });
    let answer = world.complaints.verify_complaint(request).await.unwrap();
    answer.into_inner().status.unwrap()
}

/// Assigns a report to the unit and answers it.
pub async fn respond(world: &mut World, report: &Submitted) {
    verify(world, report).await;
    let request = liaison(v1::RespondToComplaintRequest {
        request_id: request_id(),
        name: report.name.clone(),
        text: "Izin sudah terbit dan dapat diambil di loket 2.".into(),
        ..Default::default()
    });
    world.complaints.respond_to_complaint(request).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_is_sent_a_working_day_before_the_deadline_and_escalation_goes_level_by_level() {
    on_each_database(async |mut world| {
        // The deadline for verification is 3 working days; 16 and 17 February are days off.
        let report = world.submit("satu").await;
        assert_eq!(
            report.status.deadline.as_ref().unwrap().due_time,
            Some(to_proto("2026-02-20T09:00:00Z".parse().unwrap()))
        );
        world.at("2026-02-19T08:59:50Z");
        wait_for_sweep(&world).await;
        assert_eq!(lines(&world, &report).await, []);
        world.at("2026-02-19T09:00:00Z");
        let first = lines_of(&world, &report, 1).await;
        assert_eq!(
            summary_of(&first),
            [(TimelineKind::Reminder, 0, "02-19 09:00".into())]
        );
        assert_eq!(
            (first[0].clock.as_str(), first[0].role.as_str(), first[0].due_time),
            (
                "verification",
                "system",
                report.status.deadline.as_ref().unwrap().due_time
            )
        );
        world.at("2026-03-10T00:00:00Z");
        let all = lines_of(&world, &report, 4).await;
        let expected = [
            (TimelineKind::Reminder, 0, "02-19 09:00".to_owned()),
            (TimelineKind::Escalation, 1, "02-20 09:00".to_owned()),
            (TimelineKind::Escalation, 2, "02-25 09:00".to_owned()),
            (TimelineKind::Escalation, 3, "03-03 09:00".to_owned()),
        ];
        assert_eq!(summary_of(&all), expected);
        world.at("2026-06-01T00:00:00Z");
        wait_for_sweep(&world).await;
        assert_eq!(summary_of(&lines(&world, &report).await), expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answered_report_is_closed_automatically_after_ten_working_days() {
    on_each_database(async |mut world| {
        let report = world.submit("satu").await;
        respond(&mut world, &report).await;
        let before = lines(&world, &report).await;
        // 10 working days after 13 February, without 16 and 17 February.
        world.at("2026-03-03T08:59:50Z");
        wait_for_sweep(&world).await;
        assert_eq!(lines(&world, &report).await, before);
        world.at("2026-03-03T09:00:00Z");
        let after = lines_of(&world, &report, before.len() + 1).await;
        let last = after.last().unwrap();
        assert_eq!(
            (last.action.as_str(), last.role.as_str(), last.to_state.as_str()),
            ("close", "system", "closed")
        );
        number_is(
            &world,
            "SELECT COUNT(*) FROM complaint WHERE wake_at IS NULL AND open = 0",
            1,
        )
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_is_not_completed_expires_after_thirty_days() {
    on_each_database(async |mut world| {
        let report = world.submit("satu").await;
        let request = coordinator(v1::RequestCompletionRequest {
            request_id: request_id(),
            name: report.name.clone(),
            text: "Mohon lampirkan nomor permohonan izin.".into(),
            ..Default::default()
        });
        world.complaints.request_completion(request).await.unwrap();
        let before = lines(&world, &report).await;
        world.at("2026-03-15T02:59:00Z");
        wait_for_sweep(&world).await;
        assert_eq!(
            lines(&world, &report).await,
            before,
            "no reminder while it stands still"
        );
        world.at("2026-03-15T03:01:00Z");
        let after = lines_of(&world, &report, before.len() + 1).await;
        let last = after.last().unwrap();
        assert_eq!(
            (last.action.as_str(), last.role.as_str(), last.to_state.as_str()),
            ("expire", "system", "archived")
        );
        assert_eq!(last.reason, "not_completed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_reports_do_not_block_a_thousand_others() {
    on_each_database(async |mut world| {
        world.submit("satu").await;
        insert_copies(&world, 1025).await;
        // More broken reports than one batch contains, each due before all others.
        let broken = "UPDATE complaint SET facts = '{', wake_at = 1 WHERE id BETWEEN 2 AND 26";
        world.db.writer().execute_unprepared(broken).await.unwrap();
        let began = Instant::now();
        world.at("2026-02-19T09:00:00Z");
        let reminders = "SELECT COUNT(*) FROM timeline WHERE entry LIKE '%\"kind\":\"reminder\"%'";
        number_is(&world, reminders, 1001).await;
        println!("{:?}: 1001 reports in {:?}", world.db.backend(), began.elapsed());
        let failed = |times: i64| {
            format!("SELECT COUNT(*) FROM derived WHERE kind = 'complaint-due' AND attempts >= {times}")
        };
        assert_eq!(number(&world, &failed(1)).await, 25);
        // They are retried later, with a longer delay after each failure.
        number_is(&world, &failed(2), 25).await;
        let heal =
            "UPDATE complaint SET facts = (SELECT facts FROM complaint c WHERE c.id = 30) WHERE facts = '{'";
        world.db.writer().execute_unprepared(heal).await.unwrap();
        world.at("2026-02-20T09:00:00Z");
        number_is(&world, &failed(1), 0).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_share_the_work_and_repeat_nothing() {
    let mut world = quick(Place::postgres().await).await;
    let replica = world.replica(world.config.clone()).await;
    world.submit("satu").await;
    insert_copies(&world, 299).await;
    world.at("2026-03-10T00:00:00Z");
    let levels = "SELECT COUNT(*) FROM timeline WHERE entry LIKE '%\"level\":%'";
    number_is(&world, levels, 1200).await;
    number_is(
        &replica,
        "SELECT COUNT(*) FROM complaint WHERE wake_at IS NOT NULL",
        0,
    )
    .await;
    for served in [&world, &replica] {
        assert!(served.tasks.stop(Duration::from_secs(10)).await);
    }
    assert_eq!(number(&world, levels).await, 1200);
}
