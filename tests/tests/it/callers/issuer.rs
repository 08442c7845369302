//! The keys of an issuer are followed: when it rotates them, when it is down, and when tokens name keys that it does not have.

use std::time::{Duration, Instant};

use prima_platform::testing::eventually;
use prima_tests::{
    DEADLINE,
    process::{Command, Process, Service},
};
use serde_json::json;

use super::{
    call, printed,
    sso::{Mode, Sso},
};
use crate::startup::prima;

/// An issuer with a key, and a process that trusts it.
async fn begin() -> (Sso, Process, tempfile::TempDir) {
    let (sso, dir) = (Sso::start().await, tempfile::tempdir().unwrap());
    sso.publish(&["a"]);
    let process = Command::new(Service::Up)
        .data(dir.path())
        .env("PRIMA_AUTH__ISSUERS", &sso.setting())
        .env("PRIMA_AUTH__REFRESH_SECONDS", "10")
        .start()
        .await;
    (sso, process, dir)
}

/// Waits until a token is accepted; fails when it is not within the time in which a rotation must be followed.
async fn accepted(process: &Process, token: &str) {
    let called = eventually(DEADLINE, || async { call(process, token).await.ok() }).await;
    assert!(
        called.is_some(),
        "{:?}\n{}",
        call(process, token).await,
        process.log()
    );
}

/// Waits until the issuer was asked twice more, so that what it answered first was read. A token with an unknown key makes it soon.
async fn asked(sso: &Sso, process: &Process, token: &str) {
    let before = sso.reads();
    let reached = eventually(DEADLINE, || async {
        let _refused = call(process, token).await;
        (sso.reads() >= before + 2).then_some(())
    });
    assert!(reached.await.is_some(), "{} reads", sso.reads());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_is_followed_and_an_outage_survived() {
    let (sso, process, dir) = begin().await;
    let a = sso.token("a", json!({}));
    accepted(&process, &a).await;
    for (why, change) in [
        ("another audience", json!({"aud": "account"})),
        ("no valid `aud`", json!({"aud": [1, 2]})),
        ("no valid `exp`", json!({"exp": "tomorrow"})),
        ("no valid `nbf`", json!({"nbf": "1"})),
        ("`azp`", json!({"azp": "another"})),
        ("longer than 24", json!({"exp": 4_000_000_000_i64})),
        ("expired", json!({"iat": 1, "exp": 2})),
        (
            "not valid yet",
            json!({"iat": 3_999_999_999_i64, "exp": 4_000_000_000_i64}),
        ),
    ] {
        let error = call(&process, &sso.token("a", change)).await.unwrap_err();
        assert!(error.contains(why), "{why}: {error}");
    }
    // The new key is published beside the old one, which then leaves.
    sso.publish(&["a", "b"]);
    let b = sso.token("b", json!({}));
    accepted(&process, &b).await;
    call(&process, &a).await.unwrap();
    sso.publish(&["b"]);
    let refused = eventually(DEADLINE, || async { call(&process, &a).await.err() }).await;
    assert!(refused.unwrap().contains("no such key"));
    call(&process, &b).await.unwrap();

    // Whatever goes wrong at the issuer, its known keys stay, and nothing else is believed.
    for mode in [Mode::Fails, Mode::Redirects, Mode::Floods, Mode::Pretends] {
        sso.set(mode);
        sso.publish(&["b", "c"]);
        let c = sso.token("c", json!({}));
        asked(&sso, &process, &c).await;
        call(&process, &sso.token("b", json!({}))).await.unwrap();
        let c = call(&process, &c).await;
        assert!(c.unwrap_err().contains("no such key"), "{mode:?}");
        sso.publish(&["b"]);
    }
    let paths = sso.paths();
    assert!(!paths.iter().any(|path| path.contains("elsewhere")), "{paths:?}");
    sso.set(Mode::Works);
    sso.publish(&["b", "d"]);
    accepted(&process, &sso.token("d", json!({}))).await;

    // A token of the installation itself is accepted beside.
    call(
        &process,
        &std::fs::read_to_string(dir.path().join("token")).unwrap(),
    )
    .await
    .unwrap();
    // One of the issuer is revoked by its address.
    let url = format!("sqlite:{}", dir.path().display());
    let revoke = [
        "token",
        "revoke",
        "--subject",
        "19850101",
        "--issuer",
        &sso.url,
        "--reason",
        "pindah tugas",
        "--database",
        &url,
    ];
    printed(&prima(&revoke, &[]));
    let refused = eventually(DEADLINE, || async { call(&process, &b).await.err() }).await;
    assert!(refused.unwrap().contains("revoked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_with_unknown_keys_do_not_hammer_the_issuer() {
    let (sso, process, _dir) = begin().await;
    accepted(&process, &sso.token("a", json!({}))).await;
    let (before, started) = (sso.reads(), Instant::now());
    let mut sent = 0;
    // Until the issuer was read twice more, so that the flood has caused what it can cause.
    while sso.reads() < before + 2 && started.elapsed() < DEADLINE {
        let forged = (0..50).map(|n: usize| sso.token(&format!("x{}", sent + n), json!({})));
        let calls: Vec<String> = forged.collect();
        let calls = calls.iter().map(|token| refused(&process, token));
        futures::future::join_all(calls).await;
        sent += 50;
    }
    let most = usize::try_from(started.elapsed().as_secs() / 5).unwrap() + 1;
    let reads = sso.reads() - before;
    assert!(
        reads >= 2 && reads <= most && sent > 10 * reads,
        "{reads} reads, {most} allowed, {sent} tokens"
    );
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "an unknown key is looked for sooner than the interval"
    );
    // Meanwhile and afterwards a rotation is followed.
    sso.publish(&["a", "b"]);
    accepted(&process, &sso.token("b", json!({}))).await;
}

async fn refused(process: &Process, token: &str) {
    assert!(call(process, token).await.is_err());
}
