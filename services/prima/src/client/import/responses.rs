//! Survey responses: two passes over the file, in memory that does not grow with it.
//!
//! The first pass checks every row; nothing is sent when the columns can't be told or a row is bad, unless bad rows may
//! be skipped. The second sends streams of 1000 rows, four at a time, each acknowledged by itself. A row has an id, its
//! own or one derived from its line and content, so an import that was interrupted is simply run again: what is stored
//! already is answered as such.

mod check;
mod columns;
mod faults;
mod form;
mod headers;
mod send;
mod text;
mod time;
mod values;

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use chrono::FixedOffset;
use futures::{TryStreamExt, stream};
use prima_platform::clock::Clock;
use prima_proto::survey::v1 as pb;
use prost::Message;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use self::check::Check;
use self::columns::Mapping;
use self::faults::Faults;
use self::form::Form;
use self::headers::Field;
use self::send::{Batches, send};
use self::time::Reading;
use self::values::Replacements;
use super::progress::Progress;
use super::sheet::Sheet;
use super::{Options, Outcome, What, refuse_bad};
use crate::cli::DateOrder;
use crate::client::call::repeat;
use crate::client::connect::{Connection, Survey};
use crate::client::print::{self, Columns};

pub use self::columns::ColumnMap;
pub use self::values::ValueMap;

/// Streams under way at once, so that the service is never idle while rows are read.
const CALLS: usize = 4;
/// Rows between two updates of the progress bar.
const TICK: u64 = 1024;
/// Rows whose ids are compared with each other before anything is sent; of later ones the service tells.
const COMPARED: usize = 1_800_000;
const BUFFER: usize = 1 << 16;

/// How responses are loaded.
#[derive(Debug, Clone)]
pub struct ResponseOptions {
    /// The file and what to do about bad rows.
    pub file: Options,
    /// The survey.
    pub survey: String,
    /// What columns mean.
    pub maps: Vec<ColumnMap>,
    /// What texts mean.
    pub values: Vec<ValueMap>,
    /// Zone of times that name none.
    pub zone: FixedOffset,
    /// Order of dates that do not begin with the year.
    pub order: DateOrder,
    /// Label of the import; from the content of the file when `None`.
    pub import_id: Option<String>,
    /// Label that gives every row a new id, for an import after one that was voided.
    pub again: Option<String>,
    /// Where every bad row is written to.
    pub errors: Option<PathBuf>,
    /// Check and show only.
    pub dry_run: bool,
}

impl ResponseOptions {
    /// Of a file with our own column names.
    pub fn plain(survey: &str, file: Options) -> Self {
        Self {
            file,
            survey: survey.to_owned(),
            maps: Vec::new(),
            values: Vec::new(),
            zone: wib(),
            order: DateOrder::Dmy,
            import_id: None,
            again: None,
            errors: None,
            dry_run: false,
        }
    }
}

/// Western Indonesia Time.
fn wib() -> FixedOffset {
    time::zone_of("WIB").unwrap_or_else(|| chrono::Offset::fix(&chrono::Utc))
}

/// Reads a zone of the command line.
///
/// # Errors
///
/// When it is none.
pub fn zone(text: &str) -> Result<FixedOffset, String> {
    time::zone_of(text).ok_or_else(|| "harus WIB, WITA, WIT, atau selisih dari UTC seperti +07:00".to_owned())
}

/// Reads the label of a repeated import: it becomes a part of the import's id.
///
/// # Errors
///
/// When it does not fit there.
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
/// When the columns can't be told or a row is bad, the survey is not open, or the service is away; nothing was loaded
/// then, but for a service that goes away midway: the same import then goes on where it stopped.
pub async fn responses(connection: &Connection, options: &ResponseOptions) -> anyhow::Result<Outcome> {
    let client = connection.survey().await?;
    let form = form(&client, &options.survey).await?;
    let path = &options.file.file;
    let before =
        std::fs::metadata(path).with_context(|| format!("berkas `{}` tidak dapat dibuka", path.display()))?;
    let check = check(form, options)?;
    if options.dry_run {
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
    let mut faults = Faults::new(options.errors.as_deref(), path, &check.mapping)?;
    let FirstPass { good, bad, seen } = first_pass(&check, &options.file, &mut faults)?;
    if options.dry_run {
        outcome.dry_run = true;
        outcome.unchanged = good;
        outcome.skipped = bad;
        return Ok(outcome);
    }
    refuse_bad(bad, &options.file)?;
    outcome.skipped = bad;

    let progress = Progress::rows("Mengimpor", good, options.file.quiet);
    let batches = Batches {
        sheet: Sheet::raw(path)?,
        check: &check,
        seen,
        import_id: &import_id,
    };
    if !options.file.quiet {
        progress.note(&format!("Id impor: {import_id}"));
    }
    let mut calls = stream::iter(batches)
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
        for rejection in &answer.rejections {
            let row = usize::try_from(rejection.index)
                .ok()
                .and_then(|index| batch.rows.get(index));
            if let Some((line, record)) = row {
                let reasons = [rejected(rejection)];
                faults.add(&progress, *line, &rejection.response_id, record, &reasons)?;
            }
        }
    }
    faults.settle(&progress)?;
    let sent = outcome.created + outcome.unchanged + outcome.refused;
    if sent != good || !unchanged(&before, &std::fs::metadata(path)?) {
        bail!("berkas berubah selama impor ({outcome}); jalankan lagi perintah yang sama")
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

/// Makes sense of the columns.
fn check(form: Form, options: &ResponseOptions) -> anyhow::Result<Check> {
    let sheet = Sheet::raw(&options.file.file)?;
    let mut faults = Vec::new();
    let mapping = Mapping::new(sheet.header(), &options.maps, &form).map_err(|f| faults.extend(f));
    let values = Replacements::new(&options.values, &form).map_err(|f| faults.extend(f));
    let (Ok(mapping), Ok(values)) = (mapping, values) else {
        for fault in &faults {
            print::note(&print::clean(fault));
        }
        bail!(
            "{} masalah pada kolom berkas; tidak ada yang diimpor",
            faults.len()
        )
    };
    Ok(Check {
        form,
        mapping,
        again: options.again.clone(),
        values,
        reading: Reading {
            zone: options.zone,
            order: options.order,
        },
        now: Clock::system().now(),
    })
}

/// Prints what the columns are taken for.
fn show(check: &Check) -> anyhow::Result<()> {
    let columns = Columns {
        right: &[0],
        whole: &[],
    };
    let rows = check.mapping.lines(&check.form);
    Ok(print::out(&print::table(
        &["No", "Kolom berkas", "Isian"],
        columns,
        rows,
    ))?)
}

/// A label that follows from what the file holds.
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

/// What the first pass found.
struct FirstPass {
    good: u64,
    bad: u64,
    seen: Seen,
}

/// Checks every row.
fn first_pass(check: &Check, options: &Options, faults: &mut Faults) -> anyhow::Result<FirstPass> {
    let mut sheet = Sheet::raw(&options.file)?;
    let progress = Progress::bytes("Memeriksa", sheet.bytes(), options.quiet);
    let mut seen = Seen::new(&check.mapping);
    let (mut good, mut bad) = (0_u64, 0_u64);
    while let Some(row) = sheet.next()? {
        let id = check.id(&row);
        let checked = check
            .row(&row, &id)
            .and_then(|response| seen.check(&id, &response));
        match checked {
            Ok(()) => good += 1,
            Err(reasons) => {
                bad += 1;
                faults.add(&progress, row.line, &id, row.record(), &reasons)?;
            }
        }
        if (good + bad).is_multiple_of(TICK) {
            progress.set(row.byte);
        }
    }
    faults.settle(&progress)?;
    Ok(FirstPass { good, bad, seen })
}

/// Finds an id that comes twice and says something else, among the first rows: 16 bytes each, and no more than that
/// many rows.
struct Seen {
    contents: HashMap<u64, u64>,
    most: usize,
}

impl Seen {
    /// Ids that follow from the line are all different: nothing is remembered then.
    fn new(mapping: &Mapping) -> Self {
        let most = if mapping.place(&Field::Id).is_some() {
            COMPARED
        } else {
            0
        };
        Self {
            contents: HashMap::new(),
            most,
        }
    }

    fn check(&mut self, id: &str, response: &pb::Response) -> Result<(), Vec<String>> {
        if self.otherwise(id, response) {
            return Err(vec![format!(
                "response_id `{id}` sudah ada di baris sebelumnya dengan isi lain"
            )]);
        }
        if self.contents.len() < self.most {
            self.contents.insert(hash(id.as_bytes()), content(response));
        }
        Ok(())
    }

    /// Whether a row before with this id says something else.
    fn otherwise(&self, id: &str, response: &pb::Response) -> bool {
        let before = || self.contents.get(&hash(id.as_bytes()));
        self.most > 0 && before().is_some_and(|before| *before != content(response))
    }
}

fn content(response: &pb::Response) -> u64 {
    hash(&response.encode_to_vec())
}

fn hash(bytes: &[u8]) -> u64 {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, bytes).as_u64_pair().1
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
    format!(
        "ditolak: {} [{}]{}",
        rejection.message,
        rejection.reason,
        faults.concat()
    )
}

#[cfg(test)]
mod form_fixture;
#[cfg(test)]
#[path = "responses_tests.rs"]
mod tests;
