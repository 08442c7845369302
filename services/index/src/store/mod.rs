//! The tables of the index service: instruments, external scores, cycles and assessments, and the last states that
//! other services published.

mod action;
mod agency_index;
mod assessment;
mod cycle;
mod dirty;
mod evaluation;
mod evidence;
mod external;
mod fact;
mod instrument;
mod key;
mod objection;
mod own_metric;
mod self_assessor;
mod self_level;
mod uncounted;

pub use action::{
    Model as Action, action_complete_in_txn, action_get, action_insert_in_txn, action_list,
    action_next_in_txn,
};
pub use agency_index::{
    Model as AgencyIndex, agency_index_get, agency_index_lock_in_txn, agency_index_page,
    agency_index_save_in_txn,
};
pub use assessment::{
    Model as Assessment, assessment_get, assessment_insert_in_txn, assessment_lock_in_txn,
    assessment_lock_same_version_in_txn, assessment_page, assessment_save_in_txn, assessments_by_type,
    assessments_exact, assessments_of,
};
pub use cycle::{
    assessment_of_year, cycle_get, cycle_insert_in_txn, cycle_lock_in_txn, cycle_page, cycle_save_in_txn,
    cycle_share_in_txn, cycles_share_of_unit_in_txn,
};
pub use dirty::{UNIT_INDEX, unit_flag_dirty_in_txn, unit_lock_in_txn};
pub use evaluation::{Model as Evaluation, evaluations, evaluations_save_in_txn};
pub use evidence::{
    Model as Evidence, evidence_get, evidence_insert_in_txn, evidence_next_in_txn, evidence_page,
};
pub use external::{
    ExternalFilter, ExternalKey, Model as ExternalScore, RecordStatus, external_get, external_insert_in_txn,
    external_next_in_txn, external_of_units, external_page, external_settle_in_txn,
};
pub use fact::{Model as Fact, fact_list, fact_remove_in_txn, fact_save_in_txn};
pub use instrument::{instrument_get, instrument_insert_in_txn, instrument_list, instrument_of};
pub use objection::{
    Model as Objection, objection_insert_in_txn, objection_save_in_txn, objections, objections_open,
};
pub use own_metric::{own_metric_get, own_metric_list, own_metric_remove_in_txn, own_metric_save_in_txn};
pub use self_assessor::{Model as SelfAssessor, acted_for_unit, self_assessor_save_in_txn};
pub use self_level::{Model as SelfLevel, self_levels, self_levels_save_in_txn};
pub use uncounted::{Found as Uncounted, uncounted};

use prima_platform::{db::Step, schema::platform_steps};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// The steps of this service's schema.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut steps = platform_steps();
        steps.push(Box::new(FIRST));
        steps.push(Box::new(SELF_ASSESSOR));
        steps.push(Box::new(CONFIRMATION));
        steps.push(Box::new(SCORE_PARTS));
        steps.push(Box::new(OWN_METRICS));
        steps
    }
}

/// Token subjects who submitted F-01 of a unit; they may not judge it.
const SELF_ASSESSOR: Step = Step {
    name: "m0002_self_assessor",
    statements: &["CREATE TABLE self_assessor (
            cycle_id BIGINT NOT NULL, agency {key} NOT NULL, unit {key} NOT NULL, subject {key} NOT NULL,
            PRIMARY KEY (cycle_id, agency, unit, subject))"],
};

/// The document of a recorded score, and the records that wait to be confirmed, in a table with the same columns. In
/// a record of the release before `confirmed_at` is NULL: it counts as confirmed when it was recorded.
const CONFIRMATION: Step = Step {
    name: "m0003_confirmation",
    statements: &[
        "ALTER TABLE external_score ADD COLUMN link TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE external_score ADD COLUMN sha256 {blob}",
        "ALTER TABLE external_score ADD COLUMN confirmed_at BIGINT",
        "ALTER TABLE external_score ADD COLUMN confirmer TEXT NOT NULL DEFAULT ''",
        "CREATE TABLE external_unconfirmed (
            metric {key} NOT NULL, agency {key} NOT NULL, unit {key} NOT NULL, period {key} NOT NULL,
            number BIGINT NOT NULL, era TEXT NOT NULL, score TEXT NOT NULL, category TEXT NOT NULL,
            source TEXT NOT NULL, no_maladministration BIGINT NOT NULL, reason TEXT NOT NULL, actor TEXT NOT NULL,
            recorded_at BIGINT NOT NULL, version BIGINT NOT NULL, replaced BIGINT NOT NULL DEFAULT 0,
            link TEXT NOT NULL, sha256 {blob}, confirmed_at BIGINT, confirmer TEXT NOT NULL,
            PRIMARY KEY (metric, agency, unit, period, number))",
        "CREATE UNIQUE INDEX external_unconfirmed_now ON external_unconfirmed (metric, agency, unit, period)
            WHERE replaced = 0",
    ],
};

/// The parts of a recorded score.
const SCORE_PARTS: Step = Step {
    name: "m0004_score_parts",
    statements: &[
        "ALTER TABLE external_score ADD COLUMN parts TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE external_unconfirmed ADD COLUMN parts TEXT NOT NULL DEFAULT ''",
    ],
};

/// The definitions of league tables that operators created, by which scores of their own metrics are recorded.
const OWN_METRICS: Step = Step {
    name: "m0005_own_metrics",
    statements: &["CREATE TABLE own_metric (metric {key} PRIMARY KEY, document TEXT NOT NULL)"],
};

const FIRST: Step = Step {
    name: "m0001_index",
    statements: &[
        // Instruments that were added; the built-in ones are embedded in the binary.
        "CREATE TABLE instrument (id {key} PRIMARY KEY, document TEXT NOT NULL, created_at BIGINT NOT NULL)",
        // `unit` is '' for an agency. `number` counts the records of one metric, subject and period; the highest one
        // counts.
        "CREATE TABLE external_score (
            metric {key} NOT NULL, agency {key} NOT NULL, unit {key} NOT NULL, period {key} NOT NULL,
            number BIGINT NOT NULL, era TEXT NOT NULL, score TEXT NOT NULL, category TEXT NOT NULL,
            source TEXT NOT NULL, no_maladministration BIGINT NOT NULL, reason TEXT NOT NULL, actor TEXT NOT NULL,
            recorded_at BIGINT NOT NULL, version BIGINT NOT NULL, replaced BIGINT NOT NULL DEFAULT 0,
            PRIMARY KEY (metric, agency, unit, period, number))",
        "CREATE UNIQUE INDEX external_score_now ON external_score (metric, agency, unit, period) WHERE replaced = 0",
        // One cycle for each scheme, year and agency ('' for all), because its scores have one key.
        "CREATE TABLE cycle (
            id {identity}, cycle {key} NOT NULL UNIQUE, scheme TEXT NOT NULL, year {key} NOT NULL, agency {key} NOT NULL,
            instrument {key} NOT NULL, settings TEXT NOT NULL, final_at BIGINT, etag BIGINT NOT NULL,
            created_at BIGINT NOT NULL, UNIQUE (scheme, year, agency))",
        // `exact` and `inputs`: the index and its inputs, as published under `version`.
        "CREATE TABLE assessment (
            cycle_id BIGINT NOT NULL, agency {key} NOT NULL, unit {key} NOT NULL, form TEXT NOT NULL,
            version BIGINT NOT NULL, exact TEXT, inputs TEXT NOT NULL DEFAULT '', published BIGINT NOT NULL DEFAULT 0,
            updated_at BIGINT NOT NULL, PRIMARY KEY (cycle_id, agency, unit))",
        "CREATE INDEX assessment_unit ON assessment (agency, unit)",
        // The lock and the version of an agency's index in a cycle.
        "CREATE TABLE agency_index (
            cycle_id BIGINT NOT NULL, agency {key} NOT NULL, version BIGINT NOT NULL, exact TEXT,
            counted BIGINT NOT NULL DEFAULT 0, expected BIGINT NOT NULL DEFAULT 0, published BIGINT NOT NULL DEFAULT 0,
            PRIMARY KEY (cycle_id, agency))",
        // Units whose facts changed since their assessments were computed. A row is also the lock that enrolling a
        // unit and changing its facts share.
        "CREATE TABLE unit_mark (agency {key} NOT NULL, unit {key} NOT NULL, PRIMARY KEY (agency, unit))",
        "CREATE TABLE self_level (
            cycle_id BIGINT NOT NULL, agency {key} NOT NULL, unit {key} NOT NULL, indicator {key} NOT NULL,
            level BIGINT NOT NULL, note TEXT NOT NULL, updated_at BIGINT NOT NULL,
            PRIMARY KEY (cycle_id, agency, unit, indicator))",
        "CREATE TABLE evaluation (
            cycle_id BIGINT NOT NULL, agency {key} NOT NULL, unit {key} NOT NULL, indicator {key} NOT NULL,
            evaluator {key} NOT NULL, level BIGINT NOT NULL, note TEXT NOT NULL, updated_at BIGINT NOT NULL,
            PRIMARY KEY (cycle_id, agency, unit, indicator, evaluator))",
        "CREATE TABLE objection (
            cycle_id BIGINT NOT NULL, agency {key} NOT NULL, unit {key} NOT NULL, number BIGINT NOT NULL,
            indicator {key} NOT NULL, reason TEXT NOT NULL, actor TEXT NOT NULL, created_at BIGINT NOT NULL,
            granted BIGINT NOT NULL DEFAULT 0, level BIGINT, decision TEXT NOT NULL DEFAULT '',
            decider TEXT NOT NULL DEFAULT '', decided_at BIGINT, PRIMARY KEY (cycle_id, agency, unit, number))",
        // The object storage keeps a file under its SHA-256; a link has no type, size and SHA-256.
        "CREATE TABLE evidence (
            cycle_id BIGINT NOT NULL, agency {key} NOT NULL, unit {key} NOT NULL, number BIGINT NOT NULL,
            indicator {key} NOT NULL, display_name TEXT NOT NULL, link TEXT NOT NULL, media_type TEXT NOT NULL,
            size BIGINT NOT NULL, sha256 {blob} NOT NULL, actor TEXT NOT NULL,
            created_at BIGINT NOT NULL, PRIMARY KEY (cycle_id, agency, unit, number))",
        "CREATE TABLE action (
            cycle_id BIGINT NOT NULL, agency {key} NOT NULL, unit {key} NOT NULL, number BIGINT NOT NULL,
            indicator {key} NOT NULL, description TEXT NOT NULL, owner TEXT NOT NULL, due_date TEXT NOT NULL,
            done_date TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT '', created_at BIGINT NOT NULL,
            PRIMARY KEY (cycle_id, agency, unit, number))",
        // The last state of each subject that a service published of a unit; `service` is the first part of the
        // subject.
        "CREATE TABLE fact (
            subject {key} PRIMARY KEY, service {key} NOT NULL, agency {key} NOT NULL, unit {key} NOT NULL,
            version BIGINT NOT NULL, payload {blob} NOT NULL)",
        "CREATE INDEX fact_unit ON fact (agency, unit)",
    ],
};
