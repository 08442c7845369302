//! The history of league tables: what was published stays readable, whoever is killed.

use prima_platform::testing::eventually;
use prima_proto::{ranking::v1 as ranking, survey::v1 as survey};
use prima_tests::{
    Cluster, DEADLINE, Suite,
    client::Client,
    process::{Process, Service, binary},
    sample,
};
use prost_types::Timestamp;
use tonic::Code;

const TABLE: &str = "metrics/skm/periods/2024-q3/cohorts/dpmptsp";

/// Ranking with steps of a second.
async fn ranking(cluster: &Cluster, failpoints: &str) -> Process {
    let command = cluster
        .command(Service::Ranking)
        .env("PRIMA_RANKING__HISTORY_STEP_SECONDS", "1")
        .env("PRIMA_FAILPOINTS", failpoints);
    command.spawn()
}

/// The table as it is known at a time; without one, now. `None` while the history has none.
async fn past(client: &mut Client, known_at: Option<Timestamp>) -> Option<ranking::GetLeagueTableResponse> {
    // Without a time the present table would be read.
    let now = prima_platform::clock::to_proto(prima_platform::clock::Clock::system().now());
    let request = ranking::GetLeagueTableRequest {
        name: TABLE.to_owned(),
        known_at: known_at.or(Some(now)),
        ..Default::default()
    };
    match client.ranking.get_league_table(request).await {
        Ok(answer) => Some(answer.into_inner()),
        Err(status) => {
            let expected = [Code::Unavailable, Code::NotFound, Code::Cancelled, Code::Unknown];
            assert!(expected.contains(&status.code()), "{status:?}");
            None
        }
    }
}

fn ranks(table: &ranking::GetLeagueTableResponse) -> Vec<(i64, String, String)> {
    let row = |row: &ranking::LeagueRow| (row.rank, row.subject.clone(), row.score.clone());
    table.rows.iter().map(row).collect()
}

fn known_at(table: &ranking::GetLeagueTableResponse) -> Timestamp {
    table.table.as_ref().unwrap().known_at.unwrap()
}

/// Waits until the history shows a table that meets the condition.
async fn until(
    client: &Client,
    is_met: impl Fn(&[(i64, String, String)]) -> bool,
) -> ranking::GetLeagueTableResponse {
    let met = eventually(DEADLINE, || {
        let mut client = client.clone();
        let is_met = &is_met;
        async move {
            past(&mut client, None)
                .await
                .filter(|table| is_met(&ranks(table)))
        }
    });
    met.await.expect("the history shows the table")
}

/// Submits responses with the same answer to every element.
async fn submit(client: &mut Client, survey: &str, answer: i32, ids: std::ops::Range<usize>) {
    for n in ids {
        let response = survey::Response {
            answers: sample::ELEMENTS
                .map(|element| (element.to_owned(), answer))
                .into(),
            ..sample::response(n)
        };
        client.submit(survey, &format!("r-{n}"), response).await.unwrap();
    }
}

#[tokio::test]
async fn a_rank_that_changed_is_read_back_and_explained() {
    let Suite {
        cluster,
        directory,
        survey: intake,
        ranking: mut plain,
        ..
    } = Suite::start().await;
    plain.stop().await;
    let ranking = ranking(&cluster, "").await;
    ranking.wait_ready().await;
    let mut client = Client::new(&directory.url(), &intake.url(), &ranking.url(), &cluster.admin());
    let first = client.unit("32", "3271").await;
    client
        .agency(
            "3272",
            prima_proto::directory::v1::AgencyKind::Kota,
            "agencies/32",
        )
        .await;
    let second = client.unit_of("3272").await;
    let surveys = [
        client.create_survey(&first, "a").await,
        client.create_survey(&second, "b").await,
    ];
    submit(&mut client, &surveys[0], 3, 0..20).await;
    submit(&mut client, &surveys[1], 2, 0..20).await;
    let before = until(&client, |rows| {
        rows.len() == 2 && rows[0].1 == first && rows.iter().all(|r| r.0 > 0)
    })
    .await;
    submit(&mut client, &surveys[1], 4, 20..60).await;
    let after = until(&client, |rows| rows[0].1 == second && rows[0].2 == "83.33").await;
    // The past is still what it was.
    let again = past(&mut client, Some(known_at(&before))).await.unwrap();
    assert_eq!(ranks(&again), ranks(&before));

    let point = |at: &ranking::GetLeagueTableResponse| {
        Some(ranking::RankPoint {
            period: "2024-q3".into(),
            as_of: None,
            known_at: Some(known_at(at)),
        })
    };
    let request = ranking::ExplainRankChangeRequest {
        subject: second.clone(),
        metric: "skm".into(),
        cohort: "dpmptsp".into(),
        from: point(&before),
        to: point(&after),
    };
    let change = client
        .ranking
        .explain_rank_change(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!((change.ranks, change.others), (-1, 1));
    let parts = change
        .parts
        .iter()
        .map(|part| prima_platform::number::parse_fraction(&part.ranks_fraction).unwrap());
    assert_eq!(
        parts.sum::<prima_platform::number::Rational>(),
        prima_platform::number::whole(-1)
    );
    let own = change
        .parts
        .iter()
        .filter(|part| part.source() == ranking::RankSource::Component);
    assert_eq!(own.count(), 9, "each element has its part: {:?}", change.parts);

    let card = ranking::GetScorecardRequest {
        subject: second.clone(),
        ..Default::default()
    };
    let card = client.ranking.get_scorecard(card).await.unwrap().into_inner();
    let cohorts: Vec<(String, i64)> = card.entries[0]
        .standings
        .iter()
        .map(|s| {
            (
                s.table.as_ref().unwrap().cohort.clone(),
                s.row.as_ref().unwrap().rank,
            )
        })
        .collect();
    let expected = [("dpmptsp", 1), ("dpmptsp.32", 1), ("units.3272", 1)];
    assert_eq!(cohorts, expected.map(|(cohort, rank)| (cohort.to_owned(), rank)));

    let time = |at: &ranking::GetLeagueTableResponse| {
        prima_platform::clock::from_proto(&known_at(at))
            .unwrap()
            .to_rfc3339()
    };
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(binary())
            .args(arguments)
            .args(["--endpoint", &ranking.url()])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let (from, to) = (time(&before), time(&after));
    let table = ["league", "--period", "2024-q3", "--cohort", "dpmptsp"];
    let printed = run(&[&table[..], &["--known-at", &from]].concat());
    assert!(printed.contains("Riwayat: keadaan"), "{printed}");
    let explain = [
        "explain", "rank", &second, "--cohort", "dpmptsp", "--from", "2024-q3", "--to", "2024-q3",
    ];
    let printed = run(&[&explain[..], &["--from-known-at", &from, "--to-known-at", &to]].concat());
    assert!(printed.contains("naik 1"), "{printed}");
    let printed = run(&["scorecard", &second, "--format", "csv"]);
    assert!(printed.contains("skm,2024-q3,dpmptsp.32,1,2,83.33"), "{printed}");
}

#[tokio::test]
async fn a_writer_that_is_killed_at_any_step_leaves_no_gap() {
    let Suite {
        cluster,
        directory,
        survey: intake,
        ranking: mut plain,
        ..
    } = Suite::start().await;
    plain.stop().await;
    let mut client = Client::new(&directory.url(), &intake.url(), &plain.url(), &cluster.admin());
    let unit = client.unit("32", "3271").await;
    let survey = client.create_survey(&unit, "a").await;
    let mut next = 0;
    for point in [
        "history.inserted",
        "history.written",
        "history.caught_up",
        "history.inserted",
    ] {
        submit(&mut client, &survey, 3, next..next + 3).await;
        next += 3;
        let mut killed = ranking(&cluster, &format!("{point}=exit")).await;
        assert_eq!(killed.wait().await, 137, "{point}");
    }
    let mut writer = ranking(&cluster, "").await;
    writer.wait_ready().await;
    let mut client = Client::new(&directory.url(), &intake.url(), &writer.url(), &cluster.admin());
    let before = until(&client, |rows| rows.len() == 1).await;
    writer.kill();
    submit(&mut client, &survey, 4, next..next + 3).await;
    let other = ranking(&cluster, "").await;
    other.wait_ready().await;
    let mut client = Client::new(&directory.url(), &intake.url(), &other.url(), &cluster.admin());
    until(&client, |rows| rows[0].2 != ranks(&before)[0].2).await;
    let again = past(&mut client, Some(known_at(&before))).await.unwrap();
    assert_eq!(ranks(&again), ranks(&before));
    let lacks = "SELECT count(*) FROM ranking.snapshot s WHERE NOT EXISTS (
        SELECT 1 FROM ranking.history h WHERE h.subject = s.subject AND h.version >= s.version)";
    let whole = eventually(DEADLINE, || async {
        (cluster.number(lacks).await == 0).then_some(())
    });
    whole.await.expect("the history has every state of the snapshot");
    let disordered = "SELECT count(*) FROM (SELECT version - LAG(version) OVER (
        PARTITION BY subject ORDER BY known_at) AS ahead FROM ranking.history) v WHERE ahead <= 0";
    assert_eq!(cluster.number(disordered).await, 0);
}
