//! `prima doctor figures` lists what is not counted, until it is repaired.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::process::{Ran, Up};

const REGIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../directory/data/regions.csv");
const DEADLINE: Duration = Duration::from_secs(120);

#[track_caller]
fn done(up: &Up, line: &[&str]) -> Ran {
    let ran = up.run(line);
    assert_eq!(ran.code, Some(0), "{line:?}: {}{}", ran.stdout, ran.stderr);
    ran
}

/// The kinds that are listed, with the exit status of the command.
fn kinds(up: &Up, options: &[&str]) -> (Option<i32>, Vec<String>) {
    let ran = up.run(&[&["doctor", "figures", "--json"], options].concat());
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    let counts = json["counts"].as_object().unwrap();
    (ran.code, counts.keys().cloned().collect())
}

/// Asks again until exactly these kinds are listed.
fn becomes(up: &Up, options: &[&str], code: i32, expected: &[&str]) {
    let begun = Instant::now();
    loop {
        let (status, found) = kinds(up, options);
        if status == Some(code) && found == expected {
            return;
        }
        assert!(
            begun.elapsed() < DEADLINE,
            "{status:?} {found:?}, expected {code} {expected:?}"
        );
    }
}

#[test]
fn what_is_not_counted_is_listed_with_what_to_do_until_it_is_repaired() {
    let up = Up::start();
    assert_eq!(kinds(&up, &[]), (Some(0), Vec::new()));
    done(&up, &["import", "regions", REGIONS]);
    let unit = "agencies/3271/units/gerai";
    up.call(&[
        "CreateSurvey",
        &format!("parent={unit}"),
        "survey_id=a",
        "survey.period=2099",
    ]);
    // A score that another body has published of a unit that the directory does not know.
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    up.call(&[
        "RecordExternalScore",
        "score.metric=ombudsman",
        &format!("score.subject={unit}"),
        "score.period=2024",
        "score.score=95",
        "score.source=Siaran pers",
        "score.document_link=https://example.go.id/opini.pdf",
    ]);
    let unknown = [
        "period-without-table",
        "score-subject-unknown",
        "score-unit-unknown",
        "survey-unit-unknown",
    ];
    becomes(&up, &[], 3, &unknown);
    becomes(&up, &["--agency", "32.71"], 3, &unknown);
    becomes(&up, &["--agency", "3271", "--unit", "gerai"], 3, &unknown);
    becomes(&up, &["--unit", "agencies/3271/units/mpp"], 0, &[]);
    let table = up.run(&["doctor", "figures"]);
    assert_eq!(table.code, Some(3));
    for text in [
        "Survei unit yang tidak terdaftar",
        "Daftarkan unit itu di direktori (prima import units)",
        "4 tidak terhitung.",
    ] {
        assert!(table.stdout.contains(text), "{text} in\n{}", table.stdout);
    }

    // A type of the agency's own is imported first, then the unit that has it.
    let types = file(
        "jenis.csv",
        "agency,unit_type,name,national_unit_type\n3271,gerai-kota,Gerai Kota,\n",
    );
    let units = file(
        "unit.csv",
        "agency,unit,unit_type,name\n3271,gerai,gerai-kota,Gerai Satu\n",
    );
    let early = up.run(&["import", "units", &units]);
    assert_eq!(early.code, Some(1), "{}", early.stdout);
    done(&up, &["import", "unit-types", &types]);
    done(&up, &["import", "units", &units]);
    becomes(&up, &[], 0, &[]);
    assert_eq!(
        up.run(&["doctor", "figures"]).stdout,
        "Semua yang diterima terhitung.\n"
    );
    let league = done(
        &up,
        &[
            "league",
            "--metric",
            "ombudsman",
            "--period",
            "2024",
            "--cohort",
            "gerai-kota.3271",
        ],
    );
    assert!(
        league.stdout.contains("gerai-kota.3271 (Gerai Kota, Kota Bogor)"),
        "{}",
        league.stdout
    );
    assert!(league.stdout.contains("Gerai Satu"), "{}", league.stdout);

    let bad = up.run(&["doctor", "figures", "--unit", "gerai"]);
    assert_eq!(bad.code, Some(1));
    assert!(bad.stderr.contains("--agency"), "{}", bad.stderr);
    let intake = up.token("loket", "intake");
    let denied = up.run(&["doctor", "figures", "--token-file", &intake]);
    assert_eq!(
        denied.code,
        Some(1),
        "a service that refuses makes the list incomplete"
    );
    assert!(denied.stderr.contains("PERMISSION_DENIED"), "{}", denied.stderr);
    let evaluator = up.token("penilai", "evaluator");
    let partly = up.run(&["doctor", "figures", "--token-file", &evaluator]);
    assert_eq!(partly.code, Some(0), "{}", partly.stderr);
    assert!(
        partly.stderr.contains("tidak boleh menanyai layanan pengaduan"),
        "{}",
        partly.stderr
    );
}
