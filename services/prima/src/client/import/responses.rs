//! Survey responses, imported in three passes over the file.
//!
//! The first pass learns what can only be known from the whole file (see `learn`); the second checks every row. Nothing
//! is sent when the columns are not understood or a row is bad, unless bad rows may be skipped. The third pass sends
//! streams of 1000 rows, eight at a time, each acknowledged separately. In each pass a thread reads ahead. Rows of text files are not kept in memory; about
//! 20 bytes per row are, by which equal rows are recognised. The id of a row is its own or is derived from its content,
//! so an import that was interrupted can simply be run again, and a file that was sorted, saved by another program or
//! extended adds only its new rows.

mod check;
mod columns;
mod faults;
mod form;
mod headers;
mod learn;
mod moment;
mod recognise;
mod scales;
mod send;
mod siblings;
mod time;
mod tools;
mod values;

use std::fs::{File, Metadata};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use chrono::{DateTime, FixedOffset, NaiveDate, TimeZone, Utc};
use futures::TryStreamExt;
use prima_platform::clock::Clock;
use prima_proto::survey::v1 as pb;
use sha2::{Digest, Sha256};

use self::check::{Check, Pass, Reasons};
use self::columns::Mapping;
use self::faults::Faults;
use self::form::Form;
use self::headers::Field;
use self::learn::learn;
use self::moment::Order;
use self::recognise::known;
use self::send::{ahead, send};
use self::siblings::{note_siblings, result};
use self::time::Reading;
use self::values::Replacements;
use super::bad::refuse_bad;
use super::progress::Progress;
use super::sheet::Sheet;
use super::{Options, Outcome, What};
use crate::cli::DateOrder;
use crate::client::call::repeat;
use crate::client::connect::{Connection, Survey};
use crate::client::print::{self, Table};

pub use self::columns::ColumnMap;
pub use self::values::ValueMap;

/// Streams that are open at the same time, so that the service does not idle while rows are read.
const CALLS: usize = 8;
/// Rows between two updates of the progress bar.
const TICK: u64 = 1024;
const BUFFER: usize = 1 << 16;

/// Options of an import of responses.
#[derive(Debug, Clone)]
pub struct ResponseOptions {
    /// The file and how to treat bad rows.
    pub file: Options,
    /// The survey.
    pub survey: String,
    /// Meaning of columns.
    pub maps: Vec<ColumnMap>,
    /// Meaning of texts in cells.
    pub values: Vec<ValueMap>,
    /// Time zone of times that are written without one; that of the tool that wrote the file, or else WIB, when `None`.
    pub zone: Option<FixedOffset>,
    /// Order of dates that are three numbers; determined from the column when `None`.
    pub order: Option<DateOrder>,
    /// The date of every row, for a file without times.
    pub date: Option<NaiveDate>,
    /// Whether ids are derived from the line number of a row, as in release 0.1.
    pub by_line: bool,
    /// Label of the import; derived from the content of the file when `None`.
    pub import_id: Option<String>,
    /// Label that gives every row a new id, for an import after one that was voided.
    pub again: Option<String>,
}

impl ResponseOptions {
    /// Options for a file that has our own column names.
    pub fn plain(survey: &str, file: Options) -> Self {
        Self {
            file,
            survey: survey.to_owned(),
            maps: Vec::new(),
            values: Vec::new(),
            zone: None,
            order: None,
            date: None,
            by_line: false,
            import_id: None,
            again: None,
        }
    }
}

/// Western Indonesia Time.
fn wib() -> FixedOffset {
    moment::zone_of("WIB").unwrap_or_else(|| chrono::Offset::fix(&chrono::Utc))
}

/// Parses a time zone from the command line.
///
/// # Errors
///
/// When the text is no time zone.
pub fn zone(text: &str) -> Result<FixedOffset, String> {
    moment::zone_of(text)
        .ok_or_else(|| "harus WIB, WITA, WIT, atau selisih dari UTC seperti +07:00".to_owned())
}

/// Parses the label of a repeated import, which becomes a part of the import's id.
///
/// # Errors
///
/// When the label is no valid part of an id.
pub fn label(text: &str) -> Result<String, String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if (1..=30).contains(&text.len()) && text.bytes().all(plain) {
        return Ok(text.to_owned());
    }
    Err("harus 1 sampai 30 karakter: A-Z, a-z, 0-9, titik, garis bawah, dan -".to_owned())
}

/// Loads a file into a survey.
///
/// # Errors
///
/// When the columns are not understood or a row is bad, the survey is not open, or the service cannot be reached;
/// nothing was loaded then. When the service becomes unavailable midway, the same import continues where it stopped.
pub async fn responses(connection: &Connection, options: &ResponseOptions) -> anyhow::Result<Outcome> {
    let client = connection.survey().await?;
    let form = form(&client, &options.survey).await?;
    let path = &options.file.file;
    let written =
        std::fs::metadata(path).with_context(|| format!("berkas `{}` tidak dapat dibuka", path.display()))?;
    let check = check(form, options)?;
    if options.file.dry_run {
        show(&check)?;
    }
    let import_id = match &options.import_id {
        Some(id) => id.clone(),
        None => match &options.again {
            Some(label) => format!("{}-{label}", digest(path)?),
            None => digest(path)?,
        },
    };

    let mut outcome = Outcome::new(What::Responses);
    let (mut before, mut voided) = (0, 0);
    if !options.file.quiet && !options.file.dry_run {
        before = result(&client, &options.survey).await?.respondents;
    }
    if !options.file.quiet {
        note_siblings(&client, &check.form, &import_id).await?;
    }
    let mut faults = Faults::new(&options.file, &check.sheet()?)?;
    let FirstPass { good, bad, outside } = first_pass(&check, &options.file, &mut faults)?;
    remarks(&check.form, good, outside, &mut outcome);
    if options.file.dry_run {
        outcome.dry_run = true;
        outcome.unchanged = good;
        outcome.skipped = bad;
        return Ok(outcome);
    }
    refuse_bad(bad, &options.file)?;
    outcome.skipped = bad;

    let progress = Progress::rows("Mengimpor", good, options.file.quiet);
    let check = Arc::new(check);
    let batches = ahead(check.clone(), check.sheet()?, import_id.clone());
    if !options.file.quiet {
        progress.note(&format!("Id impor: {import_id}"));
    }
    let mut calls = batches
        .map_ok(|batch| send(client.clone(), batch))
        .try_buffered(CALLS);
    loop {
        let (batch, answer) = match calls.try_next().await {
            Ok(Some(answer)) => answer,
            Ok(None) => break,
            Err(error) => {
                faults.settle(&progress)?;
                let stored = outcome.created + outcome.unchanged;
                return Err(error.context(format!(
                    "impor terhenti setelah {stored} jawaban tersimpan; jalankan lagi perintah yang sama untuk meneruskan"
                )));
            }
        };
        progress.advance(batch.rows.len() as u64);
        outcome.created += u64::try_from(answer.accepted)?;
        outcome.unchanged += u64::try_from(answer.repeated_count)?;
        outcome.refused += u64::try_from(answer.rejected)?;
        voided += answer.voided_count;
        for notice in answer
            .notices
            .iter()
            .filter(|notice| notice.reason == "IMPORTED_ELSEWHERE")
        {
            outcome.remark(notice.localized_message.clone());
        }
        for rejection in &answer.rejections {
            let row = usize::try_from(rejection.index)
                .ok()
                .and_then(|index| batch.rows.get(index));
            if let Some((line, record)) = row {
                faults.add(&progress, *line, record, &Reasons::from(rejected(rejection)))?;
            }
        }
    }
    faults.settle(&progress)?;
    let sent = outcome.created + outcome.unchanged + outcome.refused;
    if sent != good || !unchanged(&written, &std::fs::metadata(path)?) {
        bail!("berkas berubah selama impor ({outcome}); jalankan lagi perintah yang sama")
    }
    if voided > 0 {
        let all = u64::try_from(voided)? == outcome.unchanged;
        let which = if all {
            "semuanya".to_owned()
        } else {
            voided.to_string()
        };
        progress.note(&format!(
            "{} sudah ada, {which} dibatalkan dan tidak dihitung; pakai --again LABEL agar diimpor kembali",
            outcome.unchanged
        ));
    }
    let by_meaning = check.mapping.place(&Field::Id).is_none() && !check.by_line && check.again.is_none();
    if !options.file.quiet {
        let result = result(&client, &options.survey).await?;
        let correction = if result.in_correction {
            ", dalam koreksi"
        } else {
            ""
        };
        progress.note(&format!(
            "Hasil survei memuat {} jawaban; {} menunggu{correction}",
            result.counted, result.pending
        ));
    }
    if by_meaning && outcome.unchanged == 0 && before > 0 && i64::try_from(outcome.created)? <= before {
        progress.note(&format!(
            "survei ini sudah berisi {before} jawaban, dan tidak satu pun sama dengan isi berkas ini. Bila berkas ini dulu diimpor \
             dengan rilis 0.1, jawabannya sekarang ganda: batalkan dengan `prima call VoidResponses survey={} import_id={import_id} reason=…`, lalu \
             impor dengan --ids-by-line",
            options.survey
        ));
    }
    Ok(outcome)
}

async fn form(client: &Survey, survey: &str) -> anyhow::Result<Form> {
    let message = pb::GetSurveyRequest {
        name: survey.to_owned(),
    };
    let survey = repeat!(client, get_survey, message)?.survey.unwrap_or_default();
    let instruments = repeat!(client, list_instruments, pb::ListInstrumentsRequest {})?.instruments;
    Form::new(&survey, instruments)
}

/// Determines the meaning of the columns, and learns from the whole file how its rows are to be read.
fn check(form: Form, options: &ResponseOptions) -> anyhow::Result<Check> {
    let source = options.file.source();
    let named: Vec<String> = options.maps.iter().map(|map| map.column.clone()).collect();
    let mut sheet = Sheet::raw(&source, &|cells| known(cells, &named, &form))?;
    let mut faults = Vec::new();
    let dated = options.date.is_some();
    let mapping = Mapping::new(sheet.header(), &options.maps, &form, dated).map_err(|f| faults.extend(f));
    let values = Replacements::new(&options.values, &form).map_err(|f| faults.extend(f));
    let (Ok(mut mapping), Ok(values)) = (mapping, values) else {
        for note in sheet.notes().iter().chain(&faults) {
            print::note(&print::clean(note));
        }
        bail!(
            "{} masalah pada kolom berkas; tidak ada yang diimpor",
            faults.len()
        )
    };
    let now = Clock::system().now();
    mapping.prepare(&mut sheet);
    let learned = learn(&mut sheet, &mut mapping, &values, &form, now)?;
    let order = learned
        .dates
        .order(options.order, tools::usual_order(sheet.header()));
    if !options.file.quiet {
        for note in sheet.notes().iter().chain(&mapping.notes).chain(&learned.notes) {
            print::note(&print::clean(note));
        }
    }
    for word in &learned.words {
        print::note(&print::clean(word));
    }
    let (order, note) = order.map_err(|fault| anyhow!("berkas `{}`: {fault}", source.path.display()))?;
    if let Some(note) = note.filter(|_| !options.file.quiet) {
        print::note(&print::clean(&note));
    }
    let zone = match options.zone {
        Some(zone) => zone,
        None => tools_zone(&mapping, &sheet)?.unwrap_or_else(wib),
    };
    let check = Check {
        source,
        named,
        form,
        mapping,
        again: options.again.clone(),
        by_line: options.by_line,
        values,
        reading: Reading { zone, order },
        dated: options.date.and_then(|date| noon(date, zone)),
        learned,
        now,
    };
    if let Some(time) = check.dated {
        check.within(time).map_err(|fault| anyhow!("--date: {fault}"))?;
    }
    Ok(check)
}

/// The time zone in which the tool that wrote the file writes times; `None` when it does not say.
fn tools_zone(mapping: &Mapping, sheet: &Sheet) -> anyhow::Result<Option<FixedOffset>> {
    let Some(place) = mapping.place(&Field::SubmittedAt) else {
        return Ok(None);
    };
    let name = sheet
        .header()
        .get(place)
        .map(|name| name.trim())
        .unwrap_or_default();
    if name.eq_ignore_ascii_case("_submission_time") {
        print::note("kolom `_submission_time` dari KoBoToolbox dibaca sebagai waktu UTC");
        return Ok(Some(chrono::Offset::fix(&Utc)));
    }
    let zone = tools::zone_below(sheet.below_header(), place).map_err(anyhow::Error::msg)?;
    if let Some(zone) = zone {
        print::note(&format!(
            "kolom `{}` dibaca menurut zona waktu di berkas, {zone}",
            print::clean(name)
        ));
    }
    Ok(zone)
}

/// Noon of a day, which is the time of every row when only the day is given.
fn noon(date: NaiveDate, zone: FixedOffset) -> Option<DateTime<Utc>> {
    let noon = zone.from_local_datetime(&date.and_hms_opt(12, 0, 0)?);
    noon.single().map(|time| time.to_utc())
}

/// Prints the meaning of each column.
fn show(check: &Check) -> anyhow::Result<()> {
    let lines = check.mapping.lines(&check.form);
    let cell = |place: usize| move |line: &Vec<String>| line.get(place).cloned().unwrap_or_default();
    let table = Table::of(&lines)
        .number("No", cell(0))
        .text("Kolom berkas", cell(1))
        .text("Isian", cell(2));
    Ok(print::out(&table.print())?)
}

/// Derives a label from the content of the file.
fn digest(path: &Path) -> anyhow::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = file.read(&mut buffer).context("berkas tidak dapat dibaca")?;
        if read == 0 {
            break;
        }
        hash.update(buffer.get(..read).unwrap_or_default());
    }
    let hex: String = hash
        .finalize()
        .iter()
        .take(12)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(format!("csv-{hex}"))
}

fn unchanged(before: &Metadata, after: &Metadata) -> bool {
    before.len() == after.len() && before.modified().ok() == after.modified().ok()
}

/// Numbers of good and bad rows, and of good ones outside the period.
struct FirstPass {
    good: u64,
    bad: u64,
    outside: u64,
}

/// Says at the end of the import what the file and its survey show before anything is sent.
fn remarks(form: &Form, good: u64, outside: u64, outcome: &mut Outcome) {
    if !form.unit_confirmed {
        let unit = form
            .survey
            .split_once("/surveys/")
            .map_or(form.survey.as_str(), |(unit, _)| unit);
        outcome.remark(format!(
            "unit {unit} belum terdaftar di direktori; nilainya belum masuk peringkat (prima import units)"
        ));
    }
    if let (true, Some((first, last))) = (outside > 0, form.period) {
        outcome.remark(format!(
            "{outside} dari {good} jawaban bertanggal di luar periode survei ({first} sampai {last})"
        ));
    }
}

/// Checks every row.
fn first_pass(check: &Check, options: &Options, faults: &mut Faults) -> anyhow::Result<FirstPass> {
    let mut sheet = check.sheet()?;
    let progress = Progress::part("Memeriksa", sheet.length(), options.quiet);
    let mut pass = Pass::new(check);
    let (mut good, mut bad, mut outside) = (0_u64, 0_u64, 0_u64);
    sheet.each(|row| {
        match pass.row(row) {
            Ok((_, response)) => {
                good += 1;
                outside += u64::from(check.outside(&response));
            }
            Err(reasons) => {
                bad += 1;
                faults.add(&progress, row.line, row.record(), &reasons)?;
            }
        }
        if (good + bad).is_multiple_of(TICK) {
            progress.set(row.read);
        }
        Ok(())
    })?;
    faults.settle(&progress)?;
    if let (true, Some((first, last)), false) = (outside > 0, check.form.period, options.quiet) {
        progress.note(&format!(
            "{outside} dari {good} jawaban bertanggal di luar periode survei ({first} sampai {last}); periksa kolom waktunya, \
             dan --date-order bila tanggalnya terbaca terbalik"
        ));
    }
    Ok(FirstPass { good, bad, outside })
}

fn rejected(rejection: &pb::Rejection) -> String {
    let faults: Vec<String> = rejection
        .violations
        .iter()
        .map(|fault| match fault.localized_message.as_str() {
            "" => format!("; {}: {}", fault.field, fault.description),
            text => format!("; {text}"),
        })
        .collect();
    // Another row was stored under the same id: either the file numbers its rows anew, or this row was corrected.
    let remedy = match rejection.reason.as_str() {
        "REQUEST_ID_REUSED" | "RESPONSE_ID_REUSED" => {
            "; bila kolom id hanya nomor urut, lewati dengan --map \"ID=-\" agar id dibuat dari isi baris"
        }
        _ => "",
    };
    format!(
        "ditolak: {} [{}]{}{remedy}",
        rejection.message,
        rejection.reason,
        faults.concat()
    )
}

/// Reads a time as in a cell of a response; other kinds of files use it too.
///
/// # Errors
///
/// A message in Indonesian that says what is wrong.
pub(super) fn read_time(text: &str, zone: FixedOffset, order: DateOrder) -> Result<DateTime<Utc>, String> {
    let order = match order {
        DateOrder::Dmy => Order::Dmy,
        DateOrder::Mdy => Order::Mdy,
        DateOrder::Ymd => Order::Ymd,
    };
    Reading { zone, order }.time(text, None)
}

#[cfg(test)]
mod form_fixture;
#[cfg(test)]
#[path = "responses_tests.rs"]
mod tests;
