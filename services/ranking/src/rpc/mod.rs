//! One folder for each noun. Nothing here changes state, so there are reads alone. Nouns don't know each other.

mod app;
pub mod league_table;
mod shown;
pub mod standing;

pub use app::App;
