//! Bad rows: the first to stderr, all of them to a CSV file that can be corrected and imported again.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, bail};
use csv::{ByteRecord, Writer, WriterBuilder};

use super::columns::Mapping;
use super::headers::Field;
use super::text::squash;
use crate::client::import::bad_row;
use crate::client::import::progress::Progress;

/// Bad rows that are told on stderr.
const TOLD: u64 = 100;
/// Columns that the file of bad rows adds.
const LINE: &str = "baris_asal";
const REASON: &str = "alasan";

/// Takes bad rows.
pub(super) struct Faults {
    count: u64,
    file: Option<Bad>,
}

struct Bad {
    writer: Writer<File>,
    /// Places of the columns that are written back.
    places: Vec<usize>,
    /// Whether the id is added, because the file has no column of it.
    id: bool,
}

impl Faults {
    /// Writes bad rows to `file`, when given, which begins anew.
    ///
    /// # Errors
    ///
    /// When the file can't be written, or is the one that is imported.
    pub(super) fn new(file: Option<&Path>, import: &Path, mapping: &Mapping) -> anyhow::Result<Self> {
        let Some(path) = file else {
            return Ok(Self { count: 0, file: None });
        };
        let shown = || format!("berkas baris salah `{}`", path.display());
        if path.exists() && std::fs::canonicalize(path)? == std::fs::canonicalize(import)? {
            bail!("{} adalah berkas yang diimpor itu sendiri", shown())
        }
        let added = |name: &str| [LINE, REASON].iter().any(|own| squash(own) == squash(name));
        let columns: Vec<(usize, &str)> = mapping
            .columns
            .iter()
            .enumerate()
            .filter(|(_, (name, _))| !added(name))
            .map(|(place, (name, _))| (place, name.as_str()))
            .collect();
        let id = mapping.place(&Field::Id).is_none();
        let mut header: Vec<&str> = columns.iter().map(|(_, name)| *name).collect();
        if id {
            header.push("response_id");
        }
        header.extend([LINE, REASON]);
        let file = File::create(path).with_context(|| format!("{} tidak dapat ditulis", shown()))?;
        let mut writer = WriterBuilder::new().from_writer(file);
        writer.write_record(header)?;
        writer.flush()?;
        Ok(Self {
            count: 0,
            file: Some(Bad {
                writer,
                places: columns.into_iter().map(|(place, _)| place).collect(),
                id,
            }),
        })
    }

    /// One bad row.
    ///
    /// # Errors
    ///
    /// When the file of bad rows can't be written.
    pub(super) fn add(
        &mut self,
        progress: &Progress,
        line: u64,
        id: &str,
        record: &ByteRecord,
        reasons: &[String],
    ) -> anyhow::Result<()> {
        self.count += 1;
        if self.count <= TOLD {
            progress.note(&bad_row(line, &[format!("[{id}] {}", reasons.join("; "))]));
        }
        if let Some(bad) = &mut self.file {
            let mut row = ByteRecord::new();
            for place in &bad.places {
                row.push_field(record.get(*place).unwrap_or_default().trim_ascii());
            }
            if bad.id {
                row.push_field(id.as_bytes());
            }
            row.push_field(line.to_string().as_bytes());
            row.push_field(reasons.join("; ").as_bytes());
            bad.writer.write_byte_record(&row)?;
        }
        Ok(())
    }

    /// Ends a pass: writes out, and says how many rows were not told.
    ///
    /// # Errors
    ///
    /// When the file of bad rows can't be written.
    pub(super) fn settle(&mut self, progress: &Progress) -> anyhow::Result<()> {
        if let Some(bad) = &mut self.file {
            bad.writer
                .flush()
                .context("berkas baris salah tidak dapat ditulis")?;
        }
        let more = self.count.saturating_sub(TOLD);
        if more > 0 {
            let hint = if self.file.is_some() {
                "semua ada di berkas --errors"
            } else {
                "pakai --errors BERKAS untuk semuanya"
            };
            progress.note(&format!("… dan {more} baris lain; {hint}"));
        }
        Ok(())
    }
}
