//! The rights of each role.

use prima_platform::caller::{Caller, Role};
use prima_proto::innovation::v1::{self, ReviewDecision::*};
use tonic::Code;

use crate::fixture::*;

const DENIED: (Code, &str) = (Code::PermissionDenied, "PERMISSION_DENIED");

#[tokio::test]
async fn each_step_of_an_entry_belongs_to_one_role() {
    on_each_database(async |mut t| {
        t.round().await;
        let name = t.draft("a").await.name;
        let mut deny = async |request| refused(t.client.review_entry(request).await, DENIED.0, DENIED.1);
        deny(evaluator(0, review(&name, HandIn))).await;
        deny(unit(review(&name, Submit))).await;
        deny(unit(review(&name, Return))).await;
        deny(agency_admin(review(&name, Pass))).await;
        deny(unit(review(&name, Reject))).await;
        deny(evaluator(0, review(&name, Pass))).await;
    })
    .await;
}

#[tokio::test]
async fn only_the_ministry_runs_a_round() {
    on_each_database(async |mut t| {
        for request in [
            unit(round("kipp")),
            agency_admin(round("kipp")),
            evaluator(0, round("kipp")),
        ] {
            refused(t.client.open_round(request).await, DENIED.0, DENIED.1);
        }
        t.round().await;
        for request in [
            agency_admin(advance("pengajuan")),
            evaluator(0, advance("pengajuan")),
        ] {
            refused(t.client.advance_round(request).await, DENIED.0, DENIED.1);
        }
        refused(
            t.client.announce_results(agency_admin(announce())).await,
            DENIED.0,
            DENIED.1,
        );
        let announced = t.client.announce_results(ministry(announce())).await;
        refused(announced, Code::FailedPrecondition, "NOT_TO_BE_ANNOUNCED");
    })
    .await;
}

#[tokio::test]
async fn only_evaluators_of_the_panel_score() {
    on_each_database(async |mut t| {
        let name = t.competing(&["a"]).await.remove(0);
        for request in [
            unit(score(&name, &PARTS, 1)),
            agency_admin(score(&name, &PARTS, 1)),
            ministry(score(&name, &PARTS, 1)),
        ] {
            refused(t.client.score_entry(request).await, DENIED.0, DENIED.1);
        }
        let recusal = v1::RecuseEvaluatorRequest {
            request_id: "r".into(),
            entry: name.clone(),
            evaluator: "kemenpanrb".into(),
            reason: "Satu kantor".into(),
            from_stage: String::new(),
        };
        refused(
            t.client.recuse_evaluator(ministry(recusal)).await,
            DENIED.0,
            DENIED.1,
        );
        let local = by("evaluator-00", Role::Evaluator, "3271", score(&name, &PARTS, 1));
        refused(t.client.score_entry(local).await, DENIED.0, DENIED.1);
        let other = evaluator(77, score(&name, &PARTS, 1));
        refused(
            t.client.score_entry(other).await,
            Code::PermissionDenied,
            "NOT_ON_PANEL",
        );
    })
    .await;
}

#[tokio::test]
async fn an_agency_sees_and_changes_its_own_only() {
    on_each_database(async |mut t| {
        t.round().await;
        let draft = t.draft("a").await;
        let stranger = |message| by("lain", Role::Operator, "3273", message);
        let get = stranger(v1::GetEntryRequest {
            name: draft.name.clone(),
        });
        refused(t.client.get_entry(get).await, Code::NotFound, "NOT_FOUND");
        let list = |agency: &str| v1::ListEntriesRequest {
            parent: "rounds/kipp".into(),
            agency: agency.into(),
            ..Default::default()
        };
        let other = by("lain", Role::Operator, "3273", list("agencies/3271"));
        refused(t.client.list_entries(other).await, DENIED.0, DENIED.1);
        refused(t.client.list_entries(unit(list(""))).await, DENIED.0, DENIED.1);
        let own = t
            .client
            .list_entries(unit(list("agencies/3271")))
            .await
            .unwrap()
            .into_inner();
        assert_eq!((own.entries.len(), own.entries[0].answers.len()), (1, 0));
        let all = t
            .client
            .list_entries(evaluator(0, list("")))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(all.entries.len(), 1);
        let register = by("lain", Role::Operator, "3273", innovation("b"));
        refused(t.client.register_innovation(register).await, DENIED.0, DENIED.1);
        let enter = by("lain", Role::Operator, "3273", entry("kipp", &draft.innovation));
        refused(t.client.enter_round(enter).await, DENIED.0, DENIED.1);
        let revisions = v1::ListInnovationRevisionsRequest {
            parent: draft.innovation.clone(),
            ..Default::default()
        };
        let revisions = by("lain", Role::Operator, "3273", revisions);
        refused(
            t.client.list_innovation_revisions(revisions).await,
            DENIED.0,
            DENIED.1,
        );
        let portfolio = v1::GetPortfolioRequest {
            unit: DPMPTSP.into(),
            year: 2022,
        };
        let portfolio = by("lain", Role::Operator, "3273", portfolio);
        refused(t.client.get_portfolio(portfolio).await, DENIED.0, DENIED.1);
    })
    .await;
}

#[tokio::test]
async fn former_awards_are_set_by_the_ministry_only() {
    on_each_database(async |mut t| {
        let mut winner = innovation("a");
        winner.innovation.as_mut().unwrap().former_awards = vec![v1::Award {
            year: 2019,
            award: "top-45".into(),
            round: String::new(),
        }];
        refused(
            t.client.register_innovation(unit(winner.clone())).await,
            DENIED.0,
            DENIED.1,
        );
        t.client.register_innovation(ministry(winner)).await.unwrap();
        let update = v1::UpdateInnovationRequest {
            innovation: Some(v1::Innovation {
                name: format!("{DPMPTSP}/innovations/a"),
                ..Default::default()
            }),
            update_mask: mask(&["former_awards"]),
        };
        refused(
            t.client.update_innovation(unit(update.clone())).await,
            DENIED.0,
            DENIED.1,
        );
        let cleared = t
            .client
            .update_innovation(ministry(update))
            .await
            .unwrap()
            .into_inner();
        assert!(cleared.innovation.unwrap().former_awards.is_empty());
    })
    .await;
}

#[tokio::test]
async fn without_a_token_only_public_methods_answer() {
    on_each_database(async |mut t| {
        t.innovation("a").await;
        let search = v1::SearchCatalogueRequest::default();
        assert_eq!(
            t.client
                .search_catalogue(search)
                .await
                .unwrap()
                .into_inner()
                .items
                .len(),
            1
        );
        let page = v1::GetCatalogueEntryRequest {
            name: format!("{DPMPTSP}/innovations/a"),
        };
        t.client.get_catalogue_entry(page).await.unwrap();
        let get = v1::GetInnovationRequest {
            name: format!("{DPMPTSP}/innovations/a"),
        };
        refused(
            t.client.get_innovation(get).await,
            Code::Unauthenticated,
            "TOKEN_MISSING",
        );
        refused(
            t.client.register_innovation(innovation("b")).await,
            Code::Unauthenticated,
            "TOKEN_MISSING",
        );
        let check = v1::CheckObligationRequest {
            parent: "agencies/-".into(),
            year: 2022,
            ..Default::default()
        };
        refused(
            t.client.check_obligation(check).await,
            Code::Unauthenticated,
            "TOKEN_MISSING",
        );
    })
    .await;
}

/// Opens a round whose only stage after submission is a public one, with an entry of Kota Bogor in it.
async fn public_stage(t: &mut World) -> String {
    let template = t.client.open_round(ministry(round("contoh"))).await.unwrap();
    let mut rules = template.into_inner().round.unwrap().rules.unwrap();
    rules.stages.truncate(2);
    rules.stages.push(v1::Stage {
        key: "kebermanfaatan".into(),
        display_name: "Penilaian manfaat oleh masyarakat".into(),
        kind: v1::StageKind::PublicScoring.into(),
        parts: vec![v1::Part {
            key: "manfaat".into(),
            display_name: "Manfaat".into(),
            weight: 100,
            max_words: 0,
        }],
        minimum_scores: 1,
        cuts: vec![v1::Cut {
            group: "umum".into(),
            places: 1,
            award: "top-1".into(),
            award_display_name: "Top 1".into(),
            ..Default::default()
        }],
        ..Default::default()
    });
    rules.groups.retain(|g| g.key == "umum");
    let mut request = round("kipp");
    request.template = String::new();
    request.round.as_mut().unwrap().rules = Some(rules);
    t.client.open_round(ministry(request)).await.unwrap();
    let name = t.submitted("a").await.name;
    t.at("2022-06-01T03:00:00Z");
    t.advance("pengajuan").await.unwrap();
    t.step(&name, Pass).await.unwrap();
    t.advance("seleksi-administrasi").await.unwrap();
    name
}

#[tokio::test]
async fn no_evaluator_scores_an_entry_of_their_own_agency() {
    on_each_database(async |mut t| {
        let name = public_stage(&mut t).await;
        let points = || score(&name, &["manfaat"], 100);
        let holding = |subject: &str, roles: &[Role], agencies: &[&str]| {
            let agencies = agencies.iter().map(|a| (*a).to_owned()).collect();
            served_by(Caller::new(subject.into(), roles.to_vec(), agencies), points())
        };
        // Tokens without a role, and of roles that run the round, may not score in a public stage.
        for caller in [
            holding("x", &[], &["3271"]),
            holding("x", &[], &["*"]),
            holding("x", &[Role::Operator], &["3273"]),
            holding("x", &[Role::Admin], &["*"]),
        ] {
            refused(t.client.score_entry(caller).await, DENIED.0, DENIED.1);
        }
        for caller in [
            holding("x", &[Role::Intake], &["3271"]),
            holding("x", &[Role::Evaluator], &["*", "3271"]),
            holding("x", &[Role::Admin, Role::Evaluator], &["3271"]),
            holding("x", &[Role::Operator, Role::Intake], &["*"]),
        ] {
            refused(
                t.client.score_entry(caller).await,
                Code::FailedPrecondition,
                "CONFLICT_OF_INTEREST",
            );
        }
        assert_eq!(t.count("score").await, 0);
        for caller in [
            holding("kios", &[Role::Intake], &["3273"]),
            holding("aplikasi", &[Role::Intake], &["*"]),
            holding("penilai", &[Role::Evaluator], &["*"]),
        ] {
            t.client.score_entry(caller).await.unwrap();
        }
        assert_eq!(t.count("score").await, 3);
    })
    .await;
}

#[tokio::test]
async fn a_member_of_the_panel_whose_token_names_the_agency_does_not_score_it() {
    on_each_database(async |mut t| {
        let name = t.competing(&["a"]).await.remove(0);
        for (roles, agencies) in [
            (&[Role::Evaluator][..], &["*", "3271"][..]),
            (&[Role::Admin, Role::Evaluator], &["*", "3271"]),
            (&[Role::Operator, Role::Evaluator], &["*"]),
        ] {
            let agencies = agencies.iter().map(|a| (*a).to_owned()).collect();
            let caller = Caller::new("evaluator-00".into(), roles.to_vec(), agencies);
            let given = t
                .client
                .score_entry(served_by(caller, score(&name, &PARTS, 100)))
                .await;
            refused(given, Code::FailedPrecondition, "CONFLICT_OF_INTEREST");
        }
        t.client
            .score_entry(evaluator(0, score(&name, &PARTS, 80)))
            .await
            .unwrap();
    })
    .await;
}
