//! The tables of the past, built from the history when they are read.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, SecondsFormat, Utc};
use prima_platform::{
    clock::{Clock, from_micros, micros},
    db::Database,
    failure::{Failure, Kind},
};
use prima_proto::{
    event::v1::{ScoreComponent, ScoreState},
    name::Subject,
    score::Key,
    subject,
};
use prost::Message;
use tokio::sync::Semaphore;

use super::{history::Steps, tables::Tables};
use crate::store::{Moment, StoredState, history_get, history_page, history_span};

/// Past tables that are kept. One of 100,000 subjects takes as much memory as the present ones of its metric and period.
const KEPT: usize = 4;
const PAGE: usize = 5000;
/// When to ask again while the history has not begun.
const SOON: Duration = Duration::from_secs(10);

/// All tables of a metric and period at a moment.
#[derive(Debug)]
pub struct Past {
    /// The tables.
    pub tables: Tables,
    /// The moment, in full steps of the history.
    pub moment: Moment,
}

/// Metric, period and moment.
type PastKey = (String, String, Moment);

/// Reads the history; a few tables are built once for several readers.
#[derive(Debug)]
pub struct History {
    db: Database,
    clock: Clock,
    /// The services whose scores are ranked.
    services: Vec<String>,
    steps: Steps,
    /// The tables that were read last, the last one at the end.
    kept: Mutex<Vec<(PastKey, Arc<Past>)>>,
    /// Tables are built one at a time, so that requests for many moments take no more memory and time than one.
    building: Semaphore,
}

impl History {
    /// Reads the history of the scores of `services`.
    pub fn new(db: Database, clock: Clock, services: Vec<String>, steps: Steps) -> Self {
        Self {
            db,
            clock,
            services,
            steps,
            kept: Mutex::default(),
            building: Semaphore::new(1),
        }
    }

    /// The moment that a request means, in full steps of the history: without `known_at` what is known now, without `as_of`
    /// what was valid by `known_at`.
    ///
    /// # Errors
    ///
    /// `HISTORY_NOT_BEGUN`, `BEFORE_HISTORY`: the history is not complete at one of the times.
    pub async fn moment(
        &self,
        as_of: Option<DateTime<Utc>>,
        known_at: Option<DateTime<Utc>>,
    ) -> Result<Moment, Failure> {
        let span = history_span(&self.db).await?;
        if span.began_at == 0 || span.written_to < span.began_at {
            return Err(not_begun());
        }
        let step = |time: DateTime<Utc>| self.steps.ended(micros(time));
        let known_at = known_at.map_or(span.written_to, |time| step(time).min(span.written_to));
        let as_of = as_of.map_or(known_at, step);
        if as_of < span.began_at || known_at < span.began_at {
            return Err(before(from_micros(span.began_at)));
        }
        Ok(Moment { as_of, known_at })
    }

    /// All tables of a metric and period at a moment.
    pub async fn tables(&self, metric: &str, period: &str, moment: Moment) -> Result<Arc<Past>, Failure> {
        let key = (metric.to_owned(), period.to_owned(), moment);
        if let Some(past) = self.kept(&key) {
            return Ok(past);
        }
        let _turn = self.building.acquire().await.map_err(Failure::internal)?;
        if let Some(past) = self.kept(&key) {
            return Ok(past);
        }
        let tables = Tables::new(self.clock.clone());
        for prefix in self.prefixes(metric, period) {
            let mut after = String::new();
            loop {
                let (states, last) = history_page(&self.db, &prefix, &after, moment, PAGE).await?;
                tables.apply_if_newer(states);
                match last {
                    Some(last) => after = last,
                    None => break,
                }
            }
        }
        let past = Arc::new(Past { tables, moment });
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((key, Arc::clone(&past)));
        Ok(past)
    }

    /// The published states of one score at a moment, those that were withdrawn as well; one for each service that published it.
    pub async fn states(
        &self,
        subject: &Subject,
        metric: &str,
        period: &str,
        moment: Moment,
    ) -> Result<Vec<StoredState>, Failure> {
        let mut states = Vec::new();
        for service in &self.services {
            let key = Key::new(service, metric, period, subject.clone());
            states.extend(history_get(&self.db, &key.to_string(), moment).await?);
        }
        Ok(states)
    }

    /// The components of scores of a metric and period at a moment, of the subjects in `wanted` at the version that it gives.
    pub async fn components(
        &self,
        metric: &str,
        period: &str,
        moment: Moment,
        wanted: &HashMap<Subject, i64>,
    ) -> Result<HashMap<Subject, Vec<ScoreComponent>>, Failure> {
        let mut found = HashMap::new();
        if wanted.is_empty() {
            return Ok(found);
        }
        let _turn = self.building.acquire().await.map_err(Failure::internal)?;
        for prefix in self.score_prefixes(metric, period) {
            let mut after = String::new();
            loop {
                let (states, last) = history_page(&self.db, &prefix, &after, moment, PAGE).await?;
                for state in states.iter().filter(|state| state.withdrawn == 0) {
                    let Ok(Some(key)) = Key::parse(&state.subject) else {
                        continue;
                    };
                    if wanted.get(&key.subject) != Some(&state.version) {
                        continue;
                    }
                    if let Ok(score) = ScoreState::decode(state.payload.as_slice()) {
                        found.entry(key.subject).or_insert(score.components);
                    }
                }
                match last {
                    Some(last) => after = last,
                    None => break,
                }
            }
        }
        Ok(found)
    }

    /// What the subjects begin with that a table of a metric and period is made of.
    fn prefixes(&self, metric: &str, period: &str) -> Vec<String> {
        let mut prefixes = ["agency", "unit"]
            .map(|kind| format!("prima.directory.{kind}."))
            .to_vec();
        prefixes.push(subject::table_definition(metric));
        prefixes.extend(self.score_prefixes(metric, period));
        prefixes
    }

    /// What the subjects of the scores of a metric and period begin with.
    fn score_prefixes(&self, metric: &str, period: &str) -> Vec<String> {
        let services = self.services.iter();
        services
            .map(|service| format!("prima.{service}.score.{metric}.{period}."))
            .collect()
    }

    fn kept(&self, key: &PastKey) -> Option<Arc<Past>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(own, _)| own == key)?;
        let found = kept.remove(at);
        let past = Arc::clone(&found.1);
        kept.push(found);
        Some(past)
    }
}

fn not_begun() -> Failure {
    Failure {
        retry_after: Some(SOON),
        ..Failure::new(
            Kind::Unavailable,
            "HISTORY_NOT_BEGUN",
            "the history begins once all states were received, at the end of the step of that moment",
            "Riwayat tabel peringkat belum dimulai; coba lagi sebentar lagi",
        )
    }
}

fn before(began_at: DateTime<Utc>) -> Failure {
    let begins = began_at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut failure = Failure::new(
        Kind::Precondition,
        "BEFORE_HISTORY",
        format!("the history begins at {begins}; tables of an earlier time are not known"),
        format!("Riwayat tabel peringkat dimulai {begins}; tabel sebelum itu tidak diketahui"),
    );
    failure.metadata.push(("begins", begins));
    failure
}
