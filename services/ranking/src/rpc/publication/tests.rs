//! From the proposal to the file that is verified without the service.

use std::path::PathBuf;

use chrono::TimeDelta;
use prima_platform::{
    caller::{Caller, Role},
    clock,
    testing::{
        eventually,
        served::{Place, by, refusal, refused},
    },
    tlog::{
        checkpoint::{Checkpoint, cosign, signer_key},
        note::{Kind, Note},
        receipt::Receipt,
        sealed, tile,
        tree::Tree,
        witness,
    },
    token::Signer,
};
use prima_proto::ranking::v1 as pb;
use sea_orm::ConnectionTrait;
use tonic::Code;

use crate::rpc::testing::{LONG, Replica, rank};

macro_rules! call {
    ($replica:expr, $method:ident, $caller:expr, $message:expr) => {
        $replica
            .client
            .clone()
            .$method(by($caller, $message))
            .await
            .map(tonic::Response::into_inner)
    };
}

mod damaged;
mod heads;
mod leaked;
mod pages;
mod setting;

use setting::*;

#[tokio::test]
async fn only_the_ranked_and_the_ministry_see_a_proposal() {
    let setting = Setting::new().await;
    let replica = setting.replica(true).await;
    let message = proposal(&replica, "p1");
    refused(
        call!(replica, propose_league_table, ranked("11"), message.clone()),
        Code::PermissionDenied,
        "PERMISSION_DENIED",
    );
    let mut early = message.clone();
    early.objection_end_time = Some(clock::to_proto(replica.desk.context.clock.now()));
    let early = call!(replica, propose_league_table, ministry(), early).unwrap_err();
    assert_eq!(early.code(), Code::InvalidArgument);

    let name = propose(&replica, message.clone()).await;
    assert_eq!(
        propose(&replica, message).await,
        name,
        "a repeat is the first answer"
    );
    for who in [
        ministry(),
        ranked("11"),
        ranked("12"),
        caller("e", Role::Evaluator, "12"),
    ] {
        assert_eq!(preview(&replica, who, &name).await.unwrap().len(), 4);
    }
    for who in [ranked("13"), caller("i", Role::Intake, "11"), Caller::anonymous()] {
        preview(&replica, who, &name).await.unwrap_err();
    }
    refused(
        preview(&replica, ranked("13"), &name).await,
        Code::NotFound,
        "NOT_FOUND",
    );
    let listed = |who| {
        let message = pb::ListProposedLeagueTablesRequest::default();
        let replica = &replica;
        async move {
            let answer = call!(replica, list_proposed_league_tables, who, message).unwrap();
            answer.proposals.len()
        }
    };
    assert_eq!(listed(ministry()).await, 1);
    assert_eq!(listed(ranked("12")).await, 1);
    assert_eq!(listed(ranked("13")).await, 0);
    // What changes afterwards is not in it.
    rank(&setting.bus, "a", 2, "10").await;
    replica.shows("a", "10").await;
    let rows = preview(&replica, ministry(), &name).await.unwrap();
    assert_eq!(
        (rows[0].subject.as_str(), rows[0].score.as_str()),
        ("agencies/11/units/a", "90")
    );
    refused(
        call!(
            replica,
            propose_league_table,
            ministry(),
            proposal(&replica, "p2")
        ),
        Code::FailedPrecondition,
        "PROPOSAL_OPEN",
    );
}

#[tokio::test]
async fn a_table_is_published_after_its_objections_are_decided() {
    let setting = Setting::new().await;
    let replica = setting.replica(true).await;
    let name = propose(&replica, proposal(&replica, "p")).await;
    let wait = |reason: &'static str| {
        let (replica, name) = (&replica, &name);
        async move {
            let id = format!("i-{reason}");
            refused(issue(replica, name, &id).await, Code::FailedPrecondition, reason);
        }
    };
    wait("OBJECTION_PERIOD_RUNS").await;
    // An agency objects for its own units only, and the ministry for none of them in the table.
    let theirs = objection(&name, "agencies/12/units/d");
    refused(
        call!(replica, file_table_objection, ranked("11"), theirs.clone()),
        Code::PermissionDenied,
        "PERMISSION_DENIED",
    );
    let own = objection(&name, "agencies/11/units/b");
    let filed = call!(replica, file_table_objection, ranked("11"), own).unwrap();
    let filed = filed.objection.unwrap();
    let again = pb::FileTableObjectionRequest {
        request_id: "again".to_owned(),
        ..objection(&name, "agencies/11/units/b")
    };
    refused(
        call!(replica, file_table_objection, ranked("11"), again),
        Code::FailedPrecondition,
        "OBJECTION_OPEN",
    );
    call!(replica, file_table_objection, ranked("12"), theirs).unwrap();
    let listed = |who| {
        let message = pb::ListTableObjectionsRequest {
            parent: name.clone(),
            ..Default::default()
        };
        let replica = &replica;
        async move {
            let answer = call!(replica, list_table_objections, who, message).unwrap();
            answer.objections
        }
    };
    assert_eq!(listed(ministry()).await.len(), 2);
    assert_eq!(listed(ranked("11")).await.len(), 1);
    setting.clock.advance(TimeDelta::hours(74));
    refused(
        call!(
            replica,
            file_table_objection,
            ranked("11"),
            objection(&name, "agencies/11/units/c")
        ),
        Code::FailedPrecondition,
        "OBJECTION_PERIOD_OVER",
    );
    wait("OBJECTIONS_UNDECIDED").await;
    // Neither who filed it, whatever else the token may do, nor a member of the agency decides it.
    let reject = |name: &str| decision(name, pb::ObjectionDecision::Rejected);
    for who in [
        caller("operator", Role::Admin, "*"),
        Caller::new("x".to_owned(), vec![Role::Admin], vec!["*".into(), "11".into()]),
    ] {
        refused(
            call!(replica, decide_table_objection, who, reject(&filed.name)),
            Code::PermissionDenied,
            "ASSESSED_MAY_NOT_DECIDE",
        );
    }
    for objection in listed(ministry()).await {
        call!(
            replica,
            decide_table_objection,
            ministry(),
            reject(&objection.name)
        )
        .unwrap();
    }
    let mut again = reject(&filed.name);
    again.request_id = "again".to_owned();
    refused(
        call!(replica, decide_table_objection, ministry(), again),
        Code::FailedPrecondition,
        "OBJECTION_DECIDED",
    );
    let writer = replica.desk.context.db.writer();
    for text in ["UPDATE objection SET decision = 1", "DELETE FROM objection"] {
        let refused = writer.execute_unprepared(text).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{text}: {refused}");
    }
    let published = issue(&replica, &name, "i").await.unwrap();
    assert_eq!(published.name, "publishedTables/1");
    assert!(published.citation.contains("12/2025"), "{}", published.citation);
    assert!(
        published
            .head
            .contains("\"objections\":{\"accepted\":0,\"filed\":2,"),
        "{}",
        published.head
    );
    wait("PROPOSAL_CLOSED").await;
    assert_eq!(
        listed(ranked("11")).await[0].decision_reason,
        "Sudah dihitung ulang."
    );
}

#[tokio::test]
async fn an_accepted_objection_needs_a_new_proposal() {
    let setting = Setting::new().await;
    let replica = setting.replica(true).await;
    let name = propose(&replica, proposal(&replica, "p")).await;
    let own = objection(&name, "agencies/11/units/b");
    let filed = call!(replica, file_table_objection, ranked("11"), own).unwrap();
    let accept = decision(&filed.objection.unwrap().name, pb::ObjectionDecision::Accepted);
    call!(replica, decide_table_objection, ministry(), accept).unwrap();
    let other = objection(&name, "agencies/12/units/d");
    let other = call!(replica, file_table_objection, ranked("12"), other).unwrap();
    let replacing = |id: &str| pb::ProposeLeagueTableRequest {
        replaces: name.clone(),
        ..proposal(&replica, id)
    };
    // Nobody's objection vanishes with the proposal.
    refused(
        call!(replica, propose_league_table, ministry(), replacing("p1")),
        Code::FailedPrecondition,
        "OBJECTIONS_UNDECIDED",
    );
    let reject = decision(&other.objection.unwrap().name, pb::ObjectionDecision::Rejected);
    call!(replica, decide_table_objection, ministry(), reject).unwrap();
    setting.clock.advance(TimeDelta::hours(74));
    refused(
        issue(&replica, &name, "i1").await,
        Code::FailedPrecondition,
        "OBJECTION_ACCEPTED",
    );
    rank(&setting.bus, "b", 2, "95").await;
    replica.shows("b", "95").await;
    let second = propose(&replica, replacing("p2")).await;
    setting.clock.advance(TimeDelta::hours(74));
    refused(
        issue(&replica, &name, "i2").await,
        Code::FailedPrecondition,
        "PROPOSAL_CLOSED",
    );
    let published = issue(&replica, &second, "i3").await.unwrap();
    // The record is that of all proposals of the table, the replaced ones included.
    let counts = "\"objections\":{\"accepted\":1,\"filed\":2,";
    assert!(published.head.contains(counts), "{}", published.head);
    assert!(published.head.contains("\"rejected\":1"), "{}", published.head);
    let message = pb::GetPublishedLeagueTableRequest {
        name: published.name,
        ..Default::default()
    };
    let rows = call!(replica, get_published_league_table, Caller::anonymous(), message).unwrap();
    assert_eq!(rows.rows[0].subject, "agencies/11/units/b");
}

#[tokio::test]
async fn what_is_published_is_verified_without_the_service_and_survives_it() {
    for place in Place::each() {
        let mut setting = Setting::at(place).await;
        // The replica that publishes ends between the commit and the files.
        let first = setting.replica(false).await;
        let keys = first.desk.press().unwrap().log_keys();
        let name = propose(&first, proposal(&first, "p")).await;
        setting.clock.advance(TimeDelta::hours(74));
        let published = issue(&first, &name, "i").await.unwrap();
        let offered = first.desk.context.config.publication.url.clone();
        let public = PathBuf::from(offered.strip_prefix("file:").unwrap());
        assert!(!public.join("checkpoint").exists());
        drop(first);

        // The files are those of the head, whatever the setting is later.
        setting.address = "https://data.lain.go.id".to_owned();
        let replica = setting.replica(true).await;
        let written = eventually(LONG, || async { std::fs::read(public.join("checkpoint")).ok() }).await;
        let note = Note::parse(&String::from_utf8(written.unwrap()).unwrap()).unwrap();
        let head = Checkpoint::verified(&note, &keys).unwrap();
        let bundles = tile::bundles(head.size);
        let entries: Vec<Vec<u8>> = bundles
            .flat_map(|(path, width)| {
                tile::entries(&std::fs::read(public.join(path)).unwrap(), width).unwrap()
            })
            .collect();
        assert_eq!(Tree::of(entries.clone()).root(), head.root);
        assert!(entries.contains(&published.head.clone().into_bytes()));

        let bytes = std::fs::read(public.join("tables/1/tabel.jsonl")).unwrap();
        assert_eq!(
            bytes,
            file(&replica, &published.name, pb::PublishedTableFormat::Sealed).await
        );
        let sealed = sealed::verify(&bytes, &keys).unwrap();
        assert_eq!(sealed.rows.len(), 4);
        for (format, own) in [
            (pb::PublishedTableFormat::Csv, "tabel.csv"),
            (pb::PublishedTableFormat::Xlsx, "tabel.xlsx"),
            (pb::PublishedTableFormat::Json, "tabel.json"),
        ] {
            let stored = std::fs::read(public.join("tables/1").join(own)).unwrap();
            assert_eq!(stored, file(&replica, &published.name, format).await, "{own}");
        }
        let json = std::fs::read_to_string(public.join("tables/1/tabel.json")).unwrap();
        let address = "https://data.contoh.go.id/peringkat/tables/1/tabel.jsonl";
        assert!(json.contains(address) && !json.contains("lain.go.id"), "{json}");
        let csv = std::fs::read_to_string(public.join("tables/1/tabel.csv")).unwrap();
        assert!(csv.contains("1,agencies/11/units/a,a,"), "{csv}");
        let message = pb::GetInclusionProofRequest {
            name: published.name.clone(),
            subject: "agencies/12/units/d".to_owned(),
        };
        let receipt = call!(replica, get_inclusion_proof, Caller::anonymous(), message).unwrap();
        let (_, _, row) = Receipt::parse(&receipt.receipt).unwrap().verify(&keys).unwrap();
        assert_eq!(row["rank"], 4);

        // Live scores never touch it, and a correction is another publication that says what changed.
        rank(&setting.bus, "c", 2, "99").await;
        replica.shows("c", "99").await;
        assert_eq!(
            bytes,
            file(&replica, &published.name, pb::PublishedTableFormat::Sealed).await
        );
        refused(
            call!(
                replica,
                propose_league_table,
                ministry(),
                proposal(&replica, "p2")
            ),
            Code::FailedPrecondition,
            "ALREADY_PUBLISHED",
        );
        let correction = pb::ProposeLeagueTableRequest {
            corrects: published.name.clone(),
            correction_reason: "Data responden ganda dibatalkan.".to_owned(),
            ..proposal(&replica, "p3")
        };
        let correction = propose(&replica, correction).await;
        setting.clock.advance(TimeDelta::hours(74));
        let second = issue(&replica, &correction, "i2").await.unwrap();
        assert_eq!(second.corrects, published.name);
        assert!(
            second
                .head
                .contains("\"changes\":{\"added\":0,\"changed\":3,\"removed\":0}"),
            "{}",
            second.head
        );
        let message = pb::ListPublishedLeagueTablesRequest {
            metric: "skm".to_owned(),
            ..Default::default()
        };
        let all = call!(
            replica,
            list_published_league_tables,
            Caller::anonymous(),
            message
        )
        .unwrap();
        assert_eq!(all.published[0].corrected_by, second.name);
        assert_eq!(
            bytes,
            file(&replica, &published.name, pb::PublishedTableFormat::Sealed).await
        );

        cosigned(&setting, &replica, &head).await;
        damaged::nothing_is_signed(&setting, &replica, &head).await;
    }
}

/// A witness that saw a head signs the one that continues it, and only its own signature is taken.
async fn cosigned(setting: &Setting, replica: &Replica, seen: &Checkpoint) {
    let message = pb::GetLogCheckpointRequest {
        old_size: i64::try_from(seen.size).unwrap(),
    };
    let answer = call!(replica, get_log_checkpoint, Caller::anonymous(), message).unwrap();
    let note = Note::parse(&answer.checkpoint).unwrap();
    let head = Checkpoint::parse(&note.text).unwrap();
    let proof: Vec<[u8; 32]> = answer
        .consistency
        .iter()
        .map(|hash| hash.as_slice().try_into().unwrap())
        .collect();
    witness::check(Some(seen), &head, &proof).unwrap();
    let forked = Checkpoint {
        root: [1; 32],
        ..seen.clone()
    };
    assert_eq!(
        witness::check(Some(&forked), &head, &proof),
        Err(witness::Fault::Forked(seen.size))
    );
    let add = |signer: &Signer, id: &str| pb::AddCosignatureRequest {
        request_id: id.to_owned(),
        size: i64::try_from(head.size).unwrap(),
        signature: cosign(&note.text, WITNESS, signer, 1_900_000_000)
            .unwrap()
            .to_string(),
    };
    let other = Signer::generate().unwrap();
    let wrong = call!(replica, add_cosignature, ministry(), add(&other, "w"));
    assert_eq!(refusal(wrong, "signature").0, Code::InvalidArgument);
    let body = caller("pengawas", Role::Evaluator, "*");
    let answer = call!(replica, add_cosignature, body, add(&setting.witness, "c")).unwrap();
    let key = signer_key(&setting.witness, WITNESS, Kind::Cosignature).unwrap();
    let signed = Note::parse(&answer.checkpoint).unwrap();
    assert_eq!(signed.verify(&key), Some(1_900_000_000));
    // So is a head that was published before, and no other one.
    let older = pb::AddCosignatureRequest {
        request_id: "older".to_owned(),
        size: i64::try_from(seen.size).unwrap(),
        signature: cosign(&seen.text(), WITNESS, &setting.witness, 1_900_000_001)
            .unwrap()
            .to_string(),
    };
    let answer = call!(replica, add_cosignature, ministry(), older).unwrap();
    let signed = Note::parse(&answer.checkpoint).unwrap();
    assert_eq!(signed.verify(&key), Some(1_900_000_001));
    let url = &replica.desk.context.config.publication.url;
    let path = PathBuf::from(url.strip_prefix("file:").unwrap()).join("checkpoint");
    let offered = eventually(LONG, || async {
        let text = std::fs::read_to_string(&path).ok()?;
        Note::parse(&text)?.verify(&key)
    });
    assert!(offered.await.is_some(), "the signature is offered");
}
