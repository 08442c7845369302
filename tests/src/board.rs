//! How long what was acknowledged takes until it is seen.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Instant,
};

use prima_proto::ranking::v1::WatchLeagueTableRequest;
use tokio::task::JoinHandle;

use crate::client::Client;

/// Responses of one subject: how many were acknowledged and seen, and when those not seen yet were.
#[derive(Debug, Default)]
struct Subject {
    acknowledged: i64,
    seen: i64,
    waiting: VecDeque<(i64, Instant)>,
}

/// Subjects by name, and what was measured in milliseconds. A response counts as the n-th of its subject, n being the
/// order of acknowledgement: it is seen when a row has n respondents. Nobody else may answer for these subjects.
#[derive(Debug, Default)]
pub struct Board {
    subjects: HashMap<String, Subject>,
    millis: Vec<f64>,
}

impl Board {
    /// A response for `subject` was acknowledged now.
    pub fn acknowledged(&mut self, subject: &str) {
        let own = self.subjects.entry(subject.to_owned()).or_default();
        own.acknowledged += 1;
        if own.seen >= own.acknowledged {
            self.millis.push(0.0);
        } else {
            own.waiting.push_back((own.acknowledged, Instant::now()));
        }
    }

    fn seen(&mut self, subject: String, respondents: i64) {
        let own = self.subjects.entry(subject).or_default();
        own.seen = own.seen.max(respondents);
        while let Some((_, at)) = own.waiting.pop_front_if(|(n, _)| *n <= respondents) {
            self.millis.push(at.elapsed().as_secs_f64() * 1e3);
        }
    }

    /// Whether everything acknowledged was seen.
    pub fn done(&self) -> bool {
        self.subjects.values().all(|s| s.waiting.is_empty())
    }

    /// Lets go of what was not seen yet: it counts with the time that it has waited. Returns how many.
    pub fn give_up(&mut self) -> usize {
        let waiting = self.subjects.values_mut().flat_map(|s| s.waiting.drain(..));
        let waited: Vec<f64> = waiting.map(|(_, at)| at.elapsed().as_secs_f64() * 1e3).collect();
        self.millis.extend(&waited);
        waited.len()
    }

    /// Takes what was measured so far.
    pub fn take(&mut self) -> Vec<f64> {
        std::mem::take(&mut self.millis)
    }

    /// Watches a table of period 2024-q3 for `board`, until the task is aborted.
    pub async fn watch(board: Arc<Mutex<Self>>, client: &mut Client, cohort: &str) -> JoinHandle<()> {
        let request = WatchLeagueTableRequest {
            name: format!("metrics/skm/periods/2024-q3/cohorts/{cohort}"),
            page_size: 1000,
        };
        let answer = client.ranking.watch_league_table(request).await.unwrap();
        let mut table = answer.into_inner();
        #[expect(clippy::disallowed_methods, reason = "the caller aborts it")]
        tokio::spawn(async move {
            while let Some(message) = table.message().await.unwrap() {
                let mut board = board.lock().unwrap();
                for row in message.rows {
                    board.seen(row.subject, row.respondents);
                }
            }
        })
    }
}
