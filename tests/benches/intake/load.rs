//! The load: single responses, bulk, and citizens during an import.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use prima_platform::testing::eventually;
use prima_proto::survey::v1::{
    RespondentProfile, Response, SubmitResponseRequest, SubmitResponsesRequest,
    survey_service_client::SurveyServiceClient,
};
use prima_tests::{bench::percentile, client::Authorised, latency::LatencyProbe, sample};
use tokio::task::JoinHandle;

/// How long an import may take to send its first responses.
const PATIENCE: Duration = Duration::from_secs(120);

pub type Survey = SurveyServiceClient<Authorised>;

/// Number of the next response, so that every response of a run has its own id.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Number of responses that Prima acknowledged, without those that were sent to the echo.
pub static ACKNOWLEDGED: AtomicI64 = AtomicI64::new(0);

/// 32 pseudo-random characters (SplitMix64), like the ids that clients generate.
fn id(n: u64) -> String {
    let mix = |z: u64| {
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let seed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{:016x}{:016x}", mix(seed), mix(!seed))
}

/// A response with a profile, as a form sends it.
fn response(n: u64) -> Response {
    Response {
        profile: Some(RespondentProfile {
            sex: "P".into(),
            age: 34,
            education: "S1".into(),
            occupation: "SWASTA".into(),
            service: "ktp-elektronik".into(),
            ..Default::default()
        }),
        ..sample::response(usize::try_from(n).unwrap())
    }
}

/// The surveys in rotation.
fn pick(surveys: &[String], n: u64) -> String {
    let place = usize::try_from(n).unwrap() % surveys.len();
    surveys.get(place).unwrap().clone()
}

fn single(surveys: &[String], n: u64) -> SubmitResponseRequest {
    SubmitResponseRequest {
        request_id: id(n),
        survey: pick(surveys, n),
        response: Some(response(n)),
        ..Default::default()
    }
}

/// Figures of single responses, with a fixed number of calls in flight, spread over the connections.
pub struct Singles {
    /// Calls that got a response.
    answered: i64,
    /// Calls a second.
    pub rate: f64,
    /// Median, milliseconds.
    pub p50: f64,
    /// The 99th percentile, milliseconds.
    pub p99: f64,
}

impl Singles {
    /// Measures for `slice`.
    pub async fn of(clients: &[Survey], surveys: &[String], in_flight: usize, slice: Duration) -> Self {
        let start = Instant::now();
        let tasks: Vec<_> = (0..in_flight)
            .zip(clients.iter().cycle())
            .map(|(_, client)| {
                let (mut client, surveys) = (client.clone(), surveys.to_vec());
                tokio::spawn(async move {
                    let mut times = Vec::new();
                    while start.elapsed() < slice || times.is_empty() {
                        let request = single(&surveys, NEXT.fetch_add(1, Ordering::Relaxed));
                        let begun = Instant::now();
                        client.submit_response(request).await.unwrap();
                        times.push(begun.elapsed().as_secs_f64() * 1e3);
                    }
                    times
                })
            })
            .collect();
        let mut times = Vec::new();
        for task in tasks {
            times.extend(task.await.unwrap());
        }
        Self {
            answered: i64::try_from(times.len()).unwrap(),
            rate: times.len() as f64 / start.elapsed().as_secs_f64(),
            p50: percentile(&mut times, 0.5),
            p99: percentile(&mut times, 0.99),
        }
    }

    /// The same against Prima, whose acknowledged responses are counted.
    pub async fn of_prima(clients: &[Survey], surveys: &[String], in_flight: usize, slice: Duration) -> Self {
        let measured = Self::of(clients, surveys, in_flight, slice).await;
        ACKNOWLEDGED.fetch_add(measured.answered, Ordering::Relaxed);
        measured
    }
}

/// Sends these responses as one stream, and returns how many were accepted: all of them.
async fn stream(
    mut client: Survey,
    surveys: Vec<String>,
    ns: impl Iterator<Item = u64> + Send + 'static,
) -> i64 {
    let sent = Arc::new(AtomicI64::new(0));
    let count = sent.clone();
    let mut last = String::new();
    let messages = ns.map(move |n| {
        count.fetch_add(1, Ordering::Relaxed);
        let survey = pick(&surveys, n);
        let same = survey == last;
        last.clone_from(&survey);
        SubmitResponsesRequest {
            survey: if same { String::new() } else { survey },
            response_id: id(n),
            response: Some(response(n)),
            ..Default::default()
        }
    });
    let answer = client
        .submit_responses(tokio_stream::iter(messages))
        .await
        .unwrap();
    let accepted = answer.into_inner().accepted;
    assert_eq!(accepted, sent.load(Ordering::Relaxed));
    ACKNOWLEDGED.fetch_add(accepted, Ordering::Relaxed);
    accepted
}

/// Responses a second with `count` responses in one stream per client, from the first message to the last response.
pub async fn bulk(clients: &[Survey], surveys: &[String], count: u64) -> f64 {
    let start = Instant::now();
    let each = count / clients.len() as u64;
    let tasks: Vec<_> = clients
        .iter()
        .map(|client| {
            let first = NEXT.fetch_add(each, Ordering::Relaxed);
            tokio::spawn(stream(client.clone(), surveys.to_vec(), first..first + each))
        })
        .collect();
    let mut accepted = 0;
    for task in tasks {
        accepted += task.await.unwrap();
    }
    accepted as f64 / start.elapsed().as_secs_f64()
}

/// An import at full speed: one stream per client, until it is stopped.
pub struct Import {
    begun: Instant,
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<i64>>,
}

impl Import {
    /// Starts the import.
    pub fn start(clients: &[Survey], surveys: &[String]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let tasks = clients.iter().map(|client| {
            let stop = stop.clone();
            let next = move || {
                let more = !stop.load(Ordering::Relaxed);
                more.then(|| NEXT.fetch_add(1, Ordering::Relaxed))
            };
            tokio::spawn(stream(client.clone(), surveys.to_vec(), std::iter::from_fn(next)))
        });
        let tasks = tasks.collect();
        let begun = Instant::now();
        Self { begun, stop, tasks }
    }

    /// Waits until `count` responses of all streams were sent.
    pub async fn under_way(&self, count: u64) {
        let goal = NEXT.load(Ordering::Relaxed) + count;
        let is_sent = || async {
            let is_over = self.tasks.iter().any(|task| task.is_finished());
            (is_over || NEXT.load(Ordering::Relaxed) >= goal).then_some(())
        };
        eventually(PATIENCE, is_sent).await.unwrap();
    }

    /// Stops the import, and returns responses a second.
    pub async fn finish(self) -> f64 {
        self.stop.store(true, Ordering::Relaxed);
        let mut accepted = 0;
        for task in self.tasks {
            accepted += task.await.unwrap();
        }
        accepted as f64 / self.begun.elapsed().as_secs_f64()
    }
}

/// Waits for `work` on a thread with a runtime of its own: a citizen's telephone does not wait for the program that imports.
pub async fn apart<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let thread = tokio::task::spawn_blocking(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build().unwrap().block_on(work)
    });
    thread.await.unwrap()
}

/// Sends single responses at a fixed rate, whether or not earlier calls have returned; the latency of each is measured
/// from the moment at which it was due. `surveys` come with the agency whose score depends on them. Returns the
/// latencies in milliseconds.
pub async fn citizens(
    client: Survey,
    surveys: Vec<(String, String)>,
    probe: Option<Arc<Mutex<LatencyProbe>>>,
    rate: u32,
    slice: Duration,
) -> Vec<f64> {
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate);
    let end = tokio::time::Instant::now() + slice;
    let mut calls = Vec::new();
    for (agency, survey) in surveys.iter().cycle() {
        let due = ticks.tick().await;
        if due >= end {
            break;
        }
        let (mut client, agency, probe) = (client.clone(), agency.clone(), probe.clone());
        let request = single(std::slice::from_ref(survey), NEXT.fetch_add(1, Ordering::Relaxed));
        calls.push(tokio::spawn(async move {
            client.submit_response(request).await.unwrap();
            let millis = due.elapsed().as_secs_f64() * 1e3;
            if let Some(probe) = probe {
                probe.lock().unwrap().acknowledged(&agency);
            }
            millis
        }));
    }
    let mut times = Vec::new();
    for call in calls {
        times.push(call.await.unwrap());
        ACKNOWLEDGED.fetch_add(1, Ordering::Relaxed);
    }
    times
}
