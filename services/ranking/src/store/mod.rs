//! The tables of this service.

mod snapshot;
mod snapshot_source;

pub use snapshot::{Model as StoredState, snapshot_page, snapshot_save};
pub use snapshot_source::{snapshot_source_save, snapshot_sources};

use prima_platform::{db::Step, schema::platform_steps};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// The steps of this service's schema.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut steps = platform_steps();
        steps.push(Box::new(FIRST));
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
