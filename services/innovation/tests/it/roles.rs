//! Who may do what.

use prima_platform::caller::Role;
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
        deny(by("lain", Role::Operator, "3273", review(&name, HandIn))).await;
        deny(unit(review(&name, Submit))).await;
        deny(unit(review(&name, Return))).await;
        deny(by("lain", Role::Admin, "3273", review(&name, Submit))).await;
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
        ] {
            refused(t.client.score_entry(request).await, DENIED.0, DENIED.1);
        }
        let local = by("evaluator-00", Role::Evaluator, "3271", score(&name, &PARTS, 1));
        refused(t.client.score_entry(local).await, DENIED.0, DENIED.1);
        for request in [
            evaluator(77, score(&name, &PARTS, 1)),
            ministry(score(&name, &PARTS, 1)),
        ] {
            refused(
                t.client.score_entry(request).await,
                Code::PermissionDenied,
                "NOT_ON_PANEL",
            );
        }
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
        refused(t.client.get_entry(get).await, DENIED.0, DENIED.1);
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
