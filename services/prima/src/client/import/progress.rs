//! The progress bar on stderr; nothing is drawn when stderr is no terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::client::print;

const ROWS: &str = "{msg:<11} [{bar:36}] {human_pos}/{human_len} baris, sisa {eta}";
const PART: &str = "{msg:<11} [{bar:36}] {percent:>3} %, sisa {eta}";

/// Progress of a pass over a file.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// A bar that counts rows.
    pub(super) fn rows(message: &'static str, length: u64, quiet: bool) -> Self {
        Self::new(ROWS, message, length, quiet)
    }

    /// A bar that counts the part of a file that was read.
    pub(super) fn part(message: &'static str, length: u64, quiet: bool) -> Self {
        Self::new(PART, message, length, quiet)
    }

    fn new(template: &str, message: &'static str, length: u64, quiet: bool) -> Self {
        let target = if quiet {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(
            ProgressBar::with_draw_target(Some(length), target)
                .with_style(style)
                .with_message(message),
        )
    }

    pub(super) fn advance(&self, count: u64) {
        self.0.inc(count);
    }

    pub(super) fn set(&self, position: u64) {
        self.0.set_position(position);
    }

    /// Prints a line above the bar.
    pub(super) fn note(&self, line: &str) {
        self.0.suspend(|| print::note(&print::clean(line)));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
