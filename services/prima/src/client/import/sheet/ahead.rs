//! Reads rows in a thread of its own, ahead of the thread that uses them.

use std::sync::mpsc::{SyncSender, sync_channel};

use super::record::Record;
use super::{Row, Sheet};

/// Rows that are handed over together.
const CHUNK: usize = 256;
/// Chunks that are read ahead.
const CHUNKS: usize = 4;

impl Sheet {
    /// Calls `use_row` with each remaining row, in order, while another thread reads the rows after it.
    ///
    /// # Errors
    ///
    /// When the rest of the file can't be read, and those of `use_row`.
    pub(in crate::client::import) fn each(
        &mut self,
        mut use_row: impl FnMut(&Row<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let (chunks, ahead) = sync_channel(CHUNKS);
        let places = self.places.clone();
        std::thread::scope(|scope| {
            let reader = scope.spawn(move || self.read_into(&chunks));
            for chunk in ahead {
                for record in &chunk {
                    use_row(&Row::new(record, &places))?;
                }
            }
            reader
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Reads until the end of the file, or until no one wants more rows.
    fn read_into(&mut self, chunks: &SyncSender<Vec<Record>>) -> anyhow::Result<()> {
        loop {
            let mut chunk = Vec::with_capacity(CHUNK);
            while chunk.len() < CHUNK && self.advance()? {
                chunk.push(std::mem::take(&mut self.record));
            }
            if chunk.is_empty() || chunks.send(chunk).is_err() {
                return Ok(());
            }
        }
    }
}
