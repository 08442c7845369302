//! Encryption keys change while people work, and nothing gets lost.

use std::{collections::BTreeMap, time::Duration};

use futures::future::join_all;
use prima_platform::{config::Config, testing::eventually};
use prima_proto::complaint::v1;

use crate::{
    fixture::{
        Place, World, config, intake, key, liaison, national, on_each_database, public, report, request_id,
    },
    helpers::pdf,
};

fn with_keys(keys: &[&String]) -> Config {
    let mut config = config();
    config.complaint.sweep_millis = 5;
    config.complaint.keys = keys.iter().map(|key| (*key).clone()).collect();
    config
}

/// Number of rows by key.
async fn usage(world: &mut World) -> BTreeMap<String, (i64, bool, bool)> {
    let answer = world
        .privacy
        .get_key_usage(national(v1::GetKeyUsageRequest {}))
        .await;
    let keys = answer.unwrap().into_inner().keys;
    let shown = |k: v1::KeyUsage| (k.key, (k.rows, k.current, k.present));
    keys.into_iter().map(shown).collect()
}

async fn until_moved(world: &mut World, old: &str) {
    let privacy = world.privacy.clone();
    let moved = async || {
        let request = national(v1::GetKeyUsageRequest {});
        let answer = privacy.clone().get_key_usage(request).await.unwrap();
        let rows = answer.into_inner().keys.into_iter().filter(|k| k.key == old);
        (rows.map(|k| k.rows).sum::<i64>() == 0).then_some(())
    };
    let met = eventually(Duration::from_secs(30), moved).await;
    assert!(met.is_some(), "{:?}", usage(world).await);
}

/// Waits until `reports` reports are encrypted under a key.
async fn until_under(world: &World, key: &str, reports: i64) {
    let condition = format!("sealed_key = '{key}'");
    let met = async || (world.rows("complaint", &condition).await == reports).then_some(());
    eventually(Duration::from_secs(10), met).await.unwrap();
}

async fn name_of(world: &mut World, report: &str) -> String {
    let request = v1::ReadIdentityRequest {
        name: report.into(),
        purpose: v1::Purpose::Verification.into(),
        reason: "Pemeriksaan kunci".into(),
    };
    let answer = world.privacy.read_identity(national(request)).await.unwrap();
    answer.into_inner().reporter.unwrap().display_name
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_re_encrypted_under_the_new_key_and_can_be_decrypted() {
    for place in [Place::sqlite(), Place::postgres().await] {
        let (one, two) = (key("k1"), key("k2"));
        let mut old = World::start(place, with_keys(&[&one])).await;
        let bytes = pdf("a", 300_000);
        let file = old.upload("surat.pdf", &bytes).await;
        let report = old.submit_with("satu", vec![file.clone()]).await;
        old.finish(&report).await;
        name_of(&mut old, &report.name).await;
        old.tasks.stop(Duration::from_secs(5)).await;
        let before = usage(&mut old).await["k1"].0;
        assert!(before >= 6, "{before}");
        let mut new = old.replica(with_keys(&[&two, &one])).await;
        until_moved(&mut new, "k1").await;
        let all = usage(&mut new).await;
        assert_eq!(all["k2"], (before, true, true));
        new.tasks.stop(Duration::from_secs(5)).await;
        // Everything can be decrypted without the old key.
        let mut last = new.replica(with_keys(&[&two])).await;
        assert_eq!(name_of(&mut last, &report.name).await, "Siti Rahayu");
        let read = || {
            public(v1::ReadAttachmentRequest {
                name: file.clone(),
                access: report.access(),
            })
        };
        assert_eq!(last.download(read).await.unwrap(), bytes);
        let find = v1::FindComplaintsRequest {
            contact: "siti@example.id".into(),
            parent: "agencies/-".into(),
            purpose: v1::Purpose::DataSubjectRequest.into(),
            reason: "Permintaan pemilik data".into(),
        };
        let found = last.privacy.find_complaints(national(find)).await.unwrap();
        assert_eq!(found.into_inner().complaints.len(), 1);
        let log = v1::ListIdentityReadingsRequest {
            parent: "agencies/-".into(),
            ..Default::default()
        };
        let log = last.privacy.list_identity_readings(national(log)).await.unwrap();
        let log = log.into_inner().readings;
        assert!(log.iter().any(|line| line.reason == "Pemeriksaan kunci"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_writers_lose_nothing_while_the_key_changes() {
    for place in [Place::sqlite(), Place::postgres().await] {
        let (one, two) = (key("k1"), key("k2"));
        let mut old = World::start(place, with_keys(&[&one, &two])).await;
        for n in 0..60 {
            old.submit(&format!("lama-{n}")).await;
        }
        let new = old.replica(with_keys(&[&two, &one])).await;
        let writers = (0..20).map(|writer| {
            let world = if writer % 2 == 0 { &old } else { &new };
            async move {
                let mut complaints = world.complaints.clone();
                let mut names = Vec::new();
                for n in 0..4 {
                    let request = report(&format!("baru-{writer}-{n}"));
                    let status = loop {
                        match complaints.submit_complaint(intake(request.clone())).await {
                            Ok(answer) => break answer.into_inner(),
                            Err(status) => assert_eq!(status.code(), tonic::Code::Aborted, "{status:?}"),
                        }
                    };
                    let status = status.status.unwrap();
                    world
                        .respond(&status.name, "Sudah kami tangani.", Vec::new())
                        .await;
                    names.push(status.name);
                }
                names
            }
        });
        let names: Vec<String> = join_all(writers).await.into_iter().flatten().collect();
        assert_eq!(names.len(), 80);
        old.tasks.stop(Duration::from_secs(5)).await;
        let mut new = new;
        until_moved(&mut new, "k1").await;
        new.tasks.stop(Duration::from_secs(5)).await;
        let mut last = new.replica(with_keys(&[&two])).await;
        for name in &names {
            assert_eq!(name_of(&mut last, name).await, "Siti Rahayu");
        }
        assert_eq!(last.rows("complaint", "state = 'responded'").await, 80);
        assert_eq!(last.rows("complaint", "sealed_key <> 'k2'").await, 0);
        let again = v1::SubmitComplaintRequest {
            request_id: request_id(),
            ..report("x")
        };
        last.submit_as(again).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_replicas_disagree_the_first_key_of_the_last_started_one_is_used() {
    on_each_database(async |world| {
        let (one, two) = (key("k1"), key("k2"));
        // This replica runs five times as often as the other one.
        let mut often = with_keys(&[&one, &two]);
        often.complaint.sweep_millis = 1;
        let mut old = world.replica(often).await;
        old.submit("satu").await;
        let new = old.replica(with_keys(&[&two, &one])).await;
        until_under(&new, "k2", 1).await;
        old.tamper("CREATE TABLE seen AS SELECT id, secrets FROM complaint")
            .await;
        // What the old replica encrypts, the new one re-encrypts, each time in another run.
        for n in 2..5 {
            old.submit(&format!("lagi-{n}")).await;
            until_under(&new, "k2", n).await;
        }
        // No row was re-encrypted back and forth meanwhile: a ciphertext never occurs twice.
        let same = "complaint.secrets = seen.secrets";
        assert_eq!(new.rows("complaint JOIN seen USING (id)", same).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_under_an_unknown_key_are_reported_and_kept() {
    on_each_database(async |world| {
        let (one, two, three) = (key("k1"), key("k2"), key("k3"));
        let mut old = world.replica(with_keys(&[&one])).await;
        let report = old.submit("satu").await;
        old.tasks.stop(Duration::from_secs(5)).await;
        let rows = usage(&mut old).await["k1"].0;
        let mut third = old.replica(with_keys(&[&three])).await;
        let mut without = old.replica(with_keys(&[&two, &three])).await;
        let shown = usage(&mut without).await;
        assert_eq!(shown["k1"], (rows, false, false));
        assert_eq!(shown["k2"], (0, true, true));
        // Two further runs have processed rows of a key that is configured.
        for n in 1..=2 {
            third.submit(&format!("lain-{n}")).await;
            until_under(&without, "k2", n).await;
        }
        assert_eq!(usage(&mut without).await["k1"], (rows, false, false));
        third.tasks.stop(Duration::from_secs(5)).await;
        without.tasks.stop(Duration::from_secs(5)).await;
        let mut again = without.replica(with_keys(&[&one])).await;
        assert_eq!(name_of(&mut again, &report.name).await, "Siti Rahayu");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undecryptable_row_is_kept_and_does_not_block_the_others() {
    on_each_database(async |world| {
        let (one, two) = (key("k1"), key("k2"));
        let mut old = world.replica(with_keys(&[&one])).await;
        let broken = old.submit("rusak").await;
        let whole = old.submit("utuh").await;
        let uid = broken.name.trim_start_matches("complaints/");
        let swap = format!("UPDATE complaint SET identity = content WHERE uid = '{uid}'");
        old.tamper(&swap).await;
        let mut new = old.replica(with_keys(&[&two, &one])).await;
        until_under(&new, "k2", 1).await;
        assert_eq!(name_of(&mut new, &whole.name).await, "Siti Rahayu");
        // Later runs find the row again.
        for n in 2..=3 {
            old.submit(&format!("lagi-{n}")).await;
            until_under(&new, "k2", n).await;
        }
        old.tasks.stop(Duration::from_secs(5)).await;
        assert_eq!(
            new.rows("complaint", "sealed_key = 'k1' AND identity = content")
                .await,
            1
        );
        let started = v1::StartFollowUpRequest {
            request_id: request_id(),
            name: broken.name.clone(),
            etag: String::new(),
        };
        assert!(new.complaints.start_follow_up(liaison(started)).await.is_err());
    })
    .await;
}
