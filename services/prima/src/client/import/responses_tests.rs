//! Tests of checking and batching responses.

use super::*;

const HEADER: &str = "response_id,submitted_at,requirements,procedure,time,cost,product,competence,conduct,complaint_handling,facilities";

fn survey() -> pb::Survey {
    let instrument = instrument::find(instrument::DEFAULT).unwrap();
    pb::Survey {
        name: "agencies/3271/units/dpmptsp/surveys/2024-q3".into(),
        period: "2024-q3".into(),
        instrument: instrument.id.clone(),
        elements: instrument
            .elements
            .iter()
            .map(|element| pb::SurveyElement {
                key: element.key.clone(),
                code: element.code.clone(),
                ..Default::default()
            })
            .collect(),
        open_time: Some(prost_types::Timestamp {
            seconds: 1_719_766_800,
            nanos: 0,
        }),
        state: pb::SurveyState::Open.into(),
        ..Default::default()
    }
}

fn check_of(survey: &pb::Survey) -> Check {
    Check::new(survey, Clock::system().now()).unwrap()
}

/// What the first pass finds and the second sends: (good, bad, lines sent).
fn both(check: &Check, text: &str) -> anyhow::Result<(u64, u64, Vec<u64>)> {
    let file = std::env::temp_dir().join(format!(
        "prima-responses-{}.csv",
        prima_platform::id::Ids::random().next()
    ));
    std::fs::write(&file, text)?;
    let options = Options {
        file,
        skip_bad_rows: true,
        quiet: true,
    };
    let passes = || {
        let first = check.all(&options)?;
        let (good, bad) = (first.good, first.bad);
        let batches = Batches {
            sheet: check.open(&options)?,
            check,
            seen: first.seen,
            survey: "s",
        };
        let mut lines = Vec::new();
        for batch in batches {
            lines.extend(batch?.lines);
        }
        Ok((good, bad, lines))
    };
    let found = passes();
    std::fs::remove_file(&options.file)?;
    found
}

#[test]
fn the_29_real_respondents_are_all_good() {
    let text = include_str!("../../../demo/skm-29.csv");
    let (good, bad, lines) = both(&check_of(&survey()), text).unwrap();
    assert_eq!((good, bad, lines.len()), (29, 0, 29));
}

#[test]
fn bad_rows_are_counted_and_never_sent() {
    let rows = [
        "a,2024-07-02T08:00:00+07:00,4,4,4,4,4,4,4,4,4", // 2: good
        "a,2024-07-02T01:00:00Z,4,4,4,4,4,4,4,4,4",      // 3: the same again
        "a,2024-07-02T08:00:00+07:00,3,4,4,4,4,4,4,4,4", // 4: says something else
        "b,2024-07-02T08:00:00+07:00,5,x,,4,4,4,4,4,4",  // 5: three bad answers
        "c,2 Juli,4,4,4,4,4,4,4,4,4",                    // 6: no time
        "d,2024-06-02T08:00:00+07:00,4,4,4,4,4,4,4,4,4", // 7: before the survey opened
        "b,2024-07-03T08:00:00+07:00,4,4,4,4,4,4,4,4,4", // 8: good, its bad namesake never counted
        "é,2024-07-03T08:00:00+07:00,4,4,4,4,4,4,4,4,4", // 9: bad id
        "e,,4,4,4,4,4,4,4,4,4",                          // 10: time missing
    ];
    let text = format!("{HEADER}\n{}\n", rows.join("\n"));
    assert_eq!(both(&check_of(&survey()), &text).unwrap(), (3, 6, vec![2, 3, 8]));
}

#[test]
fn every_fault_of_a_row_is_named() {
    let check = check_of(&survey());
    let file = std::env::temp_dir().join(format!(
        "prima-responses-{}.csv",
        prima_platform::id::Ids::random().next()
    ));
    std::fs::write(
        &file,
        format!("{HEADER},age,sex\n,kemarin,5,x,,4,4,4,4,4,4,7,Q\n"),
    )
    .unwrap();
    let mut sheet = Sheet::open(&file, &check.layout.columns).unwrap();
    std::fs::remove_file(&file).unwrap();
    let row = sheet.next().unwrap().unwrap();
    let reasons = check.row(&row).unwrap_err();
    assert_eq!(reasons.len(), 7, "{reasons:?}");
}

#[test]
fn the_columns_needed_are_those_the_survey_asks() {
    let mut survey = survey();
    survey.elements.retain(|element| element.key != "cost");
    let check = check_of(&survey);
    let with_cost = |cost: &str| format!("{HEADER}\na,2024-07-02T08:00:00+07:00,4,4,4,{cost},4,4,4,4,4\n");
    assert_eq!(both(&check, &with_cost("")).unwrap(), (1, 0, vec![2]));
    assert_eq!(both(&check, &with_cost("4")).unwrap(), (0, 1, vec![]));
    let without = with_cost("").replace(",cost", "").replace(",,", ",");
    assert_eq!(both(&check, &without).unwrap(), (1, 0, vec![2]));
    assert!(
        both(&check, &without.replace(",time", ""))
            .unwrap_err()
            .to_string()
            .contains("kolom tidak ada: time")
    );
}

#[test]
fn rows_are_sent_a_thousand_at_a_time_and_name_their_survey_once() {
    let rows: String = (0..2500)
        .map(|n| format!("r{n},2024-07-02T08:00:00+07:00,4,4,4,4,4,4,4,4,4\n"))
        .collect();
    let file = std::env::temp_dir().join(format!(
        "prima-responses-{}.csv",
        prima_platform::id::Ids::random().next()
    ));
    std::fs::write(&file, format!("{HEADER}\n{rows}")).unwrap();
    let options = Options {
        file,
        skip_bad_rows: false,
        quiet: true,
    };
    let check = check_of(&survey());
    let seen = check.all(&options).unwrap().seen;
    let batches = Batches {
        sheet: check.open(&options).unwrap(),
        check: &check,
        seen,
        survey: "s",
    };
    let batches: Vec<Batch> = batches.collect::<anyhow::Result<_>>().unwrap();
    std::fs::remove_file(&options.file).unwrap();
    assert_eq!(
        batches
            .iter()
            .map(|batch| batch.messages.len())
            .collect::<Vec<_>>(),
        [1000, 1000, 500]
    );
    assert!(
        batches
            .iter()
            .all(|batch| batch.messages[0].survey == "s" && batch.messages[1].survey.is_empty())
    );
}

#[test]
fn a_survey_that_takes_no_responses_is_refused_before_the_file_is_read() {
    let closed = pb::Survey {
        state: pb::SurveyState::Closed.into(),
        ..survey()
    };
    assert!(
        Check::new(&closed, Clock::system().now())
            .err()
            .unwrap()
            .to_string()
            .contains("sudah ditutup")
    );
    let early = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    assert!(
        Check::new(&survey(), early)
            .err()
            .unwrap()
            .to_string()
            .contains("belum dibuka")
    );
}
