//! The tracking codes of the reporters, in a file that only its owner can read.

use std::fs::OpenOptions;
use std::path::Path;

use anyhow::Context;
use prima_platform::document::csv::guarded;
use prima_proto::complaint::v1 as pb;

/// The tracking codes of the reporters, in a file that only its owner can read.
pub(super) struct Codes(csv::Writer<std::fs::File>);

impl Codes {
    /// Creates the file; an existing file is not overwritten.
    pub(super) fn create(path: &Path) -> anyhow::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(path)
            .with_context(|| format!("berkas kode lacak `{}` tidak dapat dibuat", path.display()))?;
        let mut writer = csv::Writer::from_writer(file);
        writer.write_record(["baris", "sp4n_number", "laporan", "kode_lacak", "rahasia"])?;
        Ok(Self(writer))
    }

    pub(super) fn add(
        &mut self,
        line: u64,
        number: &str,
        answer: &pb::SubmitComplaintResponse,
    ) -> anyhow::Result<()> {
        let name = answer.status.as_ref().map(|status| status.name.clone());
        let (line, name) = (line.to_string(), name.unwrap_or_default());
        let cells = [
            line.as_str(),
            number,
            &name,
            &answer.tracking_code,
            &answer.secret,
        ];
        self.0.write_record(cells.map(guarded))?;
        // Each code is flushed at once, so that an import that is interrupted has written the codes of all complaints
        // that it stored.
        self.0.flush().context("berkas kode lacak tidak dapat ditulis")
    }
}
