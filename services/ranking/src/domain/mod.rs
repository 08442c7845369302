//! The league tables in memory: states of agencies, units and scores come in, ranked rows go out. This module does no
//! I/O.
//!
//! States may arrive in any order, twice or late. Each carries a version of its subject, and only the newest version
//! counts, whether this release can read it or not. So two replicas that received the same states show the same rows.

pub mod award;
mod blocks;
pub mod certainty;
mod cohorts;
pub mod comparison;
pub mod definition;
pub mod facts;
pub mod league_tables;
mod member;
mod member_score;
pub mod publication;
pub mod rank_change;
mod row;
pub mod rows_hash;
pub mod sort_key;
mod stored_figures;
pub mod table;
mod table_map;
mod texts;
pub mod trend;
pub mod uncounted;
mod unranked;

pub use definition::Definition;
pub use facts::{AgencyFacts, AgencyType, Aggregate, Figures, Kind, Score, Status, UnitFacts};
pub use league_tables::{BadScore, Changed, LeagueTables, Row, Units, Unranked};
pub use prima_proto::name::Subject;
pub use sort_key::{Direction, SortKey};
pub use table::{Table, TableKey};

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod classic_faults;
#[cfg(test)]
pub(crate) mod tests;
