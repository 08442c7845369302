//! A row of a league table.

use prima_proto::name::Subject;

use super::facts::Figures;
use super::member_score::Units;
use super::unranked::Unranked;

/// One subject of a table, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Rank from 1; `None` when the subject is listed without a rank.
    pub rank: Option<usize>,
    /// The unit or agency.
    pub subject: Subject,
    /// Its official name.
    pub display_name: String,
    /// Official name of a unit's agency; empty for an agency, and while the agency is unknown.
    pub agency_display_name: String,
    /// The published figures; the value and the minimum sample as the definition of the metric shows them.
    pub score: Figures,
    /// Why it has no rank; `None` when it has one.
    pub unranked: Option<Unranked>,
    /// The units of an agency in this metric and period; zeros for a unit.
    pub units: Units,
    /// How many of them must have a rank of their own; 0 for a unit, and where the definition asks for none.
    pub units_required: i64,
    /// Version of the score.
    pub version: i64,
}
