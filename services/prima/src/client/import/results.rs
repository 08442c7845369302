//! Results that were published before this system computed results.

use std::collections::BTreeMap;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use prima_platform::clock::Clock;
use prima_proto::{period::Period, survey::v1 as pb};
use prima_survey::domain::recorded;
use tonic::Status;

use super::cells::{self, Register};
use super::progress::Progress;
use super::sheet::{Column, Row, Sheet};
use super::{BadRows, Options, Outcome, PAGE, Seen, Step, What, apply, request_id};
use crate::client::call::repeat;
use crate::client::connect::{Connection, Survey};

const AGENCY: usize = 1;
const UNIT: usize = 2;
const REASON: usize = 10;
const NAME: usize = 11;
/// The columns; the subject is in `subject`, or in `agency` and `unit`.
const COLUMNS: [(&str, bool); 12] = [
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
    ("name", false),
];

/// Loads published results: records those that do not exist, and replaces those that differ when the row has a
/// `reason`. Further columns are elements by their key, with the published mean.
///
/// # Errors
///
/// When the file or one of its rows is bad, or the service cannot be reached; nothing was loaded then.
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
    let mut sheet = Sheet::open(&options.source(), &columns(&elements))?;
    let held = recorded(&client).await?;
    let register = Register::read(&connection.directory().await?).await?;
    let mut outcome = Outcome::new(What::Results);
    let mut bad = BadRows::default();
    let (rows, repeats) = read(&mut sheet, &elements, &held, &register, &mut bad)?;
    outcome.skipped = bad.settle(options, &mut sheet)?;
    outcome.unchanged = repeats;

    let mut steps = Vec::new();
    for (line, row) in rows {
        match held.get(&key(&row)) {
            None => steps.push((line, Step::Create(row))),
            Some(held) if same(held, &row) => outcome.unchanged += 1,
            Some(_) => steps.push((line, Step::Update(row))),
        }
    }
    if options.dry_run {
        return Ok(outcome.foresee(&steps));
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

/// The names that officers use for a column.
fn others(name: &str) -> &'static [&'static str] {
    match name {
        "subject" => &["subjek"],
        "agency" => &["kode", "kodeinstansi", "kodewilayah"],
        "unit" => &["kodeunit"],
        "period" => &["periode"],
        "instrument" => &["instrumen"],
        "index" => &["ikm", "nilaiikm", "nik", "nilai"],
        "category" => &["mutu", "mutupelayanan", "kategori"],
        "respondents" => &["responden", "jumlahresponden"],
        "source" => &["sumber"],
        "reason" => &["alasan"],
        "name" => &["nama", "instansi", "namainstansi", "namaunit"],
        _ => &[],
    }
}

fn columns(elements: &[String]) -> Vec<Column> {
    let own = COLUMNS.map(|(name, required)| {
        if required {
            Column::required(name)
        } else {
            Column::optional(name)
        }
        .or(others(name))
    });
    own.into_iter()
        .chain(elements.iter().map(|key| Column::optional(key)))
        .collect()
}

fn key(result: &pb::RecordedResult) -> (String, String) {
    (result.subject.clone(), result.period.clone())
}

/// Whether the recorded result equals a row; cells that the row leaves empty are not compared.
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

/// A decimal without trailing zeros.
fn decimal(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

/// Returns the recorded results, by subject and period.
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

/// Returns the good rows with their lines, and the number of rows that only repeat another row.
fn read(
    sheet: &mut Sheet,
    elements: &[String],
    held: &BTreeMap<(String, String), pb::RecordedResult>,
    register: &Register,
    bad: &mut BadRows,
) -> anyhow::Result<(Vec<(u64, pb::RecordedResult)>, u64)> {
    let now = Clock::system().now();
    let (mut rows, mut repeats, mut seen) = (Vec::new(), 0, Seen::new());
    while let Some(cells) = sheet.next()? {
        let line = cells.line;
        if let Some(fault) = cells.fault() {
            bad.add(line, fault);
            continue;
        }
        let Some(row) = row(&cells, elements, register, now, bad) else {
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

fn row(
    cells: &Row<'_>,
    elements: &[String],
    register: &Register,
    now: DateTime<Utc>,
    bad: &mut BadRows,
) -> Option<pb::RecordedResult> {
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
        name,
    ] = [0, AGENCY, UNIT, 3, 4, 5, 6, 7, 8, 9, REASON, NAME].map(|column| cells.cell(column));
    let subject = match (subject, agency, unit) {
        ("", "", _) => Err("subject (atau agency dan unit) wajib diisi".to_owned()),
        ("", agency, "") => cells::subject(agency),
        ("", agency, unit) => cells::subject(&format!("{agency}/{unit}")),
        (subject, "", "") => cells::subject(subject),
        _ => Err("isi subject saja, atau agency dan unit saja".to_owned()),
    };
    let subject = subject.map_err(|fault| bad.add(line, fault)).ok();
    if let Some(fault) = subject.as_ref().and_then(|subject| register.fault(subject, name)) {
        bad.add(line, fault);
    }
    let count = match respondents {
        "" => Ok(0),
        text => text.parse::<i64>(),
    };
    if count.is_err() {
        bad.add(line, format!("respondents `{respondents}` harus bilangan bulat"));
    }
    // Indonesian spreadsheets write a decimal comma.
    let decimal = |text: &str| text.replace(',', ".");
    let means = elements.iter().enumerate().map(|(place, key)| {
        let mean = decimal(cells.cell(COLUMNS.len() + place));
        (key.clone(), mean)
    });
    let result = recorded::Result {
        subject: subject.clone().unwrap_or_else(|| "agencies/1".to_owned()),
        period: period.to_owned(),
        instrument: instrument.to_owned(),
        index: decimal(index),
        category: category.to_owned(),
        respondents: count.unwrap_or_default(),
        elements: means.filter(|(_, mean)| !mean.is_empty()).collect(),
        source: source.to_owned(),
        roll_up: roll_up.to_owned(),
        reason: reason.to_owned(),
    };
    // These are the rules of the service itself, so that nothing is sent unless every row is valid.
    if let Err(faults) = recorded::check(result.clone(), now) {
        for fault in faults {
            let field = fault.field.trim_start_matches("result.");
            let text = match field {
                "period" if Period::from_str(period).is_err() => cells::period_fault(period),
                "index" => format!("index `{index}` {}", fault.localized),
                _ => format!("{field}: {}", fault.localized),
            };
            bad.add(line, text);
        }
    }
    let subject = subject?;
    (!bad.has(line)).then(|| pb::RecordedResult {
        subject,
        period: result.period,
        instrument: result.instrument,
        index: result.index,
        category: result.category,
        respondents: result.respondents,
        elements: result.elements,
        source: result.source,
        roll_up: result.roll_up,
        reason: result.reason,
        ..Default::default()
    })
}

async fn send(
    client: &Survey,
    row: pb::RecordedResult,
    before: Option<prost_types::Timestamp>,
) -> Result<(), Status> {
    // The replaced record is part of the id: the same row, imported after another record was stored, is a new request.
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

    fn register() -> Register {
        Register::of(&[
            ("agencies/1", "Kementerian Satu"),
            ("agencies/3271", "Kota Bogor"),
            ("agencies/3271/units/dpmptsp", "DPMPTSP Kota Bogor"),
            ("agencies/3271/units/rsud", "RSUD Kota Bogor"),
        ])
    }

    #[test]
    fn a_wrong_index_period_or_category_is_reported_before_anything_is_sent() {
        let text = "subject,period,instrument,index,source,category\n\
                    agencies/3271/units/dpmptsp,2022,skm-2017,\"3,27\",Laporan,\n\
                    agencies/3271/units/dpmptsp,2021,skm-2017,0,Laporan,\n\
                    agencies/3271/units/dpmptsp,2018,skm-2017,80.10,Laporan,B\n\
                    agencies/3271/units/dpmptsp,Semester I 2018,skm-2017,81.96,Laporan,B\n\
                    agencies/3271/units/dpmptsp,2019,skm-2017,81.96,Laporan,A\n";
        let (rows, _, bad) = check(text, &BTreeMap::new());
        assert_eq!(rows.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [4]);
        for (line, expected) in [
            (2, "IKM = 81,75"),
            (3, "0 bukan hasil"),
            (5, "2018-s1"),
            (6, "`B`"),
        ] {
            let shown = bad.0[&line].join("; ");
            assert_eq!(bad.0[&line].len(), 1, "{shown}");
            assert!(shown.contains(expected), "{shown}");
        }
    }

    #[test]
    fn a_unit_that_is_unknown_or_has_another_name_is_reported() {
        let text = "kode;unit;nama;periode;instrumen;IKM;sumber\n\
                    32.71;rsud;RSUD Kota Bogor;2019;skm-2017;80,98;Laporan\n\
                    32.71;rsud;RSUD Cibinong;2019;skm-2017;80,98;Laporan\n\
                    32.71;bappeda;;2019;skm-2017;80,98;Laporan\n";
        let (rows, _, bad) = check(text, &BTreeMap::new());
        assert_eq!(rows.len(), 1, "{bad:?}");
        assert_eq!(bad.0.keys().copied().collect::<Vec<_>>(), [3, 4], "{bad:?}");
    }

    fn check(
        text: &str,
        held: &BTreeMap<(String, String), pb::RecordedResult>,
    ) -> (Vec<(u64, pb::RecordedResult)>, u64, BadRows) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let elements = vec!["cost".to_owned(), "time".to_owned()];
        let mut sheet = Sheet::open(&file.path().into(), &columns(&elements)).unwrap();
        let mut bad = BadRows::default();
        let (rows, repeats) = read(&mut sheet, &elements, held, &register(), &mut bad).unwrap();
        (rows, repeats, bad)
    }

    #[test]
    fn a_subject_is_named_in_full_or_by_agency_and_unit() {
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
    fn a_record_that_differs_is_replaced_only_with_a_reason() {
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
