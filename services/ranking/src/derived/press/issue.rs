//! A published table as pages and the catalogue refer to it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use prima_platform::{
    clock::from_micros,
    document::sheet::{Column, Sheet},
    failure::Failure,
    tlog::{
        canonical::{self, Object},
        checkpoint::Checkpoint,
        encode,
        note::Note,
        tree::Tree,
    },
};
use serde_json::{Value, json};

use super::documents::{Format, cells, located, log_damaged, provenance, table_path};
use crate::store::Published;

/// A published table with its head.
#[derive(Debug)]
pub(super) struct Issue {
    pub(super) published: Published,
    /// The entry of the log.
    pub(super) head: Object,
    /// Number of the published table that corrects it.
    pub(super) corrected_by: Option<i64>,
}

/// All published tables by their numbers. Their heads are those of the log.
pub(super) fn issues(tree: &Tree, all: Vec<Published>) -> Result<BTreeMap<i64, Issue>, Failure> {
    let corrections: BTreeMap<i64, i64> = all.iter().map(|one| (one.corrects, one.number)).collect();
    let issue = |published: Published| {
        let entry = usize::try_from(published.position).ok();
        let entry = entry.and_then(|n| tree.leaves().get(n));
        let head = entry.and_then(|entry| canonical::read(std::str::from_utf8(entry).ok()?));
        let number = published.number;
        let head = head.ok_or_else(|| log_damaged(&format!("the entry of publication {number}")))?;
        let corrected_by = corrections.get(&number).copied();
        Ok((
            number,
            Issue {
                published,
                head,
                corrected_by,
            },
        ))
    };
    all.into_iter().map(issue).collect()
}

impl Issue {
    pub(super) fn text(&self, key: &str) -> &str {
        canonical::text(&self.head, key)
    }

    pub(super) fn time(&self) -> DateTime<Utc> {
        from_micros(self.published.published_at)
    }

    /// The address of one of its files, with the address that was published with it.
    pub(super) fn file(&self, format: Format) -> String {
        located(self.text("address"), &table_path(self.published.number, format))
    }

    /// All that is known of it, for JSON.
    pub(super) fn provenance(&self) -> Object {
        let mut facts = provenance(&self.head, &self.published);
        facts.insert("sealed_file".to_owned(), json!(self.file(Format::Sealed)));
        if let Some(number) = self.corrected_by {
            facts.insert("corrected_by".to_owned(), json!(number));
        }
        facts
    }

    /// The same without structure, for tables.
    pub(super) fn record(&self) -> Object {
        let provenance = self.provenance();
        let mut record = Object::new();
        let mut put = |key: &str, value: Option<Value>| {
            record.extend(value.map(|value| (key.to_owned(), value)));
        };
        let own = |key: &str| provenance.get(key).cloned();
        let within = |outer: &str, key: &str| provenance.get(outer)?.get(key).cloned();
        put("publication", own("number"));
        for key in [
            "title",
            "metric",
            "period",
            "cohort",
            "cohort_title",
            "table",
            "definition",
            "ranked",
            "unranked",
            "published_at",
            "frozen_at",
            "corrected_by",
            "licence",
            "citation",
            "log_index",
        ] {
            put(key, own(key));
        }
        put("corrects", within("corrects", "number"));
        put("correction_reason", within("corrects", "reason"));
        put("decree_number", within("decree", "number"));
        put("decree_date", within("decree", "date"));
        put("signatory", within("decree", "signatory"));
        put("signatory_position", within("decree", "signatory_position"));
        let signed = Note::parse(&self.published.checkpoint).and_then(|note| Checkpoint::parse(&note.text));
        put("log_root", signed.map(|head| json!(encode(&head.root))));
        put("sealed_file", own("sealed_file"));
        record
    }
}

/// A sheet with a row for each published table.
pub(super) fn sheet<'a>(issues: impl Iterator<Item = &'a Issue>) -> Sheet {
    Sheet {
        key: "publikasi",
        title: "Publikasi",
        columns: COLUMNS,
        rows: issues.map(|issue| cells(&issue.record(), COLUMNS)).collect(),
    }
}

static COLUMNS: &[Column] = &[
    Column::integer("publication", "Publikasi"),
    Column::text("title", "Judul", 40),
    Column::text("metric", "Ukuran", 20),
    Column::text("period", "Periode", 12),
    Column::text("cohort", "Kelompok", 20),
    Column::text("cohort_title", "Nama kelompok", 30),
    Column::text("table", "Tabel", 50),
    Column::text("definition", "Definisi", 40),
    Column::integer("ranked", "Berperingkat"),
    Column::integer("unranked", "Tanpa peringkat"),
    Column::text("decree_number", "Nomor keputusan", 24),
    Column::text("decree_date", "Tanggal keputusan", 12),
    Column::text("signatory", "Penanda tangan", 30),
    Column::text("signatory_position", "Jabatan", 30),
    Column::text("published_at", "Ditetapkan", 24),
    Column::text("frozen_at", "Dibekukan", 24),
    Column::integer("corrects", "Mengoreksi"),
    Column::text("correction_reason", "Alasan koreksi", 40),
    Column::integer("corrected_by", "Dikoreksi oleh"),
    Column::text("licence", "Lisensi", 12),
    Column::text("citation", "Sitasi", 80),
    Column::integer("log_index", "Urutan di log"),
    Column::text("log_root", "Akar log", 46),
    Column::text("sealed_file", "Berkas bersegel", 60),
];
