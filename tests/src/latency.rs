//! Measures how long it takes until an acknowledged response that completes a step is visible in a league table.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Instant,
};

use prima_proto::ranking::v1::WatchLeagueTableRequest;
use tokio::task::JoinHandle;

use crate::client::Client;

/// The responses of one subject: how many were acknowledged and seen, and when the unseen ones were acknowledged.
#[derive(Debug, Default)]
struct Subject {
    acknowledged: i64,
    seen: i64,
    waiting: VecDeque<(i64, Instant)>,
}

/// Responses by which the figures of an open survey move, by default.
const STEP: i64 = 5;

/// Subjects by name, and the measured delays in milliseconds. Of the responses of a subject those are measured that complete
/// a step; the n-th acknowledged one counts as seen when its row has n less one step respondents, so no one else may submit
/// responses for these subjects.
#[derive(Debug, Default)]
pub struct LatencyProbe {
    subjects: HashMap<String, Subject>,
    millis: Vec<f64>,
}

impl LatencyProbe {
    /// Records that a response for `subject` was acknowledged now.
    pub fn acknowledged(&mut self, subject: &str) {
        let own = self.subjects.entry(subject.to_owned()).or_default();
        own.acknowledged += 1;
        let released = own.acknowledged - STEP;
        if released < STEP || released % STEP != 0 {
            return;
        }
        if own.seen >= released {
            self.millis.push(0.0);
        } else {
            own.waiting.push_back((released, Instant::now()));
        }
    }

    fn seen(&mut self, subject: String, respondents: i64) {
        let own = self.subjects.entry(subject).or_default();
        own.seen = own.seen.max(respondents);
        while let Some((_, at)) = own.waiting.pop_front_if(|(n, _)| *n <= respondents) {
            self.millis.push(at.elapsed().as_secs_f64() * 1e3);
        }
    }

    /// Whether every acknowledged response that completes a step was seen.
    pub fn done(&self) -> bool {
        self.subjects.values().all(|s| s.waiting.is_empty())
    }

    /// Stops waiting for the unseen responses: each counts with the time that it has waited. Returns how many there
    /// are.
    pub fn give_up(&mut self) -> usize {
        let waiting = self.subjects.values_mut().flat_map(|s| s.waiting.drain(..));
        let waited: Vec<f64> = waiting.map(|(_, at)| at.elapsed().as_secs_f64() * 1e3).collect();
        self.millis.extend(&waited);
        waited.len()
    }

    /// Returns the delays measured so far, and forgets them.
    pub fn take(&mut self) -> Vec<f64> {
        std::mem::take(&mut self.millis)
    }

    /// Watches a league table of period 2024-q3 for `probe` until the task is aborted.
    pub async fn watch(probe: Arc<Mutex<Self>>, client: &mut Client, cohort: &str) -> JoinHandle<()> {
        let request = WatchLeagueTableRequest {
            name: format!("metrics/skm/periods/2024-q3/cohorts/{cohort}"),
            page_size: 1000,
            ..Default::default()
        };
        let answer = client.ranking.watch_league_table(request).await.unwrap();
        let mut table = answer.into_inner();
        #[expect(clippy::disallowed_methods, reason = "the caller aborts it")]
        tokio::spawn(async move {
            while let Some(message) = table.message().await.unwrap() {
                let mut probe = probe.lock().unwrap();
                for row in message.rows {
                    probe.seen(row.subject, row.respondents);
                }
            }
        })
    }
}
