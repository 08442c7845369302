//! Queries of an analysis: the responses of one survey in pages, and the sums of the flagged ones. Raw SQL
//! for these sums, because they need window functions over every response.

use prima_platform::db::{Txn, sql};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, DerivePartialModel, EntityTrait, FromQueryResult,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, Value, sea_query::Expr,
};

use super::{
    flag::flagged_tables,
    quarantine,
    response::{self, Column, NOT_IN_QUESTION, not_in_question},
    void,
};
use crate::domain::{flags::Rule, groups::Sums, people::Queue, release::Pending, tally::SCORE_MAX};

/// Rows of one page, which bounds the memory of a pass over the responses.
const PAGE: u64 = 4000;

/// The responses that an analysis covers: those that are released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    survey_id: i64,
    /// Responses that were stored under this version of the survey or an earlier one are counted.
    version: i64,
    /// Ids of the counted responses that wait.
    waiting: Vec<String>,
    /// Ids of the voided responses that are still in the figures.
    kept: Vec<String>,
    /// Only responses that moved with those of people who can send one, stored under a lower version than this one; `None` for
    /// all.
    below: Option<i64>,
}

/// The source of responses through the open link.
const LINK: &str = "link";

#[derive(Debug, FromQueryResult)]
struct Oldest {
    batch: Option<i64>,
}

impl Coverage {
    /// The responses that are counted at this version of the survey, without the changes that wait. Responses that were
    /// stored since are in none of its figures.
    pub fn of(survey_id: i64, version: i64, pending: &Pending) -> Self {
        let owned = |ids: Vec<&str>| ids.into_iter().map(str::to_owned).collect();
        Self {
            survey_id,
            version,
            waiting: owned(pending.added()),
            kept: owned(pending.voided()),
            below: None,
        }
    }

    /// Those among them that are older than any that waits, without the open link but for what an operator accepted. They only
    /// grow at the end of the order in which they were stored, also in the middle of an import, most of whose rows are released
    /// before others that were stored together with them. So the first ones of a group stay the same people. Of the open link,
    /// one sender can fill any number of places of a group.
    pub async fn in_order(self, txn: &Txn) -> Result<Self, DbErr> {
        let oldest = response::Entity::find()
            .select_only()
            .column_as(Column::Batch.min(), "batch")
            .filter(Column::SurveyId.eq(self.survey_id))
            .filter(moved_with_own())
            .filter(Column::ResponseId.is_in(texts(&self.waiting)))
            .into_model::<Oldest>();
        let oldest = oldest.one(txn).await?.and_then(|row| row.batch);
        let below = Some(oldest.unwrap_or_else(|| self.version.saturating_add(1)));
        Ok(Self { below, ..self })
    }

    /// Whether these are in the order of [`Self::in_order`].
    pub fn is_in_order(&self) -> bool {
        self.below.is_some()
    }

    fn condition(&self) -> Condition {
        let mut counts = Condition::any().add(Column::Voided.is_null());
        if !self.kept.is_empty() {
            counts = counts.add(Column::ResponseId.is_in(texts(&self.kept)));
        }
        let mut all = Condition::all()
            .add(Column::SurveyId.eq(self.survey_id))
            .add(Column::Batch.lte(self.version))
            .add(not_in_question())
            .add(counts);
        if !self.waiting.is_empty() {
            all = all.add(Column::ResponseId.is_not_in(texts(&self.waiting)));
        }
        if let Some(below) = self.below {
            all = all.add(Column::Batch.lt(below)).add(moved_with_own());
        }
        all
    }

    /// The same as a FROM clause, whose values are added to `values`.
    fn clause(&self, values: &mut Vec<Value>) -> String {
        let mut number = |value: Value| {
            values.push(value);
            format!("${}", values.len())
        };
        let (survey, version) = (number(self.survey_id.into()), number(self.version.into()));
        let mut list = |ids: &[String]| {
            let ids: Vec<String> = ids.iter().map(|id| number(id.as_str().into())).collect();
            ids.join(", ")
        };
        let (waiting, kept) = (list(&self.waiting), list(&self.kept));
        let below = self
            .below
            .map(|below| (number(below.into()), number(LINK.into())));
        let mut from = format!(
            "FROM response WHERE survey_id = {survey} AND batch <= {version} AND {NOT_IN_QUESTION} AND (voided IS NULL"
        );
        if !kept.is_empty() {
            from.push_str(&format!(" OR response_id IN ({kept})"));
        }
        from.push(')');
        if !waiting.is_empty() {
            from.push_str(&format!(" AND response_id NOT IN ({waiting})"));
        }
        if let Some((below, link)) = below {
            from.push_str(&format!(" AND batch < {below} AND source <> {link}"));
        }
        from
    }
}

/// The condition that a response moved with those of people who can send one: it did not come through the open link, or an
/// operator accepted it.
fn moved_with_own() -> Condition {
    Condition::any()
        .add(Column::Source.ne(LINK))
        .add(Column::Quarantine.is_not_null())
}

fn texts(ids: &[String]) -> Vec<&str> {
    ids.iter().map(String::as_str).collect()
}

/// The responses that moved the figures of a closed survey since its end (unix microseconds), when these moved once: those that
/// were added or accepted since and are in them, and those of before that were voided.
pub async fn responses_changed(
    txn: &Txn,
    covered: &Coverage,
    closed_at: i64,
) -> Result<Vec<Answered>, DbErr> {
    let voids = void::Entity::find()
        .select_only()
        .column(void::Column::Number)
        .filter(void::Column::SurveyId.eq(covered.survey_id))
        .filter(void::Column::VoidedAt.gte(closed_at))
        .into_query();
    // What was in a quarantine and is counted since then has the negative number of that.
    let accepted = quarantine::Entity::find()
        .select_only()
        .column_as(Expr::cust("-number"), "number")
        .filter(quarantine::Column::SurveyId.eq(covered.survey_id))
        .filter(quarantine::Column::State.eq(quarantine::ACCEPTED))
        .filter(quarantine::Column::DecidedAt.gte(closed_at))
        .into_query();
    let accepted = Condition::all()
        .add(Column::Quarantine.is_not_null())
        .add(Column::Quarantine.in_subquery(accepted));
    let new = Condition::any()
        .add(Column::AcceptedAt.gte(closed_at))
        .add(accepted);
    let mut voided = Condition::all()
        .add(Column::Voided.is_not_null())
        .add(Column::Voided.in_subquery(voids))
        .add(new.clone().not());
    let mut stays = Condition::any().add(Column::Voided.is_null());
    if !covered.kept.is_empty() {
        voided = voided.add(Column::ResponseId.is_not_in(texts(&covered.kept)));
        stays = stays.add(Column::ResponseId.is_in(texts(&covered.kept)));
    }
    let mut added = Condition::all().add(new).add(stays);
    if !covered.waiting.is_empty() {
        added = added.add(Column::ResponseId.is_not_in(texts(&covered.waiting)));
    }
    response::Entity::find()
        .filter(Column::SurveyId.eq(covered.survey_id))
        .filter(Column::Batch.lte(covered.version))
        .filter(not_in_question())
        .filter(Condition::any().add(voided).add(added))
        .into_partial_model()
        .all(txn)
        .await
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
    source: String,
    quarantine: Option<i64>,
    voided: Option<i64>,
}

impl Answered {
    /// Whether it is voided.
    pub fn is_voided(&self) -> bool {
        self.voided.is_some()
    }

    /// In which order it came into the totals.
    pub fn queue(&self) -> Queue {
        match (self.source == LINK, self.quarantine) {
            (false, _) => Queue::Own,
            (true, Some(_)) => Queue::Accepted,
            (true, None) => Queue::Link,
        }
    }
}

/// The next page of the covered responses, ordered by id, after the id `after`; empty at the end.
pub async fn responses_page(txn: &Txn, covered: &Coverage, after: &str) -> Result<Vec<Answered>, DbErr> {
    response::Entity::find()
        .filter(covered.condition())
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

/// Sums the flagged responses of a survey that asks this many elements. When figures move in steps, they are the whole
/// steps of `step` in the order of arrival, such that at least `lag` responses stay. The statement is written by hand, because
/// it has window functions and a count for each score of each element.
pub async fn flagged(
    txn: &Txn,
    covered: &Coverage,
    elements: usize,
    rule: &Rule,
    (step, lag): (i64, i64),
) -> Result<Flagged, DbErr> {
    let mut values = Vec::new();
    let covered = covered.clause(&mut values);
    let tables = flagged_tables(&covered, rule, &mut values);
    values.extend([step.max(1).into(), lag.into()]);
    let (step, lag) = (values.len() - 1, values.len());
    let counts: String = (0..elements).flat_map(|at| (0..=SCORE_MAX).map(move |score| (at, score))).map(|(at, score)| {
        format!(
            ", CAST(COALESCE(SUM(CASE WHEN SUBSTR(answers, {}, 1) = '{score}' THEN 1 ELSE 0 END), 0) AS BIGINT)",
            at + 1
        )
    }).collect();
    let text = format!(
        "WITH {tables},
        numbered AS (
            SELECT answers, straight_line, burst, shared_device,
                ROW_NUMBER() OVER (ORDER BY batch, response_id) AS position, COUNT(*) OVER () AS n
            FROM flagged)
        SELECT CAST(COUNT(*) AS BIGINT), CAST(COALESCE(SUM(straight_line), 0) AS BIGINT),
            CAST(COALESCE(SUM(burst), 0) AS BIGINT), CAST(COALESCE(SUM(shared_device), 0) AS BIGINT){counts}
        FROM numbered WHERE position <= n - ${lag} - (n - ${lag}) % ${step}"
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
