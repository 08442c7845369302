//! The tables of the innovation service: innovations, rounds, entries, scores, replications, portfolios. Nothing is
//! deleted.

pub mod agency_score;
pub mod announcement;
pub mod award;
pub mod contest;
pub mod directory_agency;
pub mod directory_unit;
pub mod entry;
pub mod innovation;
pub mod near_key;
pub mod portfolio;
pub mod recusal;
pub mod replication;
pub mod revision;
pub mod round;
pub mod score;
pub mod stage_result;
pub mod transfer;
pub mod transfer_receiver;
pub mod uncounted;

use std::fmt::Display;

use prima_platform::{
    db::{self, Step, Txn, broken, sql, table},
    schema::platform_steps,
    search::Search,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ConnectionTrait, DbErr, EntityTrait, ExprTrait, Iterable, NotSet,
    QuerySelect, TryInsertResult, Unchanged,
    entity::prelude::*,
    sea_query::{ColumnType, OnConflict},
};
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use serde::{Serialize, de::DeserializeOwned};

/// The steps of this service's schema.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut steps = platform_steps();
        steps.push(Box::new(FIRST));
        steps.push(Box::new(SEARCH));
        steps.push(Box::new(LISTED));
        steps
    }
}

/// The full-text index of titles, descriptions and initiators of innovations.
pub const SEARCH: Search = Search {
    step: "m0002_search",
    table: "innovation_search",
    key: "innovation_id",
};

const FIRST: Step = Step {
    name: "m0001_innovation",
    statements: &[
        // `body` is the innovation as JSON; queries filter by the other columns. A missing year is 0 or 9999.
        "CREATE TABLE innovation (
            id {identity}, name {key} NOT NULL UNIQUE, agency {key} NOT NULL, unit {key} NOT NULL,
            status {key} NOT NULL, category {key} NOT NULL, sdgs {key} NOT NULL, first_year BIGINT NOT NULL,
            start_year BIGINT NOT NULL, stop_year BIGINT NOT NULL, body TEXT NOT NULL, version BIGINT NOT NULL,
            created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL)",
        "CREATE INDEX innovation_unit ON innovation (agency, unit)",
        "CREATE TABLE revision (
            innovation_id BIGINT NOT NULL REFERENCES innovation (id), number BIGINT NOT NULL, body TEXT NOT NULL,
            editor TEXT NOT NULL, made_at BIGINT NOT NULL, PRIMARY KEY (innovation_id, number))",
        "CREATE TABLE near_key (
            hash BIGINT NOT NULL, innovation_id BIGINT NOT NULL, PRIMARY KEY (hash, innovation_id))",
        "CREATE INDEX near_key_innovation ON near_key (innovation_id)",
        "CREATE TABLE round (
            id {identity}, name {key} NOT NULL UNIQUE, year BIGINT NOT NULL, body TEXT NOT NULL,
            stage {key} NOT NULL, stage_at BIGINT NOT NULL, announced BIGINT NOT NULL DEFAULT 0,
            created_at BIGINT NOT NULL)",
        // `title_key`: the title in lower case without punctuation, for the rule against equal titles.
        "CREATE TABLE entry (
            id {identity}, name {key} NOT NULL UNIQUE, round_id BIGINT NOT NULL REFERENCES round (id),
            year BIGINT NOT NULL, agency {key} NOT NULL, unit {key} NOT NULL,
            innovation_id BIGINT NOT NULL REFERENCES innovation (id), innovation {key} NOT NULL, title TEXT NOT NULL,
            title_key {key} NOT NULL, contest_group {key} NOT NULL, body TEXT NOT NULL, state {key} NOT NULL,
            state_at BIGINT NOT NULL, submitted_at BIGINT NOT NULL DEFAULT 0, note TEXT NOT NULL,
            causes TEXT NOT NULL, version BIGINT NOT NULL,
            created_at BIGINT NOT NULL, UNIQUE (round_id, innovation_id))",
        "CREATE INDEX entry_state ON entry (round_id, state, state_at)",
        "CREATE INDEX entry_title ON entry (round_id, agency, title_key)",
        "CREATE INDEX entry_unit ON entry (agency, unit, year)",
        "CREATE TABLE score (
            entry_id BIGINT NOT NULL REFERENCES entry (id), stage {key} NOT NULL, evaluator {key} NOT NULL,
            points TEXT NOT NULL, remark TEXT NOT NULL, scored_at BIGINT NOT NULL,
            PRIMARY KEY (entry_id, stage, evaluator))",
        "CREATE TABLE recusal (
            entry_id BIGINT NOT NULL REFERENCES entry (id), evaluator {key} NOT NULL, stage {key} NOT NULL,
            reason TEXT NOT NULL, recorded_by TEXT NOT NULL, recorded_at BIGINT NOT NULL,
            PRIMARY KEY (entry_id, evaluator))",
        "CREATE TABLE stage_result (
            entry_id BIGINT NOT NULL REFERENCES entry (id), stage {key} NOT NULL, number BIGINT NOT NULL,
            score TEXT NOT NULL, place BIGINT NOT NULL, passed BIGINT NOT NULL, counted BIGINT NOT NULL,
            left_out TEXT NOT NULL, disputed BIGINT NOT NULL, PRIMARY KEY (entry_id, stage))",
        "CREATE TABLE award (
            entry_id BIGINT NOT NULL REFERENCES entry (id), award {key} NOT NULL, innovation_id BIGINT NOT NULL,
            year BIGINT NOT NULL, round {key} NOT NULL, PRIMARY KEY (entry_id, award))",
        "CREATE INDEX award_innovation ON award (innovation_id)",
        "CREATE TABLE announcement (
            round_id BIGINT PRIMARY KEY REFERENCES round (id), content {blob} NOT NULL, sha256 TEXT NOT NULL,
            announced_at BIGINT NOT NULL)",
        "CREATE TABLE replication (
            id {identity}, name {key} NOT NULL UNIQUE, innovation_id BIGINT NOT NULL REFERENCES innovation (id),
            innovation {key} NOT NULL, agency {key} NOT NULL, unit {key} NOT NULL, adopter_agency {key} NOT NULL,
            adopter_unit {key} NOT NULL, replica {key} NOT NULL, year BIGINT NOT NULL, body TEXT NOT NULL,
            UNIQUE (innovation_id, adopter_agency, adopter_unit))",
        "CREATE INDEX replication_innovation ON replication (innovation)",
        "CREATE INDEX replication_unit ON replication (agency, unit, year)",
        "CREATE INDEX replication_adopter ON replication (adopter_agency, adopter_unit, year)",
        "CREATE TABLE transfer (
            id {identity}, innovation_id BIGINT NOT NULL REFERENCES innovation (id), held_on {key} NOT NULL,
            body TEXT NOT NULL)",
        "CREATE INDEX transfer_innovation ON transfer (innovation_id, held_on)",
        "CREATE TABLE transfer_receiver (
            transfer_id BIGINT NOT NULL REFERENCES transfer (id), agency {key} NOT NULL, unit {key} NOT NULL,
            year BIGINT NOT NULL, held_on {key} NOT NULL, PRIMARY KEY (transfer_id, agency, unit))",
        "CREATE INDEX transfer_receiver_unit ON transfer_receiver (agency, unit, year)",
        // `at_work`: the number of innovations that were in operation in the year.
        "CREATE TABLE portfolio (
            agency {key} NOT NULL, unit {key} NOT NULL, year BIGINT NOT NULL, version BIGINT NOT NULL,
            at_work BIGINT NOT NULL DEFAULT 0, PRIMARY KEY (agency, unit, year))",
        "CREATE INDEX portfolio_year ON portfolio (year, agency)",
        "CREATE TABLE agency_score (
            agency {key} NOT NULL, year BIGINT NOT NULL, version BIGINT NOT NULL, published BIGINT NOT NULL DEFAULT 0,
            settles_at BIGINT NOT NULL DEFAULT 0, PRIMARY KEY (agency, year))",
        // Year 0 flags every year.
        "CREATE TABLE agency_dirty (
            agency {key} NOT NULL, year BIGINT NOT NULL, mark BIGINT NOT NULL, PRIMARY KEY (agency, year))",
        "CREATE TABLE directory_unit (
            agency {key} NOT NULL, unit {key} NOT NULL, close_date TEXT NOT NULL, PRIMARY KEY (agency, unit))",
        "CREATE TABLE directory_agency (agency {key} PRIMARY KEY)",
    ],
};

/// `listed` is whether a score of the unit is published; an earlier release published one for every portfolio. Every
/// year of every agency is computed again.
const LISTED: Step = Step {
    name: "m0003_listed",
    statements: &[
        "ALTER TABLE portfolio ADD COLUMN listed BIGINT NOT NULL DEFAULT 1",
        "CREATE INDEX portfolio_at_work ON portfolio (year) WHERE at_work > 0",
        "INSERT INTO derived_mark (kind, key) SELECT DISTINCT 'agency-score', agency || '/0' FROM agency_score",
    ],
};

/// The lock with which a row is read. SQLite has one writer, so nothing is locked there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// No lock.
    None,
    /// A shared lock: it cannot change before the transaction ends.
    Share,
    /// An exclusive lock, to change it.
    Update,
}

impl Lock {
    fn on<Q: QuerySelect>(self, query: Q) -> Q {
        match self {
            Self::None => query,
            Self::Share => query.lock_shared(),
            Self::Update => query.lock_exclusive(),
        }
    }
}

fn json(value: &impl Serialize) -> Result<String, DbErr> {
    serde_json::to_string(value).map_err(|e| DbErr::Custom(e.to_string()))
}

fn read_json<T: DeserializeOwned>(row: impl Display, column: &str, text: &str) -> Result<T, DbErr> {
    serde_json::from_str(text).map_err(|_| broken(row, column))
}

/// A key that the database assigns; a new row has 0.
fn key(id: i64) -> ActiveValue<i64> {
    if id == 0 { NotSet } else { Unchanged(id) }
}

/// Inserts a row and returns its key; `None` when its name is in use.
async fn insert_keyed<A>(txn: &Txn, row: A) -> Result<Option<i64>, DbErr>
where
    A: ActiveModelTrait,
    <A::Entity as EntityTrait>::PrimaryKey: PrimaryKeyTrait<ValueType = i64>,
{
    let taken = OnConflict::new().do_nothing().to_owned();
    let insert = A::Entity::insert(row).on_conflict(taken).try_insert();
    Ok(match insert.exec(txn).await? {
        TryInsertResult::Inserted(inserted) => Some(inserted.last_insert_id),
        TryInsertResult::Empty | TryInsertResult::Conflicted => None,
    })
}

/// The next version of a row in an update, at a time in unix milliseconds.
fn next_version(version: impl ColumnTrait, now_millis: i64) -> Expr {
    let next = || Expr::col(version.as_column_ref()).add(1_i64);
    Expr::case(next().gt(now_millis), next())
        .finally(now_millis)
        .into()
}

/// The rows whose columns `key` equal one of `keys`, in the order of the columns `order`. Written as SQL because the
/// query builder has no table of values; with one, the statement is prepared once for any number of keys.
async fn with_keys<E: EntityTrait, const N: usize>(
    conn: &impl ConnectionTrait,
    key: [E::Column; N],
    keys: impl IntoIterator<Item = [Value; N]>,
    order: &[E::Column],
) -> Result<Vec<E::Model>, DbErr> {
    let types = key.map(|column| match column.def().get_column_type() {
        ColumnType::BigInteger => db::Column::Int,
        _ => db::Column::Text,
    });
    let (from, values) = table(conn, types, keys, 0);
    let pairs = key.iter().zip(1..);
    let on: Vec<String> = pairs
        .map(|(column, n)| format!("t.{} = v.column{n}", column.as_str()))
        .collect();
    let list = |columns: &[E::Column]| {
        let columns = columns.iter().map(|column| format!("t.{}", column.as_str()));
        columns.collect::<Vec<_>>().join(", ")
    };
    let text = format!(
        "SELECT {} FROM {from} JOIN {} t ON {} ORDER BY {}",
        list(&E::Column::iter().collect::<Vec<_>>()),
        E::default().table_name(),
        on.join(" AND "),
        list(order)
    );
    let rows = E::find().from_raw_sql(sql(conn, &text, values));
    rows.all(conn).await
}
