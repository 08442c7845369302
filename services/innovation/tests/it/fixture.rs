//! A running service with a database of its own and a clock that the test sets.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use prima_innovation::{NAME, SPEC};
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
};
use prima_proto::innovation::v1::{self, innovation_service_client::InnovationServiceClient};
use prost::Message;
use sea_orm::ConnectionTrait;
use tempfile::TempDir;
use tonic::{Code, Request, Status, service::Routes};
use tonic_types::StatusExt;

/// The service, running.
pub struct World {
    pub client: InnovationServiceClient<Routes>,
    pub db: Database,
    pub bus: Arc<dyn Bus>,
    pub url: String,
    ahead: Arc<AtomicI64>,
    _postgres: Option<Postgres>,
    _dir: TempDir,
}

/// When the tests begin.
pub const BEGIN: &str = "2022-04-01T03:00:00Z";

/// Runs a test on SQLite and on PostgreSQL.
pub async fn on_each_database(test: impl AsyncFn(World)) {
    test(World::sqlite().await).await;
    test(World::postgres().await).await;
}

impl World {
    pub async fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().display());
        Self::start(url, dir, None, Arc::new(Memory::default())).await
    }

    pub async fn postgres() -> Self {
        let postgres = Postgres::start();
        let url = postgres.fresh_database().await;
        let bus = Arc::new(Memory::default());
        Self::start(url, tempfile::tempdir().unwrap(), Some(postgres), bus).await
    }

    pub async fn start(url: String, dir: TempDir, postgres: Option<Postgres>, bus: Arc<dyn Bus>) -> Self {
        let config = Config {
            database: config::Database {
                url: url.clone(),
                ..Default::default()
            },
            ..Config::default()
        };
        let db = Database::connect(&config.database, NAME).await.unwrap();
        (SPEC.migrate)(db.clone(), true).await.unwrap();
        let tasks = Tasks::default();
        let ahead = Arc::new(AtomicI64::new(0));
        let offset = ahead.clone();
        let system = Clock::system();
        let clock =
            Clock::from_fn(move || system.now() + TimeDelta::microseconds(offset.load(Ordering::SeqCst)));
        let context = Context {
            service: NAME,
            config: Arc::new(config),
            db: db.clone(),
            bus: bus.clone(),
            clock,
            ids: Ids::random(),
            outbox: Outbox::default(),
            tasks: tasks.clone(),
            watchers: Watchers::new(1, Duration::from_secs(1), tasks),
        };
        let world_ahead = ahead.clone();
        set(&world_ahead, BEGIN);
        let started = (SPEC.start)(context).await.unwrap();
        assert!(*started.ready.borrow());
        let mut routes = Routes::builder();
        (started.routes)(&mut routes);
        Self {
            client: InnovationServiceClient::new(routes.routes()),
            db,
            bus,
            url,
            ahead,
            _postgres: postgres,
            _dir: dir,
        }
    }

    /// Sets the clock.
    pub fn at(&self, time: &str) {
        set(&self.ahead, time);
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

    /// Registers an innovation of Kota Bogor's DPMPTSP.
    pub async fn innovation(&mut self, id: &str) -> v1::Innovation {
        let answer = self
            .client
            .register_innovation(unit(innovation(id)))
            .await
            .unwrap();
        answer.into_inner().innovation.unwrap()
    }

    /// Opens the round `kipp` by the template of 2022.
    pub async fn round(&mut self) -> v1::Round {
        let answer = self.client.open_round(ministry(round("kipp"))).await.unwrap();
        answer.into_inner().round.unwrap()
    }

    /// Drafts an entry for a new innovation.
    pub async fn draft(&mut self, id: &str) -> v1::Entry {
        let innovation = self.innovation(id).await.name;
        let answer = self
            .client
            .enter_round(unit(entry("kipp", &innovation)))
            .await
            .unwrap();
        answer.into_inner().entry.unwrap()
    }

    /// Takes a step as the one whose step it is.
    pub async fn step(&mut self, entry: &str, decision: v1::ReviewDecision) -> Result<v1::Entry, Status> {
        let request = review(entry, decision);
        let request = match decision {
            v1::ReviewDecision::HandIn | v1::ReviewDecision::Withdraw => unit(request),
            v1::ReviewDecision::Return | v1::ReviewDecision::Submit => agency_admin(request),
            _ => ministry(request),
        };
        let answer = self.client.review_entry(request).await?;
        Ok(answer.into_inner().entry.unwrap())
    }

    /// Drafts an entry and brings it to the ministry.
    pub async fn submitted(&mut self, id: &str) -> v1::Entry {
        let entry = self.draft(id).await.name;
        self.step(&entry, v1::ReviewDecision::HandIn).await.unwrap();
        self.step(&entry, v1::ReviewDecision::Submit).await.unwrap()
    }

    /// Closes a stage.
    pub async fn advance(&mut self, stage: &str) -> Result<v1::AdvanceRoundResponse, Status> {
        let answer = self.client.advance_round(ministry(advance(stage))).await?;
        Ok(answer.into_inner())
    }

    /// Brings submitted entries into the assessment of proposals.
    pub async fn competing(&mut self, ids: &[&str]) -> Vec<String> {
        self.round().await;
        let mut names = Vec::new();
        for id in ids {
            names.push(self.submitted(id).await.name);
        }
        self.at("2022-06-01T03:00:00Z");
        self.advance("pengajuan").await.unwrap();
        for name in &names {
            self.step(name, v1::ReviewDecision::Pass).await.unwrap();
        }
        self.advance("seleksi-administrasi").await.unwrap();
        names
    }
}

fn set(ahead: &AtomicI64, time: &str) {
    let time: DateTime<Utc> = time.parse().unwrap();
    ahead.store(
        (time - Clock::system().now()).num_microseconds().unwrap(),
        Ordering::SeqCst,
    );
}

/// A request by `caller`, as the edge hands it on.
pub fn by<T>(subject: &str, role: Role, agency: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let caller = Caller::new(subject.to_owned(), vec![role], vec![agency.to_owned()]);
    request.extensions_mut().insert(caller);
    request
}

pub fn unit<T>(message: T) -> Request<T> {
    by("unit", Role::Operator, "3271", message)
}

pub fn agency_admin<T>(message: T) -> Request<T> {
    by("admin-lokal", Role::Admin, "3271", message)
}

pub fn ministry<T>(message: T) -> Request<T> {
    by("kemenpanrb", Role::Admin, "*", message)
}

pub fn evaluator<T>(n: usize, message: T) -> Request<T> {
    by(&format!("evaluator-{n:02}"), Role::Evaluator, "*", message)
}

pub const DPMPTSP: &str = "agencies/3271/units/dpmptsp";

/// A new innovation of Kota Bogor's DPMPTSP, at work since 2020; its request id is made of its own id.
pub fn innovation(id: &str) -> v1::RegisterInnovationRequest {
    v1::RegisterInnovationRequest {
        request_id: format!("innovation-{id}"),
        parent: DPMPTSP.into(),
        innovation_id: id.into(),
        innovation: Some(v1::Innovation {
            title: format!("Inovasi {id}"),
            description: format!("Warga mengurus izin {id} dari balai desa tanpa datang ke kota."),
            initiator: "DPMPTSP".into(),
            category: "inklusif".into(),
            sdgs: vec![16],
            status: v1::InnovationStatus::Implemented.into(),
            start_date: "2020-03-01".into(),
            ..Default::default()
        }),
    }
}

/// The round of 2022 with 50 evaluators; evaluator 49 belongs to Kota Bogor.
pub fn round(id: &str) -> v1::OpenRoundRequest {
    let member = |n: usize| v1::PanelMember {
        subject: format!("evaluator-{n:02}"),
        agency: if n == 49 {
            "agencies/3271".into()
        } else {
            String::new()
        },
        stages: Vec::new(),
    };
    v1::OpenRoundRequest {
        request_id: format!("round-{id}"),
        round_id: id.into(),
        round: Some(v1::Round {
            display_name: "KIPP 2022".into(),
            year: 2022,
            windows: vec![v1::StageWindow {
                stage: "pengajuan".into(),
                open_time: None,
                close_time: Some(time("2022-05-31T17:00:00Z")),
            }],
            panel: (0..50).map(member).collect(),
            ..Default::default()
        }),
        template: "kipp-2022".into(),
    }
}

pub fn time(text: &str) -> prost_types::Timestamp {
    prima_platform::clock::to_proto(text.parse().unwrap())
}

/// Parts of a proposal.
pub const PARTS: [&str; 8] = [
    "ringkasan",
    "latar-belakang",
    "kebaruan",
    "implementasi",
    "signifikansi",
    "adaptabilitas",
    "sumber-daya",
    "keberlanjutan",
];

pub fn link() -> v1::Link {
    v1::Link {
        title: "SK".into(),
        url: "https://example.go.id/sk.pdf".into(),
    }
}

/// An entry that fails no rule.
pub fn entry(round: &str, innovation: &str) -> v1::EnterRoundRequest {
    let answer = |part: &&str| v1::Answer {
        part: (*part).into(),
        text: format!("Bagian {part} menceritakan manfaat yang dirasakan warga setiap hari."),
    };
    v1::EnterRoundRequest {
        request_id: format!("entry-{}", innovation.rsplit('/').next().unwrap()),
        round: format!("rounds/{round}"),
        entry: Some(v1::Entry {
            innovation: innovation.into(),
            group: "umum".into(),
            category: "inklusif".into(),
            answers: PARTS.iter().map(answer).collect(),
            documents: vec![link()],
            ..Default::default()
        }),
    }
}

pub fn review(entry: &str, decision: v1::ReviewDecision) -> v1::ReviewEntryRequest {
    v1::ReviewEntryRequest {
        request_id: Ids::random().next().to_string(),
        name: entry.into(),
        decision: decision.into(),
        note: if decision == v1::ReviewDecision::Return {
            "Lengkapi".into()
        } else {
            String::new()
        },
        causes: Vec::new(),
    }
}

pub fn advance(stage: &str) -> v1::AdvanceRoundRequest {
    v1::AdvanceRoundRequest {
        request_id: Ids::random().next().to_string(),
        name: "rounds/kipp".into(),
        stage: stage.into(),
    }
}

/// The same points for each of `parts`.
pub fn score(entry: &str, parts: &[&str], points: i32) -> v1::ScoreEntryRequest {
    let part = |part: &&str| v1::PartScore {
        part: (*part).into(),
        points,
    };
    v1::ScoreEntryRequest {
        request_id: Ids::random().next().to_string(),
        entry: entry.into(),
        parts: parts.iter().map(part).collect(),
        remark: String::new(),
    }
}

pub fn announce() -> v1::AnnounceResultsRequest {
    v1::AnnounceResultsRequest {
        request_id: "announce".into(),
        name: "rounds/kipp".into(),
    }
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
    assert_eq!(details.localized_message().unwrap().locale, "id-ID");
    status
}

/// The fields that a refusal names.
pub fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details
        .bad_request()
        .map(|b| b.field_violations.clone())
        .unwrap_or_default();
    violations.into_iter().map(|v| v.field).collect()
}

/// That a call failed with `INVALID_ARGUMENT`, and the fields at fault.
#[track_caller]
pub fn faults<T: std::fmt::Debug>(answer: Result<T, Status>) -> Vec<String> {
    fields(&refused(answer, Code::InvalidArgument, "INVALID_FIELDS"))
}
