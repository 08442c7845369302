//! Queries of an analysis: the responses of one survey in pages, and the sums of the flagged ones. Raw SQL
//! for these sums, because they need window functions over every response.

use prima_platform::db::{Txn, sql};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, DerivePartialModel, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Value,
};

use super::{
    response::{self, Column},
    void,
};
use crate::domain::{disclosure::Disclosed, flags::Rule, groups::Sums, tally::SCORE_MAX};

const COVERED: &str =
    "FROM response WHERE survey_id = $1 AND batch <= $2 AND (voided IS NULL OR voided > $3)";
/// Rows of one page, which bounds the memory of a pass over the responses.
const PAGE: u64 = 4000;

/// The responses that an analysis covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    survey_id: i64,
    /// Responses that were stored under this version of the survey or an earlier one.
    version: i64,
    /// Voids up to this number are applied; responses of later voids are still disclosed.
    voids: i64,
}

impl Coverage {
    /// All responses that are counted at this version of the survey and not voided. Responses that were stored since
    /// are in none of its figures.
    pub fn whole(survey_id: i64, version: i64) -> Self {
        Self {
            survey_id,
            version,
            voids: i64::MAX,
        }
    }

    fn values(self) -> Vec<Value> {
        vec![self.survey_id.into(), self.version.into(), self.voids.into()]
    }
}

/// The responses of the last disclosure. Which voids it included follows from the number of responses that it counted.
pub async fn coverage(txn: &Txn, survey_id: i64, disclosed: &Disclosed) -> Result<Coverage, DbErr> {
    let mut coverage = Coverage {
        survey_id,
        version: disclosed.version,
        voids: 0,
    };
    let voids: Vec<(i64, i64)> = void::Entity::find()
        .select_only()
        .columns([void::Column::Number, void::Column::Responses])
        .filter(void::Column::SurveyId.eq(survey_id))
        .order_by_asc(void::Column::Number)
        .into_tuple()
        .all(txn)
        .await?;
    if voids.is_empty() {
        return Ok(coverage);
    }
    let stored: Option<i64> = response::Entity::find()
        .select_only()
        .column_as(Column::ResponseId.count(), "stored")
        .filter(Column::SurveyId.eq(survey_id))
        .filter(Column::Batch.lte(disclosed.version))
        .into_tuple()
        .one(txn)
        .await?;
    let mut left = stored.unwrap_or_default() - disclosed.respondents;
    for (number, responses) in voids {
        left -= responses;
        if left < 0 {
            break;
        }
        coverage.voids = number;
    }
    Ok(coverage)
}

/// The columns of a response that an analysis reads.
#[derive(Debug, Clone, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "response::Entity")]
pub struct Answered {
    /// Its id.
    pub response_id: String,
    /// Version of the survey under which it was stored.
    pub batch: i64,
    /// One character per element asked; `-` where there is no answer.
    pub answers: String,
    /// Sex.
    pub sex: Option<String>,
    /// Age group.
    pub age_group: Option<String>,
    /// Education.
    pub education: Option<String>,
    /// Occupation.
    pub occupation: Option<String>,
    /// Channel.
    pub channel: Option<String>,
    /// Hour band.
    pub hour_band: Option<String>,
    /// Public service.
    pub service: Option<String>,
}

/// The next page of the covered responses, ordered by id, after the id `after`; empty at the end.
pub async fn responses_page(txn: &Txn, coverage: Coverage, after: &str) -> Result<Vec<Answered>, DbErr> {
    let later = Column::Voided.gt(coverage.voids);
    let counts = Condition::any().add(Column::Voided.is_null()).add(later);
    response::Entity::find()
        .filter(Column::SurveyId.eq(coverage.survey_id))
        .filter(Column::Batch.lte(coverage.version))
        .filter(counts)
        .filter(Column::ResponseId.gt(after))
        .order_by_asc(Column::ResponseId)
        .limit(PAGE)
        .into_partial_model()
        .all(txn)
        .await
}

/// The flagged responses among the covered ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flagged {
    /// Their sums.
    pub sums: Sums,
    /// Number of those whose answers are all the same.
    pub straight_line: i64,
    /// Number of those from one source and device within a short time.
    pub burst: i64,
    /// Number of those from a device that was used often in a day.
    pub shared_device: i64,
}

/// Sums the flagged responses of a survey that asks this many elements, in whole steps of `step` in the order of arrival. The
/// statement is written by hand, because it has window functions and a count for each score of each element.
pub async fn flagged(
    txn: &Txn,
    coverage: Coverage,
    elements: usize,
    rule: &Rule,
    step: i64,
) -> Result<Flagged, DbErr> {
    let mut values = coverage.values();
    values.extend([
        rule.straight_line.min_answers.into(),
        rule.burst.within_seconds.saturating_mul(1_000_000).into(),
        rule.shared_device.more_than.into(),
        rule.shared_device
            .utc_offset_hours
            .saturating_mul(3_600_000_000)
            .into(),
        step.max(1).into(),
    ]);
    let mut exclude = |sources: &[String]| {
        let mut conditions = String::new();
        for source in sources {
            values.push(source.as_str().into());
            values.push(format!("{source}:%").into());
            let n = values.len();
            conditions.push_str(&format!(" AND source <> ${} AND source NOT LIKE ${n}", n - 1));
        }
        conditions
    };
    let burst_sources = exclude(&rule.burst.sources_left_out);
    let device_sources = exclude(&rule.shared_device.sources_left_out);
    let counts: String = (0..elements).flat_map(|at| (0..=SCORE_MAX).map(move |score| (at, score))).map(|(at, score)| {
        format!(
            ", CAST(COALESCE(SUM(CASE WHEN SUBSTR(answers, {}, 1) = '{score}' THEN 1 ELSE 0 END), 0) AS BIGINT)",
            at + 1
        )
    }).collect();
    // A burst begins at a response whose `more_than`-th successor is within the time limit, and includes all responses in
    // between. A window frame takes no parameter, so the number is written into the text.
    let distance = rule.burst.more_than;
    let text = format!(
        "WITH begins AS (
            SELECT response_id, batch, answers, source, device, submitted_at,
                CASE WHEN LEAD(submitted_at, {distance}) OVER (PARTITION BY source, device
                        ORDER BY submitted_at, response_id) - submitted_at < $5 THEN 1 ELSE 0 END AS begins
            {COVERED}{burst_sources}),
        inside AS (
            SELECT response_id, batch, answers, MAX(begins) OVER (PARTITION BY source, device
                ORDER BY submitted_at, response_id ROWS BETWEEN {distance} PRECEDING AND CURRENT ROW) AS inside
            FROM begins),
        shared AS (
            SELECT response_id, batch, answers,
                COUNT(*) OVER (PARTITION BY device, (submitted_at + $7) / 86400000000) AS n
            {COVERED} AND device IS NOT NULL{device_sources}),
        given AS (SELECT response_id, batch, answers, REPLACE(answers, '-', '') AS given {COVERED}),
        flags AS (
            SELECT response_id, batch, answers, 1 AS straight_line, 0 AS burst, 0 AS shared_device FROM given
            WHERE LENGTH(given) >= $4 AND REPLACE(given, SUBSTR(given, 1, 1), '') = ''
            UNION ALL SELECT response_id, batch, answers, 0, 1, 0 FROM inside WHERE inside = 1
            UNION ALL SELECT response_id, batch, answers, 0, 0, 1 FROM shared WHERE n > $6),
        flagged AS (
            SELECT response_id, MAX(batch) AS batch, MAX(answers) AS answers, MAX(straight_line) AS straight_line,
                MAX(burst) AS burst, MAX(shared_device) AS shared_device
            FROM flags GROUP BY response_id),
        numbered AS (
            SELECT answers, straight_line, burst, shared_device,
                ROW_NUMBER() OVER (ORDER BY batch, response_id) AS position, COUNT(*) OVER () AS n
            FROM flagged)
        SELECT CAST(COUNT(*) AS BIGINT), CAST(COALESCE(SUM(straight_line), 0) AS BIGINT),
            CAST(COALESCE(SUM(burst), 0) AS BIGINT), CAST(COALESCE(SUM(shared_device), 0) AS BIGINT){counts}
        FROM numbered WHERE position <= n - n % $8"
    );
    let Some(row) = txn.query_one_raw(sql(txn, &text, values)).await? else {
        return Ok(Flagged::default());
    };
    let mut column = 0..;
    let mut next = || row.try_get_by_index::<i64>(column.next().unwrap_or_default());
    let mut found = Flagged {
        sums: Sums::none(elements),
        ..Flagged::default()
    };
    found.sums.respondents = next()?;
    found.straight_line = next()?;
    found.burst = next()?;
    found.shared_device = next()?;
    for count in found.sums.elements.iter_mut().flat_map(|tally| &mut tally.counts) {
        *count = next()?;
    }
    Ok(found)
}
