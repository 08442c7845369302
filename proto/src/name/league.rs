//! Names of definitions of league tables, of proposed tables and of published ones.

use std::{fmt, str::FromStr};

use super::{Error, Field, fill, ids};

name! {
    /// Name of a version of the definition of the league tables of a metric:
    TableDefinition, "metrics/{metric}/definitions/{version}",
    /// Metric, such as `skm`.
    metric: String,
    /// The version, a number.
    version: String
}

name! {
    /// Name of a proposed league table:
    ProposedTable, "proposedTables/{proposal}",
    /// Id of the proposal.
    proposal: String
}

name! {
    /// Name of an objection to a proposed league table:
    TableObjection, "proposedTables/{proposal}/objections/{objection}",
    /// The proposal.
    proposal: ProposedTable,
    /// Id of the objection.
    objection: String
}

name! {
    /// Name of a published league table:
    PublishedTable, "publishedTables/{number}",
    /// Its number.
    number: String
}
