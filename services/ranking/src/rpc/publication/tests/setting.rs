//! A place with ranked units and a key, and the calls of the tests.

use std::sync::Arc;

use chrono::TimeDelta;
use prima_platform::{
    bus::memory::Memory,
    caller::{Caller, Role},
    clock,
    testing::served::{Options, Place, TestClock, by},
    tlog::{checkpoint::signer_key, note::Kind},
    token::Signer,
};
use prima_proto::ranking::v1 as pb;
use tempfile::TempDir;
use tonic::Status;

use crate::rpc::testing::{Replica, TABLE, bus, publish as announce, rank, unit};

pub(super) const WITNESS: &str = "pengawas.go.id/saksi";

/// A place with a key, and a bus with three ranked units of agency 11 and one of agency 12.
pub(super) struct Setting {
    pub(super) place: Arc<Place>,
    pub(super) bus: Arc<Memory>,
    pub(super) clock: TestClock,
    pub(super) folder: TempDir,
    pub(super) witness: Signer,
    /// Address of the files of the next replica.
    pub(super) address: String,
    /// The head of the log that it accepts without a signature.
    pub(super) accepted_head: String,
}

impl Setting {
    pub(super) async fn new() -> Self {
        Self::at(Place::sqlite()).await
    }

    pub(super) async fn at(place: Arc<Place>) -> Self {
        let bus = bus().await;
        for (unit, value) in [("a", "90"), ("b", "80"), ("c", "70")] {
            rank(&bus, unit, 1, value).await;
        }
        announce(&bus, "prima.directory.unit.12.d", 1, Some(unit("d"))).await;
        let score = crate::rpc::testing::score("60");
        announce(&bus, "prima.survey.score.skm.2024.unit.12.d", 1, Some(score)).await;
        let folder = tempfile::tempdir().unwrap();
        Signer::generate()
            .unwrap()
            .save(&folder.path().join("key"))
            .unwrap();
        Self {
            place,
            bus,
            clock: TestClock::default(),
            witness: Signer::generate().unwrap(),
            address: "https://data.contoh.go.id/peringkat".to_owned(),
            folder,
            accepted_head: String::new(),
        }
    }

    pub(super) async fn replica(&self, writes: bool) -> Replica {
        let mut options = Options {
            bus: self.bus.clone(),
            clock: self.clock.clone(),
            ..Options::default()
        };
        let settings = &mut options.config.publication;
        settings.key = self.folder.path().join("key").display().to_string();
        settings.address.clone_from(&self.address);
        settings.accepted_head.clone_from(&self.accepted_head);
        // After a rotation a witness has two keys under its name.
        let earlier = Signer::generate().unwrap();
        let keys = [&earlier, &self.witness].map(|key| signer_key(key, WITNESS, Kind::Cosignature));
        settings.witnesses = keys.map(|key| key.unwrap().to_string()).to_vec();
        let replica = Replica::start_at(self.place.clone(), options, writes).await;
        replica.shows("a", "90").await;
        replica
    }
}

pub(super) fn caller(subject: &str, role: Role, agency: &str) -> Caller {
    Caller::new(subject.to_owned(), vec![role], vec![agency.to_owned()])
}

pub(super) fn ministry() -> Caller {
    caller("menteri", Role::Admin, "*")
}

pub(super) fn ranked(agency: &str) -> Caller {
    caller("operator", Role::Operator, agency)
}

pub(super) fn proposal(replica: &Replica, id: &str) -> pb::ProposeLeagueTableRequest {
    let end = replica.desk.context.clock.now() + TimeDelta::hours(73);
    pb::ProposeLeagueTableRequest {
        request_id: id.to_owned(),
        table: TABLE.to_owned(),
        objection_end_time: Some(clock::to_proto(end)),
        ..Default::default()
    }
}

pub(super) async fn propose(replica: &Replica, message: pb::ProposeLeagueTableRequest) -> String {
    let answer = call!(replica, propose_league_table, ministry(), message).unwrap();
    answer.proposal.unwrap().name
}

pub(super) fn decree(proposal: &str, id: &str) -> pb::PublishLeagueTableRequest {
    pb::PublishLeagueTableRequest {
        request_id: id.to_owned(),
        proposal: proposal.to_owned(),
        decree: Some(pb::Decree {
            number: "12/2025".to_owned(),
            date: "2025-02-03".to_owned(),
            signatory: "Nama".to_owned(),
            signatory_position: "Menteri".to_owned(),
        }),
    }
}

pub(super) async fn issue(
    replica: &Replica,
    proposal: &str,
    id: &str,
) -> Result<pb::PublishedLeagueTable, Status> {
    let answer = call!(replica, publish_league_table, ministry(), decree(proposal, id))?;
    Ok(answer.published.unwrap())
}

pub(super) async fn preview(
    replica: &Replica,
    who: Caller,
    name: &str,
) -> Result<Vec<pb::PublishedRow>, Status> {
    let message = pb::GetProposedLeagueTableRequest {
        name: name.to_owned(),
        ..Default::default()
    };
    Ok(call!(replica, get_proposed_league_table, who, message)?.rows)
}

pub(super) async fn file(replica: &Replica, name: &str, format: pb::PublishedTableFormat) -> Vec<u8> {
    let message = pb::DownloadPublishedLeagueTableRequest {
        name: name.to_owned(),
        format: format.into(),
    };
    let answer = replica
        .client
        .clone()
        .download_published_league_table(message)
        .await;
    let mut stream = answer.unwrap().into_inner();
    let mut bytes = Vec::new();
    while let Some(piece) = stream.message().await.unwrap() {
        bytes.extend(piece.data);
    }
    bytes
}

pub(super) fn objection(proposal: &str, subject: &str) -> pb::FileTableObjectionRequest {
    pb::FileTableObjectionRequest {
        request_id: format!("o-{}", subject.replace('/', "-")),
        proposal: proposal.to_owned(),
        subject: subject.to_owned(),
        grounds: "Nilai kami salah hitung.".to_owned(),
    }
}

pub(super) fn decision(name: &str, decision: pb::ObjectionDecision) -> pb::DecideTableObjectionRequest {
    pb::DecideTableObjectionRequest {
        request_id: format!("d-{}", name.rsplit('/').next().unwrap()),
        name: name.to_owned(),
        decision: decision.into(),
        reason: "Sudah dihitung ulang.".to_owned(),
    }
}
