//! `prima privacy`: each right of a person over their data has a command.

use crate::process::{Ran, Up};

const SURVEY: &str = "agencies/3271/units/dpmptsp/surveys/a";
const REASON: [&str; 2] = ["--reason", "Permohonan 12/PDP/2026"];

/// The output of a command that succeeds.
fn done(up: &Up, line: &[&str]) -> String {
    let Ran { code, stdout, stderr } = up.run(&[&["privacy"], line].concat());
    assert_eq!(code, Some(0), "{line:?}: {stderr}");
    stdout
}

fn survey_with_a_response(up: &Up) {
    up.call(&[
        "CreateSurvey",
        "parent=agencies/3271/units/dpmptsp",
        "survey_id=a",
        "survey.period=2026",
    ]);
    let elements = [
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
    let answers = elements.map(|element| format!("response.answers.{element}=3"));
    let survey = format!("survey={SURVEY}");
    let mut line = vec![
        "SubmitResponse",
        "request_id=r-1",
        &survey,
        "response.suggestion=Tambah kursi tunggu",
        "response.profile.sex=P",
    ];
    line.extend(answers.iter().map(String::as_str));
    up.call(&line);
}

#[test]
fn what_is_stored_of_a_respondent_is_shown_and_its_texts_are_erased() {
    let up = Up::start();
    survey_with_a_response(&up);
    let shown = done(
        &up,
        &[&["access", SURVEY, "--response", "r-1"], &REASON[..]].concat(),
    );
    for part in ["Tambah kursi tunggu", "conduct=3", "Profil", "P"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let erased = done(
        &up,
        &[&["erase", SURVEY, "--response", "r-1"], &REASON[..]].concat(),
    );
    assert!(erased.contains("1 teks dihapus"), "{erased}");
    let shown = done(
        &up,
        &[&["access", SURVEY, "--response", "r-1"], &REASON[..]].concat(),
    );
    assert!(shown.contains("conduct=3") && !shown.contains("kursi"), "{shown}");
    let log = done(&up, &["log", SURVEY]);
    assert!(
        log.contains("3 tindakan.") && log.contains("12/PDP/2026"),
        "{log}"
    );

    let unnamed = up.run(&[&["privacy", "access", SURVEY], &REASON[..]].concat());
    assert_eq!(unnamed.code, Some(1));
    assert!(unnamed.stderr.contains("--response"), "{}", unnamed.stderr);
}

#[test]
fn an_identity_is_found_corrected_and_listed_after_a_breach() {
    let up = Up::start();
    let sent = up.call(&[
        "SubmitComplaint",
        "parent=agencies/3271/units/dpmptsp",
        "class=complaint_regular",
        "channel=LETTER",
        "title=Izin usaha belum terbit",
        "text=Permohonan sudah lengkap sejak sebulan lalu dan belum ada kabar.",
        "reporter.display_name=Siti Rahayu",
        "reporter.phone=0812-3456-7890",
    ]);
    let name = sent["status"]["name"].as_str().unwrap().to_owned();
    let found = done(&up, &[&["access", "081234567890"], &REASON[..]].concat());
    assert!(found.contains(&name), "{found}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("benar.json").display().to_string();
    std::fs::write(
        &file,
        r#"{"display_name": "Siti Rahayu Ningsih", "phone": "0813-1111-2222"}"#,
    )
    .unwrap();
    done(&up, &[&["correct", &name, &file], &REASON[..]].concat());
    let shown = done(&up, &[&["access", &name], &REASON[..]].concat());
    assert!(
        shown.contains("Siti Rahayu Ningsih") && shown.contains("+6281311112222"),
        "{shown}"
    );
    let breach = done(
        &up,
        &[
            "breach",
            "--from",
            "2020-01-01",
            "--known",
            "2026-11-02T08:00:00+07:00",
        ],
    );
    assert!(
        breach.contains(&name) && breach.contains("2026-11-05 08:00"),
        "{breach}"
    );
    assert!(!breach.contains("Siti"), "{breach}");
    // A report that is not closed can't be erased yet.
    let open = up.run(&[&["privacy", "erase", &name], &REASON[..]].concat());
    assert_eq!(open.code, Some(1));
    assert!(!open.stderr.is_empty());
}
