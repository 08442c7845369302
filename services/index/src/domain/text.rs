//! What people write here, and how long it may be.

use prima_platform::request::text::Text;

/// The title of a cycle or of evidence.
pub const TITLE: Text = Text::lines("Judul", 1, 200);
/// Why a level is given; may be empty.
pub const NOTE: Text = Text::optional_lines("Catatan", 2000);
/// Why somebody objects, and why it was decided so.
pub const REASON: Text = Text::lines("Alasan", 5, 2000);
/// What is to be done.
pub const PLAN: Text = Text::lines("Rencana aksi", 5, 500);
/// Who is to do it.
pub const OWNER: Text = Text::lines("Penanggung jawab", 1, 200);
/// What was done; may be empty.
pub const DONE: Text = Text::optional_lines("Catatan", 1000);
/// Where a score was published.
pub const SOURCE: Text = Text::line("Terbitan", 1, 500);
/// Why a score takes the place of another.
pub const REPLACEMENT: Text = Text::line("Alasan", 5, 500);
