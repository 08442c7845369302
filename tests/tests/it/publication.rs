//! A publication whose process is killed at any step is published once, and its files are completed; who calls meanwhile repeats a call
//! at most once.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use chrono::TimeDelta;
use prima_platform::{
    clock::{self, Clock},
    testing::eventually,
    tlog::{
        checkpoint::{Checkpoint, signer_key},
        note::{Kind, Note, VerifierKey},
        sealed, tile,
        tree::Tree,
    },
    token::Signer,
};
use prima_proto::ranking::v1 as pb;
use prima_tests::{DEADLINE, Suite, client::Client, sample};
use tokio::{sync::watch, task::JoinSet};
use tonic::{Code, Status};
use tonic_types::StatusExt;

const ORIGIN: &str = "uji.go.id/log";
const TABLE: &str = "metrics/skm/periods/2024-q3/cohorts/dpmptsp";

/// Proposes the table, as a correction of the one with this number unless it is 0.
async fn propose(suite: &Suite, corrects: i64) -> String {
    let (corrects, reason) = match corrects {
        0 => (String::new(), String::new()),
        number => (format!("publishedTables/{number}"), "Uji.".to_owned()),
    };
    let proposed = eventually(DEADLINE, || async {
        let message = pb::ProposeLeagueTableRequest {
            request_id: format!("p-0{}", corrects.trim_start_matches("publishedTables/")),
            table: TABLE.to_owned(),
            objection_end_time: Some(clock::to_proto(Clock::system().now() + TimeDelta::seconds(1))),
            corrects: corrects.clone(),
            correction_reason: reason.clone(),
            ..Default::default()
        };
        // Until it has read the streams, it freezes nothing.
        let answer = suite.client.ranking.clone().propose_league_table(message).await;
        answer.ok()?.into_inner().proposal
    });
    proposed.await.expect("a proposal").name
}

async fn issue(client: &Client, proposal: &str) -> Result<pb::PublishedLeagueTable, Status> {
    let message = pb::PublishLeagueTableRequest {
        request_id: format!("i-{}", proposal.trim_start_matches("proposedTables/")),
        proposal: proposal.to_owned(),
        decree: Some(pb::Decree {
            number: "1".to_owned(),
            date: "2024-10-31".to_owned(),
            signatory: "Uji".to_owned(),
            signatory_position: "Uji".to_owned(),
        }),
    };
    let answer = client.ranking.clone().publish_league_table(message).await?;
    Ok(answer.into_inner().published.expect("published"))
}

/// Waits until the table is published.
async fn issued(suite: &Suite, proposal: &str) -> pb::PublishedLeagueTable {
    let published = eventually(DEADLINE, || async { issue(&suite.client, proposal).await.ok() });
    published.await.expect("it is published")
}

/// Waits until the files prove `count` published tables.
async fn proved(folder: &Path, keys: &[VerifierKey], count: usize) {
    let whole = eventually(DEADLINE, || async {
        let text = std::fs::read_to_string(folder.join("checkpoint")).ok()?;
        let head = Checkpoint::verified(&Note::parse(&text)?, keys)?;
        let bundles = tile::bundles(head.size);
        let read = |(path, width)| tile::entries(&std::fs::read(folder.join(path)).ok()?, width);
        let entries: Vec<Vec<u8>> = bundles.map(read).collect::<Option<Vec<_>>>()?.concat();
        let heads = entries
            .iter()
            .filter(|entry| entry.starts_with(b"{\"address\""))
            .count();
        (Tree::of(entries).root() == head.root && heads == count).then_some(())
    });
    whole.await.expect("the files prove the log");
    for number in 1..=count {
        let path = folder.join(format!("tables/{number}/tabel.jsonl"));
        let sealed = sealed::verify(&std::fs::read(path).unwrap(), keys).unwrap();
        assert_eq!(sealed.head["number"], number);
    }
}

/// A suite with a ranked unit and a key, the folder of its files, and what verifies them.
async fn ranked() -> (Suite, PathBuf, [VerifierKey; 1], tempfile::TempDir) {
    let mut suite = Suite::start().await;
    let unit = suite.client.unit("32", "3271").await;
    let survey = suite.client.create_survey(&unit, "2024-q3").await;
    for n in 0..40 {
        let response = sample::response(n);
        suite
            .client
            .submit(&survey, &format!("r-{n}"), response)
            .await
            .unwrap();
    }
    let ranked = eventually(DEADLINE, || async {
        let rows = suite.client.clone().table("dpmptsp").await.ok()?;
        rows.first().filter(|row| row.respondents == 40).map(drop)
    });
    ranked.await.expect("the unit is ranked");

    let folder = tempfile::tempdir().unwrap();
    let (key, public) = (folder.path().join("key"), folder.path().join("public"));
    let signer = Signer::generate().unwrap();
    signer.save(&key).unwrap();
    let keys = [signer_key(&signer, ORIGIN, Kind::Note).unwrap()];
    for (name, value) in [
        ("PRIMA_PUBLICATION__KEY", key.display().to_string()),
        ("PRIMA_PUBLICATION__ORIGIN", ORIGIN.to_owned()),
        ("PRIMA_PUBLICATION__URL", format!("file:{}", public.display())),
        ("PRIMA_PUBLICATION__OBJECTION_HOURS", "0".to_owned()),
    ] {
        suite.ranking.set(name, Some(&value));
    }
    (suite, public, keys, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publication_survives_every_kill() {
    let (mut suite, public, keys, _folder) = ranked().await;
    let mut corrects = 0;
    for point in ["ranking.staged", "ranking.committed"] {
        suite.ranking.restart_with("PRIMA_FAILPOINTS", None).await;
        let proposal = propose(&suite, corrects).await;
        let killing = format!("{point}=exit");
        suite
            .ranking
            .restart_with("PRIMA_FAILPOINTS", Some(&killing))
            .await;
        // The period of objection may still run.
        let ended = eventually(DEADLINE, || async {
            let refused = issue(&suite.client, &proposal)
                .await
                .expect_err("the process ends");
            (refused.code() != Code::FailedPrecondition).then_some(())
        });
        ended.await.expect("the process passes the point");
        assert_eq!(suite.ranking.wait().await, 137, "{point}");
        suite.ranking.restart_with("PRIMA_FAILPOINTS", None).await;
        corrects += 1;
        let published = issued(&suite, &proposal).await;
        assert_eq!(published.name, format!("publishedTables/{corrects}"), "{point}");
        proved(&public, &keys, usize::try_from(corrects).unwrap()).await;
    }
    // Files are derived: without them, and with a writer that is killed between tiles and head, they become what they were.
    let before = std::fs::read(public.join("tables/1/tabel.jsonl")).unwrap();
    for point in ["ranking.files", "ranking.checkpoint"] {
        suite.ranking.stop().await;
        std::fs::remove_dir_all(&public).unwrap();
        suite
            .ranking
            .set("PRIMA_FAILPOINTS", Some(&format!("{point}=exit")));
        suite.ranking.relaunch();
        assert_eq!(suite.ranking.wait().await, 137, "{point}");
        assert!(!public.join("checkpoint").exists(), "{point}");
        suite.ranking.restart_with("PRIMA_FAILPOINTS", None).await;
        proved(&public, &keys, 2).await;
        assert_eq!(
            std::fs::read(public.join("tables/1/tabel.jsonl")).unwrap(),
            before
        );
    }
    // What is published is read by whoever has just started, and stays as it was.
    suite.ranking.restart_with("PRIMA_FAILPOINTS", None).await;
    let message = pb::GetPublishedLeagueTableRequest {
        name: "publishedTables/1".to_owned(),
        ..Default::default()
    };
    let read = suite.client.ranking.get_published_league_table(message).await;
    assert_eq!(
        read.unwrap().into_inner().published.unwrap().corrected_by,
        "publishedTables/2"
    );
}

/// Who calls a process that restarts. A call is repeated at most once, when the process serves again.
#[derive(Clone)]
struct Patient {
    serves: watch::Receiver<bool>,
    /// Calls that were answered.
    answered: Arc<AtomicU64>,
}

impl Patient {
    fn new(serves: &watch::Receiver<bool>) -> Self {
        Self {
            serves: serves.clone(),
            answered: Arc::default(),
        }
    }

    /// The answer, which may be a refusal.
    async fn call<T, F: Future<Output = Result<T, Status>>>(
        &mut self,
        make: impl Fn() -> F,
    ) -> Result<T, Status> {
        let answer = match make().await {
            Err(status) if !is_refusal(&status) => {
                self.serves
                    .wait_for(|serves| *serves)
                    .await
                    .expect("the test goes on");
                make().await
            }
            answer => answer,
        };
        self.answered.fetch_add(1, Ordering::Relaxed);
        answer
    }
}

/// Whether the service itself refused, as it may at any time: the period of objection runs, or it has not read all scores again.
fn is_refusal(status: &Status) -> bool {
    let info = status.get_details_error_info();
    let reasons = ["OBJECTION_PERIOD_RUNS", "TABLES_STALE", "TABLES_LOADING"];
    info.is_some_and(|info| reasons.contains(&info.reason.as_str()))
}

/// Makes a call until the service does not refuse it any more.
async fn settled<T, F: Future<Output = Result<T, Status>>>(patient: &mut Patient, make: impl Fn() -> F) -> T {
    loop {
        match patient.call(&make).await {
            Ok(answer) => return answer,
            Err(status) => assert!(is_refusal(&status), "{status}"),
        }
    }
}

/// Publishes the table, and corrects it twice, whatever happens to the process.
async fn publish_thrice(client: Client, mut patient: Patient) {
    for number in 1..=3 {
        let (corrects, reason) = match number {
            1 => (String::new(), String::new()),
            _ => (format!("publishedTables/{}", number - 1), "Uji.".to_owned()),
        };
        // Long enough for a repetition of the call after a restart.
        let end = Clock::system().now() + TimeDelta::seconds(6);
        let message = pb::ProposeLeagueTableRequest {
            request_id: format!("p-{number}"),
            table: TABLE.to_owned(),
            objection_end_time: Some(clock::to_proto(end)),
            corrects,
            correction_reason: reason,
            ..Default::default()
        };
        let proposal = settled(&mut patient, || async {
            let mut ranking = client.ranking.clone();
            let answer = ranking.propose_league_table(message.clone()).await?;
            Ok(answer.into_inner().proposal.expect("a proposal").name)
        })
        .await;
        let published = settled(&mut patient, || issue(&client, &proposal)).await;
        assert_eq!(
            published.name,
            format!("publishedTables/{number}"),
            "none is doubled"
        );
    }
}

/// Reads what is published until `done`; it never changes.
async fn read_on(client: Client, mut patient: Patient, mut done: watch::Receiver<bool>) {
    let mut first: Option<String> = None;
    while !*done.borrow_and_update() {
        let read = patient.call(|| async {
            let message = pb::GetPublishedLeagueTableRequest {
                name: "publishedTables/1".to_owned(),
                ..Default::default()
            };
            match client.ranking.clone().get_published_league_table(message).await {
                Err(status) if status.code() == Code::NotFound => Ok(None),
                answer => Ok(Some(answer?.into_inner())),
            }
        });
        let Some(read) = read.await.expect("it is read") else {
            assert_eq!(first, None, "it is gone");
            continue;
        };
        let head = read.published.expect("a table").head;
        assert_eq!(*first.get_or_insert_with(|| head.clone()), head);
        assert_eq!(read.rows.len(), 1);
    }
    assert!(first.is_some(), "nothing was read");
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_and_reading_go_on_while_ranking_restarts() {
    let (mut suite, public, keys, _folder) = ranked().await;
    suite.ranking.restart().await;
    suite.ranking.wait_ready().await;
    let (serves, serving) = watch::channel(true);
    let (done, doing) = watch::channel(false);
    let (publishing, reading) = (Patient::new(&serving), Patient::new(&serving));
    let counts = [publishing.answered.clone(), reading.answered.clone()];
    let mut tasks = JoinSet::new();
    let publisher = tasks.spawn(publish_thrice(suite.client.clone(), publishing));
    let reader = tasks.spawn(read_on(suite.client.clone(), reading, doing));
    let mut restarts = 0;
    while !publisher.is_finished() {
        serves.send_replace(false);
        // Every second one is not told.
        if restarts % 2 == 0 {
            suite.ranking.stop().await;
        }
        suite.ranking.restart().await;
        suite.ranking.wait_ready().await;
        serves.send_replace(true);
        restarts += 1;
        // No call is repeated when the next restart begins.
        let before = counts.each_ref().map(|count| count.load(Ordering::Relaxed));
        let went_on = eventually(DEADLINE, || async {
            let now = counts.each_ref().map(|count| count.load(Ordering::Relaxed));
            let grown = now.iter().zip(before).all(|(now, before)| *now > before);
            (grown || publisher.is_finished() || reader.is_finished()).then_some(())
        });
        went_on.await.expect("both go on");
    }
    done.send_replace(true);
    while let Some(ended) = tasks.join_next().await {
        ended.expect("all is published and read");
    }
    assert!(restarts >= 3, "{restarts} restarts");
    let message = pb::ListPublishedLeagueTablesRequest::default();
    let all = suite.client.ranking.list_published_league_tables(message).await;
    let all = all.expect("a list").into_inner().published;
    let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(
        names,
        ["publishedTables/1", "publishedTables/2", "publishedTables/3"]
    );
    proved(&public, &keys, 3).await;
}
