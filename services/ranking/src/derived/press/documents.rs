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
        Hash, canonical,
        sealed::{self, Proof},
        tree::Tree,
    },
};

use sea_orm::ConnectionTrait;
use serde_json::{Map, Value, json};

use crate::{
    domain::publication::{Decree, decree_of},
    store::{self, Published},
};

type Object = Map<String, Value>;

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
    published: Published,
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

/// Reads a published table, and checks that its rows and its entry are those that were sealed.
///
/// # Errors
///
/// `LOG_DAMAGED`: the database does not have them any more.
pub async fn documents(conn: &impl ConnectionTrait, published: &Published) -> Result<Documents, Failure> {
    let (head, proof) = proof_of(conn, published).await?;
    let object = canonical::read(&head).ok_or_else(|| log_damaged("an entry can't be read"))?;
    let rows = store::proposal_rows(conn, &published.proposal, 0, i64::MAX).await?;
    let rows: Vec<String> = rows.into_iter().map(|row| row.body).collect();
    let root = sealed::rows_tree(&rows).root();
    if object.get("rows_root").and_then(Value::as_str) != Some(&prima_platform::tlog::encode(&root)) {
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

/// The entry of a published table with the proof that it is in the log.
///
/// # Errors
///
/// `LOG_DAMAGED`: it is not there.
pub async fn proof_of(
    conn: &impl ConnectionTrait,
    published: &Published,
) -> Result<(String, Proof), Failure> {
    let damaged = || log_damaged(&format!("the entry of publication {}", published.number));
    let entries = store::log_entries(conn, published.position + 1).await?;
    let index = u64::try_from(published.position).map_err(|_| damaged())?;
    let head = entries.last().filter(|_| entries.len() as u64 == index + 1);
    let head = head.and_then(|head| String::from_utf8(head.clone()).ok());
    let head = head.ok_or_else(damaged)?;
    let inclusion: Vec<Hash> = Tree::of(entries).inclusion(index).ok_or_else(damaged)?;
    let checkpoint = published.checkpoint.clone();
    let proof = Proof {
        checkpoint,
        index,
        inclusion,
    };
    Ok((head, proof))
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
    let address = address.trim_end_matches('/');
    format!("{address}/tables/{number}/{}", Format::Sealed.file())
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
        let title = self.object.get("title").and_then(Value::as_str);
        title.unwrap_or_default().to_owned()
    }

    fn read_rows(&self) -> Result<Vec<Object>, Failure> {
        let damaged = || log_damaged(&format!("a row of publication {}", self.published.number));
        let rows = self.rows.iter();
        rows.map(|row| canonical::read(row).ok_or_else(damaged)).collect()
    }

    /// The rows without those of removed subjects.
    fn table(&self) -> Result<Sheet, Failure> {
        let row = |row: &Object| -> Vec<Cell> {
            let cell = |column: &Column| match (row.get(column.key), column.kind) {
                (Some(Value::Number(number)), _) => number.as_i64().map_or(Cell::Empty, Cell::Integer),
                (Some(Value::String(text)), Kind::Decimal(_)) => Cell::decimal(text.as_str()),
                (Some(Value::String(text)), Kind::Text) => Cell::text(text.as_str()),
                _ => Cell::Empty,
            };
            COLUMNS.iter().map(cell).collect()
        };
        let rows = self.read_rows()?;
        let present = rows.iter().filter(|row| !row.contains_key("removed"));
        Ok(Sheet {
            key: "peringkat",
            title: "Peringkat",
            columns: COLUMNS,
            rows: present.map(row).collect(),
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
            rows: self.provenance().iter().map(row).collect(),
        }
    }

    /// The head, where it is in the log, and how it is cited.
    fn provenance(&self) -> Object {
        let number = self.published.number;
        // The one that was published with it: a file never changes, whatever the setting is later.
        let address = self
            .object
            .get("address")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let mut facts = self.object.clone();
        facts.insert("checkpoint".to_owned(), json!(self.proof.checkpoint));
        facts.insert("log_index".to_owned(), json!(self.proof.index));
        if let Some(decree) = decree_of(&self.object) {
            let table = &self.published.league_table;
            let citation = citation(&self.title(), table, number, &decree, address);
            facts.insert("citation".to_owned(), json!(citation));
        }
        if !address.is_empty() {
            facts.insert("sealed_file".to_owned(), json!(file_address(address, number)));
        }
        facts
    }

    fn json(&self) -> Result<Vec<u8>, Failure> {
        let rows = self.read_rows()?;
        let document = json!({"provenance": self.provenance(), "rows": rows});
        let mut text = serde_json::to_string_pretty(&document).map_err(Failure::internal)?;
        text.push('\n');
        Ok(text.into_bytes())
    }
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
