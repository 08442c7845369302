//! A published table as files: the sealed one, and what follows from it for those who only want the data.

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::from_micros,
    document::{
        csv,
        sheet::{Cell, Column, Kind, Sheet},
        xlsx,
    },
    failure::{self, Failure},
    tlog::{
        canonical::{self, Object},
        checkpoint::Checkpoint,
        encode,
        note::Note,
        sealed::{self, Proof},
        tree::{self, Tree},
    },
};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::blocking::blocking;
use crate::{
    domain::publication::{Decree, decree_of},
    store::{self, Published},
};

/// Form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// What is sealed, with its proof.
    Sealed,
    /// CSV.
    Csv,
    /// A workbook.
    Xlsx,
    /// JSON with the provenance.
    Json,
}

impl Format {
    /// All forms.
    pub const ALL: [Self; 4] = [Self::Sealed, Self::Csv, Self::Xlsx, Self::Json];

    /// Name of the file.
    pub fn file(self) -> &'static str {
        match self {
            Self::Sealed => "tabel.jsonl",
            Self::Csv => "tabel.csv",
            Self::Xlsx => "tabel.xlsx",
            Self::Json => "tabel.json",
        }
    }
}

/// A published table with its rows and proof.
#[derive(Debug)]
pub struct Documents {
    /// The entry of the log.
    pub head: String,
    /// Its members.
    pub object: Object,
    /// The rows.
    pub rows: Vec<String>,
    /// The proof that the entry is in the log.
    pub proof: Proof,
    pub(super) published: Published,
}

/// The log does not have the entries that were signed.
pub fn log_damaged(what: &str) -> Failure {
    Failure::new(
        failure::Kind::Precondition,
        "LOG_DAMAGED",
        format!("the log of publications is not the one that was signed: {what}"),
        "Log publikasi tidak sama dengan yang sudah ditandatangani; pulihkan basis data dulu (deploy/KEYS.md)",
    )
}

/// Reads a published table, and checks that its rows and its entry are those that were sealed. `tree` is that of the log.
///
/// # Errors
///
/// `LOG_DAMAGED`: the database does not have them any more.
pub(super) async fn documents(
    conn: &impl ConnectionTrait,
    tree: &Tree,
    published: &Published,
) -> Result<Documents, Failure> {
    let (head, proof) = proof_of(tree, published)?;
    let object = canonical::read(&head).ok_or_else(|| log_damaged("an entry can't be read"))?;
    let rows = store::proposal_rows(conn, &published.proposal, 0, i64::MAX).await?;
    let hashed = blocking(move || {
        let rows: Vec<String> = rows.into_iter().map(|row| row.body).collect();
        let root = sealed::rows_tree(&rows).root();
        (rows, root)
    });
    let (rows, root) = hashed.await?;
    if canonical::text(&object, "rows_root") != encode(&root) {
        return Err(log_damaged(&format!("rows of publication {}", published.number)));
    }
    Ok(Documents {
        head,
        object,
        rows,
        proof,
        published: published.clone(),
    })
}

/// The entry of a published table with the proof that it is the last one of the log that was signed with it.
fn proof_of(tree: &Tree, published: &Published) -> Result<(String, Proof), Failure> {
    let damaged = || log_damaged(&format!("the entry of publication {}", published.number));
    let index = u64::try_from(published.position).map_err(|_| damaged())?;
    let entry = usize::try_from(index).ok().and_then(|n| tree.leaves().get(n));
    let (entry, inclusion) = entry.zip(tree.inclusion_as_last(index)).ok_or_else(damaged)?;
    let signed = Note::parse(&published.checkpoint).and_then(|note| Checkpoint::parse(&note.text));
    let signed = signed.filter(|head| {
        head.size == index + 1 && tree::is_included(entry, index, (head.size, &head.root), &inclusion)
    });
    let head = signed.and_then(|_| String::from_utf8(entry.clone()).ok());
    let proof = Proof {
        checkpoint: published.checkpoint.clone(),
        index,
        inclusion,
    };
    Ok((head.ok_or_else(damaged)?, proof))
}

/// How a published table is cited, for people.
pub fn citation(title: &str, table: &str, number: i64, decree: &Decree, address: &str) -> String {
    let place = match address {
        "" => String::new(),
        address => format!(" {}", file_address(address, number)),
    };
    format!(
        "{title}, {table}. Ditetapkan dengan {} tanggal {} oleh {} ({}). Publikasi nomor {number}.{place}",
        decree.number, decree.date, decree.signatory, decree.signatory_position
    )
}

/// Address of the sealed file of a published table.
fn file_address(address: &str, number: i64) -> String {
    located(address, &table_path(number, Format::Sealed))
}

/// The path of a file of a published table.
pub(super) fn table_path(number: i64, format: Format) -> String {
    format!("tables/{number}/{}", format.file())
}

/// The address of the file with this path; the path alone when the files have no address.
pub(super) fn located(address: &str, path: &str) -> String {
    match address.trim_end_matches('/') {
        "" => path.to_owned(),
        address => format!("{address}/{path}"),
    }
}

impl Documents {
    /// The bytes of a file.
    pub fn file(&self, format: Format) -> Result<Vec<u8>, Failure> {
        match format {
            Format::Sealed => Ok(sealed::write(&self.head, &self.rows, &self.proof).into_bytes()),
            Format::Csv => csv::write(&self.table()?)
                .map(String::into_bytes)
                .map_err(Failure::internal),
            Format::Xlsx => {
                let sheets = [self.table()?, self.provenance_sheet()];
                xlsx::workbook(&self.title(), self.time(), &sheets).map_err(Failure::internal)
            }
            Format::Json => self.json(),
        }
    }

    fn time(&self) -> DateTime<Utc> {
        from_micros(self.published.published_at)
    }

    fn title(&self) -> String {
        canonical::text(&self.object, "title").to_owned()
    }

    pub(super) fn read_rows(&self) -> Result<Vec<Object>, Failure> {
        let damaged = || log_damaged(&format!("a row of publication {}", self.published.number));
        let rows = self.rows.iter();
        rows.map(|row| canonical::read(row).ok_or_else(damaged)).collect()
    }

    /// The rows without those of removed subjects.
    fn table(&self) -> Result<Sheet, Failure> {
        let rows = self.read_rows()?;
        let present = rows.iter().filter(|row| !row.contains_key("removed"));
        Ok(Sheet {
            key: "peringkat",
            title: "Peringkat",
            columns: COLUMNS,
            rows: present.map(|row| cells(row, COLUMNS)).collect(),
        })
    }

    fn provenance_sheet(&self) -> Sheet {
        let row = |(key, value): (&String, &Value)| {
            let value = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            vec![Cell::text(key.as_str()), Cell::text(value)]
        };
        Sheet {
            key: "asal-data",
            title: "Asal data",
            columns: FACTS,
            rows: provenance(&self.object, &self.published)
                .iter()
                .map(row)
                .collect(),
        }
    }

    fn json(&self) -> Result<Vec<u8>, Failure> {
        let rows = self.read_rows()?;
        let document = json!({"provenance": provenance(&self.object, &self.published), "rows": rows});
        let mut text = serde_json::to_string_pretty(&document).map_err(Failure::internal)?;
        text.push('\n');
        Ok(text.into_bytes())
    }
}

/// The head of a published table, where it is in the log, and how it is cited.
pub(super) fn provenance(head: &Object, published: &Published) -> Object {
    let number = published.number;
    // The address is the one that was published with it: a file never changes, whatever the setting is later.
    let address = canonical::text(head, "address");
    let mut facts = head.clone();
    facts.insert("checkpoint".to_owned(), json!(published.checkpoint));
    facts.insert("log_index".to_owned(), json!(published.position));
    if let Some(decree) = decree_of(head) {
        let title = canonical::text(head, "title");
        let citation = citation(title, &published.league_table, number, &decree, address);
        facts.insert("citation".to_owned(), json!(citation));
    }
    if !address.is_empty() {
        facts.insert("sealed_file".to_owned(), json!(file_address(address, number)));
    }
    facts
}

/// The members of an object that columns name.
pub(super) fn cells(object: &Object, columns: &[Column]) -> Vec<Cell> {
    let cell = |column: &Column| match (object.get(column.key), column.kind) {
        (Some(Value::Number(number)), _) => number.as_i64().map_or(Cell::Empty, Cell::Integer),
        (Some(Value::String(text)), Kind::Decimal(_)) => Cell::decimal(text.as_str()),
        (Some(Value::String(text)), Kind::Text) => Cell::text(text.as_str()),
        _ => Cell::Empty,
    };
    columns.iter().map(cell).collect()
}

/// The columns, by the members of a row.
static COLUMNS: &[Column] = &[
    Column::integer("rank", "Peringkat"),
    Column::text("subject", "Subjek", 30),
    Column::text("display_name", "Nama", 50),
    Column::text("agency_display_name", "Instansi", 40),
    Column::decimal("score", "Nilai", 2),
    Column::text("category", "Kategori", 12),
    Column::text("category_display_name", "Nama kategori", 24),
    Column::text("status", "Status nilai", 12),
    Column::text("unranked_reason", "Alasan tanpa peringkat", 24),
    Column::integer("respondents", "Sampel"),
    Column::integer("minimum_respondents", "Sampel minimum"),
    Column::decimal("standard_error", "Galat baku", 4),
    Column::integer("units_counted", "Unit dihitung"),
    Column::integer("units_expected", "Unit seharusnya"),
    Column::integer("units_fit", "Unit berperingkat"),
    Column::integer("units_required", "Unit disyaratkan"),
    Column::text("instrument", "Instrumen", 24),
    Column::integer("version", "Versi nilai"),
];

/// The columns of the provenance.
static FACTS: &[Column] = &[
    Column::text("key", "Keterangan", 24),
    Column::text("value", "Isi", 80),
];
