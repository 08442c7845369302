//! The table `survey_delta`: answers that are stored but not yet added to the sums of their survey, and ends of imports that
//! were not applied yet. Its rows are also the dirty flags of surveys. Raw SQL, because every transaction of intake and of counting writes many rows, by a statement
//! that is prepared once: see [`table`].

use std::collections::{BTreeMap, BTreeSet, HashMap};

use prima_platform::db::{Column as Type, Txn, broken, sql, table};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use crate::domain::release::{Entry, Pending};

/// The table.
pub const TABLE: &str = "survey_delta";
/// SQL expression for the key of a row's survey, as text.
pub const KEY: &str = "CAST(survey_id AS TEXT)";

/// Deltas of single responses, which are counted first: the sender waits for the figures.
pub const URGENT: &str = "urgent = 1";

/// Most rows that one statement inserts.
const CHUNK: usize = 1000;
/// Separates the answers of two responses.
const SEPARATOR: char = ',';

/// The answers of those responses to one survey that a transaction inserted. An empty delta says that an import into the
/// survey has ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delta(String);

/// A response of a delta.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its answers as stored.
    pub answers: &'a str,
    /// Of which person it is; `None` when it is one of many that an agent sent together.
    pub entry: Option<Entry>,
}

impl Delta {
    /// Adds one of many responses that are released at once, its answers as stored.
    pub fn add(&mut self, answers: &str) {
        if !self.0.is_empty() {
            self.0.push(SEPARATOR);
        }
        self.0.push_str(answers);
    }

    /// Adds a response of one person.
    pub fn add_entry(&mut self, entry: &Entry) {
        self.add(&entry.text());
    }

    /// Whether it says that an import has ended.
    pub fn ends_import(&self) -> bool {
        self.0.is_empty()
    }

    /// Each response.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let lines = self.0.split(SEPARATOR).filter(|line| !line.is_empty());
        lines.map(|line| match line.split_once(';') {
            Some((answers, _)) => Line {
                answers,
                entry: Entry::parse(line),
            },
            None => Line {
                answers: line,
                entry: None,
            },
        })
    }
}

/// Inserts the deltas of a transaction, with its trace context, to be counted later; urgent ones first. This waits for no
/// lock.
pub async fn deltas_insert_in_txn(
    txn: &Txn,
    added: &BTreeMap<i64, Delta>,
    urgent: bool,
    traceparent: Option<&str>,
) -> Result<(), DbErr> {
    let trace = traceparent.unwrap_or_default();
    let urgent = i64::from(urgent);
    let rows: Vec<[Value; 4]> = added
        .iter()
        .map(|(survey, delta)| {
            [
                (*survey).into(),
                delta.0.clone().into(),
                trace.into(),
                urgent.into(),
            ]
        })
        .collect();
    for chunk in rows.chunks(CHUNK) {
        let types = [Type::Int, Type::Text, Type::Text, Type::Int];
        let (from, values) = table(txn, types, chunk.iter().cloned(), 0);
        let text = format!(
            "INSERT INTO {TABLE} (survey_id, answers, traceparent, urgent)
             SELECT column1, column2, NULLIF(column3, ''), column4 FROM {from} WHERE TRUE"
        );
        txn.execute_raw(sql(txn, &text, values)).await?;
    }
    Ok(())
}

#[derive(Debug, FromQueryResult)]
struct Row {
    survey_id: i64,
    answers: String,
    traceparent: Option<String>,
}

/// Deltas that were taken out of the table to be counted.
#[derive(Debug, Default)]
pub struct Taken {
    /// The deltas by survey.
    pub deltas: HashMap<i64, Vec<Delta>>,
    /// The trace contexts of the transactions that stored the responses.
    pub traceparents: BTreeSet<String>,
}

/// Deletes and returns the deltas of these locked surveys.
pub async fn deltas_take_in_txn(txn: &Txn, surveys: &[i64]) -> Result<Taken, DbErr> {
    let (from, values) = table(txn, [Type::Int], surveys.iter().map(|id| [(*id).into()]), 0);
    let text = format!(
        "DELETE FROM {TABLE} WHERE survey_id IN (SELECT column1 FROM {from})
         RETURNING survey_id, answers, traceparent"
    );
    let rows = Row::find_by_statement(sql(txn, &text, values)).all(txn).await?;
    let mut taken = Taken::default();
    for row in rows {
        taken.traceparents.extend(row.traceparent);
        let deltas = taken.deltas.entry(row.survey_id).or_default();
        deltas.push(Delta(row.answers));
    }
    Ok(taken)
}

/// A survey with everything that is stored of it, counted or not.
#[derive(Debug)]
pub struct Standing {
    /// Number of counted responses that are not voided.
    pub respondents: i64,
    /// The counted changes that are not released yet.
    pub pending: Pending,
    /// What is not counted yet.
    pub deltas: Vec<Delta>,
}

#[derive(Debug, FromQueryResult)]
struct Counted {
    id: i64,
    respondents: i64,
    voided: i64,
    pending: String,
}

/// These surveys as they stand in the snapshot of `txn`.
pub async fn standings_get(txn: &Txn, surveys: &[i64]) -> Result<Vec<Standing>, DbErr> {
    let (from, values) = table(txn, [Type::Int], surveys.iter().map(|id| [(*id).into()]), 0);
    let text =
        format!("SELECT survey_id, answers, traceparent FROM {from} JOIN {TABLE} ON survey_id = v.column1");
    let rows = Row::find_by_statement(sql(txn, &text, values.clone()));
    let mut deltas: HashMap<i64, Vec<Delta>> = HashMap::new();
    for row in rows.all(txn).await? {
        deltas.entry(row.survey_id).or_default().push(Delta(row.answers));
    }
    let text = format!("SELECT id, respondents, voided, pending FROM {from} JOIN survey ON id = v.column1");
    let rows = Counted::find_by_statement(sql(txn, &text, values));
    let standing = |row: Counted| {
        let pending = Pending::parse(&row.pending, row.voided);
        Ok(Standing {
            respondents: row.respondents,
            pending: pending.ok_or_else(|| broken(format!("survey {}", row.id), "pending changes"))?,
            deltas: deltas.remove(&row.id).unwrap_or_default(),
        })
    };
    rows.all(txn).await?.into_iter().map(standing).collect()
}

/// Selects surveys.
#[derive(Debug, Clone, Copy)]
pub enum Of<'a> {
    /// This survey.
    Survey(&'a name::Survey),
    /// The surveys with these ids.
    Surveys(&'a [i64]),
    /// The surveys of a unit in a period.
    Unit(&'a name::Unit, &'a str),
    /// The surveys of all units of an agency in a period.
    Agency(&'a name::Agency, &'a str),
}

/// A survey with answers that are not counted yet.
#[derive(Debug, Clone, Copy, FromQueryResult)]
pub struct Waiting {
    /// The survey.
    pub survey_id: i64,
    /// Id of its last delta.
    pub last: i64,
}

/// The selected surveys that have answers that are not counted yet, among the deltas with ids up to `last`.
pub async fn deltas_waiting(
    conn: &impl ConnectionTrait,
    of: Of<'_>,
    last: i64,
) -> Result<Vec<Waiting>, DbErr> {
    let (surveys, values) = match of {
        Of::Survey(survey) => (
            "SELECT id FROM survey WHERE name = $2".to_owned(),
            vec![survey.to_string().into()],
        ),
        Of::Surveys(ids) => {
            let (from, values) = table(conn, [Type::Int], ids.iter().map(|id| [(*id).into()]), 1);
            (format!("SELECT column1 FROM {from}"), values)
        }
        Of::Unit(unit, period) => (
            "SELECT id FROM survey WHERE agency = $2 AND unit = $3 AND period = $4".to_owned(),
            [&unit.agency, &unit.unit, period].map(|text| text.into()).into(),
        ),
        Of::Agency(agency, period) => (
            "SELECT id FROM survey WHERE agency = $2 AND period = $3".to_owned(),
            [&agency.agency, period].map(|text| text.into()).into(),
        ),
    };
    let text = format!(
        "SELECT survey_id, MAX(id) AS last FROM {TABLE} WHERE id <= $1 AND survey_id IN ({surveys})
         GROUP BY survey_id ORDER BY survey_id"
    );
    let values = std::iter::once(last.into()).chain(values);
    Waiting::find_by_statement(sql(conn, &text, values))
        .all(conn)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::release::{Change, Sender};

    #[test]
    fn a_delta_gives_back_each_response() {
        let entry = Entry {
            sender: Sender::Link,
            change: Change::Add,
            id: "r-1~0f".into(),
            answers: "1-3".into(),
            at: 1_719_810_000_000,
            device: "ab12".into(),
            source: "0f1e2d3c".into(),
        };
        let mut delta = Delta::default();
        delta.add("444");
        delta.add_entry(&entry);
        delta.add("---");
        let lines = Vec::from_iter(delta.lines());
        assert_eq!(
            Vec::from_iter(lines.iter().map(|l| l.answers)),
            ["444", "1-3", "---"]
        );
        assert_eq!(lines[1].entry.as_ref(), Some(&entry));
        assert_eq!((&lines[0].entry, &lines[2].entry), (&None, &None));
        assert!(!delta.ends_import());
    }

    #[test]
    fn an_empty_delta_ends_an_import_and_has_no_response() {
        let delta = Delta::default();
        assert!(delta.ends_import());
        assert_eq!(delta.lines().next(), None);
    }
}
