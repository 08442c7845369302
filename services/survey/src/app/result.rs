//! The result of a survey: computed by one function, whoever asks.

use prima_platform::{db::Database, failure::Failure};

use crate::{
    domain::{
        index::{self, Published},
        instrument,
        survey::Survey,
        tally::Tally,
    },
    store::survey::{Filter, Stored, Tallies, survey_get, survey_page, tallies_get},
};

/// The figure of one element.
#[derive(Debug, Clone)]
pub struct Element {
    /// Stable key.
    pub key: String,
    /// Code printed in this survey.
    pub code: String,
    /// Official name.
    pub name: String,
    /// Its answers.
    pub tally: Tally,
}

/// The figures of a survey.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// In the survey's order.
    pub elements: Vec<Element>,
    /// The index; none until every element has an answer.
    pub published: Option<Published>,
}

impl Outcome {
    /// Computes the figures of `survey` from its tallies.
    pub fn of(survey: &Survey, tallies: &Tallies) -> Self {
        let known = instrument::find(&survey.instrument);
        let elements: Vec<Element> = survey
            .asked
            .iter()
            .map(|asked| Element {
                key: asked.key.clone(),
                code: asked.code.clone(),
                name: asked.name(known).to_owned(),
                tally: tallies.get(&asked.key).copied().unwrap_or_default(),
            })
            .collect();
        let sums: Vec<Tally> = elements.iter().map(|e| e.tally).collect();
        let published = known.and_then(|i| {
            Some(index::publish(
                i,
                index::compute(i, &survey.asked, &sums, survey.weights)?,
            ))
        });
        Self { elements, published }
    }
}

/// A survey with its figures, both of the same moment.
pub async fn get(db: &Database, name: &str) -> Result<Option<(Stored, Outcome)>, Failure> {
    let txn = snapshot(db).await?;
    let Some(stored) = survey_get(&txn, name).await? else {
        return Ok(None);
    };
    Ok(with_outcomes(&txn, vec![stored]).await?.pop())
}

/// A page of surveys with their figures.
pub async fn page(db: &Database, filter: &Filter) -> Result<Vec<(Stored, Outcome)>, Failure> {
    let txn = snapshot(db).await?;
    let surveys = survey_page(&txn, filter).await?;
    with_outcomes(&txn, surveys).await
}

/// A transaction in which several reads see one state.
async fn snapshot(db: &Database) -> Result<prima_platform::db::Txn, Failure> {
    use sea_orm::{IsolationLevel, TransactionTrait};
    let level = (db.backend() == sea_orm::DbBackend::Postgres).then_some(IsolationLevel::RepeatableRead);
    Ok(db.reader().begin_with_config(level, None).await?)
}

async fn with_outcomes(
    txn: &prima_platform::db::Txn,
    surveys: Vec<Stored>,
) -> Result<Vec<(Stored, Outcome)>, Failure> {
    let ids: Vec<i64> = surveys.iter().map(|s| s.id).collect();
    let mut tallies = tallies_get(txn, &ids).await?;
    let figures = |stored: Stored| {
        let outcome = Outcome::of(&stored.survey, &tallies.remove(&stored.id).unwrap_or_default());
        (stored, outcome)
    };
    Ok(surveys.into_iter().map(figures).collect())
}
