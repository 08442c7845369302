//! A running service with a database of its own and a clock that the test sets.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use prima_complaint::{NAME, SPEC};
use prima_platform::{
    bus::{Bus, memory::Memory},
    caller::{Caller, Role},
    clock::Clock,
    config::{self, Config},
    db::{Database, sql},
    grpc::Watchers,
    id::Ids,
    lifecycle::Tasks,
    outbox::Outbox,
    service::Context,
    testing::postgres::Postgres,
    vault::Keyring,
};
use prima_proto::complaint::v1::{
    self, complaint_service_client::ComplaintServiceClient,
    consultation_service_client::ConsultationServiceClient, privacy_service_client::PrivacyServiceClient,
    settings_service_client::SettingsServiceClient,
};
use prost::Message;
use sea_orm::{ConnectionTrait, DbBackend};
use tempfile::TempDir;
use tonic::{Code, Request, Status, service::Routes};
use tonic_types::StatusExt;

/// When the tests begin: a Friday morning in a year of the built-in calendar.
pub const BEGIN: &str = "2026-02-13T03:00:00Z";

/// The agency of the tests, Kota Bogor, which keeps the time of Jakarta.
pub const AGENCY: &str = "agencies/3271";

/// A unit of it.
pub const UNIT: &str = "agencies/3271/units/dpmptsp";

/// Where a service keeps its data.
pub struct Place {
    pub url: String,
    pub dir: TempDir,
    schema: Option<String>,
    _postgres: Option<Postgres>,
}

impl Place {
    pub fn sqlite() -> Arc<Self> {
        let dir = tempfile::tempdir().unwrap();
        Arc::new(Self {
            url: format!("sqlite:{}", dir.path().display()),
            dir,
            schema: None,
            _postgres: None,
        })
    }

    /// A schema on the server that `PRIMA_TEST_POSTGRES_URL` names, else a database on a server of this process.
    pub async fn postgres() -> Arc<Self> {
        let dir = tempfile::tempdir().unwrap();
        if let Ok(url) = std::env::var("PRIMA_TEST_POSTGRES_URL") {
            let schema = Some(format!("test_{}", Ids::random().next().simple()));
            return Arc::new(Self {
                url,
                dir,
                schema,
                _postgres: None,
            });
        }
        let postgres = Postgres::start();
        Arc::new(Self {
            url: postgres.fresh_database().await,
            dir,
            schema: None,
            _postgres: Some(postgres),
        })
    }
}

/// The service, running.
pub struct World {
    pub complaints: ComplaintServiceClient<Routes>,
    pub consultations: ConsultationServiceClient<Routes>,
    pub privacy: PrivacyServiceClient<Routes>,
    pub settings: SettingsServiceClient<Routes>,
    pub db: Database,
    pub bus: Arc<dyn Bus>,
    pub place: Arc<Place>,
    pub config: Config,
    pub tasks: Tasks,
    ahead: Arc<AtomicI64>,
}

/// Runs a test on SQLite and on PostgreSQL.
pub async fn on_each_database(test: impl AsyncFn(World)) {
    test(World::sqlite().await).await;
    test(World::postgres().await).await;
}

/// A new key of the vault, `{id}:…`.
pub fn key(id: &str) -> String {
    format!("{id}:{}", Keyring::generate_key().unwrap())
}

/// A configuration with a key of its own.
pub fn config() -> Config {
    let mut config = Config::default();
    config.complaint.keys = vec![key("k1")];
    config
}

impl World {
    pub async fn sqlite() -> Self {
        Self::start(Place::sqlite(), config()).await
    }

    pub async fn postgres() -> Self {
        Self::start(Place::postgres().await, config()).await
    }

    /// Where the data is and the bus are overwritten in the configuration.
    pub async fn start(place: Arc<Place>, config: Config) -> Self {
        let ahead = Arc::new(AtomicI64::new(0));
        set(&ahead, BEGIN);
        Self::serve(place, config, ahead, Arc::new(Memory::default())).await
    }

    /// Another replica with this configuration: the same database, files, bus and clock.
    pub async fn replica(&self, config: Config) -> Self {
        Self::serve(self.place.clone(), config, self.ahead.clone(), self.bus.clone()).await
    }

    async fn serve(place: Arc<Place>, mut config: Config, ahead: Arc<AtomicI64>, bus: Arc<dyn Bus>) -> Self {
        config.database = config::Database {
            url: place.url.clone(),
            ..config.database
        };
        config.objects.url = format!("file:{}", place.dir.path().join("objects").display());
        let schema = place.schema.as_deref().unwrap_or(NAME);
        let db = Database::connect(&config.database, schema).await.unwrap();
        if db.backend() == DbBackend::Postgres {
            let create = format!("CREATE SCHEMA IF NOT EXISTS {schema}");
            db.writer().execute_unprepared(&create).await.unwrap();
        }
        (SPEC.migrate)(db.clone(), true).await.unwrap();
        let tasks = Tasks::default();
        let (offset, system) = (ahead.clone(), Clock::system());
        let clock =
            Clock::from_fn(move || system.now() + TimeDelta::microseconds(offset.load(Ordering::SeqCst)));
        let context = Context {
            service: NAME,
            config: Arc::new(config.clone()),
            db: db.clone(),
            bus: bus.clone(),
            clock,
            ids: Ids::random(),
            outbox: Outbox::default(),
            tasks: tasks.clone(),
            watchers: Watchers::new(10, Duration::from_secs(1), tasks.clone()),
        };
        let started = (SPEC.start)(context).await.unwrap();
        assert!(*started.ready.borrow());
        let mut routes = Routes::builder();
        (started.routes)(&mut routes);
        let routes = routes.routes();
        Self {
            complaints: ComplaintServiceClient::new(routes.clone()),
            consultations: ConsultationServiceClient::new(routes.clone()),
            privacy: PrivacyServiceClient::new(routes.clone()),
            settings: SettingsServiceClient::new(routes),
            db,
            bus,
            place,
            config,
            tasks,
            ahead,
        }
    }

    /// Sets the clock, which goes on from there.
    #[track_caller]
    pub fn at(&self, time: &str) {
        set(&self.ahead, time);
    }

    /// It is later by `time`.
    pub fn advance(&self, time: TimeDelta) {
        self.ahead
            .fetch_add(time.num_microseconds().unwrap(), Ordering::SeqCst);
    }

    /// The time now.
    pub fn now(&self) -> DateTime<Utc> {
        Clock::system().now() + TimeDelta::microseconds(self.ahead.load(Ordering::SeqCst))
    }

    /// The state staged under `subject`.
    pub async fn staged<T: Message + Default>(&self, subject: &str) -> Option<T> {
        let reader = self.db.reader();
        let text = "SELECT payload FROM outbox WHERE subject = $1 AND withdrawn = 0";
        let row = reader
            .query_one_raw(sql(reader, text, [subject.into()]))
            .await
            .unwrap()?;
        let payload: Vec<u8> = row.try_get("", "payload").unwrap();
        Some(T::decode(payload.as_slice()).unwrap())
    }

    /// Rows of a table.
    pub async fn count(&self, table: &str) -> i64 {
        let reader = self.db.reader();
        let text = format!("SELECT CAST(count(*) AS BIGINT) AS n FROM {table}");
        let row = reader.query_one_raw(sql(reader, &text, [])).await.unwrap();
        row.unwrap().try_get("", "n").unwrap()
    }

    /// Hands the report `id` in as it comes from [`report`].
    pub async fn submit(&mut self, id: &str) -> Submitted {
        self.submit_as(report(id)).await
    }

    /// Hands a report in.
    pub async fn submit_as(&mut self, request: v1::SubmitComplaintRequest) -> Submitted {
        let answer = self.complaints.submit_complaint(intake(request)).await;
        let answer = answer.unwrap().into_inner();
        let status = answer.status.unwrap();
        Submitted {
            name: status.name.clone(),
            status,
            code: answer.tracking_code,
            secret: answer.secret,
        }
    }
}

/// What the reporter got.
#[derive(Debug, Clone)]
pub struct Submitted {
    /// How it stands.
    pub status: v1::ComplaintStatus,
    /// Its resource name.
    pub name: String,
    /// Tracking code.
    pub code: String,
    /// Secret.
    pub secret: String,
}

impl Submitted {
    /// What the reporter shows to act.
    pub fn access(&self) -> Option<v1::Access> {
        Some(v1::Access {
            tracking_code: self.code.clone(),
            secret: self.secret.clone(),
        })
    }
}

fn set(ahead: &AtomicI64, time: &str) {
    let time: DateTime<Utc> = time.parse().unwrap();
    let offset = time - Clock::system().now();
    ahead.store(offset.num_microseconds().unwrap(), Ordering::SeqCst);
}

/// A request by one who has this role in this agency, as the edge hands it on.
pub fn by<T>(subject: &str, role: Role, agency: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let caller = Caller::new(subject.to_owned(), vec![role], vec![agency.to_owned()]);
    request.extensions_mut().insert(caller);
    request
}

/// A system that takes reports in.
pub fn intake<T>(message: T) -> Request<T> {
    by("loket", Role::Intake, "3271", message)
}

/// Pejabat penghubung of Kota Bogor.
pub fn liaison<T>(message: T) -> Request<T> {
    by("penghubung", Role::Operator, "3271", message)
}

/// Admin koordinator of Kota Bogor.
pub fn coordinator<T>(message: T) -> Request<T> {
    by("koordinator", Role::Admin, "3271", message)
}

/// Admin nasional.
pub fn national<T>(message: T) -> Request<T> {
    by("kemenpanrb", Role::Admin, "*", message)
}

/// Somebody without a token, such as the reporter.
pub fn public<T>(message: T) -> Request<T> {
    Request::new(message)
}

/// A request id that nobody used.
pub fn request_id() -> String {
    Ids::random().next().to_string()
}

/// A report to Kota Bogor's DPMPTSP that fails no rule; its request id is made of `id`.
pub fn report(id: &str) -> v1::SubmitComplaintRequest {
    v1::SubmitComplaintRequest {
        request_id: format!("report-{id}"),
        parent: UNIT.into(),
        class: "complaint_regular".into(),
        title: format!("Izin usaha belum terbit ({id})"),
        text: format!("Permohonan izin {id} sudah lengkap sejak sebulan lalu dan belum ada kabar."),
        location: "Loket 4".into(),
        region: "3271".into(),
        incident_date: "2026-02-10".into(),
        channel: v1::Channel::Web.into(),
        reporter: Some(v1::Reporter {
            display_name: "Siti Rahayu".into(),
            identity_number: "3271014506900001".into(),
            phone: "0812-3456-7890".into(),
            email: "siti@example.id".into(),
            address: "Jalan Pajajaran 1, Bogor".into(),
        }),
        ..Default::default()
    }
}

/// The stable reason of a refusal.
#[track_caller]
pub fn reason(status: &Status) -> String {
    let details = status.get_error_details();
    details.error_info().unwrap().reason.clone()
}

/// The fields that a refusal names, in its order.
pub fn violations(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details.bad_request().map(|b| b.field_violations.clone());
    let violations = violations.unwrap_or_default();
    violations.into_iter().map(|v| v.field).collect()
}

/// That a call failed with this code and reason, in both languages.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code, expected: &str) -> Status {
    let status = answer.unwrap_err();
    assert_eq!(status.code(), code, "{status:?}");
    assert_eq!(reason(&status), expected, "{status:?}");
    let details = status.get_error_details();
    assert_eq!(details.localized_message().unwrap().locale, "id-ID");
    status
}

/// That a call failed with `INVALID_ARGUMENT`, and the fields at fault.
#[track_caller]
pub fn faults<T: std::fmt::Debug>(answer: Result<T, Status>) -> Vec<String> {
    violations(&refused(answer, Code::InvalidArgument, "INVALID_FIELDS"))
}
