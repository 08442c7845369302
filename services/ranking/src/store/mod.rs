//! The tables of this service.

mod definition;
mod history;
mod publication;
mod snapshot;
mod snapshot_position;
mod snapshot_segment;
mod snapshot_source;

pub use definition::{
    Model as Definition, definition_get, definition_insert_in_txn, definition_keys, definition_newest,
};
pub use history::{
    Moment, Span, history_get, history_insert, history_insert_snapshot, history_lock, history_page,
    history_span, history_span_set, history_thin,
};
pub use publication::{
    Proposal, Published, PublishedRow, StoredObjection, StoredRow, cosignature_add_in_txn, cosignatures,
    log_append_in_txn, log_entries, log_entry, log_head, log_head_lock, log_head_set_in_txn,
    objection_insert_in_txn, objection_lock, objection_open, objection_save_in_txn, objections,
    objections_counts, proposal_get, proposal_has_agency, proposal_insert_in_txn, proposal_lock,
    proposal_open, proposal_row, proposal_rows, proposal_rows_insert_in_txn, proposal_save_in_txn,
    proposals_of, published_at, published_correction, published_get, published_insert_in_txn, published_last,
    published_list, published_of_table, published_rows, published_subjects,
};
pub use snapshot::{StoredState, snapshot_len, snapshot_page, snapshot_save};
pub use snapshot_position::{Model as StoredPosition, snapshot_position_save, snapshot_positions};
pub use snapshot_segment::{
    Extent, Segment, segment_body, segment_ids, segments_extent, segments_replace, segments_whole,
};
pub use snapshot_source::{snapshot_source_save, snapshot_sources};

use prima_platform::{db::Step, schema::platform_steps};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// The steps of this service's schema.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut steps = platform_steps();
        steps.push(Box::new(FIRST));
        steps.push(Box::new(DEFINITIONS));
        steps.push(Box::new(HISTORY));
        steps.push(Box::new(POSITIONS));
        steps.push(Box::new(SEGMENTS));
        steps.push(Box::new(publication::STEP));
        steps.push(Box::new(publication::GUARDS));
        steps.push(Box::new(publication::SUBJECTS));
        steps
    }
}

const FIRST: Step = Step {
    name: "m0001_ranking",
    statements: &[
        "CREATE TABLE snapshot (
            subject {key} PRIMARY KEY, version BIGINT NOT NULL, withdrawn BIGINT NOT NULL, payload {blob} NOT NULL,
            applied_at BIGINT NOT NULL)",
        // Services whose stream was read to its end and saved once; before that the snapshot is incomplete.
        "CREATE TABLE snapshot_source (service {key} PRIMARY KEY)",
    ],
};

const DEFINITIONS: Step = Step {
    name: "m0002_ranking_definition",
    statements: &[
        // The definitions that were created here; those of the release are data.
        "CREATE TABLE definition (
            metric {key} NOT NULL, version BIGINT NOT NULL, document TEXT NOT NULL, actor TEXT NOT NULL,
            created_at BIGINT NOT NULL, state_version BIGINT NOT NULL, PRIMARY KEY (metric, version))",
        // A snapshot of before contains all that this service had published: nothing. So it stays complete.
        "INSERT INTO snapshot_source (service) VALUES ('ranking')",
    ],
};

const HISTORY: Step = Step {
    name: "m0003_ranking_history",
    statements: &[
        // `known_at` is the end of the step of the history in which the state was received. The subject names kind, metric and
        // period, so that the key finds the states of a table.
        "CREATE TABLE history (
            subject {key} NOT NULL, known_at BIGINT NOT NULL, version BIGINT NOT NULL, withdrawn BIGINT NOT NULL,
            payload {blob} NOT NULL, PRIMARY KEY (subject, known_at))",
        // One row, which whoever writes to the history locks.
        "CREATE TABLE history_span (began_at BIGINT NOT NULL, written_to BIGINT NOT NULL)",
        "INSERT INTO history_span (began_at, written_to) VALUES (0, 0)",
    ],
};

const POSITIONS: Step = Step {
    name: "m0004_ranking_snapshot_position",
    statements: &[
        // Up to where the snapshot has all states of a stream that match the filters. The message with that sequence is the
        // same one only if it was stored at the same time.
        "CREATE TABLE snapshot_position (
            service {key} PRIMARY KEY, filters TEXT NOT NULL, created BIGINT NOT NULL, sequence BIGINT NOT NULL,
            stored BIGINT NOT NULL)",
    ],
};

const SEGMENTS: Step = Step {
    name: "m0005_ranking_snapshot_segment",
    statements: &[
        "CREATE TABLE snapshot_segment (id {key} PRIMARY KEY, states BIGINT NOT NULL, body {blob} NOT NULL)",
        // One row, once all rows of the snapshot are in segments. A process of the release before writes rows alone, and records
        // its positions in `snapshot_position`.
        "CREATE TABLE snapshot_whole (id BIGINT PRIMARY KEY, states BIGINT NOT NULL)",
        "INSERT INTO snapshot_whole (id, states) SELECT 1, 0 WHERE NOT EXISTS (SELECT 1 FROM snapshot)",
        "CREATE TABLE segment_position (
            service {key} PRIMARY KEY, filters TEXT NOT NULL, created BIGINT NOT NULL, sequence BIGINT NOT NULL,
            stored BIGINT NOT NULL)",
    ],
};
