//! Pages of reports, and reports near in time. A page goes on from the seat of its last row, and each shape of list has
//! an index that holds its rows in order with what they are filtered by (`m0001_complaint`, `tests`). What a rare state or
//! class leaves out is passed over in the index; an agency's state has an index of its own.

use chrono::{DateTime, TimeDelta, Utc};
use prima_platform::{clock::micros, page::Page};
use sea_orm::{ConnectionTrait, DbErr, Value};

use super::complaint::{Stored, complaints_where};

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The newest first.
    Newest,
    /// The most urgent first; those without a running deadline are left out.
    Due,
}

/// Which reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Id of the agency that has them; empty for the whole country.
    pub agency: String,
    /// Id of the unit that has them; empty for any.
    pub unit: String,
    /// Key of the state; empty for any.
    pub state: String,
    /// Key of the class; empty for any.
    pub class: String,
    /// Only open ones.
    pub open: bool,
    /// Only those past due.
    pub overdue: bool,
    /// Order.
    pub order: Order,
}

/// Where a row stands in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    /// Time of receipt or deadline, unix microseconds.
    at: i64,
    /// Key in the database.
    id: i64,
}

impl Seat {
    /// Reads what [`Seat::text`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('.')?;
        Some(Self {
            at: at.parse().ok()?,
            id: id.parse().ok()?,
        })
    }

    /// As it stands in the token of a page.
    fn text(stored: &Stored, order: Order) -> String {
        let at = match order {
            Order::Newest => micros(stored.received_at()),
            Order::Due => stored.due_at.unwrap_or_default(),
        };
        format!("{at}.{}", stored.id)
    }
}

/// A condition with its values.
#[derive(Default)]
struct Terms {
    terms: Vec<String>,
    values: Vec<Value>,
}

impl Terms {
    /// Adds `text` with `?` for the value.
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

    /// Adds what has no value; partial indexes are recognized by it.
    fn literal(&mut self, text: &str) {
        self.terms.push(text.to_owned());
    }

    /// Everything after the selected columns.
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

/// The rows of a page: a condition with its order, and its values.
fn rows(filter: &Filter, now: DateTime<Utc>, after: Option<Seat>, limit: u64) -> (String, Vec<Value>) {
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
    let (seat, order) = match filter.order {
        Order::Newest => ("(received_at, id) <", "received_at DESC, id DESC"),
        Order::Due => {
            // Said twice, PostgreSQL would take it to leave out rows twice.
            if !filter.overdue {
                terms.literal("due_at IS NOT NULL");
            }
            ("(due_at, id) >", "due_at, id")
        }
    };
    if let Some(Seat { at, id }) = after {
        terms.values.push(at.into());
        terms.add(&format!("{seat} (${}, ?)", terms.values.len()), id);
    }
    terms.ordered(order, limit)
}

/// A page of reports, and the token of the next one.
pub async fn complaint_page(
    conn: &impl ConnectionTrait,
    filter: &Filter,
    now: DateTime<Utc>,
    page: &Page,
    after: Option<Seat>,
) -> Result<(Vec<Stored>, String), DbErr> {
    let (text, values) = rows(filter, now, after, page.limit());
    let mut rows = complaints_where(conn, &text, values).await?;
    let next = page.cut(&mut rows, |row| Seat::text(row, filter.order));
    Ok((rows, next))
}

/// The other reports of an agency, or of its unit, that were received up to a time and at most so long before it, the
/// nearest first; or from then on.
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

/// The reports to the same agency and unit, or to the same agency when it has no unit yet, that were received within
/// `span` of it, those that were merged left out; at most `most`, the nearest in time first.
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
