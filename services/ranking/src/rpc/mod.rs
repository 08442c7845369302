//! One folder for each noun; nouns do not import each other. No operation changes state.

mod app;
pub mod league_table;
mod message;
pub mod standing;

pub use app::App;
