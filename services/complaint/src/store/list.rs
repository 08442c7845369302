//! Pages of reports, and reports received at about the same time. A page continues after the cursor of the last row of
//! the previous one. For each kind of list there is an index that has its rows in order and contains the columns that
//! it is filtered by (`m0001_complaint`, tested in `tests`). Rows of other states or classes are skipped within the
//! index; only the state within an agency has an index of its own.

use chrono::{DateTime, TimeDelta, Utc};
use prima_platform::{clock::micros, page::Page};
use sea_orm::{ConnectionTrait, DbErr, Value};

use super::complaint::{Stored, complaints_where};

/// Order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The newest first.
    Newest,
    /// The earliest deadline first; reports without a running deadline are left out.
    Due,
}

/// Narrows a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Id of the agency that handles the reports; empty for the whole country.
    pub agency: String,
    /// Id of the unit that handles them; empty for any.
    pub unit: String,
    /// Key of the state; empty for any.
    pub state: String,
    /// Key of the class; empty for any.
    pub class: String,
    /// Only open reports.
    pub open: bool,
    /// Only reports that are past their deadline.
    pub overdue: bool,
    pub order: Order,
}

/// Position of a row in the order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Time of receipt or deadline, unix microseconds.
    at: i64,
    /// Key in the database.
    id: i64,
}

impl Cursor {
    /// Parses what [`Cursor::text`] returned.
    pub fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('.')?;
        Some(Self {
            at: at.parse().ok()?,
            id: id.parse().ok()?,
        })
    }

    /// The cursor of a row, as it is contained in a page token.
    fn text(stored: &Stored, order: Order) -> String {
        let at = match order {
            Order::Newest => micros(stored.received_at()),
            Order::Due => stored.due_at.unwrap_or_default(),
        };
        format!("{at}.{}", stored.id)
    }
}

/// The terms of a `WHERE` clause, with their values.
#[derive(Default)]
struct Terms {
    terms: Vec<String>,
    values: Vec<Value>,
}

impl Terms {
    /// Adds a term in which `?` stands for the value.
    fn add(&mut self, text: &str, value: impl Into<Value>) {
        self.values.push(value.into());
        self.terms
            .push(text.replace('?', &format!("${}", self.values.len())));
    }

    /// Adds `column = value` unless the value is empty.
    fn equal(&mut self, column: &str, value: &str) {
        if !value.is_empty() {
            self.add(&format!("{column} = ?"), value);
        }
    }

    /// Adds a term without a value. Only such a term can match the condition of a partial index.
    fn literal(&mut self, text: &str) {
        self.terms.push(text.to_owned());
    }

    /// The SQL that follows the selected columns.
    fn ordered(mut self, order: &str, limit: u64) -> (String, Vec<Value>) {
        self.values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
        let wheres = match self.terms.is_empty() {
            true => String::new(),
            false => format!("WHERE {} ", self.terms.join(" AND ")),
        };
        let text = format!("{wheres}ORDER BY {order} LIMIT ${}", self.values.len());
        (text, self.values)
    }
}

/// The SQL of a page and its values.
fn rows(filter: &Filter, now: DateTime<Utc>, after: Option<Cursor>, limit: u64) -> (String, Vec<Value>) {
    let mut terms = Terms::default();
    terms.equal("agency", &filter.agency);
    terms.equal("unit", &filter.unit);
    terms.equal("state", &filter.state);
    terms.equal("class", &filter.class);
    if filter.open {
        terms.literal("open = 1");
    }
    if filter.overdue {
        terms.add("due_at < ?", micros(now));
    }
    let (cursor, order) = match filter.order {
        Order::Newest => ("(received_at, id) <", "received_at DESC, id DESC"),
        Order::Due => {
            // With both conditions PostgreSQL would estimate that they exclude rows independently, and choose a worse
            // plan.
            if !filter.overdue {
                terms.literal("due_at IS NOT NULL");
            }
            ("(due_at, id) >", "due_at, id")
        }
    };
    if let Some(Cursor { at, id }) = after {
        terms.values.push(at.into());
        terms.add(&format!("{cursor} (${}, ?)", terms.values.len()), id);
    }
    terms.ordered(order, limit)
}

/// A page of reports, and the token of the next one.
pub async fn complaint_page(
    conn: &impl ConnectionTrait,
    filter: &Filter,
    now: DateTime<Utc>,
    page: &Page,
    after: Option<Cursor>,
) -> Result<(Vec<Stored>, String), DbErr> {
    let (text, values) = rows(filter, now, after, page.limit());
    let mut rows = complaints_where(conn, &text, values).await?;
    let next = page.cut(&mut rows, |row| Cursor::text(row, filter.order));
    Ok((rows, next))
}

/// The SQL for the reports of an agency or unit that were received up to `at` and at most `span` before it, or after it
/// and at most `span` later; those nearest in time first.
fn neighbours(
    (agency, unit): (&str, &str),
    at: DateTime<Utc>,
    own: i64,
    span: TimeDelta,
    before: bool,
    limit: u64,
) -> (String, Vec<Value>) {
    let mut terms = Terms::default();
    terms.equal("agency", agency);
    terms.equal("unit", unit);
    let order = if before {
        terms.add("received_at <= ?", micros(at));
        terms.add("received_at >= ?", micros(at - span));
        "received_at DESC, id DESC"
    } else {
        terms.add("received_at > ?", micros(at));
        terms.add("received_at <= ?", micros(at + span));
        "received_at, id"
    };
    terms.add("id <> ?", own);
    terms.literal("merged_into IS NULL");
    terms.ordered(order, limit)
}

/// The reports of the same agency and unit that were received within `span` of a report, without those that were
/// merged; when it has no unit yet, those of the whole agency. At most `most`, those nearest in time first.
pub async fn near_in_time(
    conn: &impl ConnectionTrait,
    stored: &Stored,
    span: TimeDelta,
    most: usize,
) -> Result<Vec<Stored>, DbErr> {
    let place = (stored.case.agency.as_str(), stored.case.unit.as_str());
    let mut found = Vec::new();
    for before in [true, false] {
        let at = stored.received_at();
        let (text, values) = neighbours(place, at, stored.id, span, before, most as u64);
        found.extend(complaints_where(conn, &text, values).await?);
    }
    let distance = |other: &Stored| (other.received_at() - stored.received_at()).abs();
    found.sort_by_key(distance);
    found.truncate(most);
    Ok(found)
}

#[cfg(test)]
mod tests;
