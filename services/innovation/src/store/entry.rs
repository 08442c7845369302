//! Entries of rounds.

use prima_platform::{
    db::{Txn, broken, placeholders, sql},
    page::Page,
};
use prima_proto::name;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Set, entity::prelude::*, sea_query::SelectStatement,
};

use super::{Lock, insert_keyed, json, key, next_version, portfolio, read_json, with_keys};
use crate::domain::{
    entry::{Proposal, STATES, State},
    words::words,
};

/// A row of the table `entry`; `body` is the proposal as JSON, and `title_key` the title in lower case without
/// punctuation.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "entry")]
pub struct Model {
    #[sea_orm(primary_key)]
    id: i64,
    name: String,
    round_id: i64,
    year: i64,
    agency: String,
    unit: String,
    innovation_id: i64,
    innovation: String,
    title: String,
    title_key: String,
    contest_group: String,
    body: String,
    state: String,
    state_at: i64,
    submitted_at: i64,
    note: String,
    causes: String,
    version: i64,
    created_at: i64,
}

prima_platform::no_relations!();

/// An entry as stored.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Key in the database; 0 of a new one.
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
    /// The proposal.
    pub proposal: Proposal,
    /// State.
    pub state: State,
    /// When it entered this state, unix microseconds.
    pub state_at: i64,
    /// When the agency submitted it to the ministry, unix microseconds; 0 before.
    pub submitted_at: i64,
    /// Note of the last review.
    pub note: String,
    /// Causes of a rejection.
    pub causes: Vec<String>,
    /// Version of its last change.
    pub version: i64,
}

impl TryFrom<Model> for Stored {
    type Error = DbErr;

    fn try_from(row: Model) -> Result<Self, DbErr> {
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

fn stored(rows: Vec<Model>) -> Result<Vec<Stored>, DbErr> {
    rows.into_iter().map(Stored::try_from).collect()
}

fn title_key(title: &str) -> String {
    words(title).join(" ")
}

/// The row without the time of drafting.
fn row(stored: &Stored) -> Result<ActiveModel, DbErr> {
    Ok(ActiveModel {
        id: key(stored.id),
        name: Set(stored.name.to_string()),
        round_id: Set(stored.round_id),
        year: Set(stored.year.into()),
        agency: Set(stored.unit.agency.clone()),
        unit: Set(stored.unit.unit.clone()),
        innovation_id: Set(stored.innovation_id),
        innovation: Set(stored.innovation.clone()),
        title: Set(stored.title.clone()),
        title_key: Set(title_key(&stored.title)),
        contest_group: Set(stored.proposal.group.clone()),
        body: Set(json(&stored.proposal)?),
        state: Set(stored.state.as_str().to_owned()),
        state_at: Set(stored.state_at),
        submitted_at: Set(stored.submitted_at),
        note: Set(stored.note.clone()),
        causes: Set(json(&stored.causes)?),
        version: Set(stored.version),
        ..Default::default()
    })
}

/// Stores a new entry and returns its key; `None` when the innovation has one in the round.
pub async fn entry_insert_in_txn(txn: &Txn, new: &Stored) -> Result<Option<i64>, DbErr> {
    let row = ActiveModel {
        created_at: Set(new.state_at),
        ..row(new)?
    };
    insert_keyed(txn, row).await
}

/// Writes a locked entry back.
pub async fn entry_save_in_txn(txn: &Txn, stored: &Stored) -> Result<(), DbErr> {
    let update = Entity::update(row(stored)?);
    update.exec_without_returning(txn).await.map(drop)
}

/// Moves entries of a locked round to a state, raising their versions.
pub async fn entries_move_in_txn(txn: &Txn, ids: &[i64], state: State, now_micros: i64) -> Result<(), DbErr> {
    for chunk in ids.chunks(1000) {
        Entity::update_many()
            .col_expr(Column::State, Expr::value(state.as_str()))
            .col_expr(Column::StateAt, Expr::value(now_micros))
            .col_expr(Column::Version, next_version(Column::Version, now_micros / 1000))
            .filter(Column::Id.is_in(chunk.iter().copied()))
            .exec(txn)
            .await?;
    }
    Ok(())
}

/// An entry by its name, with the given lock.
pub async fn entry_get(
    conn: &impl ConnectionTrait,
    name: &name::Entry,
    lock: Lock,
) -> Result<Option<Stored>, DbErr> {
    let named = Entity::find().filter(Column::Name.eq(name.to_string()));
    lock.on(named).one(conn).await?.map(Stored::try_from).transpose()
}

/// The keys of a round's entries, as a subquery.
pub fn keys_in(round: i64) -> SelectStatement {
    let of_round = Entity::find().filter(Column::RoundId.eq(round));
    of_round.select_only().column(Column::Id).into_query()
}

/// Every entry of a round in these states, ordered by key.
pub async fn entries_in(
    conn: &impl ConnectionTrait,
    round: i64,
    states: &[State],
) -> Result<Vec<Stored>, DbErr> {
    let rows = Entity::find()
        .filter(Column::RoundId.eq(round))
        .filter(Column::State.is_in(states.iter().map(|state| state.as_str())))
        .order_by_asc(Column::Id);
    stored(rows.all(conn).await?)
}

/// Entries of these units in rounds of these years, ordered by name.
pub async fn entries_of(conn: &impl ConnectionTrait, keys: &[portfolio::Key]) -> Result<Vec<Stored>, DbErr> {
    let key = [Column::Agency, Column::Unit, Column::Year];
    let keys = keys.iter().map(portfolio::values);
    stored(with_keys::<Entity, 3>(conn, key, keys, &[Column::Name]).await?)
}

/// The number of other entries of the agency in the round with the same title; withdrawn and lapsed ones do not
/// count.
pub async fn entry_same_titles(conn: &impl ConnectionTrait, entry: &Stored) -> Result<usize, DbErr> {
    let gone = [State::Withdrawn, State::Lapsed];
    let same: Option<i64> = Entity::find()
        .select_only()
        .expr(Column::Id.count())
        .filter(Column::RoundId.eq(entry.round_id))
        .filter(Column::Agency.eq(entry.unit.agency.as_str()))
        .filter(Column::TitleKey.eq(title_key(&entry.title)))
        .filter(Column::Id.ne(entry.id))
        .filter(Column::State.is_not_in(gone.map(State::as_str)))
        .into_tuple()
        .one(conn)
        .await?;
    Ok(usize::try_from(same.unwrap_or_default()).unwrap_or_default())
}

/// The number of other entries that the agency has submitted in the same group of the round; when the entry is submitted
/// itself, those before it. Withdrawn ones do not count.
pub async fn entry_submitted_before(conn: &impl ConnectionTrait, entry: &Stored) -> Result<usize, DbErr> {
    let submitted = [
        State::Submitted,
        State::Competing,
        State::Rejected,
        State::Eliminated,
    ];
    let own = (entry.submitted_at, entry.id);
    let earlier = Condition::any().add(Column::SubmittedAt.lt(own.0)).add(
        Condition::all()
            .add(Column::SubmittedAt.eq(own.0))
            .add(Column::Id.lt(own.1)),
    );
    let is_submitted = submitted.contains(&entry.state);
    let others: Option<i64> = Entity::find()
        .select_only()
        .expr(Column::Id.count())
        .filter(Column::RoundId.eq(entry.round_id))
        .filter(Column::Agency.eq(entry.unit.agency.as_str()))
        .filter(Column::ContestGroup.eq(entry.proposal.group.as_str()))
        .filter(Column::Id.ne(entry.id))
        .filter(Column::State.is_in(submitted.map(State::as_str)))
        .apply_if(is_submitted.then_some(earlier), |query, earlier| {
            query.filter(earlier)
        })
        .into_tuple()
        .one(conn)
        .await?;
    Ok(usize::try_from(others.unwrap_or_default()).unwrap_or_default())
}

/// A filter of entries; an empty text means any.
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
    let mut query = Entity::find()
        .filter(Column::RoundId.eq(round))
        .filter(Column::Name.gt(page.after.as_str()));
    for (column, value) in [
        (Column::Agency, &filter.agency),
        (Column::State, &filter.state),
        (Column::ContestGroup, &filter.group),
    ] {
        if !value.is_empty() {
            query = query.filter(column.eq(value.as_str()));
        }
    }
    let ordered = query.order_by_asc(Column::Name).limit(page.limit());
    let mut rows = ordered.all(conn).await?;
    let next = page.cut(&mut rows, |row| row.name.clone());
    Ok((stored(rows)?, next))
}

/// Live entries of a round, counted by state in the order of the states: their number, and since when the oldest
/// waits, unix microseconds.
pub async fn waiting_counts(
    conn: &impl ConnectionTrait,
    round: i64,
) -> Result<Vec<(State, i64, i64)>, DbErr> {
    let rows: Vec<(String, i64, i64)> = Entity::find()
        .select_only()
        .column(Column::State)
        .expr(Column::Id.count())
        .expr(Column::StateAt.min())
        .filter(Column::RoundId.eq(round))
        .group_by(Column::State)
        .into_tuple()
        .all(conn)
        .await?;
    let rows = rows.into_iter();
    let counts = rows.filter_map(|(state, count, oldest)| Some((State::parse(&state)?, count, oldest)));
    let mut counts: Vec<_> = counts.filter(|(state, _, _)| state.is_live()).collect();
    counts.sort_by_key(|(state, _, _)| *state);
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
    /// When it entered this state, unix microseconds.
    pub state_at: i64,
    /// Scores in the current stage.
    pub scores: i64,
}

/// Live entries of a round in `state` (any when `None`) that wait since `before` or longer, the longest first; scores
/// are counted in `stage`. The token of a page is the time and key of its last row.
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
    let list = placeholders(1, states.len(), values.len());
    values.extend(states.into_iter().map(Value::from));
    values.push(i64::try_from(page.limit()).unwrap_or(i64::MAX).into());
    // Written as SQL because the scores of each row are counted in the statement that reads it.
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
    let next = page.cut(&mut rows, |row| format!("{}.{}", row.state_at, row.id));
    Ok((rows, next))
}
