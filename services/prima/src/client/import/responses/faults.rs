//! Rejected rows: the first ones are printed to stderr, all of them are written to `--errors`.

use csv::StringRecord;

use super::check::Reasons;
use crate::client::import::Options;
use crate::client::import::bad::{BadFile, bad_row};
use crate::client::import::progress::Progress;
use crate::client::import::sheet::Sheet;

/// Most rejected rows that are printed to stderr.
const PRINTED_MAX: u64 = 100;

/// Collects rejected rows.
pub(super) struct Faults {
    count: u64,
    /// Rejected rows of which every reason was printed already, once for all rows with the same text.
    printed: u64,
    file: Option<BadFile>,
}

impl Faults {
    /// Creates a collector, which writes to a new file `--errors` when that is given.
    ///
    /// # Errors
    ///
    /// When the file can't be written, or is the file that is imported.
    pub(super) fn new(options: &Options, sheet: &Sheet) -> anyhow::Result<Self> {
        let file = options
            .errors
            .as_deref()
            .map(|path| BadFile::new(path, &options.file, sheet))
            .transpose()?;
        Ok(Self {
            count: 0,
            printed: 0,
            file,
        })
    }

    /// Adds a rejected row.
    ///
    /// # Errors
    ///
    /// When the file of rejected rows can't be written.
    pub(super) fn add(
        &mut self,
        progress: &Progress,
        line: u64,
        record: &StringRecord,
        reasons: &Reasons,
    ) -> anyhow::Result<()> {
        if reasons.printed {
            self.printed += 1;
        } else {
            self.count += 1;
            if self.count <= PRINTED_MAX {
                progress.note(&bad_row(line, &reasons.all));
            }
        }
        match &mut self.file {
            Some(file) => file.add(line, record, &reasons.all),
            None => Ok(()),
        }
    }

    /// Ends a pass: flushes the file, and prints how many rows were not printed.
    ///
    /// # Errors
    ///
    /// When the file of rejected rows can't be written.
    pub(super) fn settle(&mut self, progress: &Progress) -> anyhow::Result<()> {
        if let Some(file) = &mut self.file {
            file.finish()?;
        }
        let hint = if self.file.is_some() {
            "semua ada di berkas --errors"
        } else {
            "pakai --errors BERKAS untuk semuanya"
        };
        if self.printed > 0 {
            progress.note(&format!(
                "{} baris memuat jawaban yang disebut di atas; {hint}",
                self.printed
            ));
            self.printed = 0;
        }
        let more = self.count.saturating_sub(PRINTED_MAX);
        if more > 0 {
            progress.note(&format!("… dan {more} baris lain; {hint}"));
        }
        Ok(())
    }
}
