//! Calendar, working hours, deadlines, workflows and categories as callers set and read them.

use prima_proto::complaint::v1;
use tonic::Code;

use crate::{
    calendar::{import, off, year},
    fixture::{
        AGENCY, UNIT, coordinator, faults, liaison, national, on_each_database, public, refused, request_id,
    },
    sweep::{self, lines_of, respond, verify},
};

/// A request to import these days.
pub fn holidays(list: Vec<v1::Holiday>) -> v1::ImportHolidaysRequest {
    v1::ImportHolidaysRequest {
        request_id: "impor".into(),
        holidays: list,
        citation: "SKB 3 Menteri Nomor 1 Tahun 2026".into(),
    }
}

/// Working hours on three days a week, until `close`.
pub fn hours(close: &str) -> v1::UpdateAgencyHoursRequest {
    let day = |weekday| v1::DayHours {
        weekday,
        open: "07:30".into(),
        close: close.into(),
    };
    v1::UpdateAgencyHoursRequest {
        request_id: request_id(),
        hours: Some(v1::AgencyHours {
            agency: AGENCY.into(),
            zone: "wita".into(),
            days: [1, 2, 6].map(day).to_vec(),
            own: false,
        }),
    }
}

/// A deadline that the unit promises.
pub fn deadline(days: i32) -> v1::SetDeadlineRequest {
    v1::SetDeadlineRequest {
        request_id: request_id(),
        unit: UNIT.into(),
        class: "complaint_regular".into(),
        working_days: days,
        citation: "Standar pelayanan DPMPTSP 2026".into(),
    }
}

/// The built-in workflow under another id, with changes.
pub fn workflow(id: &str, change: impl Fn(&mut serde_json::Value)) -> v1::AddWorkflowRequest {
    let mut json = serde_json::from_str(include_str!("../../data/workflow-sp4n.json")).unwrap();
    change(&mut json);
    json["id"] = id.into();
    v1::AddWorkflowRequest {
        request_id: format!("alur-{id}"),
        json: json.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_replaces_the_years_that_it_contains_and_keeps_earlier_versions() {
    on_each_database(async |mut world| {
        let shipped = year(&mut world, 2026).await;
        assert!(shipped.loaded && shipped.holidays.len() == 25 && shipped.citation.contains("1497"));
        let other = year(&mut world, 2027).await;
        assert_eq!(
            (other.loaded, other.holidays.len(), other.citation.as_str()),
            (false, 0, "")
        );
        let request = || {
            national(holidays(vec![
                off("2027-01-01"),
                off("2026-12-25"),
                off("2026-06-30"),
            ]))
        };
        let first = world
            .settings
            .import_holidays(request())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            (first.years.as_slice(), first.added, first.removed),
            ([2026, 2027].as_slice(), 2, 24)
        );
        let again = world
            .settings
            .import_holidays(request())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(again, first);
        let now = year(&mut world, 2026).await;
        assert_eq!((now.version, now.holidays.len()), (first.version, 2));
        assert_eq!(now.citation, "SKB 3 Menteri Nomor 1 Tahun 2026");
        assert!(now.holidays.windows(2).all(|pair| pair[0].date < pair[1].date));
        assert!(year(&mut world, 2027).await.loaded);
        import(&mut world, vec![off("2026-01-01")]).await;
        assert_eq!(world.count("calendar_year").await, 3);
        assert_eq!(year(&mut world, 2025).await.holidays.len(), 28);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_belong_to_one_agency_and_setting_the_same_again_changes_nothing() {
    on_each_database(async |mut world| {
        let set = world
            .settings
            .update_agency_hours(coordinator(hours("14:00")))
            .await
            .unwrap();
        let set = set.into_inner().hours.unwrap();
        let request = public(v1::GetAgencyHoursRequest {
            agency: AGENCY.into(),
        });
        let read = world
            .settings
            .get_agency_hours(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(read.hours.as_ref(), Some(&set));
        assert_eq!(
            (set.zone.as_str(), set.own, set.days[2].weekday),
            ("wita", true, 6)
        );
        let version = year(&mut world, 2026).await.version;
        world
            .settings
            .update_agency_hours(coordinator(hours("14:00")))
            .await
            .unwrap();
        assert_eq!(year(&mut world, 2026).await.version, version);
        world
            .settings
            .update_agency_hours(coordinator(hours("15:00")))
            .await
            .unwrap();
        assert_eq!(year(&mut world, 2026).await.version, version + 1);
        assert_eq!(world.count("agency_hours").await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promised_deadline_applies_to_reports_verified_from_then_on() {
    on_each_database(async |mut world| {
        let before = world.submit("lama").await;
        let before = verify(&mut world, &before).await;
        let set = world
            .settings
            .set_deadline(coordinator(deadline(7)))
            .await
            .unwrap();
        let set = set.into_inner().deadline.unwrap();
        assert_eq!(
            (set.working_days, set.own, set.class.as_str()),
            (7, true, "complaint_regular")
        );
        let list = async |world: &mut crate::fixture::World| {
            let request = public(v1::ListDeadlinesRequest { unit: UNIT.into() });
            let listed = world.settings.list_deadlines(request).await.unwrap().into_inner();
            let row = |d: &v1::ClassDeadline| (d.class.clone(), d.working_days, d.own);
            listed.deadlines.iter().map(row).collect::<Vec<_>>()
        };
        let row = |class: &str, days, own| (class.to_owned(), days, own);
        assert_eq!(
            list(&mut world).await,
            [
                row("information_request", 5, false),
                row("complaint_normative", 5, false),
                row("complaint_regular", 7, true),
                row("complaint_oversight", 60, false),
                row("aspiration", 0, false),
            ]
        );
        let after = world.submit("baru").await;
        verify(&mut world, &after).await;
        // After 13 February the days off are 16 and 17 February, 18 to 24 March, and weekends.
        let due = async |world: &crate::fixture::World, name: &str| {
            let request = liaison(v1::GetComplaintRequest { name: name.into() });
            let read = world
                .complaints
                .clone()
                .get_complaint(request)
                .await
                .unwrap()
                .into_inner();
            let clocks = read.complaint.unwrap().deadlines;
            clocks
                .iter()
                .find(|c| c.clock == "resolution")
                .unwrap()
                .due_date
                .clone()
        };
        assert_eq!(due(&world, &before.name).await, "2026-03-09");
        assert_eq!(due(&world, &after.name).await, "2026-02-26");
        world
            .settings
            .set_deadline(coordinator(deadline(0)))
            .await
            .unwrap();
        assert_eq!(list(&mut world).await[2], row("complaint_regular", 14, false));
        let last = world.submit("terakhir").await;
        verify(&mut world, &last).await;
        assert_eq!(due(&world, &last.name).await, "2026-03-09");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_without_reply_window_closes_answered_reports_at_once() {
    sweep::on_each_database(async |mut world| {
        let old = world.submit("lama").await;
        let request = workflow("tanpa-jeda", |json| {
            let clocks = json["clocks"].as_array_mut().unwrap();
            let window = clocks.iter_mut().find(|c| c["key"] == "reply_window").unwrap();
            window["length"] = serde_json::json!({"days": 0});
        });
        let added = world
            .settings
            .add_workflow(national(request.clone()))
            .await
            .unwrap();
        let added = added.into_inner().workflow.unwrap();
        assert_eq!(
            (added.id.as_str(), added.current, &added.json),
            ("tanpa-jeda", true, &request.json)
        );
        let again = world.settings.add_workflow(national(request)).await.unwrap();
        assert_eq!(again.into_inner().workflow.unwrap(), added);
        let new = world.submit("baru").await;
        respond(&mut world, &new).await;
        let all = lines_of(&world, &new, 5).await;
        let last = all.last().unwrap();
        assert_eq!((last.role.as_str(), last.to_state.as_str()), ("system", "closed"));
        // Reports that exist already keep their workflow.
        respond(&mut world, &old).await;
        sweep::wait_for_sweep(&world).await;
        assert_eq!(
            lines_of(&world, &old, 4).await.last().unwrap().to_state,
            "responded"
        );
        let listed = world
            .settings
            .list_workflows(public(v1::ListWorkflowsRequest {}))
            .await
            .unwrap();
        let listed = listed.into_inner().workflows;
        let ids: Vec<_> = listed
            .iter()
            .map(|w| (w.id.as_str(), w.current, w.create_time.is_some()))
            .collect();
        assert_eq!(ids, [("tanpa-jeda", true, true), ("sp4n-2018", false, false)]);
        assert_eq!(listed[0], added);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_workflow_is_reported_and_its_id_must_be_new() {
    on_each_database(async |mut world| {
        let bad = workflow("rusak", |json| {
            json["classes"][0]["flow"] = "lain".into();
            json["clocks"][1]["length"] = "selamanya".into();
            json["title"] = "".into();
        });
        let reported = faults(world.settings.add_workflow(national(bad)).await);
        assert_eq!(
            reported,
            ["json.clocks[1].length", "json.title", "json.classes[0].flow"]
        );
        let text = |json: String| v1::AddWorkflowRequest {
            request_id: "x".into(),
            json,
        };
        for json in [String::new(), "[]".into(), "{".into(), " ".repeat(256 * 1024 + 1)] {
            assert_eq!(
                faults(world.settings.add_workflow(national(text(json))).await),
                ["json"]
            );
        }
        let built_in = workflow("sp4n-2018", |_| ());
        assert_eq!(
            faults(world.settings.add_workflow(national(built_in)).await),
            ["json.id"]
        );
        world
            .settings
            .add_workflow(national(workflow("baru", |_| ())))
            .await
            .unwrap();
        let mut other = workflow("baru", |_| ());
        other.request_id = "lain".into();
        assert_eq!(
            faults(world.settings.add_workflow(national(other.clone())).await),
            ["json.id"]
        );
        other.request_id = "alur-baru".into();
        other.json.push(' ');
        let reused = world.settings.add_workflow(national(other)).await;
        refused(reused, Code::InvalidArgument, "REQUEST_ID_REUSED");
        assert_eq!(world.count("workflow").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_category_follows_its_parent_in_the_list() {
    on_each_database(async |mut world| {
        let answer = world
            .settings
            .list_categories(public(v1::ListCategoriesRequest {}))
            .await
            .unwrap();
        let all = answer.into_inner().categories;
        assert!(all.len() > 20);
        for (n, category) in all.iter().enumerate() {
            let known = all[..n].iter().any(|c| c.key == category.parent);
            assert!(category.parent.is_empty() || known, "{category:?}");
        }
    })
    .await;
}
