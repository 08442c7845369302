//! Scores, recusals, results of stages and awards.

use std::collections::{BTreeMap, BTreeSet};

use prima_platform::db::{Column, Txn, sql, table};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

use super::{entry, json, read_json};
use crate::domain::{
    contest::{Contender, Outcome},
    entry::State,
    scoring::{Given, Points},
};

/// A score as stored.
#[derive(Debug, Clone)]
pub struct Score {
    /// Key of the stage.
    pub stage: String,
    /// Subject of the evaluator.
    pub evaluator: String,
    /// Points.
    pub points: Points,
    /// Remark.
    pub remark: String,
    /// When, unix microseconds.
    pub scored_at: i64,
    /// Whether the evaluator was taken off the entry.
    pub recused: bool,
}

#[derive(Debug, FromQueryResult)]
struct ScoreRow {
    entry_id: i64,
    stage: String,
    evaluator: String,
    points: String,
    remark: String,
    scored_at: i64,
    recused: i64,
}

impl ScoreRow {
    fn score(self) -> Result<(i64, Score), DbErr> {
        let score = Score {
            points: read_json(&self.evaluator, "points", &self.points)?,
            stage: self.stage,
            evaluator: self.evaluator,
            remark: self.remark,
            scored_at: self.scored_at,
            recused: self.recused != 0,
        };
        Ok((self.entry_id, score))
    }
}

/// Stores a score, in place of the evaluator's own before.
pub async fn score_put(txn: &Txn, entry: i64, score: &Score) -> Result<(), DbErr> {
    let text = "INSERT INTO score (entry_id, stage, evaluator, points, remark, scored_at)
                VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (entry_id, stage, evaluator) DO UPDATE SET
                    points = excluded.points, remark = excluded.remark, scored_at = excluded.scored_at";
    let values = [
        entry.into(),
        score.stage.clone().into(),
        score.evaluator.clone().into(),
        json(&score.points)?.into(),
        score.remark.clone().into(),
        score.scored_at.into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}

// A recusal leaves earlier stages as they are: those are closed.
const SCORES: &str = "SELECT s.entry_id, s.stage, s.evaluator, s.points, s.remark, s.scored_at,
        CAST(CASE WHEN r.stage IS NULL THEN 0 ELSE 1 END AS BIGINT) AS recused
     FROM score s JOIN entry e ON e.id = s.entry_id
     LEFT JOIN recusal r ON r.entry_id = s.entry_id AND r.evaluator = s.evaluator AND r.stage = s.stage";

/// The scores of an entry by stage, then evaluator, at most a thousand.
pub async fn scores_of(conn: &impl ConnectionTrait, entry: i64) -> Result<Vec<Score>, DbErr> {
    let text = format!("{SCORES} WHERE s.entry_id = $1 ORDER BY s.stage, s.evaluator LIMIT 1000");
    let rows = ScoreRow::find_by_statement(sql(conn, &text, [entry.into()]))
        .all(conn)
        .await?;
    rows.into_iter()
        .map(|r| r.score().map(|(_, score)| score))
        .collect()
}

/// Takes an evaluator off an entry; a repeat changes nothing.
pub async fn recusal_put(
    txn: &Txn,
    entry: i64,
    evaluator: &str,
    stage: &str,
    reason: &str,
    by: (&str, i64),
) -> Result<(), DbErr> {
    let text = "INSERT INTO recusal (entry_id, evaluator, stage, reason, recorded_by, recorded_at)
                VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    let values = [
        entry.into(),
        evaluator.into(),
        stage.into(),
        reason.into(),
        by.0.into(),
        by.1.into(),
    ];
    txn.execute_raw(sql(txn, text, values)).await?;
    Ok(())
}

/// Whether an evaluator was taken off an entry.
pub async fn recused(conn: &impl ConnectionTrait, entry: i64, evaluator: &str) -> Result<bool, DbErr> {
    let text = "SELECT 1 FROM recusal WHERE entry_id = $1 AND evaluator = $2";
    let found = conn.query_one_raw(sql(conn, text, [entry.into(), evaluator.into()]));
    Ok(found.await?.is_some())
}

/// What an entry reached in a closed stage, or was decided at screening.
#[derive(Debug, Clone, FromQueryResult)]
pub struct StageResult {
    /// Key of the entry.
    pub entry_id: i64,
    /// Key of the stage.
    pub stage: String,
    /// Score, two decimals; empty for screening.
    pub score: String,
    /// Rank in the group; 0 for screening.
    pub place: i64,
    /// Whether it goes on.
    pub passed: i64,
    /// Scores counted.
    pub counted: i64,
    /// Evaluators left out, JSON.
    pub left_out: String,
    /// Whether the scores lie too far apart.
    pub disputed: i64,
}

impl StageResult {
    /// The evaluators left out.
    pub fn left_out(&self) -> Vec<String> {
        serde_json::from_str(&self.left_out).unwrap_or_default()
    }
}

/// Keeps outcomes of stage `stage`, the `number`th, by key of the entry.
pub async fn results_put(
    txn: &Txn,
    stage: &str,
    number: i64,
    outcomes: &[(i64, &Outcome)],
) -> Result<(), DbErr> {
    use Column::{Int, Text};
    for chunk in outcomes.chunks(1000) {
        let mut rows: Vec<[Value; 7]> = Vec::new();
        for (id, o) in chunk {
            rows.push([
                (*id).into(),
                o.score.clone().into(),
                i64::try_from(o.rank).unwrap_or(0).into(),
                i64::from(o.passed).into(),
                i64::try_from(o.counted).unwrap_or(0).into(),
                json(&o.left_out)?.into(),
                i64::from(o.disputed).into(),
            ]);
        }
        let (from, mut values) = table(txn, [Int, Text, Int, Int, Int, Text, Int], rows, 0);
        values.extend([stage.into(), number.into()]);
        let n = values.len();
        let text = format!(
            "INSERT INTO stage_result (entry_id, stage, number, score, place, passed, counted, left_out, disputed)
             SELECT column1, ${}, ${n}, column2, column3, column4, column5, column6, column7 FROM {from} WHERE TRUE
             ON CONFLICT (entry_id, stage) DO UPDATE SET passed = excluded.passed",
            n - 1
        );
        txn.execute_raw(sql(txn, &text, values)).await?;
    }
    Ok(())
}

/// Results of entries in the order of stages, by key of the entry.
pub async fn results_of(
    conn: &impl ConnectionTrait,
    entries: &[i64],
) -> Result<BTreeMap<i64, Vec<StageResult>>, DbErr> {
    let mut all: BTreeMap<i64, Vec<StageResult>> = BTreeMap::new();
    for chunk in entries.chunks(1000) {
        let (from, values) = table(conn, [Column::Int], chunk.iter().map(|id| [(*id).into()]), 0);
        let text = format!(
            "SELECT entry_id, stage, score, place, passed, counted, left_out, disputed
             FROM {from} JOIN stage_result ON entry_id = v.column1 ORDER BY number"
        );
        for row in StageResult::find_by_statement(sql(conn, &text, values))
            .all(conn)
            .await?
        {
            all.entry(row.entry_id).or_default().push(row);
        }
    }
    Ok(all)
}

#[derive(Debug, FromQueryResult)]
struct AwardRow {
    entry_id: i64,
    award: String,
}

/// Awards of entries, by key of the entry.
pub async fn awards_of_entries(
    conn: &impl ConnectionTrait,
    entries: &[i64],
) -> Result<BTreeMap<i64, Vec<String>>, DbErr> {
    let mut all: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for chunk in entries.chunks(1000) {
        let (from, values) = table(conn, [Column::Int], chunk.iter().map(|id| [(*id).into()]), 0);
        let text = format!(
            "SELECT entry_id, award FROM {from} JOIN award ON entry_id = v.column1 ORDER BY entry_id, award"
        );
        for row in AwardRow::find_by_statement(sql(conn, &text, values))
            .all(conn)
            .await?
        {
            all.entry(row.entry_id).or_default().push(row.award);
        }
    }
    Ok(all)
}

/// When the results of these rounds were announced, unix microseconds; those that were not are left out.
pub async fn announced_at(
    conn: &impl ConnectionTrait,
    rounds: &BTreeSet<i64>,
) -> Result<BTreeMap<i64, i64>, DbErr> {
    #[derive(FromQueryResult)]
    struct Announced {
        round_id: i64,
        announced_at: i64,
    }
    if rounds.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (from, values) = table(conn, [Column::Int], rounds.iter().map(|id| [(*id).into()]), 0);
    let text = format!("SELECT round_id, announced_at FROM {from} JOIN announcement ON round_id = v.column1");
    let rows = Announced::find_by_statement(sql(conn, &text, values))
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(|r| (r.round_id, r.announced_at)).collect())
}

/// Gives awards: entry, innovation and key of the award.
pub async fn awards_put(
    txn: &Txn,
    year: i32,
    round: &str,
    awards: &[(i64, i64, String)],
) -> Result<(), DbErr> {
    let rows = awards
        .iter()
        .map(|(entry, innovation, award)| [(*entry).into(), (*innovation).into(), award.clone().into()]);
    let (from, mut values) = table(txn, [Column::Int, Column::Int, Column::Text], rows, 0);
    if awards.is_empty() {
        return Ok(());
    }
    values.extend([i64::from(year).into(), round.into()]);
    let n = values.len();
    let text = format!(
        "INSERT INTO award (entry_id, award, innovation_id, year, round)
         SELECT column1, column3, column2, ${}, ${n} FROM {from}",
        n - 1
    );
    txn.execute_raw(sql(txn, &text, values)).await?;
    Ok(())
}

/// Every entry that was submitted, with decisions and scores: what a competition is computed from. By key.
pub async fn contenders(
    conn: &impl ConnectionTrait,
    round: i64,
) -> Result<Vec<(entry::Stored, Contender)>, DbErr> {
    let states = [
        State::Submitted,
        State::Competing,
        State::Rejected,
        State::Eliminated,
    ];
    let entries = entry::entries_in(conn, round, &states).await?;
    let text = format!("{SCORES} WHERE e.round_id = $1 ORDER BY s.entry_id, s.stage, s.evaluator");
    let mut scores: BTreeMap<i64, BTreeMap<String, Vec<Given>>> = BTreeMap::new();
    for row in ScoreRow::find_by_statement(sql(conn, &text, [round.into()]))
        .all(conn)
        .await?
    {
        let (id, score) = row.score()?;
        if !score.recused {
            let of_entry = scores.entry(id).or_default();
            of_entry.entry(score.stage).or_default().push(Given {
                evaluator: score.evaluator,
                points: score.points,
            });
        }
    }
    #[derive(FromQueryResult)]
    struct Screened {
        entry_id: i64,
        stage: String,
        passed: i64,
    }
    let text = "SELECT entry_id, stage, passed FROM stage_result JOIN entry ON entry.id = entry_id WHERE round_id = $1";
    let mut screened: BTreeMap<i64, BTreeMap<String, bool>> = BTreeMap::new();
    for row in Screened::find_by_statement(sql(conn, text, [round.into()]))
        .all(conn)
        .await?
    {
        screened
            .entry(row.entry_id)
            .or_default()
            .insert(row.stage, row.passed != 0);
    }
    let contender = |entry: entry::Stored| {
        let contender = Contender {
            name: entry.name.to_string(),
            innovation: entry.innovation.clone(),
            title: entry.title.clone(),
            group: entry.proposal.group.clone(),
            screened: screened.remove(&entry.id).unwrap_or_default(),
            scores: scores.remove(&entry.id).unwrap_or_default(),
        };
        (entry, contender)
    };
    Ok(entries.into_iter().map(contender).collect())
}
