//! Entries of rounds.

use prima_platform::{
    db::{Column, Txn, sql, table},
    page::Page,
};
use prima_proto::name;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::{Lock, broken, json, next_version, read_json};
use crate::domain::{
    entry::{Proposal, STATES, State},
    words::words,
};

#[derive(Debug, FromQueryResult)]
struct Row {
    id: i64,
    name: String,
    round_id: i64,
    year: i64,
    agency: String,
    unit: String,
    innovation_id: i64,
    innovation: String,
    title: String,
    body: String,
    state: String,
    state_at: i64,
    submitted_at: i64,
    note: String,
    causes: String,
    version: i64,
}

/// An entry as stored.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Key in the database.
    pub id: i64,
    /// Resource name.
    pub name: name::Entry,
    /// Key of the round.
    pub round_id: i64,
    /// Year of the round.
    pub year: i32,
    /// The unit.
    pub unit: name::Unit,
    /// Key of the innovation.
    pub innovation_id: i64,
    /// Name of the innovation.
    pub innovation: String,
    /// Its title when it was entered.
    pub title: String,
    /// What the unit wrote.
    pub proposal: Proposal,
    /// Where it is.
    pub state: State,
    /// Since when, unix microseconds.
    pub state_at: i64,
    /// When the agency handed it in to the ministry, unix microseconds; 0 before.
    pub submitted_at: i64,
    /// Note of the last review.
    pub note: String,
    /// Causes of a rejection.
    pub causes: Vec<String>,
    /// Version of its last change.
    pub version: i64,
}

impl TryFrom<Row> for Stored {
    type Error = DbErr;

    fn try_from(row: Row) -> Result<Self, DbErr> {
        Ok(Self {
            id: row.id,
            round_id: row.round_id,
            year: i32::try_from(row.year).map_err(|_| broken(&row.name, "year"))?,
            unit: name::Unit {
                agency: row.agency,
                unit: row.unit,
            },
            innovation_id: row.innovation_id,
            innovation: row.innovation,
            title: row.title,
            proposal: read_json(&row.name, "body", &row.body)?,
            state: State::parse(&row.state).ok_or_else(|| broken(&row.name, "state"))?,
            state_at: row.state_at,
            submitted_at: row.submitted_at,
            note: row.note,
            causes: read_json(&row.name, "causes", &row.causes)?,
            version: row.version,
            name: name::Entry::parse(&row.name).map_err(|_| broken(&row.name, "name"))?,
        })
    }
}

fn stored(rows: Vec<Row>) -> Result<Vec<Stored>, DbErr> {
    rows.into_iter().map(Stored::try_from).collect()
}

const COLUMNS: &str =
    "entry.id, entry.name, entry.round_id, entry.year, entry.agency, entry.unit, entry.innovation_id,
    entry.innovation, entry.title, entry.body, entry.state, entry.state_at, entry.submitted_at,
    entry.note, entry.causes, entry.version";

fn title_key(title: &str) -> String {
    words(title).join(" ")
}

/// Stores a new entry and returns its key; `None` when the innovation has one in the round.
pub async fn entry_insert(txn: &Txn, new: &Stored) -> Result<Option<i64>, DbErr> {
    let text =
        "INSERT INTO entry (name, round_id, year, agency, unit, innovation_id, innovation, title, title_key,
                    contest_group, body, state, state_at, note, causes, version, created_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $13)
                ON CONFLICT DO NOTHING RETURNING id";
    let values: Vec<Value> = vec![
        new.name.to_string().into(),
        new.round_id.into(),
        i64::from(new.year).into(),
        new.unit.agency.clone().into(),
        new.unit.unit.clone().into(),
        new.innovation_id.into(),
        new.innovation.clone().into(),
        new.title.clone().into(),
        title_key(&new.title).into(),
        new.proposal.group.clone().into(),
        json(&new.proposal)?.into(),
        new.state.as_str().into(),
        new.state_at.into(),
        new.note.clone().into(),
        json(&new.causes)?.into(),
        new.version.into(),
    ];
    let row = txn.query_one_raw(sql(txn, text, values)).await?;
    row.map(|r| r.try_get("", "id")).transpose()
}

/// Writes a locked entry back.
pub async fn entry_save_in_txn(txn: &Txn, stored: &Stored) -> Result<(), DbErr> {
    let text =
        "UPDATE entry SET contest_group = $2, body = $3, state = $4, state_at = $5, note = $6, causes = $7,
                    title = $8, title_key = $9, version = $10, submitted_at = $11 WHERE id = $1";
    let values: Vec<Value> = vec![
        stored.id.into(),
        stored.proposal.group.clone().into(),
        json(&stored.proposal)?.into(),
        stored.state.as_str().into(),
        stored.state_at.into(),
        stored.note.clone().into(),
        json(&stored.causes)?.into(),
        stored.title.clone().into(),
        title_key(&stored.title).into(),
        stored.version.into(),
        stored.submitted_at.into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}

/// Moves entries of a locked round to a state, raising their versions.
pub async fn entries_move_in_txn(txn: &Txn, ids: &[i64], state: State, now_micros: i64) -> Result<(), DbErr> {
    for chunk in ids.chunks(1000) {
        let (from, mut values) = table(txn, [Column::Int], chunk.iter().map(|id| [(*id).into()]), 0);
        values.extend([
            state.as_str().into(),
            now_micros.into(),
            (now_micros / 1000).into(),
        ]);
        let n = values.len();
        let text = format!(
            "UPDATE entry SET state = ${}, state_at = ${}, version = {} FROM {from} WHERE entry.id = v.column1",
            n - 2,
            n - 1,
            next_version("entry", n)
        );
        txn.execute_raw(sql(txn, &text, values)).await?;
    }
    Ok(())
}

/// An entry by its name, locked in the way asked for.
pub async fn entry_get(
    conn: &impl ConnectionTrait,
    name: &name::Entry,
    lock: Lock,
) -> Result<Option<Stored>, DbErr> {
    let text = format!("SELECT {COLUMNS} FROM entry WHERE name = $1{}", lock.sql(conn));
    let row = Row::find_by_statement(sql(conn, &text, [name.to_string().into()]));
    row.one(conn).await?.map(Stored::try_from).transpose()
}

/// Every entry of a round in these states, ordered by key.
pub async fn entries_in(
    conn: &impl ConnectionTrait,
    round: i64,
    states: &[State],
) -> Result<Vec<Stored>, DbErr> {
    let list = prima_platform::db::placeholders(1, states.len(), 1);
    let text = format!("SELECT {COLUMNS} FROM entry WHERE round_id = $1 AND state IN {list} ORDER BY id");
    let mut values: Vec<Value> = vec![round.into()];
    values.extend(states.iter().map(|s| Value::from(s.as_str())));
    stored(Row::find_by_statement(sql(conn, &text, values)).all(conn).await?)
}

/// Entries of these units in rounds of these years, ordered by name.
pub async fn entries_of(
    conn: &impl ConnectionTrait,
    keys: &[(String, String, i64)],
) -> Result<Vec<Stored>, DbErr> {
    let rows = keys
        .iter()
        .map(|(agency, unit, year)| [agency.clone().into(), unit.clone().into(), (*year).into()]);
    let (from, values) = table(conn, [Column::Text, Column::Text, Column::Int], rows, 0);
    let text = format!(
        "SELECT {COLUMNS} FROM {from}
         JOIN entry ON agency = v.column1 AND unit = v.column2 AND year = v.column3 ORDER BY name"
    );
    stored(Row::find_by_statement(sql(conn, &text, values)).all(conn).await?)
}

/// How many other entries of the agency in the round have the same title; those that were taken back
/// or lapsed don't count.
pub async fn entry_same_titles(conn: &impl ConnectionTrait, entry: &Stored) -> Result<usize, DbErr> {
    let text = "SELECT CAST(COUNT(*) AS BIGINT) AS n FROM entry WHERE round_id = $1 AND agency = $2 AND title_key = $3
                AND id <> $4 AND state NOT IN ('withdrawn', 'lapsed')";
    let values = [
        entry.round_id.into(),
        entry.unit.agency.clone().into(),
        title_key(&entry.title).into(),
        entry.id.into(),
    ];
    count(conn, text, values.to_vec()).await
}

async fn count(conn: &impl ConnectionTrait, text: &str, values: Vec<Value>) -> Result<usize, DbErr> {
    let row = conn.query_one_raw(sql(conn, text, values)).await?;
    let n: i64 = row.map(|r| r.try_get("", "n")).transpose()?.unwrap_or(0);
    Ok(usize::try_from(n).unwrap_or(0))
}

/// Which entries to list; an empty text means any.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Id of the agency.
    pub agency: String,
    /// State.
    pub state: String,
    /// Key of the group.
    pub group: String,
}

/// A page of a round's entries ordered by name, and the token of the next one.
pub async fn entry_page(
    conn: &impl ConnectionTrait,
    round: i64,
    filter: &Filter,
    page: &Page,
) -> Result<(Vec<Stored>, String), DbErr> {
    let mut text = format!("SELECT {COLUMNS} FROM entry WHERE round_id = $1 AND name > $2");
    let mut values: Vec<Value> = vec![round.into(), page.after.clone().into()];
    for (column, value) in [
        ("agency", &filter.agency),
        ("state", &filter.state),
        ("contest_group", &filter.group),
    ] {
        if !value.is_empty() {
            values.push(value.clone().into());
            text.push_str(&format!(" AND {column} = ${}", values.len()));
        }
    }
    values.push(i64::try_from(page.limit()).unwrap_or(i64::MAX).into());
    text.push_str(&format!(" ORDER BY name LIMIT ${}", values.len()));
    let mut rows = Row::find_by_statement(sql(conn, &text, values)).all(conn).await?;
    let next = page.cut(&mut rows, |r| r.name.clone());
    Ok((stored(rows)?, next))
}

/// Entries that wait, counted by state.
#[derive(Debug, FromQueryResult)]
pub struct WaitingCount {
    /// State.
    pub state: String,
    /// How many.
    pub n: i64,
    /// Since when the oldest waits, unix microseconds.
    pub oldest: i64,
}

/// Counts the live entries of a round by state, in the order of their way.
pub async fn waiting_counts(
    conn: &impl ConnectionTrait,
    round: i64,
) -> Result<Vec<(State, WaitingCount)>, DbErr> {
    let text =
        "SELECT state, CAST(COUNT(*) AS BIGINT) AS n, MIN(state_at) AS oldest FROM entry WHERE round_id = $1
                GROUP BY state";
    let rows = WaitingCount::find_by_statement(sql(conn, text, [round.into()]))
        .all(conn)
        .await?;
    let mut counts: Vec<(State, WaitingCount)> = rows
        .into_iter()
        .filter_map(|r| Some((State::parse(&r.state)?, r)))
        .filter(|(state, _)| state.is_live())
        .collect();
    counts.sort_by_key(|(state, _)| *state);
    Ok(counts)
}

/// An entry that waits.
#[derive(Debug, FromQueryResult)]
pub struct Waiting {
    /// Key in the database.
    pub id: i64,
    /// Resource name.
    pub name: String,
    /// Title.
    pub title: String,
    /// Name of the innovation.
    pub innovation: String,
    /// State.
    pub state: String,
    /// Since when, unix microseconds.
    pub state_at: i64,
    /// Scores in the current stage.
    pub scores: i64,
}

/// Live entries of a round in `state` (any when `None`) since `before` or longer, the longest waiting first; `stage` is
/// whose scores to count. The token of a page is the time and key of its last row.
pub async fn waiting_page(
    conn: &impl ConnectionTrait,
    round: i64,
    stage: &str,
    state: Option<State>,
    before: i64,
    page: &Page,
) -> Result<(Vec<Waiting>, String), DbErr> {
    let (time, id) = page.after.split_once('.').unwrap_or(("", ""));
    let states: Vec<&str> = STATES
        .into_iter()
        .filter(|s| s.is_live() && state.is_none_or(|one| one == *s))
        .map(State::as_str)
        .collect();
    if states.is_empty() {
        return Ok((Vec::new(), String::new()));
    }
    let mut values: Vec<Value> = vec![
        round.into(),
        stage.into(),
        before.into(),
        time.parse::<i64>().unwrap_or(i64::MIN).into(),
        id.parse::<i64>().unwrap_or(0).into(),
    ];
    let list = prima_platform::db::placeholders(1, states.len(), values.len());
    values.extend(states.into_iter().map(Value::from));
    values.push(i64::try_from(page.limit()).unwrap_or(i64::MAX).into());
    let text = format!(
        "SELECT id, name, title, innovation, state, state_at,
            (SELECT CAST(COUNT(*) AS BIGINT) FROM score WHERE entry_id = entry.id AND stage = $2) AS scores
         FROM entry WHERE round_id = $1 AND state_at <= $3 AND (state_at > $4 OR (state_at = $4 AND id > $5))
            AND state IN {list} ORDER BY state_at, id LIMIT ${}",
        values.len()
    );
    let mut rows = Waiting::find_by_statement(sql(conn, &text, values))
        .all(conn)
        .await?;
    let next = page.cut(&mut rows, |r| format!("{}.{}", r.state_at, r.id));
    Ok((rows, next))
}
