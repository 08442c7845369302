//! The tables of the survey service: surveys, tallies per element, responses, and scores of units and agencies.

pub mod agency_score;
pub mod analysis;
pub mod comment;
pub mod delta;
pub mod device;
mod element;
mod flag;
pub mod follow_up;
pub mod named;
pub mod publication;
pub mod quarantine;
pub mod reading;
pub mod recorded;
pub mod respondent_log;
pub mod response;
mod rows;
pub mod secret;
pub mod selection;
pub mod survey;
pub mod survey_change;
pub mod tally;
pub mod token_batch;
mod turn;
pub mod uncounted;
pub mod unit;
pub mod unit_score;
pub mod void;

use prima_platform::{
    db::{Step, Txn},
    schema::platform_steps,
};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, SqlErr, sea_query::Expr};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// The steps of this service's schema.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut steps = platform_steps();
        steps.push(Box::new(FIRST));
        steps.push(Box::new(DELTAS));
        steps.push(Box::new(WORDING));
        steps.push(Box::new(RELEASE));
        steps.push(Box::new(QUARANTINE));
        steps.push(Box::new(SEALED_TEXTS));
        steps.push(Box::new(URGENT));
        steps.push(Box::new(KEYED_DIGESTS));
        steps.push(Box::new(UNIT_NAMES));
        steps
    }
}

/// The purpose for which the key of the digests is encrypted.
pub const DIGEST_KEY: &str = "survey.digest-key";

/// Tables with encrypted columns.
pub const SEALED_TABLES: [&str; 2] = ["comment", "respondent_log"];

/// Whether a row was not inserted because its key is taken.
pub fn taken(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

fn json(value: &impl serde::Serialize) -> Result<String, DbErr> {
    serde_json::to_string(value).map_err(|error| DbErr::Custom(error.to_string()))
}

/// One more than the highest `number` of the rows that `of` filters. The caller has locked what they belong to.
async fn next_number<E: EntityTrait>(txn: &Txn, number: E::Column, of: Expr) -> Result<i64, DbErr> {
    let last = E::find().select_only().column_as(number.max(), "last").filter(of);
    let last: Option<Option<i64>> = last.into_tuple().one(txn).await?;
    Ok(last.flatten().unwrap_or_default() + 1)
}

const FIRST: Step = Step {
    name: "m0001_survey",
    statements: &[
        // `moments` and `disclosed_moments` are exact sums of products, see `domain::moments`. Figures per element and per
        // group show the disclosed responses: those whose `batch` is at most `disclosed_version`.
        "CREATE TABLE survey (
            id {identity}, name {key} NOT NULL UNIQUE, agency {key} NOT NULL, unit {key} NOT NULL,
            display_name TEXT NOT NULL, period {key} NOT NULL, instrument TEXT NOT NULL, weights TEXT NOT NULL,
            asked TEXT NOT NULL, open_at BIGINT, close_at BIGINT, closed_at BIGINT, population BIGINT NOT NULL,
            populations TEXT NOT NULL DEFAULT '[]', access TEXT NOT NULL DEFAULT '[]',
            etag BIGINT NOT NULL, version BIGINT NOT NULL, respondents BIGINT NOT NULL DEFAULT 0,
            voided BIGINT NOT NULL DEFAULT 0, moments TEXT NOT NULL DEFAULT '',
            disclosed_version BIGINT NOT NULL DEFAULT 0, disclosed_respondents BIGINT NOT NULL DEFAULT 0,
            undisclosed BIGINT NOT NULL DEFAULT 0, disclosed_moments TEXT NOT NULL DEFAULT '',
            created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, counted_at BIGINT NOT NULL)",
        "CREATE INDEX survey_unit_period ON survey (agency, unit, period)",
        "CREATE INDEX survey_due ON survey (close_at) WHERE closed_at IS NULL AND close_at IS NOT NULL",
        // `c0` to `c5` are the numbers of answers with score 0 to 5, from which n, sum and sum of squares follow exactly;
        // `d0` to `d5` are those of the disclosed responses.
        "CREATE TABLE survey_element (
            survey_id BIGINT NOT NULL REFERENCES survey (id), element {key} NOT NULL,
            c0 BIGINT NOT NULL DEFAULT 0, c1 BIGINT NOT NULL DEFAULT 0, c2 BIGINT NOT NULL DEFAULT 0,
            c3 BIGINT NOT NULL DEFAULT 0, c4 BIGINT NOT NULL DEFAULT 0, c5 BIGINT NOT NULL DEFAULT 0,
            d0 BIGINT NOT NULL DEFAULT 0, d1 BIGINT NOT NULL DEFAULT 0, d2 BIGINT NOT NULL DEFAULT 0,
            d3 BIGINT NOT NULL DEFAULT 0, d4 BIGINT NOT NULL DEFAULT 0, d5 BIGINT NOT NULL DEFAULT 0,
            PRIMARY KEY (survey_id, element))",
        // `answers` has one character per element asked, in the survey's order, and `-` where there is no answer. `batch` is
        // the version of the survey under which the response was stored. `source` is `agent`, `link`, `token:<batch>` or
        // `kiosk:<device>`. `voided` is the number of the void that excluded it.
        "CREATE TABLE response (
            survey_id BIGINT NOT NULL, response_id {key} NOT NULL, digest {blob} NOT NULL,
            submitted_at BIGINT NOT NULL, accepted_at BIGINT NOT NULL, batch BIGINT NOT NULL, answers TEXT NOT NULL,
            sex TEXT, age BIGINT, age_group TEXT, education TEXT, occupation TEXT, service TEXT, channel TEXT,
            hour_band TEXT, source {key} NOT NULL, token {blob}, counter BIGINT, device {blob}, import_id {key},
            voided BIGINT, PRIMARY KEY (survey_id, response_id))",
        "CREATE UNIQUE INDEX response_token ON response (survey_id, token) WHERE token IS NOT NULL",
        "CREATE UNIQUE INDEX response_counter ON response (survey_id, source, counter) WHERE counter IS NOT NULL",
        "CREATE INDEX response_import ON response (survey_id, import_id, response_id) WHERE import_id IS NOT NULL",
        // `place` is a random order within a day, so that a list does not reveal the order of arrival.
        "CREATE TABLE comment (
            survey_id BIGINT NOT NULL, response_id {key} NOT NULL, kind BIGINT NOT NULL, day {key} NOT NULL,
            service TEXT, batch BIGINT NOT NULL, body TEXT NOT NULL,
            place {key} NOT NULL DEFAULT (CAST(random() AS TEXT)), PRIMARY KEY (survey_id, response_id, kind))",
        "CREATE INDEX comment_day ON comment (survey_id, day)",
        "CREATE TABLE void (
            survey_id BIGINT NOT NULL, number BIGINT NOT NULL, voided_at BIGINT NOT NULL, actor TEXT NOT NULL,
            reason TEXT NOT NULL, import_id TEXT NOT NULL, responses BIGINT NOT NULL,
            PRIMARY KEY (survey_id, number))",
        "CREATE TABLE access_secret (id BIGINT PRIMARY KEY, secret {blob} NOT NULL)",
        "CREATE TABLE token_batch (
            survey_id BIGINT NOT NULL, number BIGINT NOT NULL, counter TEXT NOT NULL, service TEXT NOT NULL,
            size BIGINT NOT NULL, expires_at BIGINT, created_at BIGINT NOT NULL, revoked_at BIGINT,
            PRIMARY KEY (survey_id, number))",
        "CREATE TABLE device (
            agency {key} NOT NULL, unit {key} NOT NULL, device {key} NOT NULL, display_name TEXT NOT NULL,
            public_key {blob} NOT NULL, created_at BIGINT NOT NULL, revoked_at BIGINT,
            PRIMARY KEY (agency, unit, device))",
        "CREATE TABLE publication (
            survey_id BIGINT PRIMARY KEY, publish_date TEXT NOT NULL, media TEXT NOT NULL,
            updated_at BIGINT NOT NULL)",
        "CREATE TABLE follow_up (
            survey_id BIGINT NOT NULL, follow_up {key} NOT NULL, element {key} NOT NULL, program TEXT NOT NULL,
            quarter TEXT NOT NULL, responsible TEXT NOT NULL, done_date TEXT, evidence TEXT NOT NULL DEFAULT '',
            note TEXT NOT NULL DEFAULT '', etag BIGINT NOT NULL, created_at BIGINT NOT NULL,
            PRIMARY KEY (survey_id, follow_up))",
        // `unit` is '' for the agency's own result. `number` counts the records of one subject and period; the record with
        // the highest number is the valid one.
        "CREATE TABLE recorded_result (
            agency {key} NOT NULL, unit {key} NOT NULL, period {key} NOT NULL, number BIGINT NOT NULL,
            instrument TEXT NOT NULL, value TEXT NOT NULL, category TEXT NOT NULL, respondents BIGINT NOT NULL,
            elements TEXT NOT NULL, source TEXT NOT NULL, roll_up TEXT NOT NULL, recorded_at BIGINT NOT NULL,
            actor TEXT NOT NULL, reason TEXT NOT NULL, replaced BIGINT NOT NULL DEFAULT 0,
            PRIMARY KEY (agency, unit, period, number))",
        "CREATE TABLE unit_score (
            agency {key} NOT NULL, unit {key} NOT NULL, period {key} NOT NULL, version BIGINT NOT NULL,
            exact TEXT, final BIGINT NOT NULL DEFAULT 0, respondents BIGINT NOT NULL DEFAULT 0,
            recorded BIGINT NOT NULL DEFAULT 0, instrument TEXT NOT NULL DEFAULT '',
            disclosed BIGINT NOT NULL DEFAULT 1,
            PRIMARY KEY (agency, period, unit))",
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

/// Texts of respondents are encrypted, and erased. `body` of a comment is empty once its text is in `sealed`, under the key
/// `sealed_key`; a process of an earlier release still fills it. `erased_at` of a void is when the texts of its responses were
/// erased. `sealing` has one row: the name of the key that encrypts, according to the process that started last.
/// `respondent_log` says who read or erased what is stored of one response, and why; the reason is encrypted.
const SEALED_TEXTS: Step = Step {
    name: "m0004_survey_sealed_texts",
    statements: &[
        "ALTER TABLE comment ADD COLUMN sealed {blob}",
        "ALTER TABLE comment ADD COLUMN sealed_key {key} NOT NULL DEFAULT ''",
        "CREATE INDEX comment_plain ON comment (survey_id, response_id, kind) WHERE body <> ''",
        "CREATE INDEX comment_sealed ON comment (sealed_key, survey_id, response_id, kind) WHERE sealed_key <> ''",
        "CREATE INDEX comment_old ON comment (day)",
        "ALTER TABLE void ADD COLUMN erased_at BIGINT",
        "CREATE INDEX void_unerased ON void (survey_id, number) WHERE erased_at IS NULL",
        "CREATE TABLE sealing (id BIGINT PRIMARY KEY, current_key {key} NOT NULL)",
        "CREATE TABLE respondent_log (
            id {identity}, survey_id BIGINT NOT NULL, response_id {key} NOT NULL, act {key} NOT NULL, actor TEXT NOT NULL,
            at BIGINT NOT NULL, texts BIGINT NOT NULL, sealed {blob} NOT NULL, sealed_key {key} NOT NULL)",
        "CREATE INDEX respondent_log_survey ON respondent_log (survey_id, id)",
        "CREATE INDEX respondent_log_sealed ON respondent_log (sealed_key, id) WHERE sealed_key <> ''",
    ],
};

/// Whose words a survey shows to citizens.
const WORDING: Step = Step {
    name: "m0003_survey_wording",
    statements: &["ALTER TABLE survey ADD COLUMN wording TEXT NOT NULL DEFAULT 'plain'"],
};

const DELTAS: Step = Step {
    name: "m0002_survey_delta",
    statements: &[
        // `answers`: of the responses that one transaction inserted, as `response.answers`, with commas between them.
        // `traceparent`: of that transaction.
        "CREATE TABLE survey_delta (
            id {identity}, survey_id BIGINT NOT NULL, answers TEXT NOT NULL, traceparent TEXT)",
        "CREATE INDEX survey_delta_survey ON survey_delta (survey_id, id)",
    ],
};

/// Which changes wait to be released, and who read figures with them.
const RELEASE: Step = Step {
    name: "m0004_survey_release",
    statements: &[
        // `pending`: the counted changes that are not in the figures, see `domain::release`. `disclosed_*` and `undisclosed` of
        // `survey`, `d0` to `d5` of `survey_element` and `disclosed` of `unit_score` are no longer used; they stay for the
        // processes of release 0.1.0 that run beside new ones during the upgrade, which may release responses at once.
        "ALTER TABLE survey ADD COLUMN pending TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE survey ADD COLUMN correction_at BIGINT",
        "CREATE INDEX survey_correction ON survey (correction_at) WHERE correction_at IS NOT NULL",
        "ALTER TABLE unit_score ADD COLUMN pending BIGINT NOT NULL DEFAULT 0",
        // What the sender was told of the figures, so that a repeat is told the same.
        "ALTER TABLE response ADD COLUMN counted BIGINT",
        "ALTER TABLE response ADD COLUMN pending BIGINT",
        "CREATE TABLE reading (
            survey_id BIGINT NOT NULL, number BIGINT NOT NULL, read_at BIGINT NOT NULL, actor TEXT NOT NULL,
            purpose TEXT NOT NULL, PRIMARY KEY (survey_id, number))",
        // The changes since the last disclosure of an open survey: responses that were counted after it, and those of the
        // voids that it did not include. Which it included follows from the number of responses that it counted.
        "WITH voids AS (
            SELECT survey_id, number, SUM(responses) OVER (PARTITION BY survey_id ORDER BY number) AS upto FROM void),
        waiting AS (
            SELECT s.id, r.response_id, r.answers, r.accepted_at, CASE WHEN r.source = 'link' THEN 'l' ELSE 'o' END AS kind
            FROM survey s JOIN response r ON r.survey_id = s.id AND r.batch > s.disclosed_version AND r.batch <= s.version
            WHERE s.undisclosed > 0 AND s.closed_at IS NULL AND r.voided IS NULL
            UNION ALL
            SELECT s.id, r.response_id, r.answers, r.accepted_at, 'v'
            FROM survey s JOIN response r ON r.survey_id = s.id AND r.batch <= s.disclosed_version
            JOIN voids v ON v.survey_id = s.id AND v.number = r.voided
            WHERE s.undisclosed > 0 AND s.closed_at IS NULL AND v.upto > (
                SELECT COUNT(*) FROM response x WHERE x.survey_id = s.id AND x.batch <= s.disclosed_version)
                - s.disclosed_respondents),
        texts AS (
            SELECT id, SUM(CASE WHEN kind = 'v' THEN 0 ELSE 1 END) AS added, SUM(CASE WHEN kind = 'v' THEN 1 ELSE 0 END) AS gone,
                STRING_AGG(answers || ';' || kind || ';' || (accepted_at / 1000) || ';;' || response_id, ',') AS entries
            FROM waiting GROUP BY id)
        UPDATE survey SET pending = (
            SELECT '0;0;' || survey.voided || ';' || t.added || ';' || t.gone || '|' || t.entries
            FROM texts t WHERE t.id = survey.id)
        WHERE id IN (SELECT id FROM texts)",
    ],
};

/// Quarantined bursts of open links, and reopened surveys. A process of the release before quarantines nothing: what it
/// counts of a link stays counted.
const QUARANTINE: Step = Step {
    name: "m0005_survey_quarantine",
    statements: &[
        // The number of the quarantine of a response, which is in no sum; negative since it was accepted.
        "ALTER TABLE response ADD COLUMN quarantine BIGINT",
        "CREATE INDEX response_quarantine ON response (survey_id, quarantine, response_id)
            WHERE quarantine IS NOT NULL",
        // Sums of the responses in quarantines that are not decided, JSON: see `domain::questioned`.
        "ALTER TABLE survey ADD COLUMN questioned TEXT NOT NULL DEFAULT ''",
        // `state` is 1 until it is decided, 2 when accepted and 3 when voided, as `QuarantineState` of the contract.
        "CREATE TABLE quarantine (
            survey_id BIGINT NOT NULL, number BIGINT NOT NULL, pattern TEXT NOT NULL, first_at BIGINT NOT NULL,
            last_at BIGINT NOT NULL, responses BIGINT NOT NULL, state BIGINT NOT NULL DEFAULT 1,
            etag BIGINT NOT NULL, decided_at BIGINT, actor TEXT NOT NULL DEFAULT '',
            reason TEXT NOT NULL DEFAULT '', PRIMARY KEY (survey_id, number))",
        "CREATE TABLE survey_change (
            survey_id BIGINT NOT NULL, number BIGINT NOT NULL, changed_at BIGINT NOT NULL, actor TEXT NOT NULL,
            reason TEXT NOT NULL, closed_at BIGINT NOT NULL, close_at BIGINT, PRIMARY KEY (survey_id, number))",
    ],
};

/// `urgent` is 1 for the deltas of single responses.
const URGENT: Step = Step {
    name: "m0006_survey_urgent",
    statements: &[
        "ALTER TABLE survey_delta ADD COLUMN urgent BIGINT NOT NULL DEFAULT 0",
        "CREATE INDEX survey_delta_urgent ON survey_delta (survey_id, id) WHERE urgent = 1",
    ],
};

/// The key of the digests of responses, and an index of those that have none: a response has few possible answers, so anyone
/// who reads the database could find them by trial.
const KEYED_DIGESTS: Step = Step {
    name: "m0007_survey_keyed_digests",
    statements: &[
        "CREATE TABLE digest_key (id BIGINT PRIMARY KEY, sealed {blob} NOT NULL, sealed_key {key} NOT NULL)",
        "CREATE INDEX response_unkeyed ON response (survey_id, response_id) WHERE LENGTH(digest) = 16",
        // The score of an agency shows what is in question of its units.
        "ALTER TABLE unit_score ADD COLUMN in_question BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE unit_score ADD COLUMN exact_with_questioned TEXT",
    ],
};

/// Names of units, for the forms that citizens see. A process of the release before fills none, so the mirror of
/// units has a revision of its own since.
const UNIT_NAMES: Step = Step {
    name: "m0008_survey_unit_names",
    statements: &["ALTER TABLE directory_unit ADD COLUMN display_name TEXT NOT NULL DEFAULT ''"],
};
