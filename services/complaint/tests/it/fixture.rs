//! A running service with its own database and a clock that the test sets.

use std::{ops::Deref, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use prima_complaint::SPEC;
pub use prima_platform::testing::served::{Place, faults, fields as violations, refused};
use prima_platform::{
    bus::Bus,
    caller::{Caller, Role},
    config::Config,
    db::sql,
    id::Ids,
    testing::served::{self, Options, Served, TestClock},
    vault::Keyring,
};
use prima_proto::complaint::v1::{
    self, complaint_service_client::ComplaintServiceClient,
    consultation_service_client::ConsultationServiceClient, privacy_service_client::PrivacyServiceClient,
    settings_service_client::SettingsServiceClient,
};
use sea_orm::{ConnectionTrait, QueryResult};
use tonic::{Request, Status, service::Routes};
use tonic_types::StatusExt;

/// The time at which tests begin: a Friday morning in a year of the built-in calendar.
pub const BEGIN: &str = "2026-02-13T03:00:00Z";

/// The agency of the tests: Kota Bogor, in the time zone of Jakarta.
pub const AGENCY: &str = "agencies/3271";

/// A unit of it.
pub const UNIT: &str = "agencies/3271/units/dpmptsp";

/// The service, running.
pub struct World {
    pub complaints: ComplaintServiceClient<Routes>,
    pub consultations: ConsultationServiceClient<Routes>,
    pub privacy: PrivacyServiceClient<Routes>,
    pub settings: SettingsServiceClient<Routes>,
    pub config: Config,
    served: Served,
}

impl Deref for World {
    type Target = Served;
    fn deref(&self) -> &Served {
        &self.served
    }
}

/// Runs a test on SQLite and on PostgreSQL.
pub async fn on_each_database(test: impl AsyncFn(World)) {
    test(World::sqlite().await).await;
    test(World::postgres().await).await;
}

/// As [`on_each_database`], with a service that does nothing on a timer.
pub async fn without_sweeps(test: impl AsyncFn(World)) {
    let mut config = config();
    config.complaint.sweep_millis = 3_600_000;
    for place in [Place::sqlite(), Place::postgres().await] {
        test(World::start(place, config.clone()).await).await;
    }
}

/// As [`on_each_database`], with a service that publishes changed figures without delay.
pub async fn without_disclosure_delay(test: impl AsyncFn(World)) {
    let mut config = config();
    config.complaint.disclosure_step = 1;
    for place in [Place::sqlite(), Place::postgres().await] {
        test(World::start(place, config.clone()).await).await;
    }
}

/// A new encryption key, as `{id}:…`.
pub fn key(id: &str) -> String {
    format!("{id}:{}", Keyring::generate_key().unwrap())
}

/// A configuration with an encryption key of its own.
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

    /// Starts the service at `place`, which overrides the locations in the configuration.
    pub async fn start(place: Arc<Place>, config: Config) -> Self {
        let Options { bus, clock, .. } = Options::default();
        clock.set(BEGIN);
        Self::serve(place, config, clock, bus).await
    }

    /// Starts another replica with this configuration, on the same database, object storage, bus and clock.
    pub async fn replica(&self, config: Config) -> Self {
        Self::serve(self.place.clone(), config, self.clock.clone(), self.bus.clone()).await
    }

    async fn serve(place: Arc<Place>, config: Config, clock: TestClock, bus: Arc<dyn Bus>) -> Self {
        let options = Options {
            config: config.clone(),
            bus,
            clock,
        };
        let served = Served::start(SPEC, place, options).await;
        let routes = served.routes.clone();
        Self {
            complaints: ComplaintServiceClient::new(routes.clone()),
            consultations: ConsultationServiceClient::new(routes.clone()),
            privacy: PrivacyServiceClient::new(routes.clone()),
            settings: SettingsServiceClient::new(routes),
            config,
            served,
        }
    }

    /// Sets the clock, which continues from there.
    #[track_caller]
    pub fn at(&self, time: &str) {
        self.clock.set(time);
    }

    /// Advances the clock.
    #[track_caller]
    pub fn advance(&self, time: TimeDelta) {
        self.clock.advance(time);
    }

    /// The time now.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.clock().now()
    }

    /// Submits the report that [`report`] makes from `id`.
    pub async fn submit(&mut self, id: &str) -> Submitted {
        self.submit_as(report(id)).await
    }

    /// Submits a report.
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

/// A stored line of a timeline.
#[derive(Debug, PartialEq)]
pub struct Line {
    pub number: i64,
    pub actor: String,
    pub role: String,
    pub public: bool,
    /// Whether it has a note.
    pub noted: bool,
    /// What happened, as JSON.
    pub entry: serde_json::Value,
}

impl Line {
    /// A field of the entry; empty when it is absent.
    pub fn part(&self, name: &str) -> &str {
        self.entry[name].as_str().unwrap_or_default()
    }
}

impl World {
    /// The timeline of a report, the oldest line first.
    pub async fn timeline(&self, name: &str) -> Vec<Line> {
        let reader = self.db.reader();
        let text = "SELECT number, actor, role, public, sealed, entry FROM timeline t
            JOIN complaint c ON c.id = t.complaint_id WHERE c.uid = $1 ORDER BY number";
        let uid = name.trim_start_matches("complaints/").to_owned();
        let rows = reader
            .query_all_raw(sql(reader, text, [uid.into()]))
            .await
            .unwrap();
        let line = |row: QueryResult| Line {
            number: row.try_get("", "number").unwrap(),
            actor: row.try_get("", "actor").unwrap(),
            role: row.try_get("", "role").unwrap(),
            public: row.try_get::<i64>("", "public").unwrap() == 1,
            noted: row.try_get::<Option<Vec<u8>>>("", "sealed").unwrap().is_some(),
            entry: serde_json::from_str(&row.try_get::<String>("", "entry").unwrap()).unwrap(),
        };
        rows.into_iter().map(line).collect()
    }
}

/// What the reporter received.
#[derive(Debug, Clone)]
pub struct Submitted {
    /// Status of the report.
    pub status: v1::ComplaintStatus,
    /// Resource name of the report.
    pub name: String,
    /// Tracking code.
    pub code: String,
    /// Secret.
    pub secret: String,
}

impl Submitted {
    /// Tracking code and secret, as the reporter sends them.
    pub fn access(&self) -> Option<v1::Access> {
        Some(v1::Access {
            tracking_code: self.code.clone(),
            secret: self.secret.clone(),
        })
    }
}

/// A request by a caller with this role in this agency, as the handlers get it.
pub fn by<T>(subject: &str, role: Role, agency: &str, message: T) -> Request<T> {
    let caller = Caller::new(subject.to_owned(), vec![role], vec![agency.to_owned()]);
    served::by(caller, message)
}

/// A request by a system that submits reports.
pub fn intake<T>(message: T) -> Request<T> {
    by("loket", Role::Intake, "3271", message)
}

/// A request by the liaison officer (pejabat penghubung) of Kota Bogor.
pub fn liaison<T>(message: T) -> Request<T> {
    by("penghubung", Role::Operator, "3271", message)
}

/// A request by the coordinator (admin koordinator) of Kota Bogor.
pub fn coordinator<T>(message: T) -> Request<T> {
    by("koordinator", Role::Admin, "3271", message)
}

/// A request by the national admin.
pub fn national<T>(message: T) -> Request<T> {
    by("kemenpanrb", Role::Admin, "*", message)
}

/// A request without a token, such as that of a reporter.
pub fn public<T>(message: T) -> Request<T> {
    Request::new(message)
}

/// A request id that was not used before.
pub fn request_id() -> String {
    Ids::random().next().to_string()
}

/// A valid report to DPMPTSP of Kota Bogor; the request id is derived from `id`.
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

/// The `ErrorInfo.reason` of a refusal.
#[track_caller]
pub fn reason(status: &Status) -> String {
    let details = status.get_error_details();
    details.error_info().unwrap().reason.clone()
}
