//! Tests of checking and batching responses.

use std::io::Write;

use tempfile::NamedTempFile;

use super::form_fixture::{form, instrument, survey};
use super::send::Batches;
use super::*;

const HEADER: &str = "response_id,submitted_at,requirements,procedure,time,cost,product,competence,conduct,complaint_handling,facilities";

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn options(path: &Path) -> ResponseOptions {
    let file = Options {
        skip_bad_rows: true,
        ..Options::plain(path)
    };
    ResponseOptions::plain("s", file)
}

/// Result of the passes before anything is sent.
struct Outlook {
    good: u64,
    bad: u64,
    lines: Vec<u64>,
    ids: Vec<String>,
    errors: String,
}

fn both(form: Form, text: &str) -> anyhow::Result<Outlook> {
    let file = file(text);
    let errors = NamedTempFile::new()?;
    let mut options = options(file.path());
    options.file.errors = Some(errors.path().to_owned());
    let check = check(form, &options)?;
    let mut faults = Faults::new(&options.file, &check.sheet()?)?;
    let FirstPass { good, bad, .. } = first_pass(&check, &options.file, &mut faults)?;
    let batches = Batches {
        sheet: check.sheet()?,
        survey: "s",
        pass: Pass::new(&check),
        import_id: "i",
    };
    let (mut lines, mut ids) = (Vec::new(), Vec::new());
    for batch in batches {
        let batch = batch?;
        lines.extend(batch.rows.iter().map(|(line, _)| *line));
        ids.extend(batch.messages.into_iter().map(|message| message.response_id));
    }
    Ok(Outlook {
        good,
        bad,
        lines,
        ids,
        errors: std::fs::read_to_string(errors.path())?,
    })
}

#[test]
fn the_29_real_respondents_are_all_good() {
    let seen = both(form(), include_str!("../../../demo/skm-29.csv")).unwrap();
    assert_eq!((seen.good, seen.bad, seen.lines.len()), (29, 0, 29));
}

#[test]
fn bad_rows_are_counted_named_and_never_sent() {
    let rows = [
        "a,2024-07-02T08:00:00+07:00,4,4,4,4,4,4,4,4,4", // 2: good
        "a,2024-07-02T01:00:00Z,4,4,4,4,4,4,4,4,4",      // 3: the same again
        "a,2024-07-02T08:00:00+07:00,3,4,4,4,4,4,4,4,4", // 4: says something else
        "b,2024-07-02T08:00:00+07:00,5,x,,4,4,4,4,4,4",  // 5: three bad answers
        "c,2 Juli,4,4,4,4,4,4,4,4,4",                    // 6: no time
        "d,2024-06-02T08:00:00+07:00,4,4,4,4,4,4,4,4,4", // 7: before the survey opened
        "b,2024-07-03T08:00:00+07:00,4,4,4,4,4,4,4,4,4", // 8: good, its bad namesake never counted
        ",2024-07-03T08:00:00+07:00,4,4,4,4,4,4,4,4,4",  // 9: no id
        "e,,4,4,4,4,4,4,4,4,4",                          // 10: time missing
        "f,2024-07-02T08:00:00+07:00,4",                 // 11: cells missing
    ];
    let seen = both(form(), &format!("{HEADER}\n{}\n", rows.join("\n"))).unwrap();
    assert_eq!((seen.good, seen.bad, seen.lines), (3, 7, vec![2, 3, 8]));
    let mut reader = csv::Reader::from_reader(seen.errors.as_bytes());
    let places: Vec<String> = reader.records().map(|row| row.unwrap()[11].to_owned()).collect();
    assert_eq!(places, ["4", "5", "6", "7", "9", "10", "11"]);
    let line = seen.errors.lines().find(|line| line.contains(",5,")).unwrap();
    for part in ["U1 Persyaratan", "U2 ", "U3 Waktu Penyelesaian wajib dijawab"] {
        assert!(line.contains(part), "{part}: {line}");
    }
}

#[test]
fn rows_without_ids_get_the_same_ids_every_time() {
    let header = "Timestamp;Jenis Kelamin;Usia;U1;U2;U3;U4;U5;U6;U7;U8;U9;Saran";
    let row =
        |time: &str, first: &str| format!("{time};Perempuan;34;{first};Mudah;3;Gratis;4;4;4;4;4;\"a;b\"");
    let (one, two) = ("2024/07/05 9:15:00 AM GMT+7", "2024/07/06 9:15:00 AM GMT+7");
    let text = format!(
        "\u{feff}{header}\n{}\n{}\n{}\n",
        row(one, "4. Sangat sesuai"),
        row(one, "4. Sangat sesuai"),
        row(two, "9")
    );
    let first = both(form(), &text).unwrap();
    assert_eq!((first.good, first.bad), (2, 1));
    assert_ne!(first.ids[0], first.ids[1], "two people may answer alike");
    // The file was saved by another program and sorted, and has a blank line and a new row.
    let again = format!(
        "{header}\n\n{}\n{}\n{}\n",
        row(two, "3"),
        row(one, "4"),
        row("5 Juli 2024 09.15", "Sangat sesuai")
    );
    let again = both(form(), &again.replace(';', "\t").replace("a\tb", "a;b")).unwrap();
    assert_eq!((again.good, again.ids[1..].to_vec()), (3, first.ids.clone()));

    // The file of rejected rows has the format of the original, and can be imported when corrected.
    assert!(
        first.errors.starts_with("\u{feff}Timestamp;Jenis Kelamin;"),
        "{}",
        first.errors
    );
    let corrected = both(form(), &first.errors.replace(";9;", ";3;")).unwrap();
    assert_eq!(
        (corrected.good, corrected.bad, &corrected.ids[0]),
        (1, 0, &again.ids[0])
    );
}

#[test]
fn the_content_of_a_row_is_in_the_message() {
    let header = "Stempel waktu,Jenis Kelamin,Usia,Pendidikan Terakhir,Pekerjaan,Jenis Layanan,Saluran,Jam Survei,Kritik,\
                  U1,U2,U3,U4,U5,U6,U7,U8,U9";
    let row = "05/07/2024 09:15:00,Wanita,26-40,SMA/SMK,Karyawan Swasta,KTP Elektronik,Loket,08.00-12.00,Lama,\
               1,2,3,4,1,2,3,4,1";
    let file = file(&format!("{header}\n{row}\n"));
    let check = check(form(), &options(file.path())).unwrap();
    let mut sheet = check.sheet().unwrap();
    let row = sheet.next().unwrap().unwrap();
    let (_, response) = Pass::new(&check).row(&row).unwrap();
    assert_eq!(response.submit_time.unwrap().seconds, 1_720_145_700);
    assert_eq!(response.answers.values().sum::<i32>(), 21);
    assert_eq!(response.criticism, "Lama");
    let profile = response.profile.unwrap();
    let said = [
        &profile.sex,
        &profile.age_group,
        &profile.education,
        &profile.occupation,
        &profile.service,
        &profile.channel,
        &profile.hour_band,
    ];
    assert_eq!(
        said,
        [
            "P",
            "26-40",
            "SMA",
            "SWASTA",
            "ktp-elektronik",
            "counter",
            "morning"
        ]
    );
}

#[test]
fn a_survey_without_an_element_refuses_answers_to_it() {
    let mut survey = survey();
    survey.elements.retain(|element| element.key != "cost");
    let form = Form::new(&survey, vec![instrument()]).unwrap();
    let with_cost = |cost: &str| format!("{HEADER}\na,2024-07-02T08:00:00+07:00,4,4,4,{cost},4,4,4,4,4\n");
    assert_eq!(both(form.clone(), &with_cost("")).unwrap().good, 1);
    assert_eq!(both(form.clone(), &with_cost("4")).unwrap().bad, 1);
    let without = with_cost("").replace(",cost", "").replace(",,", ",");
    assert_eq!(both(form, &without).unwrap().good, 1);
}

#[test]
fn rows_are_sent_a_thousand_at_a_time_and_name_survey_and_import_once() {
    let rows: String = (0..2500)
        .map(|n| format!("r{n},2024-07-02T08:00:00+07:00,4,4,4,4,4,4,4,4,4\n"))
        .collect();
    let file = file(&format!("{HEADER}\n{rows}"));
    let check = check(form(), &options(file.path())).unwrap();
    let batches = Batches {
        sheet: check.sheet().unwrap(),
        survey: "agencies/3271/units/dpmptsp/surveys/2024-q3",
        pass: Pass::new(&check),
        import_id: "i",
    };
    let batches: Vec<send::Batch> = batches.collect::<anyhow::Result<_>>().unwrap();
    let sizes: Vec<usize> = batches.iter().map(|batch| batch.messages.len()).collect();
    assert_eq!(sizes, [1000, 1000, 500]);
    for batch in batches {
        let [first, second, ..] = batch.messages.as_slice() else {
            panic!("too few")
        };
        assert!(first.survey.ends_with("2024-q3") && first.import_id == "i");
        assert!(second.survey.is_empty() && second.import_id.is_empty());
    }
}

#[test]
fn a_survey_that_takes_no_responses_is_refused_before_the_file_is_read() {
    for (state, text) in [
        (pb::SurveyState::Closed, "sudah ditutup"),
        (pb::SurveyState::Scheduled, "belum dibuka"),
    ] {
        let survey = pb::Survey {
            state: state.into(),
            ..survey()
        };
        let refused = Form::new(&survey, vec![instrument()]).unwrap_err().to_string();
        assert!(refused.contains(text), "{refused}");
    }
    assert!(
        Form::new(&survey(), Vec::new())
            .unwrap_err()
            .to_string()
            .contains("skm-2017")
    );
}

#[test]
fn a_label_gives_every_row_a_new_id_which_is_the_same_on_a_repeat() {
    let own = format!("{HEADER}\nr-1,2024-07-01,3,3,3,3,3,3,3,3,3\n");
    let none = own.replace("response_id,", "").replace("r-1,", "");
    for text in [own, none] {
        let ids = |again: Option<&str>| {
            let file = file(&text);
            let options = ResponseOptions {
                again: again.map(str::to_owned),
                ..options(file.path())
            };
            let check = check(form(), &options).unwrap();
            let mut sheet = check.sheet().unwrap();
            let row = sheet.next().unwrap().unwrap();
            Pass::new(&check).row(&row).unwrap().0
        };
        assert_eq!(ids(Some("a")), ids(Some("a")));
        assert_ne!(ids(Some("a")), ids(Some("b")));
        assert_ne!(ids(Some("a")), ids(None));
    }
}

#[test]
fn the_import_id_follows_from_the_content() {
    let [one, same, other] = ["a", "a", "b"].map(|text| digest(file(text).path()).unwrap());
    assert_eq!(one, same);
    assert_ne!(one, other);
    assert!(one.len() <= 64 && one.starts_with("csv-"));
}

#[test]
fn the_file_of_bad_rows_is_not_the_file_itself() {
    let file = file(HEADER);
    let check = check(form(), &options(file.path())).unwrap();
    let options = Options {
        errors: Some(file.path().to_owned()),
        ..options(file.path()).file
    };
    assert!(Faults::new(&options, &check.sheet().unwrap()).is_err());
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), HEADER);
}

mod shapes {
    //! The format of a file does not change the result; only its content does.

    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Minute of the answer, scores, text.
    type Row = (u32, [u8; 9], String);

    fn any_row() -> impl Strategy<Value = Row> {
        // There are few different rows, so that equal ones are frequent.
        (0_u32..4, proptest::array::uniform9(1_u8..3), "[a-z]{0,2}")
    }

    fn write(rows: &[Row], shape: usize) -> String {
        let (delimiter, end) = [(",", "\n"), (";", "\r\n"), ("\t", "\r")][shape % 3];
        let columns: Vec<String> = (1..10).map(|n| format!("U{n}")).collect();
        let mut text = String::from(if shape.is_multiple_of(2) { "\u{feff}" } else { "" });
        let mut line = |mut cells: Vec<String>| {
            if shape.is_multiple_of(5) {
                cells.reverse();
            }
            text += &cells.join(delimiter);
            text += end;
            if shape.is_multiple_of(3) {
                text += end;
            }
        };
        line([vec!["Timestamp".to_owned()], columns, vec!["Saran".to_owned()]].concat());
        for (minute, scores, remark) in rows {
            let time = match shape % 3 {
                0 => format!("2024-07-05 08:{minute:02}:00"),
                1 => format!("5 Juli 2024 08.{minute:02}"),
                _ => format!("05/07/2024 08:{minute:02} WIB"),
            };
            let scores = scores.iter().map(|score| {
                if shape % 4 == 1 {
                    format!("{score},0")
                } else {
                    score.to_string()
                }
            });
            let scores = scores.map(|score| {
                if delimiter == "," {
                    score.replace(",0", "")
                } else {
                    score
                }
            });
            line([vec![time], scores.collect(), vec![remark.clone()]].concat());
        }
        text
    }

    fn ids(rows: &[Row], shape: usize) -> Vec<String> {
        both(form(), &write(rows, shape)).unwrap().ids
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn sorting_and_saving_again_change_no_id_and_growing_adds_only_the_new(
            rows in proptest::collection::vec(any_row(), 1..20),
            more in proptest::collection::vec(any_row(), 0..5),
            shapes in (0_usize..60, 0_usize..60),
        ) {
            let first: BTreeSet<String> = ids(&rows, shapes.0).into_iter().collect();
            prop_assert_eq!(first.len(), rows.len(), "equal rows are told apart");
            let mut grown = more.clone();
            grown.extend(rows.iter().rev().cloned());
            let grown: BTreeSet<String> = ids(&grown, shapes.1).into_iter().collect();
            prop_assert!(first.is_subset(&grown));
            prop_assert_eq!(grown.len(), rows.len() + more.len());
        }
    }
}
