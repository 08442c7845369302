//! One folder for each noun; nouns do not import each other. No operation changes state.

mod app;
pub mod league_table;
pub mod message;
pub mod standing;
pub mod uncounted;

pub use app::App;
