//! One folder for each noun; nouns do not import each other. No operation changes state but a rebuild,
//! which replaces the tables of this replica.

mod app;
pub mod league_table;
pub mod message;
mod moment;
pub mod rank_change;
pub mod rebuild;
pub mod scorecard;
pub mod standing;
pub mod uncounted;

pub use app::App;

#[cfg(test)]
mod testing;
