//! The league tables in memory: facts in, ranked rows out. Nothing here waits, stores or speaks to anyone.
//!
//! Facts may come in any order, twice or late. Each carries a version of its subject, and only the newest counts,
//! whether this release can read it or not, so two boards that heard the same facts show the same rows.

mod blocks;
pub mod board;
pub mod facts;
mod held;
pub mod table;
mod tables;

pub use board::{BadScore, Board, Changed, Row, Unranked};
pub use facts::{AgencyFacts, Aggregate, Figures, Kind, Score, Status, UnitFacts};
pub use prima_proto::name::Subject;
pub use table::{Seat, Table, TableKey};

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod tests;
