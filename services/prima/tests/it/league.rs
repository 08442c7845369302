//! League tables of scores that other bodies publish.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::process::{Ran, Up};

const REGIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../directory/data/regions.csv");

#[test]
fn categories_of_other_bodies_have_names_for_every_reader() {
    let up = Up::start();
    let folder = tempfile::tempdir().unwrap();
    let scores = folder.path().join("zona.csv");
    let text = "metric,subject,period,value,category,source\nombudsman,agencies/3276,2021,94.74,Hijau,Pers\n";
    std::fs::write(&scores, text).unwrap();
    for line in [
        ["import", "regions", REGIONS],
        ["import", "scores", &scores.display().to_string()],
    ] {
        let ran = up.run(&line);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    }
    // The score and the name of its subject arrive by different events.
    let mut watching = up
        .command(&[
            "call",
            "WatchLeagueTable",
            "name=metrics/ombudsman/periods/2021/cohorts/kota",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    let complete = lines.map_while(Result::ok).find(|line| line.contains("94.74"));
    watching.kill().unwrap();
    watching.wait().unwrap();
    assert!(complete.is_some());

    let line = [
        "league",
        "--metric",
        "ombudsman",
        "--period",
        "2021",
        "--cohort",
        "kota",
    ];
    let ran = up.run(&line);
    assert!(
        ran.stdout.contains("┆ Kepatuhan tinggi (zona hijau) "),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    for (more, has_row) in [
        (["--around", "agencies/3276"].as_slice(), true),
        (&["--bottom", "--region", "32"], true),
        (&["--from-rank", "1", "--region", "33"], false),
    ] {
        let ran = up.run(&[&line, more].concat());
        assert_eq!(ran.code, Some(0), "{more:?}: {}", ran.stderr);
        assert_eq!(
            ran.stdout.contains("94.74 ┆"),
            has_row,
            "{more:?}: {}",
            ran.stdout
        );
    }
    let rebuilt = up.run(&["rebuild", "tables"]);
    assert_eq!(rebuilt.code, Some(0), "{}{}", rebuilt.stdout, rebuilt.stderr);
    assert!(
        rebuilt.stdout.contains("Tabel yang dibangun ulang kini dipakai."),
        "{}",
        rebuilt.stdout
    );
    let ran = Ran::of(&up.anyone(&line).output().unwrap());
    assert!(
        ran.stdout.contains("┆ Kepatuhan tinggi (zona hijau) "),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    let standing = up.run(&[
        "standing",
        "agencies/3276",
        "--metric",
        "ombudsman",
        "--period",
        "2021",
    ]);
    assert!(
        standing.stdout.contains("┆ Kepatuhan tinggi (zona hijau) "),
        "{}{}",
        standing.stdout,
        standing.stderr
    );
}
