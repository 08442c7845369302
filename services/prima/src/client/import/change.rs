//! The changes that an import would make to stored records. They are shown as old and new value, and made only when the
//! caller confirms them.

use anyhow::bail;

use crate::client::print;

/// A field with its old and new value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// Name of the field, as in the header.
    pub field: &'static str,
    pub before: String,
    pub after: String,
}

/// All changes that a file would make.
#[derive(Debug, Default)]
pub(super) struct Changes {
    lines: Vec<String>,
}

impl Changes {
    /// Adds the changes of one row.
    pub(super) fn extend(&mut self, line: u64, name: &str, changes: Vec<Change>) {
        for Change { field, before, after } in changes {
            let line = format!(
                "baris {line}: {name}: {field}: {} -> {}",
                shown(&before),
                shown(&after)
            );
            self.lines.push(print::clean(&line));
        }
    }

    /// Adds a remark on the likely cause of the changes.
    pub(super) fn hint(&mut self, text: String) {
        self.lines.push(print::clean(&text));
    }

    /// Prints the changes.
    ///
    /// # Errors
    ///
    /// When there are changes that are not confirmed, unless they are only to be shown.
    pub(super) fn settle(&self, dry_run: bool, meant: bool) -> anyhow::Result<()> {
        for line in &self.lines {
            print::note(line);
        }
        if self.lines.is_empty() || dry_run || meant {
            return Ok(());
        }
        bail!(
            "impor ini mengubah data yang sudah ada (nilai lama -> nilai baru di atas); tidak ada yang diimpor. Bila memang \
             dimaksudkan, ulangi dengan --replace"
        )
    }
}

fn shown(text: &str) -> String {
    const LONGEST: usize = 80;
    if text.is_empty() {
        return "(kosong)".to_owned();
    }
    let mut shown: String = text.chars().take(LONGEST).collect();
    if text.chars().count() > LONGEST {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_shown_and_must_be_confirmed() {
        let mut changes = Changes::default();
        assert!(changes.settle(false, false).is_ok());
        let change = Change {
            field: "name",
            before: "Kabupaten Aceh Selatan".into(),
            after: "Kabupaten Simeulue".into(),
        };
        changes.extend(2, "agencies/1101", vec![change]);
        assert_eq!(
            changes.lines,
            ["baris 2: agencies/1101: name: Kabupaten Aceh Selatan -> Kabupaten Simeulue"]
        );
        assert!(
            changes
                .settle(false, false)
                .unwrap_err()
                .to_string()
                .contains("--replace")
        );
        assert!(changes.settle(true, false).is_ok() && changes.settle(false, true).is_ok());
    }
}
