//! What the service keeps. Identities and free text are sealed; the timeline and the log of readings only grow.

pub mod agency_hours;
pub mod agency_score;
pub mod answer;
pub mod attachment;
pub mod calendar_state;
pub mod calendar_year;
pub mod complaint;
pub mod consultation;
pub mod contact;
pub mod deadline;
pub mod desk;
pub mod digest_key;
pub mod directory_unit;
pub mod due;
pub mod erasure;
pub mod feed;
pub mod figures;
pub mod identity;
pub mod knowledge;
pub mod list;
pub mod member;
pub mod ownership;
pub mod performance;
pub mod reading;
pub mod rotation;
pub mod sealed;
pub mod tally;
pub mod timeline;
pub mod workflow;

use chrono::{DateTime, Utc};
use prima_platform::{
    db::{Step, broken},
    schema::platform_steps,
    search::Search,
};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QuerySelect, sea_query::Expr};
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use serde::{Serialize, de::DeserializeOwned};

/// The steps of this service's schema.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut steps = platform_steps();
        steps.push(Box::new(FIRST));
        steps.push(Box::new(SEARCH));
        steps.push(Box::new(RATINGS));
        steps
    }
}

/// Questions and answers of the knowledge base.
pub const SEARCH: Search = Search {
    step: "m0002_knowledge_search",
    table: "knowledge_search",
    key: "knowledge_id",
};

/// Times are unix microseconds. `sealed_key` names the key of the vault under which the sealed columns of the row are;
/// it is empty when there is nothing sealed.
const FIRST: Step = Step {
    name: "m0001_complaint",
    statements: &[
        // `facts` is the case as JSON, without anything personal; the columns beside it are what is searched by.
        // `erased_at`: when identity or texts went last, `identity_erased_at`: when there was an identity and it went.
        // `due_at`: the running deadline that comes first. `wake_at`: when the system has to act next. `calendar`: the
        // version of the calendar with which the deadlines were computed. `erase_at`: when the next erasure is due.
        // `failures`: how often the system has failed to act on it since somebody last could.
        "CREATE TABLE complaint (
            id {identity}, uid {key} NOT NULL UNIQUE, tracking {blob} NOT NULL UNIQUE,
            agency {key} NOT NULL, unit {key} NOT NULL, class {key} NOT NULL, state {key} NOT NULL,
            open BIGINT NOT NULL, received_at BIGINT NOT NULL, workflow {key} NOT NULL, calendar BIGINT NOT NULL,
            facts TEXT NOT NULL, due_at BIGINT, wake_at BIGINT, erase_at BIGINT, merged_into BIGINT,
            region {key} NOT NULL, incident_date {key} NOT NULL, sp4n_number {key} NOT NULL,
            secrets {blob} NOT NULL, identity {blob}, content {blob}, sealed_key {key} NOT NULL,
            erased_at BIGINT, identity_erased_at BIGINT, failures BIGINT NOT NULL DEFAULT 0,
            version BIGINT NOT NULL, updated_at BIGINT NOT NULL)",
        // What follows `id` in the indexes of lists is no part of the order: rows that a filter leaves out are passed over
        // in the index, without being read.
        "CREATE INDEX complaint_newest ON complaint (received_at, id, state, class, open)",
        "CREATE INDEX complaint_agency ON complaint (agency, received_at, id, state, class, open)",
        "CREATE INDEX complaint_unit ON complaint (agency, unit, received_at, id, state, class, open)",
        "CREATE INDEX complaint_state ON complaint (agency, state, received_at, id)",
        "CREATE INDEX complaint_open ON complaint (agency, received_at, id) WHERE open = 1",
        "CREATE INDEX complaint_due ON complaint (due_at, id, state, class, open) WHERE due_at IS NOT NULL",
        "CREATE INDEX complaint_agency_due ON complaint (agency, due_at, id, unit, state, class, open)
            WHERE due_at IS NOT NULL",
        "CREATE INDEX complaint_wake ON complaint (wake_at, id) WHERE wake_at IS NOT NULL",
        // Every report with a deadline that runs: one that is overdue and told in full has no more time to wake at.
        "CREATE INDEX complaint_calendar ON complaint (calendar, id) WHERE wake_at IS NOT NULL OR due_at IS NOT NULL",
        "CREATE INDEX complaint_erase_in_txn ON complaint (erase_at, id) WHERE erase_at IS NOT NULL",
        "CREATE INDEX complaint_sealed ON complaint (sealed_key, id) WHERE sealed_key <> ''",
        "CREATE INDEX complaint_merged ON complaint (merged_into) WHERE merged_into IS NOT NULL",
        // Blind indexes of telephone numbers and addresses, under the key that made them.
        "CREATE TABLE contact (
            hash {blob} NOT NULL, complaint_id BIGINT NOT NULL REFERENCES complaint (id), sealed_key {key} NOT NULL,
            PRIMARY KEY (hash, complaint_id))",
        "CREATE INDEX contact_complaint ON contact (complaint_id)",
        "CREATE INDEX contact_sealed ON contact (sealed_key)",
        // `entry` is what happened as JSON, without anything personal. `agency` and `unit` had the report then;
        // `from_agency` and `from_unit` had it before, when it moved. `feed`: place in the order in which watchers see it,
        // given after the commit.
        "CREATE TABLE timeline (
            id {identity}, complaint_id BIGINT NOT NULL REFERENCES complaint (id), number BIGINT NOT NULL,
            at BIGINT NOT NULL, agency {key} NOT NULL, unit {key} NOT NULL, from_agency {key}, from_unit {key},
            actor {key} NOT NULL, role {key} NOT NULL, entry TEXT NOT NULL, public BIGINT NOT NULL, sealed {blob}, sealed_key {key} NOT NULL, feed BIGINT,
            UNIQUE (complaint_id, number))",
        "CREATE UNIQUE INDEX timeline_feed ON timeline (feed) WHERE feed IS NOT NULL",
        "CREATE INDEX timeline_agency_feed ON timeline (agency, feed) WHERE feed IS NOT NULL",
        "CREATE INDEX timeline_left_feed ON timeline (from_agency, feed) WHERE from_agency IS NOT NULL",
        "CREATE INDEX timeline_unfed ON timeline (id) WHERE feed IS NULL",
        "CREATE INDEX timeline_sealed ON timeline (sealed_key, id) WHERE sealed_key <> ''",
        "CREATE TABLE feed (id BIGINT PRIMARY KEY, last BIGINT NOT NULL)",
        "INSERT INTO feed (id, last) VALUES (1, 0)",
        // `owner`: `pending`, `complaint`, `timeline`, `consultation` or `answer`, with its key. `digest`: SHA-256 of what
        // the object storage holds, which is sealed. `sealed`: name of the file and its own key.
        "CREATE TABLE attachment (
            id {identity}, uid {key} NOT NULL UNIQUE, owner {key} NOT NULL, owner_id BIGINT NOT NULL,
            uploader {key} NOT NULL, media_type TEXT NOT NULL, size BIGINT NOT NULL, digest {blob} NOT NULL,
            sealed {blob}, sealed_key {key} NOT NULL, created_at BIGINT NOT NULL)",
        "CREATE INDEX attachment_owner ON attachment (owner, owner_id)",
        "CREATE INDEX attachment_pending ON attachment (created_at, id) WHERE owner = 'pending'",
        "CREATE INDEX attachment_sealed ON attachment (sealed_key, id) WHERE sealed_key <> ''",
        // Row 1 is locked by whoever changes the calendar or the hours.
        "CREATE TABLE calendar_state (id BIGINT PRIMARY KEY, version BIGINT NOT NULL)",
        "INSERT INTO calendar_state (id, version) VALUES (1, 1)",
        "CREATE TABLE calendar_year (
            year BIGINT NOT NULL, version BIGINT NOT NULL, holidays TEXT NOT NULL, citation TEXT NOT NULL,
            actor {key} NOT NULL, created_at BIGINT NOT NULL, PRIMARY KEY (year, version))",
        "CREATE TABLE agency_hours (
            agency {key} NOT NULL, version BIGINT NOT NULL, hours TEXT NOT NULL, actor {key} NOT NULL,
            created_at BIGINT NOT NULL, PRIMARY KEY (agency, version))",
        "CREATE TABLE deadline (
            id {identity}, agency {key} NOT NULL, unit {key} NOT NULL, class {key} NOT NULL, days BIGINT NOT NULL,
            citation TEXT NOT NULL, actor {key} NOT NULL, created_at BIGINT NOT NULL)",
        "CREATE INDEX deadline_unit ON deadline (agency, unit, class, id)",
        "CREATE TABLE workflow (
            number {identity}, id {key} NOT NULL UNIQUE, body TEXT NOT NULL, actor {key} NOT NULL,
            created_at BIGINT NOT NULL)",
        "CREATE TABLE desk (
            agency {key} NOT NULL, unit {key} NOT NULL, body TEXT NOT NULL, version BIGINT NOT NULL,
            updated_at BIGINT NOT NULL, PRIMARY KEY (agency, unit))",
        // How many reports stand in one bucket of one measure; `month` is year * 100 + month of receipt, in Jakarta. Class
        // and channel are `` for measures that are not split.
        "CREATE TABLE tally (
            agency {key} NOT NULL, unit {key} NOT NULL, month BIGINT NOT NULL, class {key} NOT NULL,
            channel {key} NOT NULL, sp4n BIGINT NOT NULL, measure {key} NOT NULL, bucket BIGINT NOT NULL,
            count BIGINT NOT NULL, PRIMARY KEY (agency, unit, month, class, channel, sp4n, measure, bucket))",
        "CREATE TABLE performance (
            agency {key} NOT NULL, unit {key} NOT NULL, year BIGINT NOT NULL, version BIGINT NOT NULL,
            scored BIGINT NOT NULL DEFAULT 0, exact TEXT NOT NULL DEFAULT '', sample BIGINT NOT NULL DEFAULT 0,
            received BIGINT NOT NULL DEFAULT 0, archived BIGINT NOT NULL DEFAULT 0, open BIGINT NOT NULL DEFAULT 0,
            settled BIGINT NOT NULL DEFAULT 0, PRIMARY KEY (agency, unit, year))",
        // `settled`: whether the year had ended when it was computed.
        "CREATE INDEX performance_unsettled ON performance (year) WHERE settled = 0",
        // A mark is raised even when it stands: whoever clears it waits for this transaction, and so sees what it wrote.
        // Unit `` marks the agency.
        "CREATE TABLE performance_dirty (
            agency {key} NOT NULL, unit {key} NOT NULL, year BIGINT NOT NULL, mark BIGINT NOT NULL,
            PRIMARY KEY (agency, unit, year))",
        "CREATE TABLE agency_score (
            agency {key} NOT NULL, year BIGINT NOT NULL, version BIGINT NOT NULL, published BIGINT NOT NULL DEFAULT 0,
            PRIMARY KEY (agency, year))",
        // `unit` answers at the service desk, and is empty for the clinic; the unit that asks is there for the clinic only.
        "CREATE TABLE consultation (
            id {identity}, uid {key} NOT NULL UNIQUE, tracking {blob} UNIQUE, kind {key} NOT NULL,
            agency {key} NOT NULL, unit {key} NOT NULL, asking_agency {key} NOT NULL, asking_unit {key} NOT NULL,
            topic {key} NOT NULL, channel {key} NOT NULL, state {key} NOT NULL, member {key} NOT NULL,
            received_at BIGINT NOT NULL, first_answer_at BIGINT, completed_at BIGINT, appointment_at BIGINT,
            appointment_mode {key} NOT NULL, rating BIGINT NOT NULL DEFAULT 0, secrets {blob}, identity {blob},
            content {blob}, sealed_key {key} NOT NULL, erase_at BIGINT, erased_at BIGINT, identity_erased_at BIGINT,
            version BIGINT NOT NULL, updated_at BIGINT NOT NULL)",
        "CREATE INDEX consultation_agency ON consultation (agency, received_at, id)",
        "CREATE INDEX consultation_unit ON consultation (agency, unit, received_at, id)",
        "CREATE INDEX consultation_asking ON consultation (asking_agency, received_at, id) WHERE asking_agency <> ''",
        "CREATE INDEX consultation_asking_unit ON consultation (asking_agency, asking_unit, received_at, id)
            WHERE asking_agency <> ''",
        "CREATE INDEX consultation_newest ON consultation (received_at, id)",
        "CREATE INDEX consultation_erase_in_txn ON consultation (erase_at, id) WHERE erase_at IS NOT NULL",
        "CREATE INDEX consultation_sealed ON consultation (sealed_key, id) WHERE sealed_key <> ''",
        "CREATE TABLE answer (
            id {identity}, consultation_id BIGINT NOT NULL REFERENCES consultation (id), number BIGINT NOT NULL,
            at BIGINT NOT NULL, actor {key} NOT NULL, member {key} NOT NULL, sealed {blob}, sealed_key {key} NOT NULL,
            UNIQUE (consultation_id, number))",
        "CREATE INDEX answer_sealed ON answer (sealed_key, id) WHERE sealed_key <> ''",
        // `topics`: keys with a comma before and after each.
        "CREATE TABLE member (
            agency {key} NOT NULL, member {key} NOT NULL, display_name TEXT NOT NULL, office TEXT NOT NULL,
            topics {key} NOT NULL, active BIGINT NOT NULL, version BIGINT NOT NULL, PRIMARY KEY (agency, member))",
        // Question and answer are public: words of the agency, none of the asker. `sealed`: why it was withdrawn.
        "CREATE TABLE knowledge (
            id {identity}, uid {key} NOT NULL UNIQUE, agency {key} NOT NULL, topic {key} NOT NULL,
            consultation_id BIGINT NOT NULL REFERENCES consultation (id), question TEXT NOT NULL, answer TEXT NOT NULL,
            actor {key} NOT NULL, published_at BIGINT NOT NULL, withdrawn_at BIGINT, withdrawn_by {key} NOT NULL,
            sealed {blob}, sealed_key {key} NOT NULL)",
        "CREATE INDEX knowledge_agency ON knowledge (agency, id) WHERE withdrawn_at IS NULL",
        "CREATE INDEX knowledge_sealed ON knowledge (sealed_key, id) WHERE sealed_key <> ''",
        "CREATE TABLE identity_reading (
            id {identity}, name {key} NOT NULL, agency {key} NOT NULL, actor {key} NOT NULL, role {key} NOT NULL,
            purpose {key} NOT NULL, method {key} NOT NULL, sealed {blob} NOT NULL, sealed_key {key} NOT NULL,
            at BIGINT NOT NULL)",
        "CREATE INDEX identity_reading_agency ON identity_reading (agency, id)",
        "CREATE INDEX identity_reading_name ON identity_reading (name, id)",
        "CREATE INDEX identity_reading_sealed ON identity_reading (sealed_key, id) WHERE sealed_key <> ''",
        // Which key of the vault seals, as the process knows it that started last.
        // One row: what digests of requests are made with.
        "CREATE TABLE digest_key (id BIGINT PRIMARY KEY, sealed {blob} NOT NULL, sealed_key {key} NOT NULL)",
        "CREATE TABLE sealing (id BIGINT PRIMARY KEY, current_key {key} NOT NULL)",
        "CREATE TABLE directory_unit (agency {key} NOT NULL, unit {key} NOT NULL, PRIMARY KEY (agency, unit))",
    ],
};

/// `ratings`: those that are told, as JSON, how often each number of stars; empty while none are. What was published
/// before is computed anew.
const RATINGS: Step = Step {
    name: "m0003_complaint_ratings",
    statements: &[
        "ALTER TABLE performance ADD COLUMN ratings TEXT NOT NULL DEFAULT ''",
        "INSERT INTO performance_dirty (agency, unit, year, mark) SELECT agency, unit, year, 1 FROM performance WHERE TRUE
         ON CONFLICT (agency, unit, year) DO UPDATE SET mark = performance_dirty.mark + 1",
    ],
};

/// How a row is read. SQLite has one writer, and nothing to lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// As it is.
    None,
    /// It can't change before the transaction ends; others may read it so too.
    Share,
    /// To change it.
    Update,
}

impl Lock {
    /// The query, reading its rows so.
    fn on<Q: QuerySelect>(self, query: Q) -> Q {
        match self {
            Self::None => query,
            Self::Share => query.lock_shared(),
            Self::Update => query.lock_exclusive(),
        }
    }
}

/// The end of a statement by hand that locks rows, those aside that somebody else holds.
fn skip_locked(conn: &impl ConnectionTrait) -> &'static str {
    match conn.get_database_backend() {
        DbBackend::Postgres => " FOR UPDATE SKIP LOCKED",
        _ => "",
    }
}

fn json(value: &impl Serialize) -> Result<String, DbErr> {
    serde_json::to_string(value).map_err(|e| DbErr::Custom(e.to_string()))
}

fn read_json<T: DeserializeOwned>(row: impl std::fmt::Display, column: &str, text: &str) -> Result<T, DbErr> {
    serde_json::from_str(text).map_err(|_| broken(row, column))
}

/// The version after `previous` of a row that is locked.
fn next_version(previous: i64, now: DateTime<Utc>) -> i64 {
    now.timestamp_millis().max(previous.saturating_add(1))
}

/// The same for the row that stands in the way of an insert, whose version is the time.
fn raised_version(table: &str) -> Expr {
    let next = format!("{table}.version + 1");
    Expr::cust(format!(
        "CASE WHEN {next} > excluded.version THEN {next} ELSE excluded.version END"
    ))
}

/// Who sets something, and when.
#[derive(Debug, Clone)]
pub struct By {
    /// Subject of the token.
    pub actor: String,
    /// The time.
    pub at: DateTime<Utc>,
}
