//! A running survey service with a database of its own.

use std::{sync::Arc, time::Duration};

use prima_platform::{
    bus::memory::Memory,
    caller::{Caller, Role},
    clock::Clock,
    config::{self, Config},
    db::{Database, sql},
    grpc::Watchers,
    id::Ids,
    lifecycle::Tasks,
    outbox::Outbox,
    service::Context,
};
use prima_proto::survey::v1::{
    self as pb, access_service_client::AccessServiceClient, survey_service_client::SurveyServiceClient,
};
use prima_survey::{NAME, SPEC};
use prost::Message;
use sea_orm::ConnectionTrait;
use tempfile::TempDir;
use tonic::{Code, Request, Status, service::Routes};
use tonic_types::StatusExt;

/// A running survey service.
pub struct World {
    pub client: SurveyServiceClient<Routes>,
    pub access: AccessServiceClient<Routes>,
    pub db: Database,
    _dir: TempDir,
}

/// What the outbox holds of one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged<T> {
    pub event_type: String,
    pub revision: i64,
    pub version: i64,
    pub state: T,
}

/// Runs a test on every database there is. On PostgreSQL each test has a schema of its own.
pub async fn on_each_database(test: impl AsyncFn(World)) {
    configured(config::Survey::default(), test).await;
}

/// Runs a test on every database there is, with this section of the configuration.
pub async fn configured(survey: config::Survey, test: impl AsyncFn(World)) {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", dir.path().display());
    test(start(url, NAME, dir, survey.clone()).await).await;
    if let Ok(url) = std::env::var("PRIMA_TEST_POSTGRES_URL") {
        let schema = format!("survey_{}", Ids::random().next().simple());
        test(start(url, &schema, tempfile::tempdir().unwrap(), survey).await).await;
    }
}

async fn start(url: String, schema: &str, dir: TempDir, survey: config::Survey) -> World {
    let config = Config {
        survey,
        database: config::Database {
            url,
            ..Default::default()
        },
        ..Config::default()
    };
    let db = Database::connect(&config.database, schema).await.unwrap();
    if db.backend() == sea_orm::DbBackend::Postgres {
        db.writer()
            .execute_unprepared(&format!("CREATE SCHEMA {schema}"))
            .await
            .unwrap();
    }
    (SPEC.migrate)(db.clone(), true).await.unwrap();
    let tasks = Tasks::default();
    let context = Context {
        service: NAME,
        config: Arc::new(config),
        db: db.clone(),
        bus: Arc::new(Memory::default()),
        clock: Clock::system(),
        ids: Ids::random(),
        outbox: Outbox::default(),
        tasks: tasks.clone(),
        watchers: Watchers::new(1, Duration::from_secs(1), tasks),
    };
    let started = (SPEC.start)(context).await.unwrap();
    assert!(*started.ready.borrow());
    let mut routes = Routes::builder();
    (started.routes)(&mut routes);
    let routes = routes.routes();
    World {
        client: SurveyServiceClient::new(routes.clone()),
        access: AccessServiceClient::new(routes),
        db,
        _dir: dir,
    }
}

impl World {
    /// The state staged under `subject`, and that it has that version.
    pub async fn staged<T: Message + Default>(&self, subject: &str) -> Option<Staged<T>> {
        let reader = self.db.reader();
        let text = "SELECT type, revision, version, payload FROM outbox WHERE subject = $1 AND withdrawn = 0";
        let row = reader
            .query_one_raw(sql(reader, text, [subject.into()]))
            .await
            .unwrap()?;
        let payload: Vec<u8> = row.try_get("", "payload").unwrap();
        Some(Staged {
            event_type: row.try_get("", "type").unwrap(),
            revision: row.try_get("", "revision").unwrap(),
            version: row.try_get("", "version").unwrap(),
            state: T::decode(payload.as_slice()).unwrap(),
        })
    }

    /// Rows of a table.
    pub async fn count(&self, table: &str) -> i64 {
        let reader = self.db.reader();
        let text = format!("SELECT CAST(count(*) AS BIGINT) AS n FROM {table}");
        reader
            .query_one_raw(sql(reader, &text, []))
            .await
            .unwrap()
            .unwrap()
            .try_get("", "n")
            .unwrap()
    }

    /// Creates an SKM survey of Kota Bogor's DPMPTSP for the year 2024.
    pub async fn survey(&mut self, id: &str) -> pb::Survey {
        let created = self.client.create_survey(operator(survey(id))).await.unwrap();
        created.into_inner().survey.unwrap()
    }

    /// Submits one response; its id is its request id.
    pub async fn respond(&mut self, survey: &str, id: &str, answers: &[(&str, i32)]) {
        let request = pb::SubmitResponseRequest {
            request_id: id.into(),
            survey: survey.into(),
            response: Some(response(answers)),
            ..Default::default()
        };
        self.client.submit_response(operator(request)).await.unwrap();
    }

    /// Closes a survey.
    pub async fn close(&mut self, survey: &str) {
        let request = pb::CloseSurveyRequest {
            name: survey.into(),
            ..Default::default()
        };
        self.client.close_survey(operator(request)).await.unwrap();
    }

    /// The result of a survey.
    pub async fn result(&mut self, survey: &str) -> pb::Result {
        let request = pb::GetResultRequest {
            survey: survey.into(),
        };
        let answer = self.client.get_result(operator(request)).await.unwrap();
        answer.into_inner().result.unwrap()
    }
}

/// Elements of SKM, in the order of the annex.
pub const SKM: [&str; 9] = [
    "requirements",
    "procedure",
    "time",
    "cost",
    "product",
    "competence",
    "conduct",
    "complaint_handling",
    "facilities",
];

/// A new survey of Kota Bogor's DPMPTSP for the year 2024; its request id is made of its own id.
pub fn survey(id: &str) -> pb::CreateSurveyRequest {
    pb::CreateSurveyRequest {
        request_id: format!("survey-{id}"),
        parent: "agencies/3271/units/dpmptsp".into(),
        survey_id: id.into(),
        survey: Some(pb::Survey {
            period: "2024".into(),
            ..Default::default()
        }),
    }
}

/// A response with these answers and nothing else.
pub fn response(answers: &[(&str, i32)]) -> pb::Response {
    pb::Response {
        answers: answers
            .iter()
            .map(|(key, score)| ((*key).to_owned(), *score))
            .collect(),
        ..Default::default()
    }
}

/// A response that gives every element of SKM the same score.
pub fn all(score: i32) -> pb::Response {
    response(&SKM.map(|key| (key, score)))
}

/// A request by `caller`, as the edge hands it on.
pub fn by<T>(caller: Caller, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(caller);
    request
}

/// A request by the national admin.
pub fn admin<T>(message: T) -> Request<T> {
    by(
        Caller::new("admin".into(), vec![Role::Admin], vec!["*".into()]),
        message,
    )
}

/// A request by an operator of Kota Bogor.
pub fn operator<T>(message: T) -> Request<T> {
    by(
        Caller::new("operator".into(), vec![Role::Operator], vec!["3271".into()]),
        message,
    )
}

/// An update mask.
pub fn mask(paths: &[&str]) -> Option<prost_types::FieldMask> {
    Some(prost_types::FieldMask {
        paths: paths.iter().map(|p| (*p).to_owned()).collect(),
    })
}

/// That a call failed with this code and reason.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code, reason: &str) -> Status {
    let status = answer.unwrap_err();
    assert_eq!(status.code(), code, "{status:?}");
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, reason, "{status:?}");
    assert_eq!(details.error_info().unwrap().domain, "prima.go.id");
    assert_eq!(details.localized_message().unwrap().locale, "id-ID");
    status
}

/// That a call failed with `INVALID_ARGUMENT`, and the fields at fault.
#[track_caller]
pub fn faults<T: std::fmt::Debug>(answer: Result<T, Status>) -> Vec<String> {
    let status = refused(answer, Code::InvalidArgument, "INVALID_FIELDS");
    let details = status.get_error_details();
    details
        .bad_request()
        .unwrap()
        .field_violations
        .iter()
        .map(|v| v.field.clone())
        .collect()
}
