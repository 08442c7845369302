//! Reads and voids responses by a selection. Raw SQL, because flags are found by window functions.

use prima_platform::{
    clock::micros,
    db::{Txn, sql},
};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::flag::flagged_tables;
use crate::domain::{
    flags::Rule,
    selection::{Flag, Selection},
};

/// Responses that may have flags: those that are not voided. The flags of a response do not depend on the other
/// conditions of a selection.
const COVERED: &str = "FROM response WHERE survey_id = $1 AND voided IS NULL";

/// When and how a response came.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Selected {
    /// Its id.
    pub response_id: String,
    /// When it was accepted, unix microseconds.
    pub accepted_at: i64,
    /// When it was answered, unix microseconds.
    pub submitted_at: i64,
    /// `agent`, `link`, `token:<batch>` or `kiosk:<device>`.
    pub source: String,
    /// Label of its import.
    pub import_id: Option<String>,
    /// Number of its quarantine; negative since it was accepted.
    pub quarantine: Option<i64>,
    /// Whether all its answers are the same (1 or 0).
    pub straight_line: i64,
    /// Whether it is one of a burst.
    pub burst: i64,
    /// Whether its device was used often in a day.
    pub shared_device: i64,
}

impl Selected {
    /// Its flags.
    pub fn flags(&self) -> impl Iterator<Item = Flag> {
        let all = [
            (Flag::StraightLine, self.straight_line),
            (Flag::Burst, self.burst),
            (Flag::SharedDevice, self.shared_device),
        ];
        all.into_iter().filter(|(_, is)| *is != 0).map(|(flag, _)| flag)
    }
}

/// The conditions on a response `r` and its flags `f`, beginning with ` AND`; their values are appended to `values`.
fn conditions(selection: &Selection, values: &mut Vec<Value>) -> String {
    let mut text = String::new();
    let mut add = |condition: &str, value: Value| {
        values.push(value);
        text.push_str(&format!(" AND {condition} ${}", values.len()));
    };
    if !selection.source.is_empty() {
        add("r.source =", selection.source.as_str().into());
    }
    if !selection.import.is_empty() {
        add("r.import_id =", selection.import.as_str().into());
    }
    if selection.quarantine != 0 {
        add("r.quarantine =", selection.quarantine.into());
    }
    for (condition, time) in [
        ("r.accepted_at >=", selection.accepted.from),
        ("r.accepted_at <", selection.accepted.until),
        ("r.submitted_at >=", selection.submitted.from),
        ("r.submitted_at <", selection.submitted.until),
    ] {
        if let Some(time) = time {
            add(condition, micros(time).into());
        }
    }
    for flag in &selection.flags {
        text.push_str(match flag {
            Flag::StraightLine => " AND f.straight_line = 1",
            Flag::Burst => " AND f.burst = 1",
            Flag::SharedDevice => " AND f.shared_device = 1",
        });
    }
    text
}

/// A page of the selected responses of a survey that are not voided, in the order of acceptance, after the time and id
/// of the last one before.
pub async fn selected_page(
    conn: &impl ConnectionTrait,
    survey: i64,
    selection: &Selection,
    rule: &Rule,
    (time, id): (i64, &str),
    limit: u64,
) -> Result<Vec<Selected>, DbErr> {
    let mut values = vec![survey.into()];
    let tables = flagged_tables(COVERED, rule, &mut values);
    let conditions = conditions(selection, &mut values);
    values.extend([
        time.into(),
        id.into(),
        i64::try_from(limit).unwrap_or(i64::MAX).into(),
    ]);
    let (at, after, most) = (values.len() - 2, values.len() - 1, values.len());
    let flags = ["straight_line", "burst", "shared_device"];
    let flags = flags.map(|name| format!("CAST(COALESCE(f.{name}, 0) AS BIGINT) AS {name}"));
    let flags = flags.join(", ");
    let text = format!(
        "WITH {tables}
         SELECT r.response_id, r.accepted_at, r.submitted_at, r.source, r.import_id, r.quarantine, {flags}
         FROM response r LEFT JOIN flagged f ON f.response_id = r.response_id
         WHERE r.survey_id = $1 AND r.voided IS NULL{conditions}
            AND (r.accepted_at > ${at} OR (r.accepted_at = ${at} AND r.response_id > ${after}))
         ORDER BY r.accepted_at, r.response_id LIMIT ${most}"
    );
    Selected::find_by_statement(sql(conn, &text, values))
        .all(conn)
        .await
}

/// Marks the selected responses of a locked survey as voided by this void, except those that are already voided.
pub async fn selected_void_in_txn(
    txn: &Txn,
    survey: i64,
    selection: &Selection,
    rule: &Rule,
    number: i64,
) -> Result<(), DbErr> {
    let mut values = vec![survey.into()];
    let tables = flagged_tables(COVERED, rule, &mut values);
    let conditions = conditions(selection, &mut values);
    values.push(number.into());
    let text = format!(
        "UPDATE response SET voided = ${} WHERE survey_id = $1 AND voided IS NULL AND response_id IN (
            WITH {tables}
            SELECT r.response_id FROM response r LEFT JOIN flagged f ON f.response_id = r.response_id
            WHERE r.survey_id = $1 AND r.voided IS NULL{conditions})",
        values.len()
    );
    txn.execute_raw(sql(txn, &text, values)).await.map(drop)
}

/// A response that a void excluded.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Voided {
    /// Its id.
    pub response_id: String,
    /// Its answers, as stored.
    pub answers: String,
    /// Version of the survey under which it was stored.
    pub batch: i64,
    /// Number of the quarantine that it was in; negative when that was accepted before.
    pub quarantine: Option<i64>,
}

/// The next responses of a survey that this void excluded, after an id, ordered by id; an empty page is the end.
pub async fn voided_page(
    txn: &Txn,
    survey: i64,
    number: i64,
    after: &str,
    limit: u64,
) -> Result<Vec<Voided>, DbErr> {
    let text = "SELECT response_id, answers, batch, quarantine FROM response
                WHERE survey_id = $1 AND voided = $2 AND response_id > $3 ORDER BY response_id LIMIT $4";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [survey.into(), number.into(), after.into(), limit.into()];
    Voided::find_by_statement(sql(txn, text, values)).all(txn).await
}
