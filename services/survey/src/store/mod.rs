//! What the survey service keeps: surveys, tallies per element, responses, unit and agency scores.

pub mod agency_score;
pub mod response;
pub mod survey;
pub mod unit;
pub mod unit_score;

use prima_platform::db::{Step, platform_steps};
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
    name: "m0001_survey",
    statements: &[
        "CREATE TABLE survey (
            id {identity}, name {key} NOT NULL UNIQUE, agency {key} NOT NULL, unit {key} NOT NULL,
            display_name TEXT NOT NULL, period {key} NOT NULL, instrument TEXT NOT NULL, weights TEXT NOT NULL,
            asked TEXT NOT NULL, open_at BIGINT, close_at BIGINT, closed_at BIGINT, population BIGINT NOT NULL,
            etag BIGINT NOT NULL, version BIGINT NOT NULL, respondents BIGINT NOT NULL DEFAULT 0,
            created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, counted_at BIGINT NOT NULL)",
        "CREATE INDEX survey_unit_period ON survey (agency, unit, period)",
        "CREATE INDEX survey_due ON survey (close_at) WHERE closed_at IS NULL AND close_at IS NOT NULL",
        // Answers with score 0 to 5 per element: n, sum and sum of squares follow exactly.
        "CREATE TABLE survey_element (
            survey_id BIGINT NOT NULL REFERENCES survey (id), element {key} NOT NULL,
            c0 BIGINT NOT NULL DEFAULT 0, c1 BIGINT NOT NULL DEFAULT 0, c2 BIGINT NOT NULL DEFAULT 0,
            c3 BIGINT NOT NULL DEFAULT 0, c4 BIGINT NOT NULL DEFAULT 0, c5 BIGINT NOT NULL DEFAULT 0,
            PRIMARY KEY (survey_id, element))",
        // `answers`: one character per element asked, in the survey's order; `-` where there is none.
        "CREATE TABLE response (
            survey_id BIGINT NOT NULL, response_id {key} NOT NULL, digest {blob} NOT NULL,
            submitted_at BIGINT NOT NULL, accepted_at BIGINT NOT NULL, answers TEXT NOT NULL,
            sex TEXT, age BIGINT, education TEXT, occupation TEXT, service TEXT,
            PRIMARY KEY (survey_id, response_id))",
        "CREATE TABLE unit_score (
            agency {key} NOT NULL, unit {key} NOT NULL, period {key} NOT NULL, version BIGINT NOT NULL,
            exact TEXT, final BIGINT NOT NULL DEFAULT 0, respondents BIGINT NOT NULL DEFAULT 0,
            instrument TEXT NOT NULL DEFAULT '', PRIMARY KEY (agency, period, unit))",
        "CREATE TABLE agency_score (
            agency {key} NOT NULL, period {key} NOT NULL, version BIGINT NOT NULL, published BIGINT NOT NULL DEFAULT 0,
            settles_at BIGINT, PRIMARY KEY (agency, period))",
        "CREATE TABLE agency_dirty (
            agency {key} NOT NULL, period {key} NOT NULL, mark BIGINT NOT NULL, PRIMARY KEY (agency, period))",
        "CREATE TABLE directory_unit (
            agency {key} NOT NULL, unit {key} NOT NULL, close_date TEXT NOT NULL,
            PRIMARY KEY (agency, unit))",
    ],
};
