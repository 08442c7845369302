//! The texts that people write, and their permitted lengths.

use prima_platform::request::text::Text;

/// The title of a cycle or of evidence.
pub const TITLE: Text = Text::name("Judul", 1, 200);
/// Reason for a level; may be empty.
pub const NOTE: Text = Text::optional_lines("Catatan", 2000);
/// Reason for an objection, or for its decision.
pub const REASON: Text = Text::lines("Alasan", 5, 2000);
/// A planned action.
pub const PLAN: Text = Text::lines("Rencana aksi", 5, 500);
/// The person or office responsible for an action.
pub const OWNER: Text = Text::name("Penanggung jawab", 1, 200);
/// Note on a completed action; may be empty.
pub const DONE: Text = Text::optional_lines("Catatan", 1000);
/// The publication in which a score appeared.
pub const SOURCE: Text = Text::name("Terbitan", 1, 500);
/// Reason for replacing a recorded score.
pub const REPLACEMENT: Text = Text::line("Alasan", 5, 500);
