//! Changes of the calendar and of working hours while deadlines run.

use std::time::Duration;

use prima_platform::{
    clock::to_proto,
    testing::{eventually, served::Place},
};
use prima_proto::complaint::v1::{self, TimelineKind};
use sea_orm::ConnectionTrait;

use crate::{
    fixture::{AGENCY, Submitted, World, coordinator, national, public, request_id},
    sweep::{
        insert_copies, lines, lines_of, number, number_is, on_each_database, quick, summary_of,
        wait_for_sweep,
    },
};

/// A day off.
pub fn off(date: &str) -> v1::Holiday {
    v1::Holiday {
        date: date.into(),
        kind: v1::HolidayKind::LiburNasional.into(),
        display_name: "Hari libur tambahan".into(),
    }
}

/// The calendar of a year.
pub async fn year(world: &mut World, year: i32) -> v1::ListHolidaysResponse {
    let request = public(v1::ListHolidaysRequest { year });
    world.settings.list_holidays(request).await.unwrap().into_inner()
}

/// Imports days off of 2026.
pub async fn add(world: &mut World, dates: &[&str]) -> v1::ImportHolidaysResponse {
    let mut holidays = year(world, 2026).await.holidays;
    holidays.extend(dates.iter().map(|date| off(date)));
    import(world, holidays).await
}

/// Imports days off.
pub async fn import(world: &mut World, holidays: Vec<v1::Holiday>) -> v1::ImportHolidaysResponse {
    let request = national(v1::ImportHolidaysRequest {
        request_id: request_id(),
        holidays,
        citation: "SKB 3 Menteri Nomor 1 Tahun 2026".into(),
    });
    world
        .settings
        .import_holidays(request)
        .await
        .unwrap()
        .into_inner()
}

fn moved(line: &v1::TimelineEntry) -> (TimelineKind, String, String) {
    let text = |time: Option<prost_types::Timestamp>| {
        let time = time.unwrap();
        let time = chrono::DateTime::from_timestamp(time.seconds, 0).unwrap();
        time.format("%m-%d %H:%M").to_string()
    };
    (line.kind(), text(line.before_due_time), text(line.due_time))
}

async fn archived(world: &mut World, id: &str) -> Submitted {
    let report = world.submit(id).await;
    let request = coordinator(v1::RejectComplaintRequest {
        request_id: request_id(),
        name: report.name.clone(),
        reason: "out_of_scope".into(),
        text: "Bukan urusan pelayanan publik.".into(),
        ..Default::default()
    });
    world.complaints.reject_complaint(request).await.unwrap();
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_holiday_moves_the_deadline_of_an_open_report_and_adds_a_line() {
    on_each_database(async |mut world| {
        let open = world.submit("buka").await;
        let closed = archived(&mut world, "tutup").await;
        let before = lines(&world, &closed).await;
        let version = year(&mut world, 2026).await.version;
        let answer = add(&mut world, &["2026-02-19"]).await;
        assert_eq!(
            answer,
            v1::ImportHolidaysResponse {
                version: version + 1,
                years: vec![2026],
                added: 1,
                removed: 0,
                open_complaints: 1,
            }
        );
        let all = lines_of(&world, &open, 1).await;
        assert_eq!(
            moved(&all[0]),
            (
                TimelineKind::Rescheduled,
                "02-20 09:00".into(),
                "02-23 09:00".into()
            )
        );
        assert_eq!(
            (all[0].clock.as_str(), all[0].role.as_str()),
            ("verification", "system")
        );
        // The reminder comes next.
        world.at("2026-02-19T09:30:00Z");
        wait_for_sweep(&world).await;
        assert_eq!(lines(&world, &open).await.len(), 1);
        world.at("2026-02-20T09:00:00Z");
        let all = lines_of(&world, &open, 2).await;
        assert_eq!(
            summary_of(&all)[1],
            (TimelineKind::Reminder, 0, "02-20 09:00".into())
        );
        assert_eq!(lines(&world, &closed).await, before);
        let old = format!("SELECT COUNT(*) FROM complaint WHERE calendar = {version}");
        assert_eq!(number(&world, &old).await, 1, "the closed one alone");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retroactive_change_moves_overdue_reports_and_their_escalations() {
    on_each_database(async |mut world| {
        let report = world.submit("satu").await;
        world.at("2026-02-20T09:30:00Z");
        lines_of(&world, &report, 2).await;
        add(&mut world, &["2026-02-18"]).await;
        let all = lines_of(&world, &report, 3).await;
        assert_eq!(
            moved(&all[2]),
            (
                TimelineKind::Rescheduled,
                "02-20 09:00".into(),
                "02-23 09:00".into()
            )
        );
        world.at("2026-03-10T00:00:00Z");
        let all = lines_of(&world, &report, 6).await;
        let levels: Vec<_> = summary_of(&all)
            .into_iter()
            .map(|(kind, level, _)| (kind, level))
            .collect();
        let expected = [
            (TimelineKind::Reminder, 0),
            (TimelineKind::Escalation, 1),
            (TimelineKind::Rescheduled, 0),
            (TimelineKind::Escalation, 1),
            (TimelineKind::Escalation, 2),
            (TimelineKind::Escalation, 3),
        ];
        assert_eq!(levels, expected);
        // Nothing is due any more, but the deadline still runs.
        number_is(
            &world,
            "SELECT COUNT(*) FROM complaint WHERE wake_at IS NULL AND due_at IS NOT NULL",
            1,
        )
        .await;
        add(&mut world, &["2026-02-20"]).await;
        let all = lines_of(&world, &report, 7).await;
        assert_eq!(
            moved(&all[6]),
            (
                TimelineKind::Rescheduled,
                "02-23 09:00".into(),
                "02-24 09:00".into()
            )
        );
        wait_for_sweep(&world).await;
        assert_eq!(lines(&world, &report).await.len(), 7);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_open_report_gets_the_new_version_and_keeps_its_etag_when_nothing_moved() {
    on_each_database(async |mut world| {
        let report = world.submit("satu").await;
        let answer = import(&mut world, vec![off("2030-01-01")]).await;
        assert_eq!(
            (answer.years, answer.added, answer.open_complaints),
            (vec![2030], 1, 1)
        );
        let taken = format!(
            "SELECT COUNT(*) FROM complaint WHERE calendar = {}",
            answer.version
        );
        number_is(&world, &taken, 1).await;
        assert_eq!(lines(&world, &report).await, []);
        let etag = format!(
            "SELECT version FROM complaint WHERE version = {}",
            report.status.etag
        );
        assert_eq!(number(&world, &etag).await.to_string(), report.status.etag);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_recomputation_is_continued_by_the_next_process() {
    for place in [Place::sqlite(), Place::postgres().await] {
        let mut world = quick(place).await;
        world.submit("satu").await;
        insert_copies(&world, 299).await;
        let answer = add(&mut world, &["2026-02-19"]).await;
        assert_eq!(answer.open_complaints, 300);
        let moved = "SELECT COUNT(*) FROM timeline WHERE entry LIKE '%\"kind\":\"rescheduled\"%'";
        let begun = async || (number(&world, moved).await >= 20).then_some(());
        eventually(Duration::from_secs(10), begun).await.unwrap();
        world.tasks.stop(Duration::ZERO).await;
        assert!(number(&world, moved).await < 300, "it was cut off");
        let next = world.replica(world.config.clone()).await;
        number_is(&next, moved, 300).await;
        let reports =
            "SELECT COUNT(DISTINCT complaint_id) FROM timeline WHERE entry LIKE '%\"kind\":\"rescheduled\"%'";
        assert_eq!(number(&next, reports).await, 300);
        let old = format!(
            "SELECT COUNT(*) FROM complaint WHERE calendar < {}",
            answer.version
        );
        number_is(&next, &old, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_report_does_not_block_the_recomputation() {
    on_each_database(async |mut world| {
        world.submit("satu").await;
        insert_copies(&world, 100).await;
        let broken = "UPDATE complaint SET facts = '{' WHERE id BETWEEN 2 AND 26";
        world.db.writer().execute_unprepared(broken).await.unwrap();
        add(&mut world, &["2026-02-19"]).await;
        let moved = "SELECT COUNT(*) FROM timeline WHERE entry LIKE '%\"kind\":\"rescheduled\"%'";
        number_is(&world, moved, 76).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_hours_move_deadlines_to_the_new_closing_time() {
    on_each_database(async |mut world| {
        let report = world.submit("satu").await;
        let day = |weekday| v1::DayHours {
            weekday,
            open: "07:30".into(),
            close: "15:00".into(),
        };
        let request = coordinator(v1::UpdateAgencyHoursRequest {
            request_id: request_id(),
            hours: Some(v1::AgencyHours {
                agency: AGENCY.into(),
                zone: "wib".into(),
                days: (1..=5).map(day).collect(),
                own: false,
            }),
        });
        let answer = world
            .settings
            .update_agency_hours(request)
            .await
            .unwrap()
            .into_inner();
        assert!(answer.hours.unwrap().own);
        let all = lines_of(&world, &report, 1).await;
        assert_eq!(
            moved(&all[0]),
            (
                TimelineKind::Rescheduled,
                "02-20 09:00".into(),
                "02-20 08:00".into()
            )
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_in_the_east_closes_in_its_own_time_zone() {
    on_each_database(async |mut world| {
        let due = async |world: &mut World, agency: &str| {
            let request = public(v1::CalculateDueTimeRequest {
                start_time: Some(to_proto("2026-02-13T03:00:00Z".parse().unwrap())),
                working_days: 3,
                agency: agency.into(),
                pauses: Vec::new(),
            });
            world
                .settings
                .calculate_due_time(request)
                .await
                .unwrap()
                .into_inner()
        };
        let expected = |time: &str| Some(to_proto(time.parse().unwrap()));
        let west = due(&mut world, "").await;
        assert_eq!(west.due_time, expected("2026-02-20T09:00:00Z"));
        assert!(!west.provisional);
        // Jayapura is in the time zone WIT.
        let east = due(&mut world, "agencies/9171").await;
        assert_eq!(east.due_time, expected("2026-02-20T07:00:00Z"));
        assert_eq!(east.due_date, "2026-02-20");
        let request = public(v1::GetAgencyHoursRequest {
            agency: "agencies/9171".into(),
        });
        let hours = world
            .settings
            .get_agency_hours(request)
            .await
            .unwrap()
            .into_inner();
        let hours = hours.hours.unwrap();
        assert_eq!(
            (hours.zone.as_str(), hours.own, hours.days.len()),
            ("wit", false, 5)
        );
    })
    .await;
}
