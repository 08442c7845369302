//! Which input and which callers are refused by the settings.

use prima_platform::caller::Role;
use prima_proto::complaint::v1;
use tonic::{Code, Request};

use crate::{
    calendar::off,
    fixture::{AGENCY, by, coordinator, faults, liaison, national, on_each_database, public, reason},
    settings::{deadline, holidays, hours, workflow},
};

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_holiday_import_is_reported() {
    on_each_database(async |mut world| {
        let day = |date: &str, kind, name: &str| v1::Holiday {
            date: date.into(),
            kind,
            display_name: name.into(),
        };
        let list = vec![
            off("2027-01-01"),
            day("2027-02-30", 0, ""),
            day("1999-12-31", 9, "a\u{7}"),
            off("2027-01-01"),
            day("2027-1-2", 1, &"x".repeat(201)),
        ];
        let bad = v1::ImportHolidaysRequest {
            request_id: "a b".into(),
            holidays: list,
            citation: "SKB".into(),
        };
        let expected = [
            "request_id",
            "citation",
            "holidays[1].date",
            "holidays[1].kind",
            "holidays[1].display_name",
            "holidays[2].date",
            "holidays[2].kind",
            "holidays[2].display_name",
            "holidays[3].date",
            "holidays[4].date",
            "holidays[4].display_name",
        ];
        assert_eq!(
            faults(world.settings.import_holidays(national(bad)).await),
            expected
        );
        for count in [0, 1001] {
            let list = vec![off("2027-01-01"); count];
            assert_eq!(
                faults(world.settings.import_holidays(national(holidays(list))).await),
                ["holidays"]
            );
        }
        for year in [0, 1999, 2101, -1] {
            let request = public(v1::ListHolidaysRequest { year });
            assert_eq!(faults(world.settings.list_holidays(request).await), ["year"]);
        }
        assert_eq!(world.count("calendar_year").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_hours_and_deadlines_is_reported() {
    on_each_database(async |mut world| {
        let day = |weekday, open: &str, close: &str| v1::DayHours {
            weekday,
            open: open.into(),
            close: close.into(),
        };
        let mut bad = hours("14:00");
        bad.request_id.clear();
        bad.hours = Some(v1::AgencyHours {
            agency: "agencies/-".into(),
            zone: "WIB".into(),
            days: vec![
                day(2, "8:00", "25:00"),
                day(2, "08:00", "14:00"),
                day(8, "", "24:00"),
            ],
            own: true,
        });
        let expected = [
            "request_id",
            "hours.agency",
            "hours.zone",
            "hours.days[0].open",
            "hours.days[0].close",
            "hours.days[1].weekday",
            "hours.days[2].weekday",
            "hours.days[2].open",
            "hours.days[2].close",
        ];
        assert_eq!(
            faults(world.settings.update_agency_hours(national(bad)).await),
            expected
        );
        let mut late = hours("14:00");
        late.hours.as_mut().unwrap().days[1].open = "14:00".into();
        assert_eq!(
            faults(world.settings.update_agency_hours(coordinator(late)).await),
            ["hours.days[1].close"]
        );
        for days in [0, 8] {
            let mut bad = hours("14:00");
            bad.hours.as_mut().unwrap().days = vec![day(1, "08:00", "14:00"); days];
            assert_eq!(
                faults(world.settings.update_agency_hours(coordinator(bad)).await),
                ["hours.days"]
            );
        }
        let mut none = hours("14:00");
        none.hours = None;
        assert_eq!(
            faults(world.settings.update_agency_hours(coordinator(none)).await),
            ["hours"]
        );
        for agency in ["", "agencies/-", "agencies/A"] {
            let request = public(v1::GetAgencyHoursRequest {
                agency: agency.into(),
            });
            assert_eq!(faults(world.settings.get_agency_hours(request).await), ["agency"]);
        }

        let mut bad = deadline(366);
        bad.request_id = "?".into();
        bad.unit = AGENCY.into();
        bad.class = "lain".into();
        bad.citation = "x".into();
        let expected = ["request_id", "unit", "class", "working_days", "citation"];
        assert_eq!(
            faults(world.settings.set_deadline(coordinator(bad)).await),
            expected
        );
        assert_eq!(
            faults(world.settings.set_deadline(coordinator(deadline(-1))).await),
            ["working_days"]
        );
        for unit in ["", AGENCY, "agencies/-/units/a", "agencies/3271/units/-"] {
            let request = public(v1::ListDeadlinesRequest { unit: unit.into() });
            assert_eq!(faults(world.settings.list_deadlines(request).await), ["unit"]);
        }
        assert_eq!(
            world.count("deadline").await + world.count("agency_hours").await,
            0
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_calculation_is_reported() {
    on_each_database(async |mut world| {
        let time = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
        let pause = |from, to| v1::PauseTime {
            start_time: from,
            end_time: to,
        };
        let bad = v1::CalculateDueTimeRequest {
            start_time: None,
            working_days: 1001,
            agency: "3271".into(),
            pauses: vec![
                pause(time(10), time(20)),
                pause(time(15), time(15)),
                pause(None, time(i64::MAX)),
                pause(
                    time(30),
                    Some(prost_types::Timestamp {
                        seconds: 40,
                        nanos: -1,
                    }),
                ),
            ],
        };
        let expected = [
            "start_time",
            "working_days",
            "agency",
            "pauses[1].end_time",
            "pauses[1].start_time",
            "pauses[2].start_time",
            "pauses[2].end_time",
            "pauses[3].end_time",
        ];
        assert_eq!(
            faults(world.settings.calculate_due_time(public(bad)).await),
            expected
        );
        let many = v1::CalculateDueTimeRequest {
            start_time: time(0),
            pauses: vec![pause(time(1), time(2)); 101],
            ..Default::default()
        };
        assert_eq!(
            faults(world.settings.calculate_due_time(public(many)).await),
            ["pauses"]
        );
        // A pause moves the due time by the working time within it: 16 hours are two days.
        let request = |pauses| v1::CalculateDueTimeRequest {
            start_time: time(1_739_410_200),
            working_days: 5,
            pauses,
            ..Default::default()
        };
        let plain = world
            .settings
            .calculate_due_time(public(request(Vec::new())))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            (plain.due_date.as_str(), plain.provisional),
            ("2025-02-20", false)
        );
        let paused = vec![pause(time(1_739_750_400), time(1_739_836_800))];
        let paused = world
            .settings
            .calculate_due_time(public(request(paused)))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(paused.due_date, "2025-02-21");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_require_their_roles() {
    on_each_database(async |mut world| {
        let denied = |status: tonic::Status| {
            assert_eq!(
                (status.code(), reason(&status).as_str()),
                (Code::PermissionDenied, "PERMISSION_DENIED")
            );
        };
        let settings = &mut world.settings;
        denied(
            settings
                .import_holidays(coordinator(holidays(vec![off("2027-01-01")])))
                .await
                .unwrap_err(),
        );
        denied(
            settings
                .add_workflow(coordinator(workflow("baru", |_| ())))
                .await
                .unwrap_err(),
        );
        denied(
            settings
                .update_agency_hours(liaison(hours("14:00")))
                .await
                .unwrap_err(),
        );
        denied(settings.set_deadline(liaison(deadline(7))).await.unwrap_err());
        fn elsewhere<T>(message: T) -> Request<T> {
            by("bandung", Role::Admin, "3273", message)
        }
        denied(
            settings
                .update_agency_hours(elsewhere(hours("14:00")))
                .await
                .unwrap_err(),
        );
        denied(settings.set_deadline(elsewhere(deadline(7))).await.unwrap_err());
        let missing = |status: tonic::Status| assert_eq!(reason(&status), "TOKEN_MISSING");
        missing(
            settings
                .import_holidays(public(holidays(Vec::new())))
                .await
                .unwrap_err(),
        );
        missing(
            settings
                .add_workflow(public(workflow("baru", |_| ())))
                .await
                .unwrap_err(),
        );
        missing(
            settings
                .update_agency_hours(public(hours("14:00")))
                .await
                .unwrap_err(),
        );
        missing(settings.set_deadline(public(deadline(7))).await.unwrap_err());
        assert_eq!(
            world.count("workflow").await + world.count("calendar_year").await,
            0
        );
    })
    .await;
}
