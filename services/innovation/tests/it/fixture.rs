//! A running service with a database of its own and a clock that the test sets.

use std::{ops::Deref, sync::Arc};

use prima_innovation::SPEC;
pub use prima_platform::testing::served::{by as served_by, faults, fields, mask, refusal, refused};
use prima_platform::{
    caller::{Caller, Role},
    id::Ids,
    testing::served::{self, Options, Place, Served},
};
use prima_proto::innovation::v1::{self, innovation_service_client::InnovationServiceClient};
use prost::Message;
use tonic::{Request, Status, service::Routes};

/// A running innovation service.
pub struct World {
    pub client: InnovationServiceClient<Routes>,
    served: Served,
}

impl Deref for World {
    type Target = Served;
    fn deref(&self) -> &Served {
        &self.served
    }
}

/// The time at which the tests begin.
pub const BEGIN: &str = "2022-04-01T03:00:00Z";

/// Runs a test on SQLite and on PostgreSQL.
pub async fn on_each_database(test: impl AsyncFn(World)) {
    test(World::sqlite().await).await;
    test(World::postgres().await).await;
}

impl World {
    pub async fn sqlite() -> Self {
        Self::start(Place::sqlite(), Options::default()).await
    }

    pub async fn postgres() -> Self {
        Self::start(Place::postgres().await, Options::default()).await
    }

    pub async fn start(place: Arc<Place>, options: Options) -> Self {
        options.clock.set(BEGIN);
        let served = Served::start(SPEC, place, options).await;
        Self {
            client: InnovationServiceClient::new(served.routes.clone()),
            served,
        }
    }

    /// Sets the clock.
    pub fn at(&self, time: &str) {
        self.clock.set(time);
    }

    /// The state staged under `subject`.
    pub async fn staged<T: Message + Default>(&self, subject: &str) -> Option<T> {
        Some(self.served.staged(subject).await?.state)
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

    /// Takes a decision on an entry as the role that may take it.
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

    /// Drafts an entry and submits it to the ministry.
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

    /// Submits entries and passes them to the assessment of proposals.
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

/// A request by a caller with this role in this agency.
pub fn by<T>(subject: &str, role: Role, agency: &str, message: T) -> Request<T> {
    let caller = Caller::new(subject.to_owned(), vec![role], vec![agency.to_owned()]);
    served::by(caller, message)
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

/// A new innovation of Kota Bogor's DPMPTSP, in operation since 2020; its request id is derived from its own id.
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
        validate_only: false,
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
