//! A revocation reaches every process within seconds, and is not forgotten.

use std::time::Duration;

use prima_platform::{caller::Role, clock::Clock, testing::eventually, token::Signer};
use prima_tests::{
    Cluster, DEADLINE,
    process::{Command, Process, Service},
};
use serde_json::json;

use super::{call, printed};
use crate::startup::{prima, text};

/// How soon every process refuses what was revoked.
const SOON: Duration = Duration::from_secs(10);

/// Waits until every process refuses a token.
async fn refused(processes: &[&Process], token: &str) {
    for process in processes {
        let refused = eventually(SOON, || async { call(process, token).await.err() }).await;
        let error = refused.unwrap_or_else(|| panic!("still accepted\n{}", process.log()));
        assert!(error.contains("revoked"), "{error}");
    }
}

async fn accepted(processes: &[&Process], token: &str) {
    for process in processes {
        call(process, token).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_reaches_every_replica_and_survives_restarts_and_a_lost_bus() {
    let mut cluster = Cluster::start().await;
    let mut directory = cluster.serve(Service::Directory).await;
    let mut ranking = cluster.serve(Service::Ranking).await;
    let replica = cluster.serve(Service::Ranking).await;
    let database = cluster.database.clone();
    let with = |args: &[&str]| {
        let args: Vec<&str> = args.iter().copied().chain(["--database", &database]).collect();
        printed(&prima(&args, &[]))
    };
    let token = |subject: &str| cluster.token_of(subject, &[Role::Operator], &["3271"]);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    let path = file.to_str().unwrap();

    // One token, by its file; the subject has another one.
    let (lost, other) = (token("portal"), token("portal"));
    let processes = [&directory, &ranking, &replica];
    accepted(&processes, &lost).await;
    std::fs::write(&file, format!("{lost}\n")).unwrap();
    with(&["token", "revoke", path, "--reason", "laptop hilang"]);
    refused(&processes, &lost).await;
    accepted(&processes, &other).await;

    // A token of an earlier release, which has no id.
    let now = Clock::system().now().timestamp();
    let old = json!({
        "iss": "prima", "sub": "portal", "iat": now - 9, "exp": now + 3600, "roles": ["operator"], "agencies": ["3271"]
    });
    let old = cluster.signer.sign_claims(&old).unwrap();
    accepted(&processes, &old).await;
    std::fs::write(&file, &old).unwrap();
    with(&["token", "revoke", path, "--reason", "laptop hilang"]);
    refused(&processes, &old).await;
    accepted(&processes, &other).await;

    // Every token of a subject that was issued until now; one that is issued later is accepted.
    with(&[
        "token",
        "revoke",
        "--subject",
        "portal",
        "--reason",
        "kontrak berakhir",
    ]);
    refused(&processes, &other).await;
    accepted(&processes, &token("portal-2")).await;
    let next = eventually(DEADLINE, || async {
        call(&directory, &token("portal")).await.ok()
    })
    .await;
    assert!(next.is_some(), "a token that is issued later");

    let listed = with(&["token", "list-revoked"]);
    for part in ["laptop hilang", "kontrak berakhir", "portal", "subject"] {
        assert!(listed.contains(part), "{listed}");
    }
    // The bus has no name of anybody.
    let heads = cluster.heads("directory").await;
    assert_eq!(heads.len(), 3, "{heads:?}");
    assert!(
        heads.keys().all(|subject| !subject.contains("portal")),
        "{heads:?}"
    );

    // A lost bus is filled again; without one, a process that starts knows what it knew.
    cluster.nats.wipe_storage();
    ranking.restart().await;
    let without = [&ranking];
    for revoked in [&lost, &old, &other] {
        refused(&without, revoked).await;
    }
    cluster.nats.restart();
    cluster.settle("directory").await;
    let empty = Cluster {
        database: cluster.fresh_database().await,
        ..cluster
    };
    let fresh = empty.serve(Service::Ranking).await;
    refused(&[&fresh, &ranking, &replica], &lost).await;
    directory.restart().await;
    refused(&[&directory], &other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaked_key_is_refused_everywhere_and_the_next_one_signs() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let (store, file, database) = (
        at("keys"),
        at("signer"),
        format!("sqlite:{}", dir.path().display()),
    );
    let leaked = Signer::generate().unwrap();
    leaked.save(file.as_ref()).unwrap();
    let key = |args: &[&str]| {
        let args: Vec<&str> = ["key"]
            .iter()
            .chain(args)
            .chain(&["--store", &store])
            .copied()
            .collect();
        printed(&prima(&args, &[]))
    };
    let sign = |subject: &str| {
        let args = [
            "token",
            "--key",
            &store,
            "--subject",
            subject,
            "--roles",
            "operator",
        ];
        printed(&prima(&args, &[])).trim().to_owned()
    };
    key(&["import", &file, "--id", "k1"]);
    let before = sign("portal");
    key(&["rotate", "--id", "k2"]);
    let after = sign("portal");
    // `up` takes over the keys in its folder, in place of a `key.pem`.
    let process = Command::new(Service::Up).data(dir.path()).start().await;
    accepted(&[&process], &before).await;
    accepted(&[&process], &after).await;
    let public = printed(&prima(&["token", "--key", &store, "--public"], &[]));
    assert!(public.starts_with("k1:") && public.contains(",k2:"), "{public}");

    let compromise = [
        "key",
        "compromise",
        "k1",
        "--reason",
        "ada di repositori",
        "--store",
        &store,
    ];
    let with_database: Vec<&str> = compromise
        .iter()
        .copied()
        .chain(["--database", &database])
        .collect();
    // It may be repeated, for example when the database could not be reached.
    let unreachable: Vec<&str> = compromise
        .iter()
        .copied()
        .chain(["--database", "sqlite:/nowhere"])
        .collect();
    assert!(!prima(&unreachable, &[]).status.success());
    printed(&prima(&with_database, &[]));
    refused(&[&process], &before).await;
    // Also what is signed from now on, with any time.
    let now = Clock::system().now();
    let forged = leaked.sign(
        "admin",
        &[Role::Admin],
        &["*".into()],
        now,
        chrono::TimeDelta::days(300),
    );
    refused(&[&process], &forged.unwrap()).await;
    accepted(&[&process], &after).await;

    let listed = key(&["list"]);
    assert!(
        listed.contains("compromised") && listed.contains("ada di repositori"),
        "{listed}"
    );
    assert!(
        !dir.path().join("keys/k1.key").exists(),
        "the private half is removed"
    );
    let again = prima(&["key", "rotate", "--id", "k2", "--store", &store], &[]);
    assert!(
        !again.status.success() && text(&again.stderr).contains("sudah ada"),
        "{}",
        text(&again.stderr)
    );
    let early = prima(&["key", "retire", "k2", "--store", &store], &[]);
    assert!(!early.status.success());
}
