//! Scores that other bodies have published, and index scores of past years.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use prima_index::domain::external::{self, Metric, Statement};
use prima_platform::{number, request::Faults};
use prima_proto::{index::v1 as pb, name, period::Period};
use tonic::Status;

use super::cells::{self, Register};
use super::progress::Progress;
use super::sheet::{Column, Row, Sheet};
use super::{BadRows, Options, Outcome, PAGE, Seen, Step, What, apply, request_id};
use crate::client::call::repeat;
use crate::client::connect::{Connection, Index};

/// The columns; the score is in `value` or in `score`.
const COLUMNS: [(&str, bool); 14] = [
    ("metric", true),
    ("subject", true),
    ("period", true),
    ("value", false),
    ("score", false),
    ("category", false),
    ("source", true),
    ("no_maladministration", false),
    ("reason", false),
    ("document", false),
    ("sha256", false),
    ("name", false),
    ("dimensions", false),
    ("public_trust", false),
];
/// Longest source and reason, in characters.
const TEXT_MAX: usize = 500;

/// Metric, subject, period.
type Key = (String, String, String);

/// Loads published scores: records those that do not exist, and replaces those that differ when the row has a `reason`.
///
/// # Errors
///
/// When the file or one of its rows is bad, or the service cannot be reached; nothing was loaded then.
pub async fn scores(connection: &Connection, options: &Options) -> anyhow::Result<Outcome> {
    let mut sheet = Sheet::open(&options.source(), &columns())?;
    let client = connection.index().await?;
    let register = Register::read(&connection.directory().await?).await?;
    let mut outcome = Outcome::new(What::Scores);
    let mut bad = BadRows::default();
    let (rows, repeats) = read(&mut sheet, &register, &mut bad)?;
    let metrics: BTreeSet<&str> = rows.iter().map(|(_, row)| row.metric.as_str()).collect();
    let mut held = BTreeMap::new();
    for metric in metrics {
        let filter = pb::ListExternalScoresRequest {
            metric: metric.to_owned(),
            ..Default::default()
        };
        held.extend(
            list(&client, filter)
                .await?
                .into_iter()
                .map(|row| (key(&row), row)),
        );
    }
    let steps = plan(rows, &held, &mut outcome, &mut bad);
    outcome.skipped = bad.settle(options, &mut sheet)?;
    outcome.unchanged += repeats;
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

/// Returns every recorded score that matches the filter.
///
/// # Errors
///
/// When the service rejects the request.
pub async fn list(
    client: &Index,
    mut filter: pb::ListExternalScoresRequest,
) -> Result<Vec<pb::ExternalScore>, Status> {
    let mut all = Vec::new();
    filter.page_size = PAGE;
    loop {
        let page = repeat!(client, list_external_scores, filter.clone())?;
        all.extend(page.scores);
        filter.page_token = page.next_page_token;
        if filter.page_token.is_empty() {
            return Ok(all);
        }
    }
}

/// The names that officers use for a column.
fn others(name: &str) -> &'static [&'static str] {
    match name {
        "metric" => &["ukuran", "penilaian"],
        "subject" => &["subjek", "kode", "kodeinstansi", "kodewilayah"],
        "period" => &["periode", "tahun"],
        "value" => &["nilai", "skor"],
        "category" => &["kategori", "zona", "predikat", "opini"],
        "source" => &["sumber"],
        "reason" => &["alasan"],
        "dimensions" => &["dimensi", "empatdimensi"],
        "public_trust" => &["kepercayaanmasyarakat"],
        "name" => &["nama", "instansi", "namainstansi", "pemda", "pemerintahdaerah"],
        _ => &[],
    }
}

fn columns() -> Vec<Column> {
    let column = |(name, required): (&str, bool)| {
        if required {
            Column::required(name)
        } else {
            Column::optional(name)
        }
        .or(others(name))
    };
    COLUMNS.map(column).into()
}

fn key(score: &pb::ExternalScore) -> Key {
    (score.metric.clone(), score.subject.clone(), score.period.clone())
}

/// Whether the recorded score equals a row; a source that the row leaves empty is not compared.
fn same(held: &pb::ExternalScore, row: &pb::ExternalScore) -> bool {
    number::parse_decimal(&held.score) == number::parse_decimal(&row.score)
        && (row.source.is_empty() || held.source == row.source)
        && held.no_maladministration == row.no_maladministration
        && held.category == row.category
        && (row.parts.is_empty() || held.parts == row.parts)
}

/// Returns what to do for each row.
fn plan(
    rows: Vec<(u64, pb::ExternalScore)>,
    held: &BTreeMap<Key, pb::ExternalScore>,
    outcome: &mut Outcome,
    bad: &mut BadRows,
) -> Vec<(u64, Step<pb::ExternalScore>)> {
    let mut steps = Vec::new();
    for (line, row) in rows {
        match (held.get(&key(&row)), row.reason.is_empty()) {
            (Some(held), _) if same(held, &row) => outcome.unchanged += 1,
            (None, true) => steps.push((line, Step::Create(row))),
            (Some(_), false) => steps.push((line, Step::Update(row))),
            (None, false) => bad.add(line, "reason diisi, padahal belum ada catatan yang dapat diganti"),
            (Some(held), true) => bad.add(
                line,
                format!(
                    "sudah tercatat dengan isi lain (nilai {}); untuk menggantinya isi kolom reason (5 sampai {TEXT_MAX} \
                     karakter)",
                    held.score
                ),
            ),
        }
    }
    steps
}

/// Returns the good rows with their lines, and the number of rows that only repeat another row.
fn read(
    sheet: &mut Sheet,
    register: &Register,
    bad: &mut BadRows,
) -> anyhow::Result<(Vec<(u64, pb::ExternalScore)>, u64)> {
    let (mut rows, mut repeats, mut seen) = (Vec::new(), 0, Seen::new());
    while let Some(cells) = sheet.next()? {
        let line = cells.line;
        if let Some(fault) = cells.fault() {
            bad.add(line, fault);
            continue;
        }
        let Some(row) = row(&cells, register, bad) else {
            continue;
        };
        let id = format!("{} {} {}", row.metric, row.subject, row.period);
        match seen.check(&id, line, row.clone()) {
            Ok(true) => rows.push((line, row)),
            Ok(false) => repeats += 1,
            Err(before) => bad.add(line, format!("{id} sudah ada di baris {before} dengan isi lain")),
        }
    }
    Ok((rows, repeats))
}

fn row(cells: &Row<'_>, register: &Register, bad: &mut BadRows) -> Option<pb::ExternalScore> {
    let line = cells.line;
    let [
        metric,
        subject,
        period,
        value,
        score,
        category,
        source,
        clean,
        reason,
        document,
        sha256,
        name,
        dimensions,
        public_trust,
    ] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13].map(|column| cells.cell(column));
    let known = external::find(metric);
    if known.is_none() {
        let keys: Vec<&str> = external::metrics().iter().map(|m| m.key.as_str()).collect();
        bad.add(
            line,
            format!("metric `{metric}` tidak dikenal; pilihannya: {}", keys.join(", ")),
        );
    }
    let subject = cells::subject(subject).map_err(|fault| bad.add(line, fault)).ok();
    if let Some(subject) = &subject {
        check_subject(line, subject, known, bad);
        if let Some(fault) = register.fault(subject, name) {
            bad.add(line, fault);
        }
    }
    let parsed = Period::from_str(period).ok();
    if parsed.is_none() {
        bad.add(line, cells::period_fault(period));
    }
    let clean = cells::is_yes("no_maladministration", clean).map_err(|fault| bad.add(line, fault));
    let no_maladministration = clean.unwrap_or_default();
    if source.is_empty() {
        bad.add(line, "source harus diisi dengan terbitan yang memuat nilai ini");
    }
    let digest = hex(sha256);
    if digest.is_none() {
        bad.add(line, "sha256 harus 64 angka heksadesimal");
    }
    for (name, text, minimum) in [
        ("source", source, 0),
        ("reason", reason, 5),
        ("document", document, 0),
    ] {
        let length = text.chars().count();
        if (length > 0 && length < minimum) || length > TEXT_MAX || text.chars().any(char::is_control) {
            bad.add(
                line,
                format!("{name} harus {minimum} sampai {TEXT_MAX} karakter, tanpa ganti baris"),
            );
        }
    }
    let (parsed, known) = (parsed?, known?);
    let score = match (value, score) {
        ("", score) => score,
        (value, score) => {
            if !score.is_empty() && score != value {
                bad.add(line, "isi value saja, atau score saja");
            }
            value
        }
    };
    // Indonesian spreadsheets write a decimal comma.
    let score = score.replace(',', ".");
    let era = known.era(external::year(&parsed));
    if era.is_none() {
        bad.add(
            line,
            format!("{metric} tidak memiliki cara penilaian untuk {parsed}"),
        );
    }
    let subject = subject.unwrap_or_default();
    let of_unit = name::Unit::parse(&subject).is_ok();
    let parts = parts([dimensions, public_trust]);
    let statement = Statement {
        score: &score,
        category,
        parts: &parts,
        of_unit,
        vertical: of_unit
            && era.is_some_and(|era| !era.vertical_bands.is_empty())
            && register.is_vertical(&subject),
        without_maladministration: no_maladministration,
    };
    let mut faults = Faults::default();
    let stated = era.and_then(|era| era.state(statement, &mut faults));
    for fault in faults.part(()).err().unwrap_or_default() {
        bad.add(line, fault.localized);
    }
    (!bad.has(line)).then(|| pb::ExternalScore {
        metric: metric.to_owned(),
        subject,
        period: parsed.to_string(),
        score: stated
            .as_ref()
            .map(|stated| stated.published.value.clone())
            .unwrap_or_default(),
        no_maladministration: stated
            .as_ref()
            .is_some_and(|stated| stated.without_maladministration),
        vertical_unit: statement.vertical,
        parts: parts.iter().map(part).collect(),
        category: stated.map(|stated| stated.published.category).unwrap_or_default(),
        source: source.to_owned(),
        reason: reason.to_owned(),
        document_link: document.to_owned(),
        document_sha256: digest.unwrap_or_default(),
        ..Default::default()
    })
}

/// Returns the bytes of a SHA-256 digest; no bytes for an empty text, `None` when the text is no digest.
fn hex(text: &str) -> Option<Vec<u8>> {
    let sound = text.is_empty() || (text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()));
    let pairs = (0..text.len() / 2).map(|n| u8::from_str_radix(text.get(2 * n..2 * n + 2)?, 16).ok());
    sound.then(|| pairs.collect()).flatten()
}

/// The scores of the parts that a row gives.
fn parts(cells: [&str; 2]) -> Vec<(String, String)> {
    let given = ["dimensions", "public-trust"].into_iter().zip(cells);
    let given = given.filter(|(_, cell)| !cell.is_empty());
    given
        .map(|(key, cell)| (key.to_owned(), cell.replace(',', ".")))
        .collect()
}

fn part((key, score): &(String, String)) -> pb::ScorePart {
    pb::ScorePart {
        key: key.clone(),
        score: score.clone(),
    }
}

fn check_subject(line: u64, subject: &str, metric: Option<&Metric>, bad: &mut BadRows) {
    let of_agency = name::Agency::parse(subject).is_ok();
    let of_unit = name::Unit::parse(subject).is_ok();
    match metric {
        Some(metric) if of_unit && !metric.of_units => {
            bad.add(line, format!("{} hanya untuk instansi, bukan unit", metric.key));
        }
        Some(metric) if of_agency && !metric.of_agencies => {
            bad.add(line, format!("{} hanya untuk unit, bukan instansi", metric.key));
        }
        _ => {}
    }
}

async fn send(
    client: &Index,
    row: pb::ExternalScore,
    before: Option<prost_types::Timestamp>,
) -> Result<(), Status> {
    // The replaced record is part of the id: the same row, imported after another record was stored, is a new request.
    let content = format!("{row:?} {before:?}");
    let message = pb::RecordExternalScoreRequest {
        request_id: request_id("RecordExternalScore", &row.subject, &[&content]),
        score: Some(row),
    };
    repeat!(client, record_external_score, message).map(|_| ())
}

#[cfg(test)]
#[path = "scores_tests.rs"]
mod tests;
