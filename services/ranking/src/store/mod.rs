//! The tables of this service.

mod snapshot;
mod snapshot_position;
mod snapshot_source;

pub use snapshot::{Model as StoredState, snapshot_page, snapshot_save};
pub use snapshot_position::{Model as StoredPosition, snapshot_position_save, snapshot_positions};
pub use snapshot_source::{snapshot_source_save, snapshot_sources};

use prima_platform::{db::Step, schema::platform_steps};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// The steps of this service's schema.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut steps = platform_steps();
        steps.push(Box::new(FIRST));
        steps.push(Box::new(POSITIONS));
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
