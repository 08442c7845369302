//! Pages of open data over all published tables: what was published of a subject, and what was published of a metric in a period.
//! They follow from the sealed files alone. A row says in which of those it is, and is there to the byte.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use prima_platform::{
    document::{
        csv,
        sheet::{Column, Sheet},
        xlsx,
    },
    failure::Failure,
    tlog::canonical::{self, Object},
};
use serde_json::{Value, json};

use super::{
    documents::{Documents, Format, cells, located, log_damaged},
    issue::{self, Issue},
};
use crate::store::PublishedRow;

/// A page.
#[derive(Debug)]
pub(super) struct Page<'a> {
    /// The path of its files without their endings.
    path: String,
    /// What it is about, for people.
    title: String,
    /// The same, for programs.
    about: Object,
    /// The tables of its rows by their numbers.
    issues: BTreeMap<i64, &'a Issue>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    number: i64,
    /// From 0.
    place: i64,
    object: Object,
}

/// The rows of one subject, ordered by the numbers of their tables, as a page.
///
/// # Errors
///
/// `LOG_DAMAGED`: a row can't be read, or its table is not in the log.
pub(super) fn of_subject<'a>(
    rows: &[PublishedRow],
    issues: &'a BTreeMap<i64, Issue>,
) -> Result<Page<'a>, Failure> {
    let subject = rows.first().map_or("", |row| row.subject.as_str());
    let mut own = BTreeMap::new();
    let mut read = Vec::with_capacity(rows.len());
    for row in rows {
        let number = row.number;
        let damaged = || log_damaged(&format!("a row of publication {number}"));
        own.insert(number, issues.get(&number).ok_or_else(damaged)?);
        let object = canonical::read(&row.body).ok_or_else(damaged)?;
        read.push(Row {
            number,
            place: row.place,
            object,
        });
    }
    // The names are the newest ones; a row of a removed subject has no agency.
    let newest = |key: &str| {
        let names = read.iter().rev().map(|row| canonical::text(&row.object, key));
        names
            .into_iter()
            .find(|name| !name.is_empty())
            .unwrap_or_default()
    };
    let (name, agency) = (newest("display_name"), newest("agency_display_name"));
    let mut about = Object::new();
    about.insert("subject".to_owned(), json!(subject));
    about.insert("display_name".to_owned(), json!(name));
    if !agency.is_empty() {
        about.insert("agency_display_name".to_owned(), json!(agency));
    }
    Ok(Page {
        path: format!("subjects/{subject}/halaman"),
        title: format!("{name} ({subject})"),
        about,
        issues: own,
        rows: read,
    })
}

/// The path of the page of a metric in a period, without the ending of a file.
pub(super) fn figures_path(metric: &str, period: &str) -> String {
    format!("metrics/{metric}/periods/{period}/indeks")
}

/// The rows of these tables, which are of one metric and period, as a page.
///
/// # Errors
///
/// `LOG_DAMAGED`: a row can't be read, or its table is not in the log.
pub(super) fn of_metric<'a>(
    [metric, period]: &[String; 2],
    tables: &[Documents],
    issues: &'a BTreeMap<i64, Issue>,
) -> Result<Page<'a>, Failure> {
    let mut own = BTreeMap::new();
    let mut rows = Vec::new();
    let mut title = String::new();
    for documents in tables {
        let number = documents.published.number;
        let issue = issues.get(&number);
        let issue = issue.ok_or_else(|| log_damaged(&format!("the entry of publication {number}")))?;
        issue.text("title").clone_into(&mut title);
        own.insert(number, issue);
        let read = (0..).zip(documents.read_rows()?);
        let present = read.filter(|(_, object)| !object.contains_key("removed"));
        rows.extend(present.map(|(place, object)| Row {
            number,
            place,
            object,
        }));
    }
    let mut about = Object::new();
    about.insert("metric".to_owned(), json!(metric));
    about.insert("period".to_owned(), json!(period));
    about.insert("title".to_owned(), json!(title));
    Ok(Page {
        path: figures_path(metric, period),
        title: format!("{title}, {metric} {period}"),
        about,
        issues: own,
        rows,
    })
}

impl Page<'_> {
    /// Its files: their paths and contents.
    ///
    /// # Errors
    ///
    /// A workbook or a text can't be made.
    pub(super) fn files(&self) -> Result<Vec<(String, Vec<u8>)>, Failure> {
        let sheet = self.sheet();
        let text = csv::write(&sheet).map_err(Failure::internal)?;
        let sheets = [sheet, issue::sheet(self.issues.values().copied())];
        let time = self.newest().map_or(DateTime::<Utc>::UNIX_EPOCH, Issue::time);
        let book = xlsx::workbook(&self.title, time, &sheets).map_err(Failure::internal)?;
        Ok(vec![
            (format!("{}.json", self.path), self.json()?),
            (format!("{}.csv", self.path), text.into_bytes()),
            (format!("{}.xlsx", self.path), book),
        ])
    }

    fn newest(&self) -> Option<&Issue> {
        self.issues.last_key_value().map(|(_, issue)| *issue)
    }

    fn json(&self) -> Result<Vec<u8>, Failure> {
        let newest = |key: &str| self.newest().map_or("", |issue| issue.text(key));
        let address = located(newest("address"), &format!("{}.json", self.path));
        let publications: Vec<Object> = self.issues.values().map(|issue| issue.provenance()).collect();
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                json!({
                    "publication": row.number,
                    "row_number": row.place + 1,
                    "state": self.state(row),
                    "row": row.object,
                })
            })
            .collect();
        let numbers: Vec<String> = self.issues.keys().map(ToString::to_string).collect();
        let mut page = self.about.clone();
        page.insert("address".to_owned(), json!(address));
        page.insert("licence".to_owned(), json!(newest("licence")));
        page.insert(
            "citation".to_owned(),
            json!(format!(
                "{}. Angka resmi menurut publikasi nomor {}. {address}",
                self.title,
                numbers.join(", ")
            )),
        );
        page.insert("publications".to_owned(), json!(publications));
        page.insert("rows".to_owned(), json!(rows));
        let mut text = serde_json::to_string_pretty(&page).map_err(Failure::internal)?;
        text.push('\n');
        Ok(text.into_bytes())
    }

    /// Whether a row still stands.
    fn state(&self, row: &Row) -> &'static str {
        let corrected = |issue: &&Issue| issue.corrected_by.is_some();
        match self.issues.get(&row.number).is_some_and(corrected) {
            true => "corrected",
            false if row.object.contains_key("removed") => "removed",
            false => "in-force",
        }
    }

    fn sheet(&self) -> Sheet {
        let of_issue = |(number, issue): (&i64, &&Issue)| (*number, issue.record());
        let issues: BTreeMap<i64, Object> = self.issues.iter().map(of_issue).collect();
        let record = |row: &Row| {
            let mut record = issues.get(&row.number).cloned().unwrap_or_default();
            record.extend(row.object.clone());
            record.insert("state".to_owned(), json!(self.state(row)));
            record.insert("row_number".to_owned(), json!(row.place + 1));
            cells(&record, COLUMNS)
        };
        Sheet {
            key: "angka-resmi",
            title: "Angka resmi",
            columns: COLUMNS,
            rows: self.rows.iter().map(record).collect(),
        }
    }
}

/// The files of the catalogue of all published tables: DCAT in JSON-LD, and the same as a table.
///
/// # Errors
///
/// A workbook or a text can't be made.
pub(super) fn catalogue(issues: &BTreeMap<i64, Issue>) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let Some((_, newest)) = issues.last_key_value() else {
        return Ok(Vec::new());
    };
    let sheet = issue::sheet(issues.values());
    let text = csv::write(&sheet).map_err(Failure::internal)?;
    let title = "Tabel peringkat yang ditetapkan";
    let book = xlsx::workbook(title, newest.time(), &[sheet]).map_err(Failure::internal)?;
    let address = newest.text("address");
    let tables = issues.values().map(dataset);
    let mut metrics: BTreeMap<(&str, &str), &Issue> = BTreeMap::new();
    for issue in issues.values() {
        metrics.insert((&issue.published.metric, &issue.published.period), issue);
    }
    let figures = metrics.iter().map(|((metric, period), issue)| {
        let path = figures_path(metric, period);
        let file = |ending: &str| distribution(&located(address, &format!("{path}.{ending}")));
        let files = ["json", "csv", "xlsx"].map(file);
        json!({
            "@type": "dcat:Dataset",
            "dct:identifier": format!("metrics/{metric}/periods/{period}"),
            "dct:title": format!("{}, {metric} {period}: semua tabel", issue.text("title")),
            "dct:temporal": period,
            "dct:license": issue.text("licence"),
            "dcat:distribution": files,
        })
    });
    let datasets: Vec<Value> = tables.chain(figures).collect();
    let catalogue = json!({
        "@context": {"dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/", "prov": "http://www.w3.org/ns/prov#"},
        "@type": "dcat:Catalog",
        "dct:title": title,
        "dct:language": "id",
        "dct:license": newest.text("licence"),
        "dct:modified": newest.text("published_at"),
        "subject_page": located(address, "subjects/{subject}/halaman.json"),
        "dcat:dataset": datasets,
    });
    let mut json = serde_json::to_string_pretty(&catalogue).map_err(Failure::internal)?;
    json.push('\n');
    Ok(vec![
        ("index.json".to_owned(), json.into_bytes()),
        ("index.csv".to_owned(), text.into_bytes()),
        ("index.xlsx".to_owned(), book),
    ])
}

fn dataset(issue: &Issue) -> Value {
    let facts = issue.provenance();
    let name = |number: &Value| json!(format!("publishedTables/{number}"));
    let mut dataset = json!({
        "@type": "dcat:Dataset",
        "dct:identifier": format!("publishedTables/{}", issue.published.number),
        "dct:title": format!("{}, {}", issue.text("title"), issue.published.league_table),
        "dct:issued": issue.text("published_at"),
        "dct:temporal": issue.text("period"),
        "dct:license": issue.text("licence"),
        "dct:bibliographicCitation": facts.get("citation"),
        "dct:provenance": facts.get("decree"),
        "dct:conformsTo": issue.text("definition"),
        "prov:wasDerivedFrom": facts.get("instruments"),
        "dcat:distribution": Format::ALL.map(|format| distribution(&issue.file(format))),
    });
    if let Value::Object(dataset) = &mut dataset {
        let corrects = facts.get("corrects").and_then(|corrects| corrects.get("number"));
        let corrected = facts.get("corrected_by");
        dataset.extend(corrects.map(|number| ("dct:replaces".to_owned(), name(number))));
        dataset.extend(corrected.map(|number| ("dct:isReplacedBy".to_owned(), name(number))));
    }
    dataset
}

fn distribution(address: &str) -> Value {
    let media = match address.rsplit('.').next() {
        Some("csv") => "text/csv",
        Some("xlsx") => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Some("jsonl") => "application/jsonl",
        _ => "application/json",
    };
    json!({"@type": "dcat:Distribution", "dcat:downloadURL": address, "dcat:mediaType": media})
}

static COLUMNS: &[Column] = &[
    Column::text("subject", "Subjek", 30),
    Column::text("display_name", "Nama", 50),
    Column::text("agency_display_name", "Instansi", 40),
    Column::text("metric", "Ukuran", 20),
    Column::text("period", "Periode", 12),
    Column::text("cohort", "Kelompok", 20),
    Column::text("cohort_title", "Nama kelompok", 30),
    Column::text("state", "Keadaan", 12),
    Column::integer("rank", "Peringkat"),
    Column::integer("ranked", "Dari"),
    Column::decimal("score", "Nilai", 2),
    Column::text("category", "Kategori", 12),
    Column::text("category_display_name", "Nama kategori", 24),
    Column::text("status", "Status nilai", 12),
    Column::text("unranked_reason", "Alasan tanpa peringkat", 24),
    Column::integer("respondents", "Sampel"),
    Column::decimal("standard_error", "Galat baku", 4),
    Column::text("instrument", "Instrumen", 24),
    Column::integer("version", "Versi nilai"),
    Column::integer("publication", "Publikasi"),
    Column::integer("corrected_by", "Dikoreksi oleh"),
    Column::text("table", "Tabel", 50),
    Column::text("title", "Judul", 40),
    Column::text("decree_number", "Nomor keputusan", 24),
    Column::text("decree_date", "Tanggal keputusan", 12),
    Column::text("published_at", "Ditetapkan", 24),
    Column::text("licence", "Lisensi", 12),
    Column::integer("log_index", "Urutan di log"),
    Column::text("log_root", "Akar log", 46),
    Column::integer("row_number", "Baris"),
    Column::text("sealed_file", "Berkas bersegel", 60),
];
