//! What is erased when, and what stays.

use std::time::Duration;

use chrono::TimeDelta;
use prima_platform::{testing::eventually, vault::Keyring};
use prima_proto::complaint::v1;
use sea_orm::{ConnectionTrait, Value};
use tonic::{Code, Status};

use crate::{
    fixture::{
        Submitted, World, coordinator, faults, liaison, national, on_each_database, public, refused, report,
        request_id,
    },
    helpers::{pdf, swept},
};

const NEVER: u32 = 10_000;

fn erase(name: &str, text_too: bool) -> v1::EraseComplaintRequest {
    v1::EraseComplaintRequest {
        request_id: request_id(),
        name: name.into(),
        text_too,
        reason: "Permintaan pelapor, surat 3/2026".into(),
    }
}

/// Numbers of what is not erased yet: identities, contents, contacts, notes of reporters and officers, attachments with
/// a key.
async fn remaining(world: &World) -> [i64; 5] {
    [
        world.rows("complaint", "identity IS NOT NULL").await,
        world.rows("complaint", "content IS NOT NULL").await,
        world.count("contact").await,
        world
            .rows("timeline", "sealed IS NOT NULL AND entry NOT LIKE '%\"erased\"%'")
            .await,
        world.rows("attachment", "sealed IS NOT NULL").await,
    ]
}

async fn until(world: &World, expected: [i64; 5]) {
    let met = async || (remaining(world).await == expected).then_some(());
    let met = eventually(Duration::from_secs(10), met).await;
    assert!(met.is_some(), "{:?}, not {expected:?}", remaining(world).await);
}

async fn stays(world: &World, expected: [i64; 5]) {
    world.erased().await;
    assert_eq!(remaining(world).await, expected);
}

/// Numbers of timeline lines about erased identities and erased texts.
async fn erased_lines(world: &World) -> (i64, i64) {
    let lines = async |what: &str| {
        let condition =
            format!("entry LIKE '%\"kind\":\"erased\"%' AND entry LIKE '%\"reason\":\"{what}\"%'");
        world.rows("timeline", &condition).await
    };
    (lines("identity").await, lines("text").await)
}

async fn identity(world: &mut World, name: &str) -> Result<v1::Reporter, Status> {
    let request = v1::ReadIdentityRequest {
        name: name.into(),
        purpose: v1::Purpose::Contact.into(),
        reason: "Surat nomor 12/2026".into(),
    };
    let answer = world.privacy.read_identity(national(request)).await?;
    Ok(answer.into_inner().reporter.unwrap())
}

/// A closed report with an attachment and everything else that can be erased.
async fn closed(world: &mut World) -> Submitted {
    let file = world.upload("a.pdf", &pdf("a", 100)).await;
    let report = world.submit_with("satu", vec![file]).await;
    world.finish(&report).await;
    report
}

/// The facts without `changed_at`, which the erasure changes.
async fn facts(world: &World) -> serde_json::Value {
    let reader = world.db.reader();
    let row = reader
        .query_one_raw(prima_platform::db::sql(reader, "SELECT facts FROM complaint", []))
        .await
        .unwrap();
    let text: String = row.unwrap().try_get("", "facts").unwrap();
    let mut facts: serde_json::Value = serde_json::from_str(&text).unwrap();
    facts.as_object_mut().unwrap().remove("changed_at");
    facts
}

#[tokio::test(flavor = "multi_thread")]
async fn the_identity_is_erased_first_then_the_texts_and_the_figures_stay() {
    swept(20, 50, async |mut world| {
        let report = closed(&mut world).await;
        let before = facts(&world).await;
        let [_, _, _, notes, _] = remaining(&world).await;
        assert!(notes >= 2, "{notes}");
        world.advance(TimeDelta::days(19));
        stays(&world, [1, 1, 2, notes, 1]).await;
        world.advance(TimeDelta::days(1));
        until(&world, [0, 1, 0, notes, 1]).await;
        let gone = identity(&mut world, &report.name).await;
        refused(gone, Code::FailedPrecondition, "IDENTITY_ERASED");
        world.advance(TimeDelta::days(29));
        stays(&world, [0, 1, 0, notes, 1]).await;
        world.advance(TimeDelta::days(1));
        until(&world, [0, 0, 0, 0, 0]).await;
        let swept = async || (world.count("attachment").await == 0).then_some(());
        eventually(Duration::from_secs(10), swept).await.unwrap();
        assert!(world.objects().is_empty());
        assert_eq!(erased_lines(&world).await, (1, 1));
        assert_eq!(facts(&world).await, before);
        assert_eq!(world.rows("complaint", "erase_at IS NOT NULL").await, 0);
        assert_eq!(world.rows("complaint", "erased_at IS NULL").await, 0);
        // The report is still found by its code: the call is refused only because of the state.
        let rate = v1::RateComplaintRequest {
            request_id: request_id(),
            access: report.access(),
            rating: 5,
            text: String::new(),
        };
        world.complaints.rate_complaint(public(rate)).await.unwrap();
        // The erasure scheduled the retention again; the next run finds nothing left to erase.
        let done = async || (world.rows("complaint", "erase_at IS NOT NULL").await == 0).then_some(());
        eventually(Duration::from_secs(10), done).await.unwrap();
        assert_eq!(erased_lines(&world).await, (1, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_texts_are_erased_first_when_their_period_is_shorter() {
    swept(50, 20, async |mut world| {
        let report = closed(&mut world).await;
        world.advance(TimeDelta::days(20));
        until(&world, [1, 0, 2, 0, 0]).await;
        assert_eq!(
            identity(&mut world, &report.name).await.unwrap().display_name,
            "Siti Rahayu"
        );
        world.advance(TimeDelta::days(30));
        until(&world, [0, 0, 0, 0, 0]).await;
        assert_eq!(erased_lines(&world).await, (1, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reopened_report_is_not_erased_until_it_is_closed_again() {
    swept(20, 30, async |mut world| {
        let report = closed(&mut world).await;
        world.advance(TimeDelta::days(1));
        let reopen = v1::ReopenComplaintRequest {
            request_id: request_id(),
            access: report.access(),
            text: "Izin yang terbit salah alamat".into(),
        };
        world.complaints.reopen_complaint(public(reopen)).await.unwrap();
        let all = remaining(&world).await;
        world.advance(TimeDelta::days(60));
        stays(&world, all).await;
        let start = v1::StartFollowUpRequest {
            request_id: request_id(),
            name: report.name.clone(),
            etag: String::new(),
        };
        world.complaints.start_follow_up(liaison(start)).await.unwrap();
        world
            .answer(&report.name, "Sudah diperbaiki sekarang.", Vec::new())
            .await;
        world.close(&report).await;
        let [.., notes, files] = remaining(&world).await;
        world.advance(TimeDelta::days(19));
        stays(&world, [1, 1, 2, notes, files]).await;
        world.advance(TimeDelta::days(1));
        until(&world, [0, 1, 0, notes, files]).await;
        world.advance(TimeDelta::days(10));
        until(&world, [0, 0, 0, 0, 0]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_cannot_be_erased_does_not_block_the_others() {
    swept(20, 20, async |mut world| {
        let broken = world.submit("rusak").await;
        world.finish(&broken).await;
        world.advance(TimeDelta::minutes(1));
        closed(&mut world).await;
        let uid = broken.name.trim_start_matches("complaints/");
        let facts = format!("UPDATE complaint SET facts = 'x' WHERE uid = '{uid}'");
        world.tamper(&facts).await;
        world.advance(TimeDelta::days(20));
        let other = async || (world.rows("complaint", "identity IS NULL").await == 1).then_some(());
        eventually(Duration::from_secs(10), other).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_national_admin_erases_a_closed_report_for_good() {
    swept(NEVER, NEVER, async |mut world| {
        let open = world.submit("dua").await.name;
        let early = world.privacy.erase_complaint(national(erase(&open, true))).await;
        refused(early, Code::FailedPrecondition, "NOT_CLOSED");
        let report = closed(&mut world).await;
        let [_, _, _, notes, _] = remaining(&world).await;
        let denied = world
            .privacy
            .erase_complaint(coordinator(erase(&report.name, false)))
            .await;
        refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        let first = erase(&report.name, false);
        let answer = world.privacy.erase_complaint(national(first.clone())).await;
        let time = answer.unwrap().into_inner().erase_time;
        assert!(time.is_some());
        assert_eq!(remaining(&world).await, [1, 2, 2, notes, 1]);
        world.advance(TimeDelta::hours(1));
        let again = world.privacy.erase_complaint(national(first)).await;
        assert_eq!(again.unwrap().into_inner().erase_time, time);
        // Erasing again returns the time of the first erasure.
        let anew = world
            .privacy
            .erase_complaint(national(erase(&report.name, false)))
            .await;
        assert_eq!(anew.unwrap().into_inner().erase_time, time);
        let texts = world
            .privacy
            .erase_complaint(national(erase(&report.name, true)))
            .await;
        assert_ne!(texts.unwrap().into_inner().erase_time, time);
        assert_eq!(remaining(&world).await, [1, 1, 2, 0, 0]);
        assert_eq!(erased_lines(&world).await, (1, 1));
        // The reason for an erasure is kept, encrypted.
        let reasons = "sealed IS NOT NULL AND entry LIKE '%\"erased\"%' AND public = 0";
        assert_eq!(world.rows("timeline", reasons).await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_with_nothing_to_erase_is_refused() {
    on_each_database(async |mut world| {
        let request = v1::SubmitComplaintRequest {
            anonymous: true,
            reporter: None,
            ..report("satu")
        };
        let report = world.submit_as(request).await;
        world.finish(&report).await;
        let answer = world
            .privacy
            .erase_complaint(national(erase(&report.name, false)))
            .await;
        refused(answer, Code::FailedPrecondition, "NOTHING_TO_ERASE");
        let missing = world
            .privacy
            .erase_complaint(national(erase("complaints/none", true)))
            .await;
        refused(missing, Code::NotFound, "NOT_FOUND");
        let unnamed = world.privacy.erase_complaint(national(erase("", true))).await;
        assert_eq!(faults(unnamed), ["name"]);
        let nobody = world
            .privacy
            .erase_complaint(public(erase(&report.name, false)))
            .await;
        refused(nobody, Code::Unauthenticated, "TOKEN_MISSING");
    })
    .await;
}

/// A stored consultation with an answer, completed now if `ended`.
async fn consultation(world: &World, id: &str, ended: bool) {
    let vault = Keyring::parse(&world.config.complaint.keys).unwrap();
    let sealed = |purpose: &str, text: &str| vault.encrypt(purpose, text.as_bytes()).unwrap();
    let now = world.now().timestamp_micros();
    let end: Option<i64> = ended.then_some(now);
    let erase: Option<i64> = ended.then_some(now + 1);
    let identity = r#"{"display_name":"Siti","identity_number":"","phone":"","email":"","address":""}"#;
    let content = sealed("matter", "{}");
    let values: Vec<Value> = vec![
        id.into(),
        now.into(),
        end.into(),
        erase.into(),
        sealed("identity", identity).bytes.into(),
        content.bytes.into(),
        content.key.into(),
    ];
    let text = "INSERT INTO consultation (uid, kind, agency, unit, asking_agency, asking_unit, topic, channel, state,
            member, received_at, completed_at, appointment_mode, identity, content, sealed_key, erase_at, version,
            updated_at)
        VALUES ($1, 'service_desk', '3271', 'a', '', '', 'fee', 'web', 'x', '', $2, $3, '', $5, $6, $7, $4, 1, $2)";
    let writer = world.db.writer();
    let statement = prima_platform::db::sql(writer, text, values);
    writer.execute_raw(statement).await.unwrap();
    let note = sealed("note", "\"Datang saja\"");
    let values: Vec<Value> = vec![id.into(), now.into(), note.bytes.into(), note.key.into()];
    let text = "INSERT INTO answer (consultation_id, number, at, actor, member, sealed, sealed_key)
        SELECT id, 1, $2, 'a', '', $3, $4 FROM consultation WHERE uid = $1";
    writer
        .execute_raw(prima_platform::db::sql(writer, text, values))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn asker_and_texts_of_a_consultation_are_erased_after_their_periods() {
    swept(20, 50, async |mut world| {
        consultation(&world, "c1", true).await;
        consultation(&world, "c2", false).await;
        assert_eq!(
            identity(&mut world, "consultations/c1")
                .await
                .unwrap()
                .display_name,
            "Siti"
        );
        let remaining = async |world: &World| {
            [
                world.rows("consultation", "identity IS NOT NULL").await,
                world.rows("consultation", "content IS NOT NULL").await,
                world.rows("answer", "sealed IS NOT NULL").await,
                world.rows("consultation", "sealed_key <> ''").await,
            ]
        };
        let until = async |world: &World, expected: [i64; 4]| {
            let met = async || (remaining(world).await == expected).then_some(());
            let met = eventually(Duration::from_secs(10), met).await;
            assert!(met.is_some(), "{:?}, not {expected:?}", remaining(world).await);
        };
        world.advance(TimeDelta::days(20));
        until(&world, [1, 2, 2, 2]).await;
        let gone = identity(&mut world, "consultations/c1").await;
        refused(gone, Code::FailedPrecondition, "IDENTITY_ERASED");
        world.advance(TimeDelta::days(30));
        until(&world, [1, 1, 1, 1]).await;
        let open = world
            .privacy
            .erase_complaint(national(erase("consultations/c2", true)))
            .await;
        refused(open, Code::FailedPrecondition, "NOT_CLOSED");
    })
    .await;
}
