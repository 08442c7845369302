//! The tables of the service. Identities and free text are encrypted; rows of the timeline and of the log of readings
//! are only ever added.

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
pub mod directory_unit;
pub mod due;
pub mod erasure;
pub mod feed;
pub mod figures;
pub mod held;
pub mod identity;
pub mod knowledge;
pub mod list;
pub mod member;
pub mod ownership;
pub mod performance;
pub mod reading;
pub mod rotation;
pub mod sealed;
pub mod sp4n;
pub mod tally;
pub mod timeline;
pub mod uncounted;
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

/// The migration steps of this service's schema.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut steps = platform_steps();
        steps.push(Box::new(FIRST));
        steps.push(Box::new(SEARCH));
        steps.push(Box::new(RATINGS));
        steps.push(Box::new(SP4N_NUMBERS));
        steps.push(Box::new(HELD));
        steps.push(Box::new(INDEX_NAMES));
        steps.push(Box::new(SEALED_NUMBERS));
        steps
    }
}

/// The search index of the knowledge base.
pub const SEARCH: Search = Search {
    step: "m0002_knowledge_search",
    table: "knowledge_search",
    key: "knowledge_id",
};

/// Times are unix microseconds. `sealed_key` names the key under which the encrypted columns of a row are encrypted; it
/// is empty when there are none.
const FIRST: Step = Step {
    name: "m0001_complaint",
    statements: &[
        // `facts` is the case as JSON, without personal data; the other columns are there to search by. `erased_at` is
        // when identity or texts were erased last, `identity_erased_at` when a given identity was erased. `due_at` is
        // the earliest running deadline, `wake_at` when the system has to act next. `calendar` is the version of the
        // calendar with which the deadlines were computed. `erase_at` is when the next erasure is due. `failures`
        // counts how often the system has failed to process the report since the last success.
        "CREATE TABLE complaint (
            id {identity}, uid {key} NOT NULL UNIQUE, tracking {blob} NOT NULL UNIQUE,
            agency {key} NOT NULL, unit {key} NOT NULL, class {key} NOT NULL, state {key} NOT NULL,
            open BIGINT NOT NULL, received_at BIGINT NOT NULL, workflow {key} NOT NULL, calendar BIGINT NOT NULL,
            facts TEXT NOT NULL, due_at BIGINT, wake_at BIGINT, erase_at BIGINT, merged_into BIGINT,
            region {key} NOT NULL, incident_date {key} NOT NULL, sp4n_number {key} NOT NULL,
            secrets {blob} NOT NULL, identity {blob}, content {blob}, sealed_key {key} NOT NULL,
            erased_at BIGINT, identity_erased_at BIGINT, failures BIGINT NOT NULL DEFAULT 0,
            version BIGINT NOT NULL, updated_at BIGINT NOT NULL)",
        // The columns after `id` in the indexes of lists do not belong to the order: with them, rows that a filter
        // excludes are skipped in the index without being read.
        "CREATE INDEX complaint_newest ON complaint (received_at, id, state, class, open)",
        "CREATE INDEX complaint_agency ON complaint (agency, received_at, id, state, class, open)",
        "CREATE INDEX complaint_unit ON complaint (agency, unit, received_at, id, state, class, open)",
        "CREATE INDEX complaint_state ON complaint (agency, state, received_at, id)",
        "CREATE INDEX complaint_open ON complaint (agency, received_at, id) WHERE open = 1",
        "CREATE INDEX complaint_due ON complaint (due_at, id, state, class, open) WHERE due_at IS NOT NULL",
        "CREATE INDEX complaint_agency_due ON complaint (agency, due_at, id, unit, state, class, open)
            WHERE due_at IS NOT NULL",
        "CREATE INDEX complaint_wake ON complaint (wake_at, id) WHERE wake_at IS NOT NULL",
        // The index covers every report with a running deadline. A report that is overdue and fully escalated has no
        // `wake_at` any more, but still a `due_at`.
        "CREATE INDEX complaint_calendar ON complaint (calendar, id) WHERE wake_at IS NOT NULL OR due_at IS NOT NULL",
        "CREATE INDEX complaint_erase ON complaint (erase_at, id) WHERE erase_at IS NOT NULL",
        "CREATE INDEX complaint_sealed ON complaint (sealed_key, id) WHERE sealed_key <> ''",
        "CREATE INDEX complaint_merged ON complaint (merged_into) WHERE merged_into IS NOT NULL",
        // Blind indexes of telephone numbers and e-mail addresses; `sealed_key` is the key that made the hash.
        "CREATE TABLE contact (
            hash {blob} NOT NULL, complaint_id BIGINT NOT NULL REFERENCES complaint (id), sealed_key {key} NOT NULL,
            PRIMARY KEY (hash, complaint_id))",
        "CREATE INDEX contact_complaint ON contact (complaint_id)",
        "CREATE INDEX contact_sealed ON contact (sealed_key)",
        // `entry` is what happened as JSON, without personal data. `agency` and `unit` handle the report after the
        // line; `from_agency` and `from_unit` are set when they handled it before. `feed` is the position in the feed,
        // assigned after the commit.
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
        // `owner` is `pending`, `complaint`, `timeline`, `consultation` or `answer`; `owner_id` is the database key of
        // that row. `digest` is the SHA-256 of the encrypted content in the object storage. `sealed` is the file name
        // and the key of the content, encrypted.
        "CREATE TABLE attachment (
            id {identity}, uid {key} NOT NULL UNIQUE, owner {key} NOT NULL, owner_id BIGINT NOT NULL,
            uploader {key} NOT NULL, media_type TEXT NOT NULL, size BIGINT NOT NULL, digest {blob} NOT NULL,
            sealed {blob}, sealed_key {key} NOT NULL, created_at BIGINT NOT NULL)",
        "CREATE INDEX attachment_owner ON attachment (owner, owner_id)",
        "CREATE INDEX attachment_pending ON attachment (created_at, id) WHERE owner = 'pending'",
        "CREATE INDEX attachment_sealed ON attachment (sealed_key, id) WHERE sealed_key <> ''",
        // Transactions that change the calendar or working hours lock row 1.
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
        // Number of reports in each cell. `month` is year * 100 + month of receipt, in Jakarta. Class and channel are
        // empty for measures that are not broken down by them.
        "CREATE TABLE tally (
            agency {key} NOT NULL, unit {key} NOT NULL, month BIGINT NOT NULL, class {key} NOT NULL,
            channel {key} NOT NULL, sp4n BIGINT NOT NULL, measure {key} NOT NULL, bucket BIGINT NOT NULL,
            count BIGINT NOT NULL, PRIMARY KEY (agency, unit, month, class, channel, sp4n, measure, bucket))",
        "CREATE TABLE performance (
            agency {key} NOT NULL, unit {key} NOT NULL, year BIGINT NOT NULL, version BIGINT NOT NULL,
            scored BIGINT NOT NULL DEFAULT 0, exact TEXT NOT NULL DEFAULT '', sample BIGINT NOT NULL DEFAULT 0,
            received BIGINT NOT NULL DEFAULT 0, archived BIGINT NOT NULL DEFAULT 0, open BIGINT NOT NULL DEFAULT 0,
            settled BIGINT NOT NULL DEFAULT 0, PRIMARY KEY (agency, unit, year))",
        // `settled` says whether the year had ended when the row was computed.
        "CREATE INDEX performance_unsettled ON performance (year) WHERE settled = 0",
        // Dirty flags of an earlier release. Flagging again raises `mark`, so that the transaction that clears the flag
        // waits for this one and sees what it wrote. An empty unit flags the agency.
        "CREATE TABLE performance_dirty (
            agency {key} NOT NULL, unit {key} NOT NULL, year BIGINT NOT NULL, mark BIGINT NOT NULL,
            PRIMARY KEY (agency, unit, year))",
        "CREATE TABLE agency_score (
            agency {key} NOT NULL, year BIGINT NOT NULL, version BIGINT NOT NULL, published BIGINT NOT NULL DEFAULT 0,
            PRIMARY KEY (agency, year))",
        // `unit` is that of the service desk and empty for the clinic. `asking_agency` and `asking_unit` are set only
        // for the clinic.
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
        "CREATE INDEX consultation_erase ON consultation (erase_at, id) WHERE erase_at IS NOT NULL",
        "CREATE INDEX consultation_sealed ON consultation (sealed_key, id) WHERE sealed_key <> ''",
        "CREATE TABLE answer (
            id {identity}, consultation_id BIGINT NOT NULL REFERENCES consultation (id), number BIGINT NOT NULL,
            at BIGINT NOT NULL, actor {key} NOT NULL, member {key} NOT NULL, sealed {blob}, sealed_key {key} NOT NULL,
            UNIQUE (consultation_id, number))",
        "CREATE INDEX answer_sealed ON answer (sealed_key, id) WHERE sealed_key <> ''",
        // `topics` holds the keys with a comma before and after each.
        "CREATE TABLE member (
            agency {key} NOT NULL, member {key} NOT NULL, display_name TEXT NOT NULL, office TEXT NOT NULL,
            topics {key} NOT NULL, active BIGINT NOT NULL, version BIGINT NOT NULL, PRIMARY KEY (agency, member))",
        // Question and answer are public and contain nothing of the asker. `sealed` is the reason for the withdrawal,
        // encrypted.
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
        // `digest_key` has one row: the key that digests of requests are made with. `sealing` has one row: the name of
        // the key that encrypts, according to the process that started last.
        "CREATE TABLE digest_key (id BIGINT PRIMARY KEY, sealed {blob} NOT NULL, sealed_key {key} NOT NULL)",
        "CREATE TABLE sealing (id BIGINT PRIMARY KEY, current_key {key} NOT NULL)",
        "CREATE TABLE directory_unit (agency {key} NOT NULL, unit {key} NOT NULL, PRIMARY KEY (agency, unit))",
    ],
};

/// `ratings` is the published histogram of ratings as JSON; empty while none is published. Everything published before
/// is recomputed.
const RATINGS: Step = Step {
    name: "m0003_complaint_ratings",
    statements: &[
        "ALTER TABLE performance ADD COLUMN ratings TEXT NOT NULL DEFAULT ''",
        "INSERT INTO performance_dirty (agency, unit, year, mark) SELECT agency, unit, year, 1 FROM performance WHERE TRUE
         ON CONFLICT (agency, unit, year) DO UPDATE SET mark = performance_dirty.mark + 1",
    ],
};

/// An index to find reports by their number in SP4N-LAPOR!.
const SP4N_NUMBERS: Step = Step {
    name: "m0004_complaint_sp4n_numbers",
    statements: &[
        "CREATE INDEX complaint_sp4n_number ON complaint (sp4n_number, id) WHERE sp4n_number <> ''",
    ],
};

/// `held` is JSON: the deadlines that passed, and the cells of `held_tally` in which the report is counted. `counted` is
/// the version of the report when it was counted so last; a process of an earlier release raises only the version. All
/// published figures are recomputed.
const HELD: Step = Step {
    name: "m0005_complaint_held",
    statements: &[
        "ALTER TABLE complaint ADD COLUMN held TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE complaint ADD COLUMN counted BIGINT NOT NULL DEFAULT 0",
        "CREATE INDEX complaint_uncounted ON complaint (id) WHERE counted < version",
        "CREATE TABLE held_tally (
            agency {key} NOT NULL, unit {key} NOT NULL, month BIGINT NOT NULL, class {key} NOT NULL,
            channel {key} NOT NULL, sp4n BIGINT NOT NULL, measure {key} NOT NULL, bucket BIGINT NOT NULL,
            count BIGINT NOT NULL, PRIMARY KEY (agency, unit, month, class, channel, sp4n, measure, bucket))",
        "INSERT INTO derived_mark (kind, key) SELECT 'performance', agency || '/' || unit || '/' || year FROM performance",
    ],
};

/// Two indexes that databases created between two releases have under other names.
const INDEX_NAMES: Step = Step {
    name: "m0006_complaint_index_names",
    statements: &[
        "DROP INDEX IF EXISTS complaint_erase_in_txn",
        "DROP INDEX IF EXISTS consultation_erase_in_txn",
        "CREATE INDEX IF NOT EXISTS complaint_erase ON complaint (erase_at, id) WHERE erase_at IS NOT NULL",
        "CREATE INDEX IF NOT EXISTS consultation_erase ON consultation (erase_at, id) WHERE erase_at IS NOT NULL",
    ],
};

/// Blind indexes of numbers in SP4N-LAPOR!; `sealed_key` is the key that made the hash. `complaint.sp4n_number` is empty once its
/// number is encrypted; a process of an earlier release still fills it.
const SEALED_NUMBERS: Step = Step {
    name: "m0006_complaint_sealed_numbers",
    statements: &[
        "CREATE TABLE sp4n_number (
            hash {blob} NOT NULL, complaint_id BIGINT NOT NULL REFERENCES complaint (id), sealed_key {key} NOT NULL,
            PRIMARY KEY (hash, complaint_id))",
        "CREATE INDEX sp4n_number_complaint ON sp4n_number (complaint_id)",
        "CREATE INDEX sp4n_number_sealed ON sp4n_number (sealed_key)",
    ],
};

/// How a row is locked when it is read. SQLite has a single writer and needs no row locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Not at all.
    None,
    /// Against changes until the transaction ends; others may lock it in the same way.
    Share,
    /// For a change in this transaction.
    Update,
}

impl Lock {
    /// Adds the lock to a query.
    fn on<Q: QuerySelect>(self, query: Q) -> Q {
        match self {
            Self::None => query,
            Self::Share => query.lock_shared(),
            Self::Update => query.lock_exclusive(),
        }
    }
}

/// The end of a hand-written statement that locks rows and skips those that another transaction has locked.
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

/// The version that follows `previous`; the row must be locked.
fn next_version(previous: i64, now: DateTime<Utc>) -> i64 {
    now.timestamp_millis().max(previous.saturating_add(1))
}

/// The same as SQL for an insert that conflicts with a row. `excluded.version` is the current time.
fn raised_version(table: &str) -> Expr {
    let next = format!("{table}.version + 1");
    Expr::cust(format!(
        "CASE WHEN {next} > excluded.version THEN {next} ELSE excluded.version END"
    ))
}

/// Who changed a setting, and when.
#[derive(Debug, Clone)]
pub struct By {
    /// Subject of the token.
    pub actor: String,
    pub at: DateTime<Utc>,
}
