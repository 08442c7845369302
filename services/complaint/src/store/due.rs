//! Finds what the system has to do: reports that are due, and reports whose deadlines follow an outdated calendar.

use std::time::Duration;

use prima_platform::{db::sql, derived::Due};
use sea_orm::{ConnectionTrait, DbErr};

/// Reports whose deadlines a change of the calendar can move. The condition is worded as in the partial index
/// `complaint_calendar`.
const MOVABLE: &str = "(wake_at IS NOT NULL OR due_at IS NOT NULL)";

/// Reports on which the system has to act at `now` (unix microseconds).
pub const fn at(now: i64, every: Duration) -> Due {
    Due {
        table: "complaint",
        key: "CAST(id AS TEXT)",
        column: "wake_at",
        until: Some(now),
        condition: "wake_at IS NOT NULL",
        every,
    }
}

/// Reports whose running deadlines follow an older calendar than today's.
pub const fn outdated(every: Duration) -> Due {
    Due {
        table: "complaint",
        key: "CAST(id AS TEXT)",
        column: "calendar",
        until: None,
        condition: "calendar < (SELECT version FROM calendar_state WHERE id = 1)
            AND (wake_at IS NOT NULL OR due_at IS NOT NULL)",
        every,
    }
}

/// Number of reports whose running deadlines follow a calendar older than `version`.
pub async fn outdated_count(conn: &impl ConnectionTrait, version: i64) -> Result<i64, DbErr> {
    let text = format!("SELECT COUNT(*) AS count FROM complaint WHERE {MOVABLE} AND calendar < $1");
    let row = conn.query_one_raw(sql(conn, &text, [version.into()])).await?;
    row.map_or(Ok(0), |row| row.try_get("", "count"))
}

#[cfg(test)]
pub mod tests;
