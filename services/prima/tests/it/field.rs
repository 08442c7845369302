//! Imports files of responses in the forms that offices have them with `prima import responses` into a running survey.
//! Either the index is right, or the import says why there is none.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::process::{Ran, Up};

/// The expected result of an import.
enum Expect {
    /// The number of respondents and the index of the closed survey.
    Index(i64, &'static str),
    /// Nothing is imported, and the output contains all of these texts.
    Refused(&'static [&'static str]),
}
use Expect::{Index, Refused};

fn data(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/field")
        .join(file)
}

/// Creates a survey of the fourth quarter of 2024 in a unit of its own.
pub fn survey(up: &Up, unit: &str) -> String {
    up.call(&[
        "CreateSurvey",
        &format!("parent=agencies/uji/units/{unit}"),
        "survey_id=2024-q4",
        "survey.period=2024-q4",
        "survey.open_time=2024-10-01T00:00:00+07:00",
    ]);
    format!("agencies/uji/units/{unit}/surveys/2024-q4")
}

pub fn import(up: &Up, file: &Path, survey: &str, more: &[&str]) -> Ran {
    let file = file.display().to_string();
    up.run(&[&["import", "responses", &file, "--survey", survey], more].concat())
}

/// Closes a survey; returns its number of respondents and its index.
pub fn closed(up: &Up, survey: &str) -> (i64, String) {
    up.call(&["CloseSurvey", &format!("name={survey}")]);
    result(up, survey)
}

fn result(up: &Up, survey: &str) -> (i64, String) {
    let result = up.call(&["GetResult", &format!("survey={survey}")]);
    let field = |name: &str| result.get("result").and_then(|result| result.get(name));
    (
        field("respondents").and_then(Value::as_i64).unwrap_or_default(),
        field("index")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
    )
}

/// Imports each file into a survey of its own.
fn all(up: &Up, cases: &[(&str, &[&str], Expect)]) {
    for (number, (file, more, expected)) in cases.iter().enumerate() {
        let survey = survey(up, &format!("u{number}"));
        let ran = import(up, &data(file), &survey, more);
        let told = format!("{file} {more:?}\n{}{}", ran.stdout, ran.stderr);
        match expected {
            Index(respondents, index) => {
                assert_eq!(ran.code, Some(0), "{told}");
                assert_eq!(closed(up, &survey), (*respondents, (*index).to_owned()), "{told}");
            }
            Refused(parts) => {
                assert_eq!(ran.code, Some(1), "{told}");
                for part in *parts {
                    assert!(told.contains(part), "`{part}` in {told}");
                }
                assert_eq!(result(up, &survey).0, 0, "{told}");
            }
        }
    }
}

#[test]
fn answers_are_judged_with_their_whole_column() {
    let scale = "1-label-scale-overlap/a.csv";
    let beside = |file: &'static str| -> (&'static str, &'static [&'static str], Expect) {
        (file, &[], Refused(&["baris"]))
    };
    all(
        &Up::start(),
        &[
            (
                scale,
                &[],
                Refused(&[
                    "`Tidak puas` dapat berarti 1 atau 2",
                    "--value \"answers:Tidak puas=NILAI\"",
                ]),
            ),
            (scale, &["--value", "answers:Tidak puas=2"], Index(5, "67.78")),
            beside("4-number-beside-unknown-text/3-dari-5.csv"),
            beside("4-number-beside-unknown-text/hari.csv"),
            beside("4-number-beside-unknown-text/kurang-dari.csv"),
            beside("4-number-beside-unknown-text/rp.csv"),
            (
                "4-number-beside-unknown-text/reversed.csv",
                &[],
                Refused(&["tidak cocok dengan labelnya"]),
            ),
            (
                "4-number-beside-unknown-text/hari.csv",
                &["--value", "answers:2 hari=2"],
                Index(5, "50.00"),
            ),
            ("25-answers-need-36-flags/letters.csv", &[], Index(5, "83.33")),
            ("25-answers-need-36-flags/setuju.csv", &[], Index(5, "83.33")),
            ("6-profile-word-costs-the-response/a.csv", &[], Index(10, "75.00")),
        ],
    );
}

#[test]
fn tables_are_read_as_spreadsheets_and_tools_write_them() {
    let quote = "2-unbalanced-quote-swallows-rows/a.csv";
    let recap = "11-recap-without-dates/plain.csv";
    all(
        &Up::start(),
        &[
            (
                quote,
                &[],
                Refused(&["baris 2", "tidak ditutup", "menelan 3 baris"]),
            ),
            ("5-crlf-in-free-text/a.csv", &[], Index(5, "83.33")),
            (recap, &[], Refused(&["--date 2024-12-31"])),
            (recap, &["--date", "2024-12-31"], Index(5, "83.33")),
            ("11-recap-without-dates/with-totals.csv", &[], Index(5, "83.33")),
            ("12-xlsx/a.xlsx", &[], Index(5, "83.33")),
            ("13-excel-csv-quirks/blank-columns.csv", &[], Index(5, "83.33")),
            ("13-excel-csv-quirks/cp1252.csv", &[], Index(5, "83.33")),
            (
                "13-excel-csv-quirks/questions-with-commas.csv",
                &[],
                Index(5, "83.33"),
            ),
            ("13-excel-csv-quirks/sep-line.csv", &[], Index(5, "83.33")),
            ("14-dates/ambiguous-mdy.csv", &[], Refused(&["--date-order mdy"])),
            (
                "14-dates/ambiguous-mdy.csv",
                &["--date-order", "mdy"],
                Index(5, "83.33"),
            ),
            ("14-dates/compact.csv", &[], Index(5, "83.33")),
            ("14-dates/excel-en.csv", &[], Index(5, "83.33")),
            ("14-dates/hari.csv", &[], Index(5, "83.33")),
            ("14-dates/okt.csv", &[], Index(5, "83.33")),
            ("14-dates/oktober.csv", &[], Index(5, "83.33")),
            ("14-dates/pg.csv", &[], Index(5, "83.33")),
            ("15-headers/kobo.csv", &[], Index(5, "83.33")),
            ("15-headers/u01.csv", &[], Index(5, "83.33")),
            ("15-headers/u3-waktu.csv", &[], Index(5, "83.33")),
            ("15-headers/u8u9-bare-form-order.csv", &[], Index(5, "72.22")),
        ],
    );
}

#[test]
fn what_is_left_out_or_ambiguous_is_reported() {
    let up = Up::start();
    for (unit, file, more, parts) in [
        (
            "jumlah",
            "11-recap-without-dates/with-totals.csv",
            &[][..],
            &["`Jumlah`", "`NRR`"][..],
        ),
        (
            "huruf",
            "13-excel-csv-quirks/cp1252.csv",
            &[],
            &["windows-1252", "café"],
        ),
        (
            "kobo",
            "15-headers/kobo.csv",
            &[],
            &["`_uuid` tidak diimpor", "`start` tidak diimpor"],
        ),
        (
            "kode",
            "15-headers/u8u9-bare-form-order.csv",
            &[],
            &[
                "`U8` dibaca sebagai Penanganan Pengaduan",
                "`U9` dibaca sebagai Sarana dan Prasarana",
            ],
        ),
        (
            "profil",
            "6-profile-word-costs-the-response/a.csv",
            &[],
            &["education `D3`", "dikosongkan di 5 baris"],
        ),
        (
            "tanggal",
            "14-dates/ambiguous-mdy.csv",
            &["--date-order", "dmy", "--dry-run"],
            &["sebelum survei dibuka"],
        ),
    ] {
        let survey = survey(&up, unit);
        let ran = import(&up, &data(file), &survey, more);
        for part in parts {
            assert!(ran.stderr.contains(part), "`{part}` in {file}: {}", ran.stderr);
        }
        let once = ran.stderr.matches("`D3`").count();
        assert!(once <= 2, "{}", ran.stderr);
    }
}

#[test]
fn a_file_that_was_sorted_saved_again_or_has_grown_adds_only_what_is_new() {
    let up = Up::start();
    let survey = survey(&up, "ulang");
    let first = import(&up, &data("3-reimport-doubles/1-first.csv"), &survey, &[]);
    assert!(
        first.stdout.contains("12 diterima"),
        "{}{}",
        first.stdout,
        first.stderr
    );
    for file in [
        "1-first",
        "2-newest-first",
        "4-column-added",
        "6-blank-line",
        "7-columns-reordered",
    ] {
        let again = import(
            &up,
            &data(&format!("3-reimport-doubles/{file}.csv")),
            &survey,
            &[],
        );
        assert!(
            again.stdout.contains("0 diterima, 12 sudah ada"),
            "{file}: {}{}",
            again.stdout,
            again.stderr
        );
    }
    let mut grown = std::fs::read_to_string(data("3-reimport-doubles/2-newest-first.csv")).unwrap();
    grown.push_str("2024-10-13 08:00,4,4,4,4,4,4,4,4,4\n");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), grown).unwrap();
    let grown = import(&up, file.path(), &survey, &[]);
    assert!(
        grown.stdout.contains("1 diterima, 12 sudah ada"),
        "{}{}",
        grown.stdout,
        grown.stderr
    );
    assert_eq!(closed(&up, &survey).0, 13);
}

#[test]
fn running_numbers_are_no_ids() {
    let up = Up::start();
    let survey = survey(&up, "nomor");
    for (file, expected) in [
        ("1-oct", "5 diterima, 0 sudah"),
        ("2-nov", "5 diterima, 0 sudah"),
        ("1-oct", "0 diterima, 5 sudah"),
    ] {
        let ran = import(&up, &data(&format!("17-ids/{file}.csv")), &survey, &[]);
        assert!(
            ran.stdout.contains(expected),
            "{file}: {}{}",
            ran.stdout,
            ran.stderr
        );
        assert!(ran.stderr.contains("bukan id jawaban"), "{}", ran.stderr);
    }
    // An id that is not a number is kept.
    let text = std::fs::read_to_string(data("17-ids/1-oct.csv")).unwrap();
    let text = text
        .replace("\n1,", "\n2024/X/1,")
        .replace("\n2,", "\n2024/X/2,")
        .replace("2024-10", "2024-12");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let ran = import(&up, file.path(), &survey, &[]);
    assert!(ran.stdout.contains("5 diterima"), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(closed(&up, &survey).0, 15);
}

#[test]
fn the_file_of_bad_rows_has_the_format_of_its_file_and_no_formulas() {
    let up = Up::start();
    let survey = survey(&up, "salah");
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(data("16-bad-rows-file/a.csv")).unwrap();
    let wrong = text.replacen("08:01;3;3", "08:01;9;3", 1);
    assert_ne!(wrong, text);
    let (file, errors) = (folder.path().join("a.csv"), folder.path().join("salah.csv"));
    std::fs::write(&file, wrong).unwrap();
    let path = errors.display().to_string();
    let ran = import(&up, &file, &survey, &["--skip-bad-rows", "--errors", &path]);
    assert_eq!(ran.code, Some(3), "{}{}", ran.stdout, ran.stderr);
    let bad = std::fs::read_to_string(&errors).unwrap();
    assert!(bad.starts_with("\u{feff}Timestamp;U1;"), "{bad}");
    assert!(
        bad.contains("'=HYPERLINK") && !bad.contains(";=HYPERLINK") && !bad.contains("\"=HYPERLINK"),
        "{bad}"
    );
    // The corrected file is imported, and the free text is unchanged.
    std::fs::write(&errors, bad.replace(";9;", ";3;")).unwrap();
    let ran = import(&up, &errors, &survey, &[]);
    assert!(ran.stdout.contains("1 diterima"), "{}{}", ran.stdout, ran.stderr);
    std::fs::write(&file, text).unwrap();
    let ran = import(&up, &file, &survey, &[]);
    assert!(
        ran.stdout.contains("0 diterima, 5 sudah ada"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    assert_eq!(closed(&up, &survey), (5, "83.33".to_owned()));
}

#[test]
fn a_voided_file_is_reported_and_imported_again_with_a_label() {
    let up = Up::start();
    let survey = survey(&up, "batal");
    let file = data("20-same-file-after-void/a.csv");
    let ran = import(&up, &file, &survey, &["--import-id", "salah-unit"]);
    assert!(ran.stdout.contains("12 diterima"), "{}{}", ran.stdout, ran.stderr);
    up.call(&[
        "VoidResponses",
        &format!("survey={survey}"),
        "import_id=salah-unit",
        "reason=Berkas unit lain",
    ]);
    let ran = import(&up, &file, &survey, &[]);
    assert!(
        ran.stderr.contains("12 sudah ada, semuanya dibatalkan") && ran.stderr.contains("--again"),
        "{}",
        ran.stderr
    );
    let ran = import(&up, &file, &survey, &["--again", "perbaikan-1"]);
    assert!(ran.stdout.contains("12 diterima"), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(closed(&up, &survey).0, 12);
}

#[test]
fn a_file_that_another_survey_of_the_unit_holds_is_reported() {
    let up = Up::start();
    let first = survey(&up, "sama");
    let file = data("26-survey-imported-twice-in-unit/a.csv");
    let ran = import(&up, &file, &first, &[]);
    assert!(!ran.stderr.contains("juga memiliki survei"), "{}", ran.stderr);
    up.call(&[
        "CreateSurvey",
        "parent=agencies/uji/units/sama",
        "survey_id=lain",
        "survey.period=2024-q4",
        "survey.open_time=2024-10-01T00:00:00+07:00",
    ]);
    // The very file is named with the survey that holds it, also before anything is sent; another file of the same
    // period is only mentioned.
    let other = "agencies/uji/units/sama/surveys/lain";
    let same = format!("sudah diimpor ke survei `{first}`");
    for more in [&["--dry-run"][..], &[]] {
        let ran = import(&up, &file, other, more);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(ran.stderr.contains(&same), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("prima call VoidResponses survey=SURVEI"),
            "{}",
            ran.stderr
        );
        assert!(!ran.stderr.contains("juga memiliki survei"), "{}", ran.stderr);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lain.csv");
    let text = std::fs::read_to_string(data("26-survey-imported-twice-in-unit/a.csv")).unwrap();
    std::fs::write(&file, text.replace(',', ";")).unwrap();
    let ran = import(&up, &file, other, &["--dry-run"]);
    assert!(
        ran.stderr.contains("juga memiliki survei") && ran.stderr.contains("5 responden"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains(&same), "{}", ran.stderr);
}
