//! Domain to proto.

use prima_platform::{clock::to_proto, consume::Freshness, failure::Violation};
use prima_proto::{name, ranking::v1 as pb};

use crate::domain::{Row, Status, Table, TableKey, Unranked};

/// Name of a table, or its fault.
pub fn table_name(text: &str) -> Result<TableKey, Violation> {
    TableKey::parse(text)
        .map_err(|e| Violation::new("name", e.to_string(), format!("bentuk nama tidak benar: {e}")))
}

/// A metric or period, or its fault.
pub fn token(field: &str, text: &str) -> Result<(), Violation> {
    name::token(text, name::TOKEN_MAX)
        .map(|_| ())
        .map_err(|e| Violation::new(field, e.to_string(), format!("tidak benar: {e}")))
}

/// A table without rows; `None`: nobody is in it.
pub fn table(key: &TableKey, table: Option<&Table>) -> pb::LeagueTable {
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    pb::LeagueTable {
        name: key.to_string(),
        metric: key.metric.clone(),
        period: key.period.clone(),
        cohort: key.cohort.clone(),
        ranked: count(table.map_or(0, Table::ranked)),
        unranked: count(table.map_or(0, Table::unranked)),
    }
}

/// A row.
pub fn row(row: Row) -> pb::LeagueRow {
    let status = match row.score.status {
        Status::Provisional => pb::ScoreStatus::Provisional,
        Status::Final => pb::ScoreStatus::Final,
    };
    let unranked = match row.unranked {
        None => pb::UnrankedReason::Unspecified,
        Some(Unranked::SampleTooSmall) => pb::UnrankedReason::SampleTooSmall,
        Some(Unranked::UnitsMissing) => pb::UnrankedReason::UnitsMissing,
    };
    pb::LeagueRow {
        rank: row.rank.and_then(|r| i64::try_from(r).ok()).unwrap_or(0),
        subject: row.subject.to_string(),
        display_name: row.display_name,
        agency_display_name: row.agency_display_name,
        score: row.score.value,
        category: row.score.category,
        respondents: row.score.sample_size,
        minimum_respondents: row.score.sample_minimum,
        status: status as i32,
        unranked_reason: unranked as i32,
        units_counted: row.score.units_counted,
        units_expected: row.score.units_expected,
        version: row.version,
    }
}

/// How far behind an answer may be.
pub fn freshness(freshness: &Freshness) -> pb::Freshness {
    let now = freshness.now();
    pb::Freshness {
        stale: !now.waiting_for.is_empty(),
        as_of: now.as_of.map(to_proto),
        waiting_for: now.waiting_for,
    }
}
