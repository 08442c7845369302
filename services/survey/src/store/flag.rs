//! The part of a statement that finds flagged responses. It is written by hand, because it has window functions over every
//! response of a survey.

use sea_orm::Value;

use crate::domain::flags::Rule;

/// Common table expressions, of which the last one is `flagged`: `response_id`, `batch` and `answers` of each flagged
/// response, and whether it is flagged (1 or 0) as `straight_line`, `burst` and `shared_device`. `covered` is the FROM
/// and WHERE clause of the responses that are looked at. The values of its parameters are appended to `values`.
pub(super) fn flagged_tables(covered: &str, rule: &Rule, values: &mut Vec<Value>) -> String {
    let mut parameter = |value: Value| {
        values.push(value);
        values.len()
    };
    let min_answers = parameter(rule.straight_line.min_answers.into());
    let within = parameter(rule.burst.within_seconds.saturating_mul(1_000_000).into());
    let more_than = parameter(rule.shared_device.more_than.into());
    let offset = parameter(
        rule.shared_device
            .utc_offset_hours
            .saturating_mul(3_600_000_000)
            .into(),
    );
    let mut exclude = |sources: &[String]| {
        let mut conditions = String::new();
        for source in sources {
            let whole = parameter(source.as_str().into());
            let part = parameter(format!("{source}:%").into());
            conditions.push_str(&format!(" AND source <> ${whole} AND source NOT LIKE ${part}"));
        }
        conditions
    };
    let burst_sources = exclude(&rule.burst.sources_left_out);
    let device_sources = exclude(&rule.shared_device.sources_left_out);
    // A burst begins at a response whose `more_than`-th successor is within the time limit, and includes all responses in
    // between. A window frame takes no parameter, so the number is written into the text.
    let distance = rule.burst.more_than;
    format!(
        "begins AS (
            SELECT response_id, batch, answers, source, device, submitted_at,
                CASE WHEN LEAD(submitted_at, {distance}) OVER (PARTITION BY source, device
                        ORDER BY submitted_at, response_id) - submitted_at < ${within} THEN 1 ELSE 0 END AS begins
            {covered}{burst_sources}),
        inside AS (
            SELECT response_id, batch, answers, MAX(begins) OVER (PARTITION BY source, device
                ORDER BY submitted_at, response_id ROWS BETWEEN {distance} PRECEDING AND CURRENT ROW) AS inside
            FROM begins),
        shared AS (
            SELECT response_id, batch, answers,
                COUNT(*) OVER (PARTITION BY device, (submitted_at + ${offset}) / 86400000000) AS n
            {covered} AND device IS NOT NULL{device_sources}),
        given AS (SELECT response_id, batch, answers, REPLACE(answers, '-', '') AS given {covered}),
        flags AS (
            SELECT response_id, batch, answers, 1 AS straight_line, 0 AS burst, 0 AS shared_device FROM given
            WHERE LENGTH(given) >= ${min_answers} AND REPLACE(given, SUBSTR(given, 1, 1), '') = ''
            UNION ALL SELECT response_id, batch, answers, 0, 1, 0 FROM inside WHERE inside = 1
            UNION ALL SELECT response_id, batch, answers, 0, 0, 1 FROM shared WHERE n > ${more_than}),
        flagged AS (
            SELECT response_id, MAX(batch) AS batch, MAX(answers) AS answers, MAX(straight_line) AS straight_line,
                MAX(burst) AS burst, MAX(shared_device) AS shared_device
            FROM flags GROUP BY response_id)"
    )
}
