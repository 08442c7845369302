//! Creates the fixture of a release. `PRIMA_BIN` is its binary, `PRIMA_FAKETIME` the library of libfaketime,
//! `PRIMA_PG_BIN` the programs of PostgreSQL, `PRIMA_RELEASE` the folder to write. tests/data/README.md shows the
//! command.

use std::{fs, path::PathBuf, process::Command};

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::{Clock, micros},
    testing::eventually,
};
use prima_proto::FILE_DESCRIPTOR_SET;
use prima_tests::DEADLINE;
use prost::Message;
use prost_types::FileDescriptorSet;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::{
    Question,
    deployment::{Dataset, Store, zip},
    seed::Seed,
    the_same,
};

/// The dates of the data: a Monday, and the Thursday after the next weekend, both in office hours.
const BEGINNING: &str = "2024-03-04T02:00:00Z";
const TEN_DAYS_LATER: &str = "2024-03-14T02:00:00Z";

fn given(name: &str) -> PathBuf {
    std::env::var_os(name)
        .unwrap_or_else(|| panic!("{name} is not set"))
        .into()
}

/// The environment in which a process sees another time, which then passes normally.
fn at(time: &str) -> [(&'static str, String); 3] {
    let ahead = time.parse::<DateTime<Utc>>().unwrap() - Clock::system().now();
    [
        ("LD_PRELOAD", given("PRIMA_FAKETIME").to_str().unwrap().to_owned()),
        ("FAKETIME", format!("{:+}s", ahead.num_seconds())),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]
}

/// The contract of this build, without comments.
fn contract() -> Vec<u8> {
    let mut set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
    for file in &mut set.file {
        file.source_code_info = None;
    }
    set.encode_to_vec()
}

fn dump(url: &str) -> String {
    let done = Command::new(given("PRIMA_PG_BIN").join("pg_dump"))
        .args([
            "--no-owner",
            "--no-privileges",
            "--inserts",
            "--rows-per-insert=100",
            url,
        ])
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8(done.stdout).unwrap();
    // These lines are meant for psql.
    let lines = text
        .lines()
        .filter(|l| !l.starts_with("\\restrict") && !l.starts_with("\\unrestrict"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// Waits until everything that the passing of time causes has happened: due actions, and what the end of a year
/// settles.
async fn up_to_date(dataset: &Dataset) {
    let now = Clock::system().now();
    let (micros, year) = (micros(now), now.format("%Y"));
    let due = [
        (
            "complaint",
            format!("SELECT count(*) FROM complaint WHERE wake_at <= {micros}"),
        ),
        (
            "complaint",
            format!("SELECT count(*) FROM performance WHERE settled = 0 AND year < {year}"),
        ),
        (
            "survey",
            format!("SELECT count(*) FROM survey WHERE closed_at IS NULL AND close_at <= {micros}"),
        ),
        (
            "survey",
            format!("SELECT count(*) FROM agency_score WHERE settles_at <= {micros}"),
        ),
        (
            "innovation",
            format!("SELECT count(*) FROM agency_score WHERE settles_at > 0 AND settles_at <= {micros}"),
        ),
    ];
    let done = eventually(DEADLINE, || async {
        for (service, text) in &due {
            if dataset.number(service, text).await > 0 {
                return None;
            }
        }
        Some(())
    });
    done.await.expect("something is still due");
    dataset.wait_until_idle().await;
}

/// What a process leaves unfinished when it is killed right after a commit: derived figures that are flagged as dirty
/// and not computed, and states that were not sent.
const UNFINISHED: [(&str, &str); 17] = [
    (
        "directory",
        "UPDATE outbox SET published_version = 0 WHERE subject LIKE 'prima.directory.unit.3271.%'",
    ),
    (
        "survey",
        "UPDATE outbox SET published_version = version - 1 WHERE subject LIKE 'prima.survey.result.3271.%'",
    ),
    (
        "survey",
        "INSERT INTO agency_dirty (agency, period, mark) VALUES ('3273', '2024-q1', 1)",
    ),
    (
        "survey",
        "DELETE FROM agency_score WHERE agency = '3273' AND period = '2024-q1'",
    ),
    (
        "survey",
        "DELETE FROM outbox WHERE subject = 'prima.survey.score.skm.2024-q1.agency.3273'",
    ),
    (
        "innovation",
        "INSERT INTO agency_dirty (agency, year, mark) VALUES ('3271', 2024, 1)",
    ),
    (
        "innovation",
        "DELETE FROM agency_score WHERE agency = '3271' AND year = 2024",
    ),
    (
        "innovation",
        "DELETE FROM outbox WHERE subject = 'prima.innovation.score.innovation.2024.agency.3271'",
    ),
    (
        "complaint",
        "INSERT INTO performance_dirty (agency, unit, year, mark) VALUES ('3271', 'dpmptsp', 2024, 1)",
    ),
    (
        "complaint",
        "DELETE FROM performance WHERE agency = '3271' AND unit = 'dpmptsp' AND year = 2024",
    ),
    (
        "complaint",
        "DELETE FROM outbox WHERE subject LIKE 'prima.complaint.%.3271.dpmptsp%'",
    ),
    (
        "index",
        "INSERT INTO unit_mark (agency, unit) VALUES ('3271', 'dpmptsp')",
    ),
    (
        "index",
        "UPDATE assessment SET exact = NULL, inputs = '', published = 0
         WHERE cycle_id = (SELECT id FROM cycle WHERE cycle = 'mandiri-2024')",
    ),
    (
        "index",
        "DELETE FROM outbox WHERE subject = 'prima.index.score.ipp-mandiri.2024.unit.3271.dpmptsp'",
    ),
    (
        "ranking",
        "DELETE FROM snapshot WHERE subject LIKE 'prima.survey.score.skm.2024-q1.agency.%'",
    ),
    (
        "ranking",
        "DELETE FROM snapshot WHERE subject LIKE 'prima.innovation.score.innovation.2024.agency.%'",
    ),
    (
        "ranking",
        "DELETE FROM snapshot WHERE subject LIKE 'prima.index.score.ipp-mandiri.2024.%'",
    ),
];

async fn leave_unfinished(dataset: &Dataset) {
    for (service, text) in UNFINISHED {
        let db = dataset.database(service).await;
        let done = db.writer().execute_unprepared(text).await.unwrap();
        assert!(done.rows_affected() > 0, "{service}: {text}");
        db.close().await;
    }
}

async fn make(store: Store) {
    let release = given("PRIMA_RELEASE");
    fs::create_dir_all(&release).unwrap();
    let contract = contract();
    let file = tempfile::tempdir().unwrap();
    fs::write(file.path().join("contract.binpb"), &contract).unwrap();
    fs::write(release.join("contract.zip"), zip(file.path())).unwrap();

    let (dataset, seed) = (Dataset::empty(store).await, Seed::new());
    let deployment = dataset.start(&at(BEGINNING)).await;
    seed.on(deployment.api(&contract));
    seed.directory().await;
    seed.surveys().await;
    let reports = seed.complaints().await;
    seed.evaluation().await;
    seed.innovations().await;
    seed.scores().await;
    dataset.wait_until_idle().await;
    deployment.stop().await;

    let deployment = dataset.start(&at(TEN_DAYS_LATER)).await;
    seed.on(deployment.api(&contract));
    seed.surveys_end().await;
    seed.complaints_go_on(&reports).await;
    seed.evaluation_ends().await;
    seed.round_ends().await;
    dataset.wait_until_idle().await;
    deployment.stop().await;

    // The present time must not change any of it.
    let deployment = dataset.start(&[]).await;
    up_to_date(&dataset).await;
    let api = deployment.api(&contract);
    let mut reads = seed.reads.take();
    for question in &mut reads {
        if question.call.contains("Assessment") {
            // This is the time of the last computation, which is repeated.
            question.without.push("updateTime".to_owned());
        }
        question.answer = question.ask(&api).await;
    }
    the_same(&api, &reads).await;
    deployment.stop().await;
    leave_unfinished(&dataset).await;
    let archive = dataset.pack(dump);
    fs::write(release.join(format!("{}.zip", store.name())), &archive).unwrap();

    // The release itself finishes what was left, and gives the answers that are given only once.
    let dataset = Dataset::unpacked(store, &archive).await;
    let deployment = dataset.start(&[]).await;
    dataset.wait_until_idle().await;
    let api = deployment.api(&contract);
    the_same(&api, &reads).await;
    let mut once = seed.once.take();
    for question in &mut once {
        question.answer = question.ask(&api).await;
    }
    deployment.stop().await;
    let path = release.join(format!("{}.json", store.name()));
    fs::write(path, stored(&[("reads", reads), ("once", once)])).unwrap();
}

/// The answers as JSON, one call per line.
fn stored(parts: &[(&str, Vec<Question>)]) -> String {
    let part = |(name, all): &(&str, Vec<Question>)| {
        let lines: Vec<String> = all.iter().map(|question| question.stored().to_string()).collect();
        format!("{}: [\n{}\n]", json!(name), lines.join(",\n"))
    };
    let parts: Vec<String> = parts.iter().map(part).collect();
    format!("{{{}}}\n", parts.join(",\n"))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "makes the fixture of a release"]
async fn a_release_is_kept_in_files() {
    make(Store::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "makes the fixture of a release"]
async fn a_release_is_kept_in_a_dump() {
    make(Store::Postgresql).await;
}
