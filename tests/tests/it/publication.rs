//! A publication whose process is killed at any step is published once, and its files are completed.

use std::path::Path;

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
use prima_tests::{DEADLINE, Suite, sample};
use tonic::Status;

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

async fn issue(suite: &Suite, proposal: &str) -> Result<pb::PublishedLeagueTable, Status> {
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
    let answer = suite.client.ranking.clone().publish_league_table(message).await?;
    Ok(answer.into_inner().published.expect("published"))
}

/// Waits until the table is published.
async fn issued(suite: &Suite, proposal: &str) -> pb::PublishedLeagueTable {
    let published = eventually(DEADLINE, || async { issue(suite, proposal).await.ok() });
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

#[tokio::test(flavor = "multi_thread")]
async fn a_publication_survives_every_kill() {
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
            let refused = issue(&suite, &proposal).await.expect_err("the process ends");
            (refused.code() != tonic::Code::FailedPrecondition).then_some(())
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
