//! Levels of indicators: reads back the form of F-01 or F-02 that `prima index form` wrote and a person filled in.

mod form;

use std::collections::{BTreeMap, BTreeSet};

use prima_proto::index::v1 as pb;
use tonic::Status;

use self::form::get;
use super::cells::subject;
use super::loose::{Loose, Wanted, cell};
use super::words::squash;
use super::{BadRows, Options, Outcome, Progress, What, request_id};
use crate::cli::AssessmentForm;
use crate::client::call::repeat;
use crate::client::connect::{Assessment, Connection};
use crate::client::{fault, print};

pub use self::form::write_form;

/// Most levels that the service takes in one request.
const LEVELS_MAX: usize = 100;
const NOTE_MAX: usize = 2000;

/// The columns that are read back. The other columns of the form only help the person who fills it in.
const COLUMNS: [Wanted; 6] = [
    Wanted::of("cycle", &["siklus"], true),
    Wanted::of("form", &["formulir"], true),
    Wanted::of("unit", &[], true),
    Wanted::of("indicator", &["indikator"], true),
    Wanted::of("level", &["tingkat", "nilai", "skor"], true),
    Wanted::of("note", &["catatan", "keterangan"], false),
];

/// The level that a row gives for an indicator.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Given {
    line: u64,
    indicator: String,
    level: i32,
    note: String,
}

/// The levels of a file, by form and assessment.
type Levels = BTreeMap<(AssessmentForm, String), Vec<Given>>;

/// Reads a filled form and submits its levels: F-01 for the unit, F-02 for the evaluator who calls. Rows without a
/// level are left out.
///
/// # Errors
///
/// When the file or one of its rows is bad, or the service cannot be reached; nothing was submitted then.
pub async fn assessments(connection: &Connection, options: &Options) -> anyhow::Result<Outcome> {
    let mut loose = Loose::open(&options.source(), &COLUMNS)?;
    let client = connection.assessment().await?;
    let caller = connection.subject().unwrap_or_default();
    let mut outcome = Outcome::new(What::Levels);
    let mut bad = BadRows::default();
    let (levels, blank) = read(&mut loose, &mut bad)?;
    let names: BTreeSet<&String> = levels.keys().map(|(_, name)| name).collect();
    let mut held = BTreeMap::new();
    for name in names {
        match get(&client, name).await {
            Ok(assessment) => drop(held.insert(name.clone(), assessment)),
            Err(status) if status.code() == tonic::Code::NotFound => {}
            Err(status) => return Err(status.into()),
        }
    }
    check(&levels, &held, &mut bad);
    outcome.skipped = bad.settle(options, &mut loose.sheet)?;
    if blank > 0 && !options.quiet {
        print::note(&format!("{blank} baris tanpa tingkat dilewati"));
    }
    let total = levels.values().map(|given| given.len() as u64).sum();
    let progress = Progress::rows("Mengimpor", total, options.quiet || options.dry_run);
    for ((form, name), given) in &levels {
        let Some(assessment) = held.get(name) else {
            continue;
        };
        let mut new = Vec::new();
        for given in given.iter().filter(|given| !bad.has(given.line)) {
            match before(*form, &caller, assessment, given) {
                Before::Same => outcome.unchanged += 1,
                other => new.push((other == Before::None, given)),
            }
        }
        for part in new.chunks(LEVELS_MAX) {
            let created = part.iter().filter(|(created, _)| *created).count() as u64;
            let changed = part.len() as u64 - created;
            progress.advance(part.len() as u64);
            let given: Vec<&Given> = part.iter().map(|(_, given)| *given).collect();
            let answer = match options.dry_run {
                true => Ok(()),
                false => send(&client, *form, assessment, &given).await,
            };
            match answer {
                Ok(()) => {
                    outcome.created += created;
                    outcome.changed += changed;
                }
                Err(status) => {
                    outcome.refused += part.len() as u64;
                    progress.note(&format!("{name}: ditolak: {}", fault::status_line(&status)));
                }
            }
        }
    }
    outcome.dry_run = options.dry_run;
    Ok(outcome)
}

/// Returns the levels of a file and the number of rows without a level.
fn read(loose: &mut Loose, bad: &mut BadRows) -> anyhow::Result<(Levels, u64)> {
    let places = loose.places();
    let (mut levels, mut blank) = (Levels::new(), 0);
    while let Some(row) = loose.sheet.next()? {
        let line = row.line;
        if let Some(fault) = row.fault() {
            bad.add(line, fault);
            continue;
        }
        let [cycle, form, unit, indicator, level, note] =
            [0, 1, 2, 3, 4, 5].map(|column| cell(&row, &places, column));
        if level.is_empty() {
            if !note.is_empty() {
                bad.add(
                    line,
                    "catatan tanpa tingkat; isi tingkatnya, atau hapus catatannya",
                );
            }
            blank += 1;
            continue;
        }
        let kind = match squash(form).as_str() {
            "f01" => Some(AssessmentForm::F01),
            "f02" => Some(AssessmentForm::F02),
            _ => {
                bad.add(line, format!("formulir `{form}` harus F-01 atau F-02"));
                None
            }
        };
        let unit = subject(unit).map_err(|fault| bad.add(line, fault)).ok();
        let number = whole(level);
        if number.is_none() {
            bad.add(line, format!("tingkat `{level}` harus bilangan bulat 0 sampai 5"));
        }
        if note.chars().count() > NOTE_MAX {
            bad.add(line, format!("catatan paling panjang {NOTE_MAX} karakter"));
        }
        let (Some(kind), Some(unit), Some(level)) = (kind, unit, number) else {
            continue;
        };
        let name = format!("cycles/{}/{unit}", cycle.trim_start_matches("cycles/"));
        let given = Given {
            line,
            indicator: indicator.to_owned(),
            level,
            note: note.to_owned(),
        };
        let all = levels.entry((kind, name)).or_default();
        match all.iter().find(|other| other.indicator == given.indicator) {
            None => all.push(given),
            Some(other) if other.level == given.level && other.note == given.note => {}
            Some(other) => bad.add(
                line,
                format!(
                    "indikator `{indicator}` unit ini sudah ada di baris {} dengan isi lain",
                    other.line
                ),
            ),
        }
    }
    Ok((levels, blank))
}

/// Reads a whole number, also when a spreadsheet has added decimals such as `3,0`.
fn whole(text: &str) -> Option<i32> {
    let (whole, part) = text.split_once([',', '.']).unwrap_or((text, "0"));
    let zeros = !part.is_empty() && part.bytes().all(|b| b == b'0');
    whole
        .parse::<i32>()
        .ok()
        .filter(|level| zeros && (0..=5).contains(level))
}

/// Reports assessments and indicators that the service does not have.
fn check(levels: &Levels, held: &BTreeMap<String, pb::Assessment>, bad: &mut BadRows) {
    for ((_, name), given) in levels {
        let assessment = held.get(name);
        for given in given {
            match assessment {
                None => bad.add(
                    given.line,
                    format!("{name} tidak ditemukan; periksa siklus dan unitnya"),
                ),
                Some(held) if held.indicators.iter().all(|row| row.indicator != given.indicator) => {
                    bad.add(
                        given.line,
                        format!("indikator `{}` tidak ada pada formulir unit ini", given.indicator),
                    );
                }
                Some(_) => {}
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// No level was submitted before.
    None,
    /// The same level and note were submitted before.
    Same,
    /// Another level or note was submitted before.
    Other,
}

/// Compares a row with what the unit (F-01) or the calling evaluator (F-02) submitted before.
fn before(form: AssessmentForm, caller: &str, assessment: &pb::Assessment, given: &Given) -> Before {
    let row = assessment
        .indicators
        .iter()
        .find(|row| row.indicator == given.indicator);
    let submitted = row.and_then(|row| match form {
        AssessmentForm::F01 => row.self_level.as_ref().map(|own| (own.level, &own.note)),
        AssessmentForm::F02 => row
            .evaluations
            .iter()
            .find(|one| one.evaluator == caller)
            .map(|one| (one.level, &one.note)),
    });
    match submitted {
        None => Before::None,
        Some((level, note)) if level == given.level && *note == given.note => Before::Same,
        Some(_) => Before::Other,
    }
}

async fn send(
    client: &Assessment,
    form: AssessmentForm,
    assessment: &pb::Assessment,
    given: &[&Given],
) -> Result<(), Status> {
    // The version is part of the id: the same levels, submitted after other levels were stored, are a new request.
    let content = format!("{:?} {}", given, assessment.version);
    match form {
        AssessmentForm::F01 => {
            let message = pb::SubmitSelfAssessmentRequest {
                request_id: request_id("SubmitSelfAssessment", &assessment.name, &[&content]),
                assessment: assessment.name.clone(),
                levels: given
                    .iter()
                    .map(|given| pb::SelfLevel {
                        indicator: given.indicator.clone(),
                        level: given.level,
                        note: given.note.clone(),
                    })
                    .collect(),
            };
            repeat!(client, submit_self_assessment, message).map(|_| ())
        }
        AssessmentForm::F02 => {
            let message = pb::SubmitEvaluationRequest {
                request_id: request_id("SubmitEvaluation", &assessment.name, &[&content]),
                assessment: assessment.name.clone(),
                evaluations: given
                    .iter()
                    .map(|given| pb::Evaluation {
                        indicator: given.indicator.clone(),
                        level: given.level,
                        note: given.note.clone(),
                        ..Default::default()
                    })
                    .collect(),
            };
            repeat!(client, submit_evaluation, message).map(|_| ())
        }
    }
}

#[cfg(test)]
mod tests {
    use prima_platform::document::sheet::{Cell, Sheet as Table};

    use super::form::{F01, F02, line, write};
    use super::*;

    fn indicator() -> pb::Indicator {
        pb::Indicator {
            number: 1,
            key: "standar".into(),
            title: "Standar pelayanan".into(),
            levels: (0..=5).map(|level| format!("kriteria {level}")).collect(),
            ..Default::default()
        }
    }

    #[test]
    fn a_filled_form_is_read_back_from_a_workbook_and_from_csv() {
        let dir = tempfile::tempdir().unwrap();
        for form in [AssessmentForm::F01, AssessmentForm::F02] {
            for file in ["f.xlsx", "f.csv"] {
                let path = dir.path().join(file);
                let unit = "agencies/3271/units/dpmptsp";
                let own = pb::SelfLevel {
                    indicator: "standar".into(),
                    level: 3,
                    note: "SK ada".into(),
                };
                let mut cells = line(form, "cycles/2026", unit, &indicator(), Some(&own));
                let last = cells.len() - 2;
                cells[last] = Cell::Integer(4);
                let table = Table {
                    key: "tingkat",
                    title: "Tingkat",
                    columns: if form == AssessmentForm::F01 { &F01 } else { &F02 },
                    rows: vec![cells, line(form, "cycles/2026", unit, &indicator(), None)],
                };
                write(&path, form, table).unwrap();
                let mut loose = Loose::open(&path.as_path().into(), &COLUMNS).unwrap();
                let mut bad = BadRows::default();
                let (levels, blank) = read(&mut loose, &mut bad).unwrap();
                assert!(bad.0.is_empty(), "{bad:?}");
                assert_eq!(blank, 1);
                let key = (form, format!("cycles/2026/{unit}"));
                assert_eq!(levels[&key][0].level, 4, "{file}");
                assert_eq!(
                    levels[&key][0].note,
                    if form == AssessmentForm::F01 { "SK ada" } else { "" }
                );
            }
        }
    }

    #[test]
    fn a_level_is_a_whole_number_and_every_fault_is_named() {
        for (text, expected) in [
            ("4", Some(4)),
            ("4,0", Some(4)),
            ("0", Some(0)),
            ("6", None),
            ("3,5", None),
            ("baik", None),
        ] {
            assert_eq!(whole(text), expected, "{text}");
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = "siklus;formulir;unit;indikator;tingkat;catatan\n2026;F-03;x y;standar;6;\n\
                    2026;F-01;3271/dpmptsp;standar;3;\n2026;F-01;3271/dpmptsp;standar;4;\n2026;F-01;3271/dpmptsp;lain;;kosong\n";
        std::fs::write(file.path(), text).unwrap();
        let mut loose = Loose::open(&file.path().into(), &COLUMNS).unwrap();
        let mut bad = BadRows::default();
        let (levels, _) = read(&mut loose, &mut bad).unwrap();
        let counts: Vec<(u64, usize)> = bad.0.iter().map(|(line, faults)| (*line, faults.len())).collect();
        assert_eq!(counts, [(2, 3), (4, 1), (5, 1)], "{bad:?}");
        check(&levels, &BTreeMap::new(), &mut bad);
        assert!(bad.has(3));
    }

    #[test]
    fn levels_that_were_submitted_before_are_not_submitted_again() {
        let assessment = pb::Assessment {
            indicators: vec![pb::AssessedIndicator {
                indicator: "standar".into(),
                self_level: Some(pb::SelfLevel {
                    indicator: "standar".into(),
                    level: 3,
                    note: String::new(),
                }),
                evaluations: ["penilai-1", "penilai-2"]
                    .map(|evaluator| pb::Evaluation {
                        indicator: "standar".into(),
                        level: if evaluator == "penilai-1" { 2 } else { 5 },
                        evaluator: evaluator.into(),
                        ..Default::default()
                    })
                    .into(),
                ..Default::default()
            }],
            ..Default::default()
        };
        let given = |level| Given {
            line: 2,
            indicator: "standar".into(),
            level,
            note: String::new(),
        };
        for (form, caller, level, expected) in [
            (AssessmentForm::F01, "penilai-1", 3, Before::Same),
            (AssessmentForm::F01, "penilai-1", 4, Before::Other),
            (AssessmentForm::F02, "penilai-1", 2, Before::Same),
            (AssessmentForm::F02, "penilai-1", 5, Before::Other),
            (AssessmentForm::F02, "penilai-2", 5, Before::Same),
            (AssessmentForm::F02, "penilai-3", 5, Before::None),
        ] {
            assert_eq!(
                before(form, caller, &assessment, &given(level)),
                expected,
                "{caller} {level}"
            );
        }
    }
}
