//! What operators see: one trace from the citizen's response to the league table, metrics, one log line per call; and
//! nothing in these or on the bus that identifies a respondent.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use futures::{StreamExt, stream::FuturesUnordered};
use opentelemetry_proto::tonic::{
    collector::{
        metrics::v1::{
            ExportMetricsServiceRequest, ExportMetricsServiceResponse,
            metrics_service_server::{MetricsService, MetricsServiceServer},
        },
        trace::v1::{
            ExportTraceServiceRequest, ExportTraceServiceResponse,
            trace_service_server::{TraceService, TraceServiceServer},
        },
    },
    common::v1::any_value::Value,
    resource::v1::Resource,
    trace::v1::{Span, span::SpanKind},
};
use prima_platform::testing::eventually;
use prima_proto::survey::v1 as survey;
use prima_tests::{
    Cluster, DEADLINE, Suite,
    client::Client,
    process::{Process, Service},
    sample,
};
use prost::Message;
use sea_orm::{ConnectionTrait, TransactionTrait};
use tokio::task::JoinSet;
use tonic::{Code, Request, Response, Status};

/// A span, and the service that exported it.
#[derive(Debug, Clone)]
struct Exported {
    service: String,
    span: Span,
}

#[derive(Debug, Default)]
struct Seen {
    spans: Vec<Exported>,
    /// Service and name of each metric.
    metrics: Vec<(String, String)>,
    /// Every export in its encoded form.
    raw: Vec<Vec<u8>>,
}

/// A collector in this process that receives traces and metrics over OTLP/gRPC.
pub(crate) struct Receiver {
    url: String,
    seen: Arc<Mutex<Seen>>,
    _serving: JoinSet<()>,
}

#[derive(Clone)]
struct Collector(Arc<Mutex<Seen>>);

fn service_name(resource: Option<&Resource>) -> String {
    let attributes = resource.map(|r| r.attributes.as_slice()).unwrap_or_default();
    let found = attributes.iter().find(|a| a.key == "service.name");
    let value = found
        .and_then(|a| a.value.as_ref())
        .and_then(|v| v.value.as_ref());
    match value {
        Some(Value::StringValue(name)) => name.clone(),
        other => panic!("service.name is {other:?}"),
    }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let request = request.into_inner();
        let mut seen = self.0.lock().unwrap();
        seen.raw.push(request.encode_to_vec());
        for resource in request.resource_spans {
            let service = service_name(resource.resource.as_ref());
            let spans = resource.scope_spans.into_iter().flat_map(|s| s.spans);
            seen.spans.extend(spans.map(|span| Exported {
                service: service.clone(),
                span,
            }));
        }
        Ok(Response::new(Default::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let request = request.into_inner();
        let mut seen = self.0.lock().unwrap();
        seen.raw.push(request.encode_to_vec());
        for resource in request.resource_metrics {
            let service = service_name(resource.resource.as_ref());
            let metrics = resource.scope_metrics.into_iter().flat_map(|s| s.metrics);
            seen.metrics.extend(metrics.map(|m| (service.clone(), m.name)));
        }
        Ok(Response::new(Default::default()))
    }
}

impl Receiver {
    /// Serves on a free port until it is dropped.
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let collector = Collector(seen.clone());
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            tonic::transport::Server::builder()
                .add_service(TraceServiceServer::new(collector.clone()))
                .add_service(MetricsServiceServer::new(collector))
                .serve_with_incoming(tokio_stream::wrappers::TcpListenerStream::new(listener))
                .await
                .unwrap();
        });
        Self {
            url,
            seen,
            _serving: serving,
        }
    }

    /// Where it receives.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Every export so far, in its encoded form.
    pub(crate) fn raw(&self) -> Vec<Vec<u8>> {
        self.seen().raw.clone()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    /// The spans received so far.
    fn spans(&self) -> Vec<Exported> {
        self.seen().spans.clone()
    }
}

/// Directory, survey and ranking on a cluster, which all export to one receiver.
pub(crate) struct Traced {
    pub(crate) suite: Suite,
    receiver: Receiver,
    token: String,
}

impl Traced {
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Self {
        Self::on(Cluster::start().await, settings).await
    }

    async fn on(cluster: Cluster, settings: &[(&str, &str)]) -> Self {
        let receiver = Receiver::start().await;
        let serve = async |service| {
            let command = cluster
                .command(service)
                .env("PRIMA_TELEMETRY__OTLP_ENDPOINT", &receiver.url)
                .env("OTEL_BSP_SCHEDULE_DELAY", "100")
                .env("OTEL_METRIC_EXPORT_INTERVAL", "200");
            let command = settings
                .iter()
                .fold(command, |c, (name, value)| c.env(name, value));
            command.start().await
        };
        let (directory, survey, ranking) = (
            serve(Service::Directory).await,
            serve(Service::Survey).await,
            serve(Service::Ranking).await,
        );
        let token = cluster.admin();
        let client = Client::new(&directory.url(), &survey.url(), &ranking.url(), &token);
        let suite = Suite {
            cluster,
            directory,
            survey,
            ranking,
            client,
        };
        Self {
            suite,
            receiver,
            token,
        }
    }

    /// Creates a unit with an open survey; returns the survey's name.
    pub(crate) async fn survey(&self) -> String {
        let mut client = self.suite.client.clone();
        let unit = client.unit("32", "3271").await;
        client.create_survey(&unit, "2024-q3").await
    }
}

/// Submits a response in the trace with the given number, as a child of the span with the same number.
pub(crate) async fn submit_traced(client: &Client, survey: &str, id: &str, trace: u64) -> Result<(), Status> {
    let mut request = Request::new(survey::SubmitResponseRequest {
        request_id: id.to_owned(),
        survey: survey.to_owned(),
        response: Some(sample::response(0)),
        credential: None,
    });
    let parent = format!("00-{trace:032x}-{trace:016x}-01");
    request
        .metadata_mut()
        .insert("traceparent", parent.parse().unwrap());
    client.clone().survey.submit_response(request).await.map(|_| ())
}

fn trace_id(trace: u64) -> Vec<u8> {
    u128::from(trace).to_be_bytes().to_vec()
}

/// The span of a trace with this name, if it was received.
fn find<'a>(spans: &'a [Exported], trace: u64, name: &str) -> Option<&'a Exported> {
    let trace = trace_id(trace);
    spans
        .iter()
        .find(|s| s.span.trace_id == trace && s.span.name == name)
}

const SUBMIT: &str = "prima.survey.v1.SurveyService/SubmitResponse";

/// The spans from the table back to the call: name, service and kind.
const SPAN_CHAIN: [(&str, &str, SpanKind); 6] = [
    ("table update", "prima-ranking", SpanKind::Internal),
    ("process prima.score", "prima-ranking", SpanKind::Consumer),
    ("send prima.score", "prima-survey", SpanKind::Producer),
    ("count", "prima-survey", SpanKind::Internal),
    ("transaction", "prima-survey", SpanKind::Internal),
    (SUBMIT, "prima-survey", SpanKind::Server),
];

/// Whether the spans form the whole chain: `last` is the table's, each is the child of the next, and the last is the
/// child of the caller's span.
fn is_complete_chain(spans: &BTreeMap<Vec<u8>, Exported>, last: &Exported, caller: u64) -> bool {
    let mut at = Some(last);
    let mut parent = Vec::new();
    for (name, service, kind) in SPAN_CHAIN {
        match at {
            Some(found)
                if found.span.name == name && found.service == service && found.span.kind() == kind =>
            {
                parent.clone_from(&found.span.parent_span_id);
                at = spans.get(&parent);
            }
            _ => return false,
        }
    }
    parent == caller.to_be_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_goes_from_the_answer_through_two_processes_to_the_table() {
    let traced = Traced::start(&[]).await;
    let survey = traced.survey().await;
    let trace = 0x00c1_717e_4a11_5afe;
    submit_traced(&traced.suite.client, &survey, "r-0", trace)
        .await
        .unwrap();
    let arrived = eventually(DEADLINE, || async {
        let spans = traced.receiver.spans().into_iter();
        let spans: BTreeMap<Vec<u8>, Exported> = spans
            .filter(|s| s.span.trace_id == trace_id(trace))
            .map(|s| (s.span.span_id.clone(), s))
            .collect();
        spans
            .values()
            .any(|s| is_complete_chain(&spans, s, trace))
            .then_some(())
    });
    if arrived.await.is_none() {
        panic!("no whole trace among {:#?}", traced.receiver.spans());
    }
    let metrics = eventually(DEADLINE, || async {
        let seen = traced.receiver.seen();
        let has = |service: &str, name: &str| seen.metrics.iter().any(|(s, n)| s == service && n == name);
        (has("prima-survey", "outbox.pending")
            && has("prima-survey", "rpc.server.call.duration")
            && has("prima-survey", "outbox.published")
            && has("prima-ranking", "rpc.server.call.duration")
            && has("prima-ranking", "consumer.applied"))
        .then_some(())
    });
    if metrics.await.is_none() {
        panic!("metrics are missing among {:?}", traced.receiver.seen().metrics);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_that_shares_a_transaction_is_a_link_of_it() {
    // With one writer and a queue of two, two responses wait for the next transaction when more are refused.
    let settings = [("PRIMA_SURVEY__WRITERS", "1"), ("PRIMA_SURVEY__QUEUE", "2")];
    let traced = Traced::start(&settings).await;
    let (cluster, client) = (&traced.suite.cluster, traced.suite.client.clone());
    let survey = traced.survey().await;
    let db = sea_orm::Database::connect(&cluster.database).await.unwrap();
    let lock = db.begin().await.unwrap();
    lock.execute_unprepared("SELECT 1 FROM survey.survey FOR UPDATE")
        .await
        .unwrap();
    let mut first = JoinSet::new();
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'WITH turns %'";
    // One writer is for requests of many, and may store a single answer as well.
    for writers in 1..=2 {
        let (own, name) = (client.clone(), survey.clone());
        let (id, trace) = (format!("r-{writers}"), 0x20 + writers);
        first.spawn(async move { submit_traced(&own, &name, &id, trace).await });
        let at_the_lock = eventually(DEADLINE, || async {
            let there = u64::try_from(cluster.number(waiting).await);
            (there == Ok(writers)).then_some(())
        });
        at_the_lock.await.expect("the writer waits for the survey");
    }
    let mut calls: FuturesUnordered<_> = (0x11..0x15)
        .map(|trace| {
            let (client, survey) = (&client, &survey);
            async move {
                let id = format!("r-{trace}");
                (trace, submit_traced(client, survey, &id, trace).await)
            }
        })
        .collect();
    for _ in 0..2 {
        let (_, refused) = calls.next().await.unwrap();
        assert_eq!(refused.unwrap_err().code(), Code::ResourceExhausted);
    }
    lock.rollback().await.unwrap();
    db.close().await.unwrap();
    while let Some(answered) = first.join_next().await {
        answered.unwrap().unwrap();
    }
    let mut traces = Vec::new();
    while let Some((trace, accepted)) = calls.next().await {
        accepted.unwrap();
        traces.push(trace);
    }
    let [a, b] = traces[..] else {
        panic!("{traces:?} were accepted")
    };
    let linked = eventually(DEADLINE, || async {
        let spans = traced.receiver.spans();
        let is_linked = |own: u64, other: u64| {
            let batch = find(&spans, own, "transaction")?;
            let call = find(&spans, other, SUBMIT)?;
            assert_eq!(
                batch.span.parent_span_id,
                find(&spans, own, SUBMIT)?.span.span_id,
                "it belongs to the first"
            );
            let link = batch.span.links.iter().find(|l| l.trace_id == trace_id(other))?;
            assert_eq!(link.span_id, call.span.span_id, "the link names the other call");
            Some(())
        };
        is_linked(a, b).or_else(|| is_linked(b, a))
    });
    if linked.await.is_none() {
        panic!("no link among {:#?}", traced.receiver.spans());
    }
}

/// Every message on a bus from now on.
struct BusCapture {
    captured: Arc<Mutex<Vec<Vec<u8>>>>,
    _listening: JoinSet<()>,
}

impl BusCapture {
    async fn on(url: &str) -> Self {
        let client = async_nats::connect(url).await.unwrap();
        let mut everything = client.subscribe(">").await.unwrap();
        client.flush().await.unwrap();
        let captured = Arc::new(Mutex::new(Vec::new()));
        let sink = captured.clone();
        let mut listening = JoinSet::new();
        listening.spawn(async move {
            // The subscription ends with the client.
            let _client = client;
            while let Some(message) = everything.next().await {
                let mut text = format!("{} {:?}\n", message.subject, message.reply).into_bytes();
                for (name, values) in message.headers.iter().flat_map(|h| h.iter()) {
                    for value in values {
                        text.extend(format!("{name}: {}\n", value.as_str()).bytes());
                    }
                }
                text.extend_from_slice(&message.payload);
                sink.lock().unwrap().push(text);
            }
        });
        Self {
            captured,
            _listening: listening,
        }
    }

    fn captured(&self) -> Vec<Vec<u8>> {
        self.captured.lock().unwrap().clone()
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|w| w == text.as_bytes())
}

/// Where a text was found, with its surroundings.
pub(crate) fn found(source: &str, records: &[Vec<u8>], text: &str) -> Vec<String> {
    records
        .iter()
        .filter(|record| contains(record, text))
        .map(|record| {
            let shown: String = String::from_utf8_lossy(record).chars().take(2000).collect();
            format!("`{text}` in {source}: {shown}")
        })
        .collect()
}

/// A response in which every part can be recognised.
fn recognisable() -> survey::Response {
    let answers = sample::ELEMENTS.iter().zip([1, 2, 3, 4, 1, 4, 3, 2, 1]);
    survey::Response {
        submit_time: None,
        answers: answers.map(|(key, score)| ((*key).to_owned(), score)).collect(),
        profile: Some(survey::RespondentProfile {
            sex: "P".into(),
            age: 97,
            education: "S3".into(),
            occupation: "WIRAUSAHA".into(),
            service: "rahasia-xyz".into(),
            ..Default::default()
        }),
        suggestion: "Saran rahasia-abc".into(),
        criticism: "Kritik rahasia-def".into(),
        device: "gawai-rahasia-ghi".into(),
    }
}

/// What must never leave the database: ids, profile, and the answers as they are stored.
const SECRETS: [&str; 8] = [
    "warga-nik-123",
    "warga-nik-456",
    "rahasia-xyz",
    "WIRAUSAHA",
    "123414321",
    "rahasia-abc",
    "rahasia-def",
    "rahasia-ghi",
];

/// Submits responses in every way, valid and invalid; returns how many calls of each method ended with each code.
async fn submit_in_every_way(traced: &Traced, survey: &str) -> BTreeMap<(&'static str, &'static str), usize> {
    let mut client = traced.suite.client.clone();
    let id = "warga-nik-123";
    let other = survey::Response {
        answers: sample::response(1).answers,
        ..recognisable()
    };
    let mut bad = recognisable();
    bad.answers.insert("time".into(), 9);
    bad.answers.insert("rahasia-xyz".into(), 1);
    let unknown = survey.replace("2024-q3", "tidak-ada");
    let steps = [
        (survey, recognisable(), Code::Ok),
        (survey, recognisable(), Code::Ok),
        (survey, other.clone(), Code::InvalidArgument),
        (survey, bad.clone(), Code::InvalidArgument),
        (&unknown, recognisable(), Code::NotFound),
    ];
    for (survey, response, code) in steps {
        let answer = client.submit(survey, id, response).await;
        assert_eq!(answer.map_or_else(|s| s.code(), |()| Code::Ok), code);
    }
    let one = |response_id: &str, response| survey::SubmitResponsesRequest {
        survey: survey.to_owned(),
        response_id: response_id.to_owned(),
        response: Some(response),
        ..Default::default()
    };
    let stream = vec![
        one("warga-nik-456", recognisable()),
        one(id, recognisable()),
        one(id, other),
        one(id, bad),
    ];
    let answer = client.survey.submit_responses(tokio_stream::iter(stream)).await;
    let answer = answer.unwrap().into_inner();
    assert_eq!(
        (answer.accepted, answer.repeated_count, answer.rejected),
        (1, 1, 2)
    );
    // The database refuses this row, and its error message quotes the whole row.
    let db = sea_orm::Database::connect(&traced.suite.cluster.database)
        .await
        .unwrap();
    let refuse = "ALTER TABLE survey.response ADD CONSTRAINT no CHECK (age <> 97) NOT VALID";
    db.execute_unprepared(refuse).await.unwrap();
    let refused = client.submit(survey, "warga-nik-123-b", recognisable()).await;
    assert_eq!(refused.unwrap_err().code(), Code::Internal);
    db.execute_unprepared("ALTER TABLE survey.response DROP CONSTRAINT no")
        .await
        .unwrap();
    db.close().await.unwrap();
    let mut anonymous = Client::new(
        &traced.suite.directory.url(),
        &traced.suite.survey.url(),
        &traced.suite.ranking.url(),
        "",
    );
    let refused = anonymous.submit(survey, id, recognisable()).await;
    assert_eq!(refused.unwrap_err().code(), Code::Unauthenticated);
    let close = survey::CloseSurveyRequest {
        name: survey.to_owned(),
        etag: String::new(),
    };
    client.survey.close_survey(close).await.unwrap();
    let late = client.submit(survey, "warga-nik-123-c", recognisable()).await;
    assert_eq!(late.unwrap_err().code(), Code::FailedPrecondition);
    let bulk = "prima.survey.v1.SurveyService/SubmitResponses";
    BTreeMap::from([
        ((SUBMIT, "Ok"), 2),
        ((SUBMIT, "InvalidArgument"), 2),
        ((SUBMIT, "NotFound"), 1),
        ((SUBMIT, "Internal"), 1),
        ((SUBMIT, "Unauthenticated"), 1),
        ((SUBMIT, "FailedPrecondition"), 1),
        ((bulk, "Ok"), 1),
        (("prima.survey.v1.SurveyService/CreateSurvey", "Ok"), 1),
        (("prima.survey.v1.SurveyService/CloseSurvey", "Ok"), 1),
    ])
}

/// Every log line as JSON.
fn lines(process: &Process) -> Vec<serde_json::Value> {
    let log = process.log();
    log.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// Asserts that every log line is JSON, and that survey logs one line for each call.
fn check_lines(suite: &Suite, calls: &BTreeMap<(&str, &str), usize>) {
    for process in [&suite.directory, &suite.survey, &suite.ranking] {
        for line in lines(process) {
            assert!(
                line["timestamp"].is_string() && line["level"].is_string(),
                "{line}"
            );
        }
    }
    let mut counted = BTreeMap::new();
    for line in lines(&suite.survey).iter().filter(|l| l["message"] == "call") {
        let (method, code) = (line["method"].as_str().unwrap(), line["code"].as_str().unwrap());
        assert!(line["ms"].as_f64().is_some_and(|ms| ms > 0.0), "{line}");
        if method.starts_with("prima.survey.") {
            *counted
                .entry((method.to_owned(), code.to_owned()))
                .or_insert(0_usize) += 1;
        }
    }
    let calls = calls
        .iter()
        .map(|((method, code), n)| (((*method).to_owned(), (*code).to_owned()), *n));
    assert_eq!(counted, calls.collect(), "one line a call");
}

/// The log has the most detailed level that an operator can set.
#[tokio::test(flavor = "multi_thread")]
async fn no_log_trace_metric_or_event_identifies_a_respondent() {
    let cluster = Cluster::start().await;
    let tap = BusCapture::on(&cluster.nats.url()).await;
    let mut traced = Traced::on(cluster, &[("PRIMA_TELEMETRY__LEVEL", "trace")]).await;
    let survey = traced.survey().await;
    let calls = submit_in_every_way(&traced, &survey).await;
    let suite = &traced.suite;
    let stored = "SELECT count(*) FROM survey.response
                  WHERE response_id IN ('warga-nik-123', 'warga-nik-456') AND service = 'rahasia-xyz'
                    AND occupation = 'WIRAUSAHA' AND answers = '123414321'";
    assert_eq!(
        suite.cluster.number(stored).await,
        2,
        "what is looked for is stored"
    );
    suite.cluster.settle("survey").await;
    let client = suite.client.clone();
    let ranked = eventually(DEADLINE, || {
        let mut client = client.clone();
        async move {
            let (units, agencies) = (
                client.table("dpmptsp").await.ok()?,
                client.table("kota").await.ok()?,
            );
            (units[0].respondents == 2 && agencies[0].respondents == 2).then_some(())
        }
    });
    ranked.await.expect("the unit and its agency are ranked");
    // A stop sends the remaining traces and metrics.
    let suite = &mut traced.suite;
    for process in [&mut suite.survey, &mut suite.ranking, &mut suite.directory] {
        assert_eq!(process.stop().await, 0);
    }
    check_lines(&traced.suite, &calls);

    let suite = &traced.suite;
    let logs: Vec<Vec<u8>> = [&suite.directory, &suite.survey, &suite.ranking]
        .iter()
        .flat_map(|p| p.log().lines().map(|l| l.as_bytes().to_vec()).collect::<Vec<_>>())
        .collect();
    let sources = [
        ("telemetry", traced.receiver.seen().raw.clone()),
        ("a log", logs),
        ("the bus", tap.captured()),
    ];
    for ((source, records), known) in
        sources
            .iter()
            .zip([SUBMIT, SUBMIT, "prima.survey.score.skm.2024-q3.unit.3271.dpmptsp"])
    {
        assert!(
            !found(source, records, known).is_empty(),
            "{source} was not recorded"
        );
    }
    let leaks: Vec<String> = SECRETS
        .iter()
        .copied()
        .chain([traced.token.as_str()])
        .flat_map(|secret| {
            sources
                .iter()
                .flat_map(move |(source, records)| found(source, records, secret))
        })
        .collect();
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}
