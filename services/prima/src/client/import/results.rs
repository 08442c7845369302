//! Results that were published before this system computed them.

use std::collections::BTreeMap;

use prima_proto::{name, survey::v1 as pb};
use tonic::Status;

use super::progress::Progress;
use super::sheet::{Column, Row, Sheet};
use super::{BadRows, Options, Outcome, PAGE, Seen, Step, What, apply, request_id};
use crate::client::call::repeat;
use crate::client::connect::{Connection, Survey};

const AGENCY: usize = 1;
const UNIT: usize = 2;
const REASON: usize = 10;
/// `subject`, or `agency` with `unit` when it is a unit's.
const COLUMNS: [(&str, bool); 11] = [
    ("subject", false),
    ("agency", false),
    ("unit", false),
    ("period", true),
    ("instrument", true),
    ("index", true),
    ("category", false),
    ("respondents", false),
    ("source", true),
    ("roll_up", false),
    ("reason", false),
];
const SOURCE_CHARACTERS: std::ops::RangeInclusive<usize> = 3..=500;

/// Loads published results: records those that are not there, replaces those that differ when the row has a `reason`.
/// Further columns are elements by their key, with the published mean.
///
/// # Errors
///
/// When the file or one of its rows is bad, or the service is away; nothing was loaded then.
pub async fn results(connection: &Connection, options: &Options) -> anyhow::Result<Outcome> {
    let client = connection.survey().await?;
    let instruments = repeat!(client, list_instruments, pb::ListInstrumentsRequest {})?.instruments;
    let mut elements: Vec<String> = instruments
        .into_iter()
        .flat_map(|instrument| instrument.elements)
        .map(|element| element.key)
        .collect();
    elements.sort();
    elements.dedup();
    let sheet = Sheet::open(&options.file, &columns(&elements))?;
    let held = recorded(&client).await?;
    let mut outcome = Outcome::new(What::Results);
    let mut bad = BadRows::default();
    let (rows, repeats) = read(sheet, &elements, &held, &mut bad)?;
    outcome.skipped = bad.settle(options)?;
    outcome.unchanged = repeats;

    let mut steps = Vec::new();
    for (line, row) in rows {
        match held.get(&key(&row)) {
            None => steps.push((line, Step::Create(row))),
            Some(held) if same(held, &row) => outcome.unchanged += 1,
            Some(_) => steps.push((line, Step::Update(row))),
        }
    }
    let progress = Progress::rows("Mengimpor", steps.len() as u64, options.quiet);
    let held = &held;
    apply(steps, &progress, &mut outcome, |step| {
        let (client, Step::Create(row) | Step::Update(row)) = (client.clone(), step);
        let before = held.get(&key(&row)).and_then(|held| held.record_time);
        async move { send(&client, row, before).await }
    })
    .await;
    Ok(outcome)
}

fn columns(elements: &[String]) -> Vec<Column> {
    let own = COLUMNS.map(|(name, required)| Column {
        name: name.to_owned(),
        required,
    });
    own.into_iter()
        .chain(elements.iter().map(|key| Column::optional(key)))
        .collect()
}

fn key(result: &pb::RecordedResult) -> (String, String) {
    (result.subject.clone(), result.period.clone())
}

/// Whether what is recorded says what a row says; what the row leaves to the service aside.
fn same(held: &pb::RecordedResult, row: &pb::RecordedResult) -> bool {
    let given = |row: &str, held: &str| row.is_empty() || row == held;
    held.instrument == row.instrument
        && decimal(&held.index) == decimal(&row.index)
        && given(&row.category, &held.category)
        && held.respondents == row.respondents
        && held.source == row.source
        && given(&row.roll_up, &held.roll_up)
        && held.elements.len() == row.elements.len()
        && held.elements.iter().all(|(key, mean)| {
            row.elements
                .get(key)
                .is_some_and(|row| decimal(row) == decimal(mean))
        })
}

/// A decimal without the zeros at its end.
fn decimal(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

/// What is recorded, by subject and period.
async fn recorded(client: &Survey) -> anyhow::Result<BTreeMap<(String, String), pb::RecordedResult>> {
    let mut all = BTreeMap::new();
    let mut page_token = String::new();
    loop {
        let message = pb::ListRecordedResultsRequest {
            parent: "agencies/-".to_owned(),
            page_size: PAGE,
            page_token,
            show_replaced: false,
        };
        let page = repeat!(client, list_recorded_results, message)?;
        all.extend(page.results.into_iter().map(|result| (key(&result), result)));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(all);
        }
    }
}

/// The good rows with their lines, and how many rows only repeated another.
fn read(
    mut sheet: Sheet,
    elements: &[String],
    held: &BTreeMap<(String, String), pb::RecordedResult>,
    bad: &mut BadRows,
) -> anyhow::Result<(Vec<(u64, pb::RecordedResult)>, u64)> {
    let (mut rows, mut repeats, mut seen) = (Vec::new(), 0, Seen::new());
    while let Some(cells) = sheet.next()? {
        let line = cells.line;
        if let Some(fault) = cells.fault() {
            bad.add(line, fault);
            continue;
        }
        let Some(row) = row(&cells, elements, bad) else {
            continue;
        };
        if row.reason.is_empty() && held.get(&key(&row)).is_some_and(|held| !same(held, &row)) {
            bad.add(
                line,
                "sudah tercatat dengan isi lain; untuk menggantinya isi kolom reason (5 sampai 500 karakter)",
            );
            continue;
        }
        match seen.check(&format!("{} {}", row.subject, row.period), line, row.clone()) {
            Ok(true) => rows.push((line, row)),
            Ok(false) => repeats += 1,
            Err(before) => bad.add(
                line,
                format!(
                    "hasil {} {} sudah ada di baris {before} dengan isi lain",
                    row.subject, row.period
                ),
            ),
        }
    }
    Ok((rows, repeats))
}

fn row(cells: &Row<'_>, elements: &[String], bad: &mut BadRows) -> Option<pb::RecordedResult> {
    let line = cells.line;
    let [
        subject,
        agency,
        unit,
        period,
        instrument,
        index,
        category,
        respondents,
        source,
        roll_up,
        reason,
    ] = [0, AGENCY, UNIT, 3, 4, 5, 6, 7, 8, 9, REASON].map(|column| cells.cell(column));
    let subject = match (subject, agency, unit) {
        ("", "", _) => {
            bad.add(line, "subject (atau agency dan unit) wajib diisi");
            String::new()
        }
        // The id of a region is its code without dots.
        ("", agency, "") => format!("agencies/{}", agency.replace('.', "")),
        ("", agency, unit) => format!("agencies/{}/units/{unit}", agency.replace('.', "")),
        (subject, "", "") => subject.to_owned(),
        _ => {
            bad.add(line, "isi subject saja, atau agency dan unit saja");
            String::new()
        }
    };
    let named = name::Agency::parse(&subject).is_ok() || name::Unit::parse(&subject).is_ok();
    if !subject.is_empty() && !named {
        bad.add(
            line,
            format!("subject `{subject}` harus berbentuk agencies/{{agency}} atau agencies/{{agency}}/units/{{unit}}"),
        );
    }
    for (name, cell) in [("period", period), ("instrument", instrument)] {
        if cell.is_empty() {
            bad.add(line, format!("{name} wajib diisi"));
        }
    }
    // Spreadsheets of this country write a decimal comma.
    let index = index.replace(',', ".");
    if !is_decimal(&index, 2) || above_100(&index) {
        bad.add(
            line,
            format!("index `{index}` harus angka 0 sampai 100 dengan paling banyak dua desimal"),
        );
    }
    let count = match respondents {
        "" => Ok(0),
        text => text.parse::<i64>(),
    };
    if !count.as_ref().is_ok_and(|count| *count >= 0) {
        bad.add(line, format!("respondents `{respondents}` harus bilangan bulat"));
    }
    if !SOURCE_CHARACTERS.contains(&source.chars().count()) {
        bad.add(
            line,
            "source (tempat hasil diterbitkan) wajib diisi, 3 sampai 500 karakter",
        );
    }
    let mut means = BTreeMap::new();
    for (place, key) in elements.iter().enumerate() {
        let mean = cells.cell(COLUMNS.len() + place).replace(',', ".");
        if mean.is_empty() {
            continue;
        }
        if !is_decimal(&mean, 4) {
            bad.add(
                line,
                format!("{key} `{mean}` harus angka dengan paling banyak empat desimal"),
            );
        }
        means.insert(key.clone(), mean);
    }
    let count = count.ok()?;
    (!bad.has(line)).then(|| pb::RecordedResult {
        subject,
        period: period.to_owned(),
        instrument: instrument.to_owned(),
        index,
        category: category.to_owned(),
        respondents: count,
        elements: means,
        source: source.to_owned(),
        roll_up: roll_up.to_owned(),
        reason: reason.to_owned(),
        ..Default::default()
    })
}

fn is_decimal(text: &str, places: usize) -> bool {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && whole.len() <= 3 && digits(part) && part.len() <= places
}

/// Of a decimal with at most three digits before its point.
fn above_100(text: &str) -> bool {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    match whole.parse::<u32>() {
        Ok(100) => part.bytes().any(|byte| byte != b'0'),
        whole => whole.is_ok_and(|whole| whole > 100),
    }
}

async fn send(
    client: &Survey,
    row: pb::RecordedResult,
    before: Option<prost_types::Timestamp>,
) -> Result<(), Status> {
    // The same row on top of another record is another request.
    let content = format!("{row:?} {before:?}");
    let message = pb::RecordResultRequest {
        request_id: request_id("RecordResult", &row.subject, &[&content]),
        result: Some(row),
    };
    repeat!(client, record_result, message).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        text: &str,
        held: &BTreeMap<(String, String), pb::RecordedResult>,
    ) -> (Vec<(u64, pb::RecordedResult)>, u64, BadRows) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let elements = vec!["cost".to_owned(), "time".to_owned()];
        let sheet = Sheet::open(file.path(), &columns(&elements)).unwrap();
        let mut bad = BadRows::default();
        let (rows, repeats) = read(sheet, &elements, held, &mut bad).unwrap();
        (rows, repeats, bad)
    }

    #[test]
    fn a_subject_is_named_whole_or_by_agency_and_unit() {
        let text = "subject;agency;unit;period;instrument;index;respondents;source;cost\n\
                    agencies/3271;;;2019;skm-2017;80,98;;Laporan SKM 2019;3,5\n\
                    ;32.71;rsud;2019;skm-2017;81.9;120;Laporan SKM 2019;\n\
                    ;32.71;rsud;2019;skm-2017;81.9;120;Laporan SKM 2019;\n";
        let (rows, repeats, bad) = check(text, &BTreeMap::new());
        assert!(bad.0.is_empty(), "{bad:?}");
        assert_eq!(repeats, 1);
        let (_, first) = &rows[0];
        assert_eq!(
            (first.subject.as_str(), first.index.as_str()),
            ("agencies/3271", "80.98")
        );
        assert_eq!(first.elements["cost"], "3.5");
        assert_eq!(rows[1].1.subject, "agencies/3271/units/rsud");
        assert_eq!(rows[1].1.respondents, 120);
    }

    #[test]
    fn every_fault_of_a_row_is_named() {
        let text = "subject,agency,period,instrument,index,respondents,source,time\n\
                    ,,,,80.987,-1,x,3.12345\n\
                    agencies/1,1,2019,skm-2017,101x,,sumber,\n\
                    kota/1,,2019,skm-2017,100.01,,sumber,\n\
                    agencies/1,,2019,skm-2017,100.00,,sumber,\n";
        let (rows, _, bad) = check(text, &BTreeMap::new());
        let good: Vec<u64> = rows.iter().map(|(line, _)| *line).collect();
        assert_eq!(good, [5]);
        let counts: Vec<usize> = bad.0.values().map(Vec::len).collect();
        assert_eq!(counts, [7, 2, 2], "{bad:?}");
    }

    #[test]
    fn what_is_recorded_otherwise_is_replaced_only_for_a_reason() {
        let text = |reason: &str| {
            format!(
                "subject,period,instrument,index,source,reason\nagencies/1,2019,skm-2017,80.9,laporan,{reason}\n"
            )
        };
        let held = |index: &str| {
            let result = pb::RecordedResult {
                subject: "agencies/1".into(),
                period: "2019".into(),
                instrument: "skm-2017".into(),
                index: index.into(),
                category: "B".into(),
                source: "laporan".into(),
                roll_up: "mean_of_units".into(),
                ..Default::default()
            };
            BTreeMap::from([(key(&result), result)])
        };
        for (index, reason, good) in [("80.90", "", 1), ("81.00", "", 0), ("81.00", "salah ketik", 1)] {
            let held = held(index);
            let (rows, _, bad) = check(&text(reason), &held);
            assert_eq!((rows.len(), bad.0.len()), (good, 1 - good), "{index} {reason}");
            if index == "80.90" {
                assert!(same(&held[&key(&rows[0].1)], &rows[0].1));
            }
        }
    }
}
