//! A revocation reaches every process within seconds, and is not forgotten.

use std::time::Duration;

use prima_platform::{caller::Role, clock::Clock, testing::eventually, token::Signer};
use prima_proto::{
    audit::v1::{self as audit, audit_service_client::AuditServiceClient},
    ranking::v1::{self as ranking, ranking_service_client::RankingServiceClient},
    survey::v1::{self as survey, survey_service_client::SurveyServiceClient},
};
use prima_tests::{
    Cluster, DEADLINE,
    client::channel,
    process::{Command, Process, Service},
};
use serde_json::json;
use tonic::{Code, Request};
use tonic_types::StatusExt;

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
    let revocations = heads.keys().filter(|subject| subject.contains(".revocation."));
    assert_eq!(revocations.count(), 3, "{heads:?}");
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

/// The entries of refused calls in the audit log of the ranking service of this process.
async fn refusals(process: &Process, token: &str) -> Vec<audit::AuditEntry> {
    let mut client = AuditServiceClient::new(channel(&process.url()));
    let asked = audit::ListAuditEntriesRequest {
        service: "ranking".into(),
        parent: "agencies/-".into(),
        decision: audit::AuditDecision::Refused.into(),
        ..Default::default()
    };
    let answer = client.list_audit_entries(with_token(asked, token)).await.unwrap();
    answer.into_inner().entries
}

fn with_token<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_watch_ends_with_its_token_and_further_calls_are_in_the_audit_log() {
    let dir = tempfile::tempdir().unwrap();
    let signer = Signer::generate().unwrap();
    signer.save(&dir.path().join("key.pem")).unwrap();
    let database = format!("sqlite:{}", dir.path().display());
    let process = Command::new(Service::Up).data(dir.path()).start().await;
    let sign = |subject: &str, role, seconds| {
        let (now, life) = (Clock::system().now(), chrono::TimeDelta::seconds(seconds));
        signer.sign(subject, &[role], &["*".into()], now, life).unwrap()
    };
    let admin = sign("admin", Role::Admin, 3600);
    let (lost, other) = (
        sign("portal", Role::Operator, 3600),
        sign("portal-2", Role::Operator, 3600),
    );
    let watch = async |token: &str| {
        let mut client = RankingServiceClient::new(channel(&process.url()));
        let table = ranking::WatchLeagueTableRequest {
            name: "metrics/skm/periods/2024/cohorts/dpmptsp".into(),
            ..Default::default()
        };
        let mut stream = client
            .watch_league_table(with_token(table, token))
            .await
            .unwrap()
            .into_inner();
        stream.message().await.unwrap().expect("the table");
        stream
    };
    let (mut of_lost, mut of_other) = (watch(&lost).await, watch(&other).await);
    // A stream of responses that stays open.
    let (sender, responses) = tokio::sync::mpsc::channel::<survey::SubmitResponsesRequest>(1);
    let mut import = SurveyServiceClient::new(channel(&process.url()));
    let responses = tokio_stream::wrappers::ReceiverStream::new(responses);
    let request = with_token(responses, &lost);
    #[expect(clippy::disallowed_methods, reason = "awaited below")]
    let import = tokio::spawn(async move { import.submit_responses(request).await });
    let file = dir.path().join("lost");
    std::fs::write(&file, &lost).unwrap();
    let args = [
        "token",
        "revoke",
        file.to_str().unwrap(),
        "--reason",
        "laptop hilang",
        "--database",
        &database,
    ];
    printed(&prima(&args, &[]));
    let ended = tokio::time::timeout(SOON, of_lost.message()).await;
    let status = ended.expect("the watch goes on").unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated, "{status:?}");
    assert_eq!(
        status.get_error_details().error_info().unwrap().reason,
        "TOKEN_INVALID"
    );
    let ended = tokio::time::timeout(SOON, import).await;
    let status = ended
        .expect("the stream of responses goes on")
        .unwrap()
        .unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated, "{status:?}");
    drop(sender);
    // Longer than the interval at which the token of a stream is looked at.
    let ended = tokio::time::timeout(Duration::from_secs(3), async {
        while let Ok(Some(_)) = of_other.message().await {}
    });
    assert!(ended.await.is_err(), "the watch of another token has ended");

    assert_eq!(refusals(&process, &admin).await, []);
    let mut client = RankingServiceClient::new(channel(&process.url()));
    let (signed, signature) = other.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    let forged = format!("{signed}.{first}{}", &signature[1..]);
    for (token, subject, fault) in [
        (lost.as_str(), "portal", "it was revoked"),
        // Whoever forged it could have written anything into it.
        (&forged, "", "its signature is wrong"),
        ("bukan-token", "", "it is not three parts of base64url"),
    ] {
        let list = with_token(ranking::ListLeagueTablesRequest::default(), token);
        client.list_league_tables(list).await.unwrap_err();
        let newest = refusals(&process, &admin).await.remove(0);
        let claimed = newest.claimed.unwrap();
        assert_eq!(claimed.subject, subject);
        assert_eq!(claimed.fault, format!("the token is not valid: {fault}"));
        assert_eq!((newest.subject.as_str(), newest.identity.as_str()), ("", ""));
        assert_eq!(newest.reason, "TOKEN_INVALID");
        assert!(newest.method.ends_with("RankingService/ListLeagueTables"));
        assert_eq!(newest.network, "127.0.0.0/24");
    }
    // Anybody can send tokens that are not valid, so there is a limit.
    for _ in 0..100 {
        let list = with_token(ranking::ListLeagueTablesRequest::default(), "x");
        client.list_league_tables(list).await.unwrap_err();
    }
    let count = refusals(&process, &admin).await.len();
    assert!((60..75).contains(&count), "{count}");
}
