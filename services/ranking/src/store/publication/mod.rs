//! Proposed and published tables, objections, and the log. Rows of published tables, entries of the log and decisions never change.

mod log;
mod objection;
mod proposal;
mod published;

pub use log::{
    cosignature_add_in_txn, cosignatures, log_append_in_txn, log_entries, log_entry, log_head, log_head_lock,
    log_head_set_in_txn,
};
pub use objection::{
    Model as StoredObjection, objection_insert_in_txn, objection_lock, objection_open, objection_save_in_txn,
    objections, objections_counts,
};
pub use proposal::{
    Model as Proposal, StoredRow, proposal_get, proposal_has_agency, proposal_insert_in_txn, proposal_lock,
    proposal_open, proposal_row, proposal_rows, proposal_rows_insert_in_txn, proposal_save_in_txn,
    proposals_of,
};
pub use published::{
    Model as Published, PublishedRow, published_at, published_correction, published_get,
    published_insert_in_txn, published_last, published_list, published_of_table, published_rows,
    published_subjects,
};

use prima_platform::db::{AppendOnly, Guards, Step};

/// The step that creates the tables.
pub const STEP: Step = Step {
    name: "m0006_ranking_publication",
    statements: &[
        // `facts` is canonical JSON of what was known when the rows were frozen.
        "CREATE TABLE proposal (
            id {key} PRIMARY KEY, league_table {key} NOT NULL, state BIGINT NOT NULL, facts TEXT NOT NULL, actor TEXT NOT NULL,
            created_at BIGINT NOT NULL, ends_at BIGINT NOT NULL, corrects BIGINT NOT NULL, reason TEXT NOT NULL,
            replaces TEXT NOT NULL, replaced_by TEXT NOT NULL, published_as BIGINT NOT NULL)",
        // `body` is canonical JSON, to the byte what is sealed.
        "CREATE TABLE proposal_row (
            proposal {key} NOT NULL, place BIGINT NOT NULL, subject {key} NOT NULL, agency {key} NOT NULL, body TEXT NOT NULL,
            PRIMARY KEY (proposal, place))",
        "CREATE INDEX proposal_row_agency ON proposal_row (agency, proposal)",
        "CREATE INDEX proposal_row_subject ON proposal_row (proposal, subject)",
        "CREATE TABLE objection (
            id {key} PRIMARY KEY, proposal {key} NOT NULL, subject {key} NOT NULL, agency {key} NOT NULL, grounds TEXT NOT NULL,
            filed_by TEXT NOT NULL, filer TEXT NOT NULL, filed_at BIGINT NOT NULL, decision BIGINT NOT NULL,
            decision_reason TEXT NOT NULL, decided_by TEXT NOT NULL, decided_at BIGINT NOT NULL)",
        "CREATE INDEX objection_proposal ON objection (proposal, id)",
        "CREATE TABLE published_table (
            number BIGINT PRIMARY KEY, proposal {key} NOT NULL UNIQUE, league_table {key} NOT NULL, metric {key} NOT NULL,
            period {key} NOT NULL, corrects BIGINT NOT NULL, published_at BIGINT NOT NULL, position BIGINT NOT NULL UNIQUE,
            checkpoint TEXT NOT NULL)",
        "CREATE TABLE log_entry (position BIGINT PRIMARY KEY, body TEXT NOT NULL)",
        // One row, which whoever appends to the log locks.
        "CREATE TABLE log_head (size BIGINT NOT NULL, checkpoint TEXT NOT NULL)",
        "INSERT INTO log_head (size, checkpoint) VALUES (0, '')",
        "CREATE TABLE log_cosignature (
            size BIGINT NOT NULL, witness {key} NOT NULL, line TEXT NOT NULL, PRIMARY KEY (size, witness))",
    ],
};

/// The step after which the database itself refuses to change what is published, decided or logged.
pub const GUARDS: Guards = Guards {
    name: "m0007_ranking_publication_guards",
    tables: &[
        AppendOnly::always("log_entry"),
        AppendOnly::always("log_cosignature"),
        AppendOnly::always("published_table"),
        AppendOnly::always("proposal_row"),
        // A log only grows.
        AppendOnly {
            table: "log_head",
            unchanged_when: "NEW.size <= OLD.size",
        },
        // What is not open any more is published or replaced.
        AppendOnly {
            table: "proposal",
            unchanged_when: "OLD.state <> 1",
        },
        AppendOnly {
            table: "objection",
            unchanged_when: "OLD.decision <> 0",
        },
    ],
};

/// The step for the pages of subjects.
pub const SUBJECTS: Step = Step {
    name: "m0008_ranking_publication_subjects",
    statements: &["CREATE INDEX proposal_row_of_subject ON proposal_row (subject, proposal)"],
};
