//! One folder for each noun; nouns do not import each other. Definitions and publications are changed here; a rebuild replaces the
//! tables of this replica.

mod app;
pub mod award;
pub mod certainty;
mod comparison;
pub mod definition;
pub mod league_table;
pub mod message;
pub mod missing;
mod moment;
pub mod publication;
pub mod rank_change;
pub mod rebuild;
pub mod scorecard;
pub mod standing;
pub mod uncounted;

pub use app::App;

#[cfg(test)]
mod testing;
