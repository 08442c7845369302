//! Free texts of the directory and their length limits.

use prima_platform::request::text::Text;

/// An official name.
pub const DISPLAY_NAME: Text = Text::name("Nama", 1, 200);
/// Number of the decree that enacts a standard.
pub const DECREE: Text = Text::name("Nomor surat keputusan", 1, 100);
/// What a public service provides; may be empty.
pub const DESCRIPTION: Text = Text::optional_lines("Uraian", 2000);
/// The text of a component of a standard, or of a charter.
pub const BODY: Text = Text::lines("Isi", 1, 10_000);
