//! A flood of responses through an open link, as an officer sees and undoes it.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::lists::Office;
use crate::process::Ran;

const UNIT: &str = "agencies/3271/units/dpmptsp";
const SURVEY: &str = "agencies/3271/units/dpmptsp/surveys/2026";
const ELEMENTS: [&str; 9] = [
    "requirements",
    "procedure",
    "time",
    "cost",
    "product",
    "competence",
    "conduct",
    "complaint_handling",
    "facilities",
];

/// Submits responses with the same score for every element in one stream.
fn submit(office: &Office, name: &str, count: usize, score: i32, link: &str) {
    let answers: Value = ELEMENTS
        .iter()
        .map(|key| ((*key).to_owned(), json!(score)))
        .collect();
    let line = |n| {
        let mut line =
            json!({"survey": SURVEY, "response_id": format!("{name}-{n}"), "response": {"answers": answers}});
        if !link.is_empty() {
            line["credential"] = json!({"link": link});
        }
        format!("{line}\n")
    };
    let lines: String = (0..count).map(line).collect();
    let mut sending = office
        .up
        .command(&["call", "SubmitResponses", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    sending.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let sent = Ran::of(&sending.wait_with_output().unwrap());
    assert_eq!(sent.code, Some(0), "{}", sent.stderr);
    let sent: Value = serde_json::from_str(&sent.stdout).unwrap();
    assert_eq!(sent["accepted"], count, "{sent}");
}

#[test]
fn a_flood_is_shown_in_the_table_named_and_undone_by_one_command() {
    let office = Office::open();
    let done = |line: &[&str]| {
        let ran = office.up.run(line);
        assert_eq!(ran.code, Some(0), "{line:?}: {}{}", ran.stdout, ran.stderr);
        ran.stdout
    };
    done(&[
        "survey",
        "create",
        "--unit",
        UNIT,
        "--id",
        "2026",
        "--period",
        "2026",
        "--access",
        "agent,link",
    ]);
    submit(&office, "loket", 20, 1, "");
    let link = office.up.call(&["IssueLink", &format!("survey={SURVEY}")]);
    submit(&office, "bot", 60, 4, link["link"].as_str().unwrap());

    let result = done(&["result", SURVEY]);
    assert!(result.contains("25.00"), "{result}");
    assert!(
        result.contains("60 jawaban lewat tautan; nilai bila diterima "),
        "{result}"
    );
    // The row of the table has both as soon as the last score has arrived.
    let mut watching = office
        .up
        .command(&[
            "call",
            "WatchLeagueTable",
            "name=metrics/skm/periods/2026/cohorts/dpmptsp",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    let complete = lines
        .map_while(Result::ok)
        .find(|line| line.contains("\"25.00\"") && line.contains("\"in_question\":60"));
    watching.kill().unwrap();
    watching.wait().unwrap();
    assert!(complete.is_some());
    let table = done(&[
        "league", "--metric", "skm", "--period", "2026", "--cohort", "dpmptsp",
    ]);
    assert!(
        table.contains("25.00") && table.contains("pemeriksaan"),
        "{table}"
    );

    let named = done(&["responses", "quarantines", SURVEY, "--open"]);
    assert!(named.contains(&format!("{SURVEY}/quarantines/1")), "{named}");
    assert!(
        named.ends_with("1 karantina; 1 menunggu keputusan, dengan 60 jawaban dalam pemeriksaan.\n"),
        "{named}"
    );
    let listed = done(&[
        "responses",
        "list",
        SURVEY,
        "--source",
        "link",
        "--flag",
        "burst",
        "--format",
        "csv",
    ]);
    assert_eq!(
        listed.lines().filter(|line| line.contains(",link,")).count(),
        60,
        "{listed}"
    );
    let undone = done(&[
        "responses",
        "void",
        SURVEY,
        "--source",
        "link",
        "--flag",
        "burst",
        "--reason",
        "Banjir jawaban otomatis",
    ]);
    assert_eq!(undone, "60 jawaban dibatalkan (pembatalan nomor 1).\n");
    let result = done(&["result", SURVEY]);
    assert!(
        result.contains("25.00") && !result.contains("pemeriksaan"),
        "{result}"
    );
    let exact = done(&["survey", "exact", SURVEY, "--purpose", "Rapat evaluasi"]);
    assert!(exact.contains("20 (sampel minimum"), "{exact}");
    assert!(!exact.contains("menunggu"), "{exact}");
    let readings = done(&["survey", "readings", SURVEY]);
    assert!(readings.contains("Rapat evaluasi"), "{readings}");
    office.up.call(&["CloseSurvey", &format!("name={SURVEY}")]);
    let reopened = done(&["survey", "reopen", SURVEY, "--reason", "Ditutup terlalu awal"]);
    assert_eq!(reopened, format!("Survei dibuka kembali: {SURVEY}\n"));
    let changes = done(&["survey", "changes", SURVEY]);
    assert!(changes.contains("Ditutup terlalu awal"), "{changes}");
    let voids = done(&["survey", "voids", SURVEY]);
    assert!(voids.contains("Banjir jawaban otomatis"), "{voids}");
    let ran = office.up.run(&[
        "responses",
        "accept",
        &format!("{SURVEY}/quarantines/1"),
        "--reason",
        "Terlambat",
    ]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("sudah diputuskan"), "{}", ran.stderr);
}
