//! The tables of the directory: agencies, units and their types, public services, their standards and charters, and revocations of
//! tokens. No row is deleted but that of a unit type that no unit has, and a revocation that has ended.

mod agency;
mod json;
mod public_service;
mod revision;
mod revocation;
mod unit;
mod unit_type;

pub use agency::{
    AgencyFilter, agency_get, agency_insert_in_txn, agency_lock_in_txn, agency_page, agency_save_in_txn,
};
pub use public_service::{
    public_service_get, public_service_insert_in_txn, public_service_list, public_service_page,
    public_service_save_in_txn,
};
pub use revision::{
    revision_facts, revision_get, revision_in_force, revision_insert_in_txn, revision_next_number,
};
pub use revocation::{
    revocation_delete_ended_in_txn, revocation_list, revocation_lock_in_txn, revocation_save_in_txn,
};
pub use unit::{
    UnitFilter, unit_get, unit_insert_in_txn, unit_lock_in_txn, unit_page, unit_save_in_txn, units_of_type,
};
pub use unit_type::{
    unit_type_delete_in_txn, unit_type_get, unit_type_insert_in_txn, unit_type_is_defined,
    unit_type_lock_in_txn, unit_type_page, unit_type_save_in_txn,
};

use prima_platform::{db::Step, schema::platform_steps};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// The steps of this service's schema.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut steps = platform_steps();
        steps.push(Box::new(FIRST));
        steps.push(Box::new(UNIT_TYPES));
        steps.push(Box::new(REVOCATIONS));
        steps
    }
}

const FIRST: Step = Step {
    name: "m0001_directory",
    statements: &[
        "CREATE TABLE agency (
            agency {key} PRIMARY KEY, display_name TEXT NOT NULL, kind TEXT NOT NULL, parent {key},
            version BIGINT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL)",
        "CREATE INDEX agency_parent ON agency (parent, agency)",
        "CREATE INDEX agency_kind ON agency (kind, agency)",
        // Units of all agencies are ordered by `name`, because ordering by the ids would differ: `agencies/a-b/…` comes
        // before `agencies/a/…`, but `a` comes before `a-b`.
        "CREATE TABLE unit (
            agency {key} NOT NULL, unit {key} NOT NULL, name {key} NOT NULL UNIQUE, display_name TEXT NOT NULL,
            unit_type {key} NOT NULL, close_date TEXT, successors TEXT NOT NULL, version BIGINT NOT NULL,
            created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, PRIMARY KEY (agency, unit))",
        "CREATE INDEX unit_unit_type ON unit (unit_type, name)",
        "CREATE TABLE public_service (
            agency {key} NOT NULL, unit {key} NOT NULL, service {key} NOT NULL, display_name TEXT NOT NULL,
            description TEXT NOT NULL, version BIGINT NOT NULL, created_at BIGINT NOT NULL,
            updated_at BIGINT NOT NULL, PRIMARY KEY (agency, unit, service))",
        // One row for each revision. `document` is the whole document, `facts` what the unit's event publishes of it; both
        // are JSON.
        "CREATE TABLE service_standard (
            agency {key} NOT NULL, unit {key} NOT NULL, service {key} NOT NULL, revision BIGINT NOT NULL,
            document TEXT NOT NULL, facts TEXT NOT NULL, actor TEXT NOT NULL, created_at BIGINT NOT NULL,
            PRIMARY KEY (agency, unit, service, revision))",
        "CREATE TABLE service_charter (
            agency {key} NOT NULL, unit {key} NOT NULL, revision BIGINT NOT NULL, document TEXT NOT NULL,
            facts TEXT NOT NULL, actor TEXT NOT NULL, created_at BIGINT NOT NULL,
            PRIMARY KEY (agency, unit, revision))",
    ],
};

const UNIT_TYPES: Step = Step {
    name: "m0002_unit_types",
    statements: &[
        // The types that agencies have defined; the built-in ones are data of the release.
        "CREATE TABLE unit_type (
            agency {key} NOT NULL, unit_type {key} NOT NULL, name {key} NOT NULL UNIQUE, display_name TEXT NOT NULL,
            national {key}, version BIGINT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL,
            PRIMARY KEY (agency, unit_type))",
    ],
};

const REVOCATIONS: Step = Step {
    name: "m0003_revocations",
    statements: &[
        // A row leaves when no token that it names can be valid any more.
        "CREATE TABLE revocation (
            id {key} PRIMARY KEY, kind TEXT NOT NULL, issuer TEXT NOT NULL, value TEXT NOT NULL, issued_until BIGINT,
            ends_at BIGINT, reason TEXT NOT NULL, version BIGINT NOT NULL, created_at BIGINT NOT NULL)",
        "CREATE INDEX revocation_ends_at ON revocation (ends_at)",
    ],
};
