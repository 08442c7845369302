//! The change of a score between two periods, as scorecards and awards give it.

use crate::domain::{
    LeagueTables, Row, Unranked,
    trend::{self, Across, Compared, Trend},
};

/// The change of a subject from the first row to the second one, each with the tables that it is in and its period. The
/// definition is that of the second tables.
pub fn trend(rows: [(&LeagueTables, &Row, &str); 2], metric: &str, across: Across) -> Trend {
    let definition = rows[1].0.definition_of(metric);
    let [old, new] = rows.map(|(tables, row, period)| Compared {
        figures: &row.score,
        era: definition.era_in(&row.score.instrument, period).to_owned(),
        unit_types: tables.unit_types(&row.subject, metric, period),
        sample_suffices: match row.unranked {
            None | Some(Unranked::UnitsMissing | Unranked::UnitsUnfit) => true,
            Some(
                Unranked::SampleTooSmall
                | Unranked::NoValue
                | Unranked::TooFew
                | Unranked::DefinitionUnreadable,
            ) => false,
        },
    });
    trend::between(&old, &new, across)
}
