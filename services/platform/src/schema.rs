//! The platform's tables in every service's database. Their statements are written by hand, in one module a table: `outbox`
//! and `lease` are upserted under conditions and with the clock of the database, `consumed` and `dead_letter` only by newer
//! versions, `derived` and `derived_mark` are written many rows at once and locked with SKIP LOCKED, and all of them run for
//! every event or command.

use sea_orm_migration::MigrationTrait;

use crate::{audit, db::Step, derived, outbox, token};

/// The first steps of every service's schema.
pub fn platform_steps() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(FIRST),
        Box::new(outbox::owner::STEP),
        Box::new(derived::STEP),
        Box::new(audit::Tables),
        Box::new(token::STEP),
    ]
}

const FIRST: Step = Step {
        name: "m0000_platform",
        statements: &[
            "CREATE TABLE outbox (
                subject {key} PRIMARY KEY, type TEXT NOT NULL, revision BIGINT NOT NULL, version BIGINT NOT NULL,
                withdrawn BIGINT NOT NULL DEFAULT 0, payload {blob} NOT NULL, traceparent TEXT, merged TEXT,
                published_version BIGINT NOT NULL DEFAULT 0, stream_sequence BIGINT NOT NULL DEFAULT 0)",
            "CREATE INDEX outbox_pending ON outbox (version) WHERE version > published_version",
            "CREATE TABLE lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, expires_at BIGINT NOT NULL)",
            "CREATE TABLE request (
                method TEXT NOT NULL, caller TEXT NOT NULL, request_id TEXT NOT NULL, digest {blob} NOT NULL,
                answer {blob} NOT NULL, created_at BIGINT NOT NULL, PRIMARY KEY (method, caller, request_id))",
            "CREATE TABLE consumed (
                consumer TEXT NOT NULL, subject TEXT NOT NULL, version BIGINT NOT NULL, revision BIGINT NOT NULL,
                PRIMARY KEY (consumer, subject))",
            "CREATE TABLE consumer_position (
                consumer TEXT NOT NULL, stream TEXT NOT NULL, created BIGINT NOT NULL, sequence BIGINT NOT NULL,
                PRIMARY KEY (consumer, stream))",
            "CREATE TABLE dead_letter (
                consumer TEXT NOT NULL, subject TEXT NOT NULL, version BIGINT NOT NULL, type TEXT NOT NULL,
                payload {blob} NOT NULL, withdrawn BIGINT NOT NULL, reason TEXT NOT NULL, failed_at BIGINT NOT NULL,
                PRIMARY KEY (consumer, subject))",
        ],
    };
