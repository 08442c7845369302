//! Scores that other bodies have published, and index scores of past years.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use prima_index::domain::band::Published;
use prima_index::domain::external::{self, Metric};
use prima_platform::number;
use prima_proto::{index::v1 as pb, name, period::Period};
use tonic::Status;

use super::cells::{self, Register};
use super::progress::Progress;
use super::sheet::{Column, Row, Sheet};
use super::words::squash;
use super::{BadRows, Options, Outcome, PAGE, Seen, Step, What, apply, request_id};
use crate::client::call::repeat;
use crate::client::connect::{Connection, Index};

/// The columns; the score is in `value` or in `score`.
const COLUMNS: [(&str, bool); 12] = [
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
        "category" => &["kategori", "zona", "predikat"],
        "source" => &["sumber"],
        "reason" => &["alasan"],
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
    ] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(|column| cells.cell(column));
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
    let published = era.and_then(|era| era.publish(&score));
    if let (Some(era), None) = (era, &published) {
        let [low, high] = [&era.minimum, &era.maximum].map(|n| number::decimal(n, 0));
        bad.add(
            line,
            format!(
                "value `{score}` harus angka {low} sampai {high} dengan paling banyak {} desimal",
                era.decimals
            ),
        );
    }
    if let Some(published) = published.as_ref().filter(|p| !is_category(category, p)) {
        bad.add(
            line,
            format!(
                "category `{category}` tidak cocok; nilai ini berkategori {}",
                shown(published)
            ),
        );
    }
    if no_maladministration && era.is_some_and(|era| !era.may_be_without_maladministration) {
        bad.add(
            line,
            "no_maladministration hanya ada pada opini Ombudsman sejak 2025",
        );
    }
    (!bad.has(line)).then(|| pb::ExternalScore {
        metric: metric.to_owned(),
        subject: subject.unwrap_or_default(),
        period: parsed.to_string(),
        score,
        category: published
            .filter(|_| !category.is_empty())
            .map(|p| p.category)
            .unwrap_or_default(),
        source: source.to_owned(),
        no_maladministration,
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

/// Whether a text is the category of a published value: its key, its name, or the colour of its zone.
fn is_category(text: &str, published: &Published) -> bool {
    let plain = squash(text);
    let plain = plain
        .strip_prefix("zona")
        .or(plain.strip_prefix("kategori"))
        .unwrap_or(&plain);
    let names = [&published.category, &published.name, &published.zone];
    plain.is_empty() || names.iter().any(|name| squash(name) == plain)
}

/// The name of a category that is printed.
fn shown(published: &Published) -> String {
    match published.zone.as_str() {
        "" => published.name.clone(),
        zone => format!("{} (zona {zone})", published.name),
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
mod tests {
    use super::*;

    fn register() -> Register {
        Register::of(&[
            ("agencies/1", "Kementerian Satu"),
            ("agencies/1/units/a", "Unit A"),
            ("agencies/3271", "Kota Bogor"),
            ("agencies/3271/units/dpmptsp", "DPMPTSP Kota Bogor"),
        ])
    }

    #[test]
    fn a_category_may_be_the_colour_of_its_zone_or_its_name() {
        for category in ["Hijau", "Zona Hijau", "hijau", "green", "Kepatuhan Tinggi", ""] {
            let (rows, _, bad) = check(&format!(
                "metric,subject,period,value,category,source\nombudsman,32.71,2021,94.74,{category},Pers\n"
            ));
            assert!(bad.0.is_empty(), "{category} {bad:?}");
            assert_eq!(rows[0].1.subject, "agencies/3271");
            assert_eq!(rows[0].1.category, if category.is_empty() { "" } else { "green" });
        }
        let (_, _, bad) =
            check("metric,subject,period,value,category,source\nombudsman,32.71,2021,94.74,Kuning,Pers\n");
        assert!(
            format!("{bad:?}").contains("Kepatuhan tinggi (zona hijau)"),
            "{bad:?}"
        );
    }

    #[test]
    fn an_agency_that_is_unknown_or_has_another_name_is_reported() {
        let (rows, _, bad) = check(
            "Metric;Kode;Nama;Tahun;Nilai;Sumber\nombudsman;32.99;Kota X;2021;90,54;Pers\n\
             ombudsman;32.71;Kab. Bogor;2021;90,54;Pers\nombudsman;3271;Pemkot Bogor;2021;90,54;Pers\n",
        );
        assert_eq!(bad.0.keys().copied().collect::<Vec<_>>(), [2, 3], "{bad:?}");
        assert_eq!(rows[0].1.subject, "agencies/3271");
    }

    fn check(text: &str) -> (Vec<(u64, pb::ExternalScore)>, u64, BadRows) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut sheet = Sheet::open(&file.path().into(), &columns()).unwrap();
        let mut bad = BadRows::default();
        let (rows, repeats) = read(&mut sheet, &register(), &mut bad).unwrap();
        (rows, repeats, bad)
    }

    #[test]
    fn a_score_may_be_in_either_column_and_have_a_decimal_comma() {
        let (rows, repeats, bad) = check(
            "metric;subject;period;value;source\n\
             ombudsman;agencies/3271;2023;95,23;Siaran pers\n\
             ombudsman;agencies/3271;2023;95,23;Siaran pers\n\
             ipp;agencies/3271/units/dpmptsp;2019;4.53;Keputusan menteri\n",
        );
        assert!(bad.0.is_empty(), "{bad:?}");
        assert_eq!(repeats, 1);
        let scores: Vec<&str> = rows.iter().map(|(_, row)| row.score.as_str()).collect();
        assert_eq!(scores, ["95.23", "4.53"]);
        let (rows, _, bad) = check(
            "metric,subject,period,score,category,source\nombudsman,agencies/1,2024,92.5,A,Siaran pers\n",
        );
        assert!(bad.0.is_empty(), "{bad:?}");
        assert_eq!(
            (rows[0].1.score.as_str(), rows[0].1.category.as_str()),
            ("92.5", "A")
        );
    }

    #[test]
    fn every_fault_of_a_row_is_named() {
        let (rows, _, bad) = check(
            "metric,subject,period,value,category,reason,no_maladministration,source,sha256\n\
             x,kota/1,kapan,1,,,,S,\n\
             ombudsman,agencies/1,2023,100.01,,abc,mungkin,S,\n\
             ombudsman,agencies/1,2023,92.50,B,,ya,S,\n\
             ombudsman,agencies/1,1999,92.50,,,,S,\n\
             ombudsman,agencies/1,2023,,,,,S,\n\
             iga,agencies/1/units/a,2023,10,,,,S,\n\
             ombudsman,agencies/1,2023,90,,,,S,\n\
             ombudsman,agencies/1,2023,91,,,,S,\n\
             ombudsman,agencies/1,2024,90,,,,,ab\n",
        );
        let good: Vec<u64> = rows.iter().map(|(line, _)| *line).collect();
        assert_eq!(good, [8]);
        let counts: BTreeMap<u64, usize> = bad.0.iter().map(|(line, faults)| (*line, faults.len())).collect();
        let expected = BTreeMap::from([(2, 3), (3, 3), (4, 2), (5, 1), (6, 1), (7, 1), (9, 1), (10, 2)]);
        assert_eq!(counts, expected, "{bad:?}");
    }

    #[test]
    fn a_record_that_differs_is_replaced_only_with_a_reason() {
        let held = pb::ExternalScore {
            metric: "ombudsman".into(),
            subject: "agencies/1".into(),
            period: "2023".into(),
            score: "80.90".into(),
            source: "Laporan 2023".into(),
            category: "B".into(),
            ..Default::default()
        };
        let one = BTreeMap::from([(key(&held), held)]);
        for (held, value, reason, expected) in [
            (&one, "80.9", "", "same"),
            (&one, "80.9", "salah ketik", "same"),
            (&one, "81.0", "", "bad"),
            (&one, "81.0", "salah ketik", "update"),
            (&BTreeMap::new(), "81.0", "", "create"),
            (&BTreeMap::new(), "81.0", "salah ketik", "bad"),
        ] {
            let (rows, _, mut bad) = check(&format!(
                "metric,subject,period,value,reason,source\nombudsman,agencies/1,2023,{value},{reason},Laporan 2023\n"
            ));
            let mut outcome = Outcome::new(What::Scores);
            let steps = plan(rows, held, &mut outcome, &mut bad);
            let found = match (steps.first(), outcome.unchanged, bad.0.len()) {
                (Some((2, Step::Create(_))), 0, 0) => "create",
                (Some((2, Step::Update(_))), 0, 0) => "update",
                (None, 1, 0) => "same",
                (None, 0, 1) => "bad",
                other => panic!("{other:?}"),
            };
            assert_eq!(found, expected, "{value} {reason}");
        }
    }
}
