//! Invalid input against real processes: each request is refused with its status and all faults of all fields, nothing
//! of it is stored, and the processes continue to serve.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail their test"
)]

mod fields;
mod letters;
mod limits;
mod names;
mod once;
mod pages;
mod responses;
mod rights;
mod stopping;
mod tokens;
mod watchers;
mod wire;

use std::{fmt::Debug, time::Duration};

use prima_tests::{
    Cluster, Suite,
    client::{Client, channel},
    process::{Process, Service},
    raw::RawCodec,
};
use prost::Message;
use prost_reflect::ServiceDescriptor;
use tonic::{
    Code, Request, Status,
    client::Grpc,
    metadata::{Ascii, MetadataValue},
    transport::Channel,
};
use tonic_types::{FieldViolation, LocalizedMessage, StatusExt};

const DIRECTORY: &str = "prima.directory.v1.DirectoryService";
const SURVEY: &str = "prima.survey.v1.SurveyService";
const RANKING: &str = "prima.ranking.v1.RankingService";

/// The details of a refused call.
#[derive(Debug)]
struct Fault {
    code: Code,
    reason: String,
    localized: String,
    violations: Vec<FieldViolation>,
    retry: Option<Duration>,
}

impl Fault {
    fn fields(&self) -> Vec<&str> {
        self.violations.iter().map(|v| v.field.as_str()).collect()
    }
}

fn indonesian(message: Option<&LocalizedMessage>, status: &Status) -> String {
    let message = message.unwrap_or_else(|| panic!("nothing localized: {status:?}"));
    assert_eq!(message.locale, "id-ID", "{status:?}");
    assert!(!message.message.is_empty(), "{status:?}");
    message.message.clone()
}

/// Checks what every error must have, and returns its details.
fn fault(status: &Status) -> Fault {
    assert!(
        !matches!(status.code(), Code::Ok | Code::Internal | Code::Unknown),
        "{status:?}"
    );
    assert!(!status.message().is_empty(), "{status:?}");
    let details = status
        .check_error_details()
        .unwrap_or_else(|error| panic!("{error}: {status:?}"));
    let info = details
        .error_info()
        .unwrap_or_else(|| panic!("no ErrorInfo: {status:?}"));
    assert_eq!(info.domain, "prima.go.id", "{status:?}");
    let upper = |c: char| c.is_ascii_uppercase() || c == '_';
    assert!(
        !info.reason.is_empty() && info.reason.chars().all(upper),
        "{status:?}"
    );
    let localized = indonesian(details.localized_message(), status);
    let violations = details
        .bad_request()
        .map(|b| b.field_violations.clone())
        .unwrap_or_default();
    for violation in &violations {
        assert!(
            !violation.field.is_empty() && !violation.description.is_empty(),
            "{status:?}"
        );
        indonesian(violation.localized_message.as_ref(), status);
    }
    let by_field = matches!(info.reason.as_str(), "INVALID_FIELDS" | "REQUEST_ID_REUSED");
    assert_eq!(by_field, !violations.is_empty(), "{status:?}");
    assert!(!by_field || status.code() == Code::InvalidArgument, "{status:?}");
    let retry = details.retry_info().and_then(|r| r.retry_delay);
    Fault {
        code: status.code(),
        reason: info.reason.clone(),
        localized,
        violations,
        retry,
    }
}

/// Asserts that the call was refused with this code and reason.
#[track_caller]
fn refused<T: Debug>(answer: Result<T, Status>, code: Code, reason: &str) -> Fault {
    let fault = fault(&answer.expect_err("should be refused"));
    assert_eq!((fault.code, fault.reason.as_str()), (code, reason), "{fault:?}");
    fault
}

/// Asserts that the call was refused for exactly these fields, in any order.
#[track_caller]
fn invalid<T: Debug>(answer: Result<T, Status>, fields: &[&str]) -> Fault {
    let fault = refused(answer, Code::InvalidArgument, "INVALID_FIELDS");
    let (mut found, mut wanted) = (fault.fields(), fields.to_vec());
    found.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(found, wanted, "{fault:?}");
    fault
}

/// Calls any method of one service with any bytes.
#[derive(Clone)]
struct RawClient {
    channel: Channel,
    service: String,
    authorization: Option<MetadataValue<Ascii>>,
}

impl RawClient {
    fn new(process: &Process, service: &str, token: &str) -> Self {
        let authorization = (!token.is_empty()).then(|| format!("Bearer {token}"));
        Self::with_authorization(process, service, authorization.as_deref())
    }

    fn with_authorization(process: &Process, service: &str, value: Option<&str>) -> Self {
        Self {
            channel: channel(&process.url()),
            service: service.to_owned(),
            authorization: value.map(|v| v.parse().unwrap()),
        }
    }

    async fn bytes(&self, method: &str, body: Vec<u8>) -> Result<Vec<u8>, Status> {
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        let mut request = Request::new(body);
        if let Some(value) = &self.authorization {
            request.metadata_mut().insert("authorization", value.clone());
        }
        let path = format!("/{}/{method}", self.service).parse().unwrap();
        Ok(grpc.unary(request, path, RawCodec).await?.into_inner())
    }

    /// Calls a method whose responses may never end: succeeds once it answers.
    async fn begins(&self, method: &str, body: Vec<u8>) -> Result<(), Status> {
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        let mut request = Request::new(tokio_stream::once(body));
        if let Some(value) = &self.authorization {
            request.metadata_mut().insert("authorization", value.clone());
        }
        let path = format!("/{}/{method}", self.service).parse().unwrap();
        grpc.streaming(request, path, RawCodec).await.map(drop)
    }

    async fn send(&self, method: &str, message: &impl Message) -> Result<Vec<u8>, Status> {
        self.bytes(method, message.encode_to_vec()).await
    }
}

/// RawClient clients of directory, survey and ranking with the same token.
struct RawClients {
    directory: RawClient,
    survey: RawClient,
    ranking: RawClient,
}

impl RawClients {
    fn new(suite: &Suite, token: &str) -> Self {
        Self {
            directory: RawClient::new(&suite.directory, DIRECTORY, token),
            survey: RawClient::new(&suite.survey, SURVEY, token),
            ranking: RawClient::new(&suite.ranking, RANKING, token),
        }
    }
}

/// Starts a suite with an open survey; returns its client, and the names of unit and survey.
async fn begin() -> (Suite, Client, String, String) {
    let suite = Suite::start().await;
    let mut client = suite.client.clone();
    let unit = client.unit("32", "3271").await;
    let survey = client.create_survey(&unit, "2024-q3").await;
    (suite, client, unit, survey)
}

/// A suite with every service, each in a process of its own.
struct Everything {
    suite: Suite,
    index: Process,
    innovation: Process,
    complaint: Process,
}

impl Everything {
    /// Starts the other services beside a suite, and waits until all are ready.
    async fn beside(suite: Suite) -> Self {
        let all = Self {
            index: suite.cluster.serve(Service::Index).await,
            innovation: suite.cluster.serve(Service::Innovation).await,
            complaint: suite.cluster.serve(Service::Complaint).await,
            suite,
        };
        for process in [&all.index, &all.innovation, &all.complaint] {
            process.wait_ready().await;
        }
        all
    }

    /// The process that serves a gRPC service. Each process shows the audit logs of its services; then it is the directory.
    fn process(&self, service: &ServiceDescriptor) -> &Process {
        match service.package_name().split('.').nth(1).unwrap() {
            "directory" | "audit" => &self.suite.directory,
            "survey" => &self.suite.survey,
            "ranking" => &self.suite.ranking,
            "index" => &self.index,
            "innovation" => &self.innovation,
            "complaint" => &self.complaint,
            other => panic!("no process serves {other}"),
        }
    }
}

/// The number of rows of every table that a call may write.
async fn stored(cluster: &Cluster) -> Vec<(&'static str, i64)> {
    let mut rows = Vec::new();
    for table in [
        "directory.agency",
        "directory.unit",
        "directory.public_service",
        "directory.request",
        "survey.survey",
        "survey.response",
        "survey.request",
    ] {
        rows.push((
            table,
            cluster.number(&format!("SELECT count(*) FROM {table}")).await,
        ));
    }
    rows
}

/// Asserts that the processes still serve and logged no unexpected error.
async fn healthy(suite: &Suite) {
    for process in [&suite.directory, &suite.survey, &suite.ranking] {
        process.wait_ready().await;
        let log = process.log();
        for word in ["panicked", "\"reason\":\"INTERNAL\"", "\"level\":\"ERROR\""] {
            let line = log.lines().find(|line| line.contains(word));
            assert!(line.is_none(), "{line:?}");
        }
    }
}
