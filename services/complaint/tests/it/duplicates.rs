//! Possible duplicates of a report.

use prima_platform::caller::Role;
use prima_proto::complaint::v1;
use tonic::Code;

use crate::fixture::{
    Submitted, UNIT, World, by, coordinator, faults, intake, liaison, national, on_each_database, public,
    refused, report, request_id,
};

const TITLE: &str = "Lampu jalan mati di depan pasar";
const TEXT: &str =
    "Lampu jalan di depan pasar lama sudah mati sejak seminggu lalu dan jalan menjadi gelap sekali.";
const OTHER: &str =
    "Petugas loket meminta berkas yang sama dua kali walau semuanya sudah diserahkan bulan lalu.";

async fn submit(world: &mut World, parent: &str, title: &str, text: &str) -> Submitted {
    let request = v1::SubmitComplaintRequest {
        request_id: request_id(),
        parent: parent.into(),
        title: title.into(),
        text: text.into(),
        incident_date: String::new(),
        ..report("x")
    };
    world.submit_as(request).await
}

async fn duplicates(world: &mut World, name: &str) -> Vec<v1::Duplicate> {
    let request = liaison(v1::ListDuplicatesRequest { name: name.into() });
    let answer = world.complaints.list_duplicates(request).await.unwrap();
    answer.into_inner().duplicates
}

fn names(duplicates: &[v1::Duplicate]) -> Vec<&str> {
    let name = |d: &'_ v1::Duplicate| {
        d.complaint
            .as_ref()
            .unwrap()
            .status
            .as_ref()
            .unwrap()
            .name
            .clone()
    };
    let _ = name;
    duplicates
        .iter()
        .map(|d| {
            d.complaint
                .as_ref()
                .unwrap()
                .status
                .as_ref()
                .unwrap()
                .name
                .as_str()
        })
        .collect()
}

#[tokio::test]
async fn similar_reports_of_the_same_time_and_unit_are_shown_the_most_similar_first() {
    on_each_database(async |mut world| {
        let mut on = async |day: &str, parent: &str, title: &str, text: &str| {
            world.at(day);
            submit(&mut world, parent, title, text).await.name
        };
        let changed = TEXT.replace("seminggu", "sebulan");
        // Received a little more than 30 days earlier.
        let _early = on("2026-01-14T02:59:00Z", UNIT, TITLE, TEXT).await;
        let first = on("2026-01-14T03:01:00Z", UNIT, TITLE, TEXT).await;
        let alike = on("2026-02-01T03:00:00Z", UNIT, "Gelap gulita tiap malam", &changed).await;
        let like_title = on("2026-02-02T03:00:00Z", UNIT, "Lampu jalan mati di depan", OTHER).await;
        let _other = on("2026-02-02T03:00:00Z", UNIT, "Berkas diminta lagi", OTHER).await;
        let _other_unit = on("2026-02-02T03:00:00Z", "agencies/3271/units/dishub", TITLE, TEXT).await;
        let _other_agency = on("2026-02-02T03:00:00Z", "agencies/3273", TITLE, TEXT).await;
        let own = on("2026-02-13T03:00:00Z", UNIT, TITLE, TEXT).await;
        let later = on("2026-03-15T02:58:00Z", UNIT, TITLE, TEXT).await;
        let _late = on("2026-03-15T03:02:00Z", UNIT, TITLE, TEXT).await;
        let found = duplicates(&mut world, &own).await;
        // Of two equally similar reports the one nearer in time comes first: the later one, by a minute.
        assert_eq!(names(&found), [&later, &first, &like_title, &alike], "{found:?}");
        assert_eq!(found[0].text_similarity, "100.00");
        assert_eq!(found[0].title_similarity, "100.00");
        for d in &found {
            for share in [&d.text_similarity, &d.title_similarity] {
                assert_eq!(share.split_once('.').unwrap().1.len(), 2, "{share}");
            }
        }
        let summary = found[3].complaint.as_ref().unwrap();
        assert_eq!(summary.title, "Gelap gulita tiap malam");
        assert!(!format!("{found:?}").contains("Siti"));
    })
    .await;
}

#[tokio::test]
async fn a_report_without_a_unit_is_compared_with_all_of_its_agency() {
    on_each_database(async |mut world| {
        let of_unit = submit(&mut world, UNIT, TITLE, TEXT).await.name;
        let own = submit(&mut world, "agencies/3271", TITLE, TEXT).await.name;
        let elsewhere = submit(&mut world, "agencies/3271/units/dishub", TITLE, TEXT)
            .await
            .name;
        assert_eq!(duplicates(&mut world, &own).await.len(), 2);
        assert!(duplicates(&mut world, &of_unit).await.is_empty());
        assert!(duplicates(&mut world, &elsewhere).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn merged_reports_are_not_shown_as_duplicates() {
    on_each_database(async |mut world| {
        let goes_on = submit(&mut world, UNIT, TITLE, TEXT).await.name;
        let merged = submit(&mut world, UNIT, TITLE, TEXT).await.name;
        let own = submit(&mut world, UNIT, TITLE, TEXT).await.name;
        assert_eq!(duplicates(&mut world, &own).await.len(), 2);
        let request = v1::MergeComplaintRequest {
            request_id: request_id(),
            name: merged.clone(),
            into: goes_on.clone(),
            ..Default::default()
        };
        world
            .complaints
            .merge_complaint(coordinator(request))
            .await
            .unwrap();
        assert_eq!(names(&duplicates(&mut world, &own).await), [&goes_on]);
        // A merged report can still be compared with others.
        assert_eq!(duplicates(&mut world, &merged).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn at_most_twenty_duplicates_are_shown() {
    on_each_database(async |mut world| {
        let own = submit(&mut world, UNIT, TITLE, TEXT).await.name;
        let mut last = String::new();
        for n in 0..22 {
            let text = if n == 21 {
                TEXT.to_owned()
            } else {
                format!("{TEXT} Sudah dilaporkan {n} kali oleh warga.")
            };
            last = submit(&mut world, UNIT, TITLE, &text).await.name;
        }
        let found = duplicates(&mut world, &own).await;
        assert_eq!(found.len(), 20);
        // All titles are the same, so those nearest in time come first.
        assert!(!names(&found).contains(&last.as_str()));
    })
    .await;
}

#[tokio::test]
async fn duplicates_are_shown_to_the_agency_that_handles_the_report() {
    on_each_database(async |mut world| {
        let name = submit(&mut world, UNIT, TITLE, TEXT).await.name;
        let request = || v1::ListDuplicatesRequest { name: name.clone() };
        let answer = world.complaints.list_duplicates(public(request())).await;
        refused(answer, Code::Unauthenticated, "TOKEN_MISSING");
        let answer = world.complaints.list_duplicates(intake(request())).await;
        refused(answer, Code::PermissionDenied, "PERMISSION_DENIED");
        let elsewhere = by("lain", Role::Admin, "3273", request());
        let answer = world.complaints.list_duplicates(elsewhere).await;
        refused(answer, Code::NotFound, "NOT_FOUND");
        for request in [liaison(request()), coordinator(request()), national(request())] {
            world.complaints.list_duplicates(request).await.unwrap();
        }
        for name in ["", "complaints/", "complaints/a/b", "consultations/1"] {
            let request = liaison(v1::ListDuplicatesRequest { name: name.into() });
            assert_eq!(
                faults(world.complaints.list_duplicates(request).await),
                ["name"],
                "{name}"
            );
        }
        let request = liaison(v1::ListDuplicatesRequest {
            name: "complaints/none".into(),
        });
        refused(
            world.complaints.list_duplicates(request).await,
            Code::NotFound,
            "NOT_FOUND",
        );
    })
    .await;
}
