use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::process::{Ran, Up};

const SURVEY: &str = "agencies/uji/units/kantor/surveys/2026";
const ELEMENTS: [&str; 9] = [
    "requirements",
    "procedure",
    "time",
    "cost",
    "product",
    "competence",
    "conduct",
    "facilities",
    "complaint_handling",
];

/// Responses as messages of a stream, one per line.
fn responses(count: usize) -> String {
    let answers: Vec<String> = ELEMENTS.iter().map(|key| format!("\"{key}\": 3")).collect();
    let line = |number| {
        format!(
            "{{\"survey\": \"{SURVEY}\", \"responseId\": \"r{number}\", \"response\": {{\"submit_time\": \
             \"2026-02-01T08:00:00+07:00\", \"answers\": {{{}}}}}}}\n",
            answers.join(", ")
        )
    };
    (0..count).map(line).collect()
}

#[test]
fn every_kind_of_method_is_called_and_its_answer_printed() {
    let up = Up::start();

    let ran = up.run(&[
        "call",
        "CreateAgency",
        "agency_id=uji",
        "agency.display_name=Kementerian Uji",
        "agency.kind=kementerian",
    ]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let id = ran.stderr.trim().strip_prefix("Id permintaan: ").unwrap();
    let agency: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(agency["agency"]["name"], "agencies/uji");
    // The same request again returns the same response.
    let again = up.call(&[
        "DirectoryService/CreateAgency",
        &format!("request_id={id}"),
        "agency_id=uji",
        "agency={\"displayName\": \"Kementerian Uji\", \"kind\": \"AGENCY_KIND_KEMENTERIAN\"}",
    ]);
    assert_eq!(again, agency);

    up.call(&[
        "CreateSurvey",
        "parent=agencies/uji/units/kantor",
        "survey_id=2026",
        "survey.period=2026",
        "survey.open_time=2026-01-01T00:00:00+07:00",
    ]);

    let mut sending = up
        .command(&["call", "SubmitResponses", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    sending
        .stdin
        .take()
        .unwrap()
        .write_all(responses(3).as_bytes())
        .unwrap();
    let sent = Ran::of(&sending.wait_with_output().unwrap());
    assert_eq!(sent.code, Some(0), "{}", sent.stderr);
    let sent: Value = serde_json::from_str(&sent.stdout).unwrap();
    assert_eq!(sent["accepted"], 3, "{sent}");

    let survey = format!("survey={SURVEY}");
    let result = up.call(&["/prima.survey.v1.SurveyService/GetResult", &survey]);
    assert_eq!(result["result"]["respondents"], 3, "{result}");

    // A stream of responses prints one document per line.
    let mut watching = up
        .command(&["call", "WatchResult", &survey])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let line = BufReader::new(watching.stdout.take().unwrap())
        .lines()
        .next()
        .unwrap()
        .unwrap();
    watching.kill().unwrap();
    watching.wait().unwrap();
    let first: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(first["result"], result["result"]);

    // A call that is refused lists every fault.
    let ran = up.run(&[
        "call",
        "CreateSurvey",
        "parent=agencies/uji",
        "survey_id=A B",
        "survey.period=kemarin",
    ]);
    assert_eq!(ran.code, Some(1));
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert!(
        lines[1].starts_with("galat: ") && lines[1].ends_with("[INVALID_FIELDS]"),
        "{lines:?}"
    );
    for field in ["parent", "survey_id", "survey.period"] {
        assert!(
            lines.iter().any(|line| line.starts_with(&format!("  {field}: "))),
            "{field} in {lines:?}"
        );
    }
}

fn alone(line: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_prima"));
    command.args(line).env("PRIMA_ENDPOINT", "http://127.0.0.1:1");
    Ran::of(&command.output().unwrap())
}

#[test]
fn an_invalid_request_is_refused_before_any_call() {
    let ran = alone(&["call", "GetResult", "survei=x", "survey.a=1"]);
    assert_eq!(ran.code, Some(1));
    insta::assert_snapshot!(ran.stderr, @"
    galat: permintaan tidak sah [INVALID_FIELDS]
      survei: tidak dikenal; GetResultRequest punya isian survey
      survey.a: survey (string) tidak punya isian di dalamnya
    ");
    let ran = alone(&["call", "ListInstruments"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("pilih IndexService/ListInstruments atau"),
        "{}",
        ran.stderr
    );
    let ran = alone(&["call"]);
    assert_eq!(ran.code, Some(2));
}

#[test]
fn methods_are_listed_and_described_without_a_service() {
    let ran = alone(&["call", "--list", "submitresp"]);
    assert!(
        ran.stdout.contains("SubmitResponses") && ran.stdout.ends_with("2 metode.\n"),
        "{}",
        ran.stdout
    );
    let ran = alone(&["call", "SubmitResponse", "--describe"]);
    for part in [
        "prima.survey.v1.SurveyService/SubmitResponse",
        "Permintaan: SubmitResponseRequest",
        "response.answers.KUNCI",
        "int32 untuk tiap kunci",
        "waktu RFC 3339",
        "Jawaban: SubmitResponseResponse",
    ] {
        assert!(ran.stdout.contains(part), "{part} in {}", ran.stdout);
    }
}

#[test]
fn a_shell_completes_methods_and_fields() {
    let script = alone(&["completions", "bash"]);
    assert!(script.stdout.contains("PRIMA_COMPLETE"), "{}", script.stdout);
    let asked = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_prima"));
        command
            .env("PRIMA_COMPLETE", "bash")
            .env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string())
            .env("_CLAP_IFS", "\n")
            .arg("--")
            .args(words);
        Ran::of(&command.output().unwrap()).stdout
    };
    let methods = asked(&["prima", "call", "CalculateS"]);
    assert!(
        methods.lines().any(|line| line == "CalculateSampleSize"),
        "{methods}"
    );
    let fields = asked(&["prima", "call", "CalculateSampleSize", "pop"]);
    assert!(fields.lines().any(|line| line == "population="), "{fields}");
}
