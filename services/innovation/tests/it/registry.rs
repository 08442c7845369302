//! Innovations, their history and near duplicates.

use prima_proto::{event::v1::InnovationPortfolioState, innovation::v1};
use tonic::Code;

use crate::fixture::*;

#[tokio::test]
async fn an_innovation_can_be_checked_without_being_stored() {
    on_each_database(async |mut t| {
        let check = |id: &str| v1::RegisterInnovationRequest {
            validate_only: true,
            ..innovation(id)
        };
        let answer = t.client.register_innovation(unit(check("sipandu"))).await;
        assert_eq!(
            answer.unwrap().into_inner(),
            v1::RegisterInnovationResponse::default()
        );
        let mut wrong = check("sipandu");
        wrong.innovation.as_mut().unwrap().start_date.clear();
        assert!(!faults(t.client.register_innovation(unit(wrong)).await).is_empty());
        assert_eq!(t.count("innovation").await, 0);
        let stored = t.innovation("sipandu").await;
        let known = t
            .client
            .register_innovation(unit(check("sipandu")))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            known.innovation.unwrap().name,
            stored.name,
            "the same request is known"
        );
        let mut other = check("sipandu");
        other.request_id = "other".into();
        refused(
            t.client.register_innovation(unit(other)).await,
            Code::AlreadyExists,
            "ALREADY_EXISTS",
        );
    })
    .await;
}

#[tokio::test]
async fn an_innovation_is_registered_changed_and_its_history_kept() {
    on_each_database(async |mut t| {
        let created = t.innovation("sipandu").await;
        assert_eq!(created.name, format!("{DPMPTSP}/innovations/sipandu"));
        assert!(!created.unit_confirmed, "the directory has said nothing yet");
        let update = |etag: &str, title: &str| v1::UpdateInnovationRequest {
            innovation: Some(v1::Innovation {
                name: created.name.clone(),
                etag: etag.into(),
                title: title.into(),
                ..Default::default()
            }),
            update_mask: mask(&["title"]),
        };
        let changed = t
            .client
            .update_innovation(unit(update(&created.etag, "Sipandu Desa")))
            .await;
        let changed = changed.unwrap().into_inner().innovation.unwrap();
        assert_eq!(
            (changed.title.as_str(), &changed.description),
            ("Sipandu Desa", &created.description)
        );
        let stale = t
            .client
            .update_innovation(unit(update(&created.etag, "Lain")))
            .await;
        refused(stale, Code::Aborted, "ETAG_MISMATCH");
        let get = v1::GetInnovationRequest {
            name: created.name.clone(),
        };
        let found = t
            .client
            .get_innovation(unit(get))
            .await
            .unwrap()
            .into_inner()
            .innovation
            .unwrap();
        assert_eq!(found, changed);
        let list = v1::ListInnovationRevisionsRequest {
            parent: created.name.clone(),
            page_size: 1,
            page_token: String::new(),
        };
        let first = t
            .client
            .list_innovation_revisions(unit(list.clone()))
            .await
            .unwrap()
            .into_inner();
        let second = t
            .client
            .list_innovation_revisions(unit(v1::ListInnovationRevisionsRequest {
                page_token: first.next_page_token.clone(),
                ..list
            }))
            .await
            .unwrap()
            .into_inner();
        let titles: Vec<String> = [first, second]
            .into_iter()
            .flat_map(|p| p.revisions)
            .map(|r| format!("{} {} {}", r.number, r.editor, r.innovation.unwrap().title))
            .collect();
        assert_eq!(titles, ["1 unit Inovasi sipandu", "2 unit Sipandu Desa"]);
    })
    .await;
}

#[tokio::test]
async fn a_repeat_returns_the_stored_response_and_another_body_is_refused() {
    on_each_database(async |mut t| {
        let first = t
            .client
            .register_innovation(unit(innovation("a")))
            .await
            .unwrap()
            .into_inner();
        let again = t
            .client
            .register_innovation(unit(innovation("a")))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(first, again);
        let mut other = innovation("b");
        other.request_id = "innovation-a".into();
        refused(
            t.client.register_innovation(unit(other)).await,
            Code::InvalidArgument,
            "REQUEST_ID_REUSED",
        );
        let mut taken = innovation("a");
        taken.request_id = "new".into();
        refused(
            t.client.register_innovation(unit(taken)).await,
            Code::AlreadyExists,
            "ALREADY_EXISTS",
        );
        assert_eq!((t.count("innovation").await, t.count("revision").await), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn near_duplicates_are_shown_across_agencies() {
    on_each_database(async |mut t| {
        let mut first = innovation("akta");
        let given = first.innovation.as_mut().unwrap();
        given.title = "Akta Kelahiran dari Balai Desa".into();
        given.description = "Petugas desa mengirim berkas akta kelahiran ke dinas setiap hari kerja".into();
        t.client.register_innovation(unit(first)).await.unwrap();
        for n in 0..30 {
            let mut other = innovation(&format!("lain-{n}"));
            let given = other.innovation.as_mut().unwrap();
            given.title = format!("Kunjungan {n} kesehatan lansia {}", n * 7919);
            given.description = format!(
                "Perawat {n} memeriksa tekanan darah {} warga lanjut usia",
                n * 104_729
            );
            t.client.register_innovation(unit(other)).await.unwrap();
        }
        let mut copy = innovation("akta-kita");
        copy.parent = "agencies/3573/units/dukcapil".into();
        let given = copy.innovation.as_mut().unwrap();
        given.title = "Akta Kelahiran di Balai Desa".into();
        given.description = "Petugas desa mengirim berkas akta kelahiran ke dinas setiap pagi".into();
        let answer = t
            .client
            .register_innovation(ministry(copy))
            .await
            .unwrap()
            .into_inner();
        let near: Vec<(&str, i32)> = answer
            .near_duplicates
            .iter()
            .map(|d| (d.title.as_str(), d.year))
            .collect();
        assert_eq!(near, [("Akta Kelahiran dari Balai Desa", 2022)]);
        assert_eq!(
            answer.near_duplicates[0].title_similarity.len(),
            5,
            "percent with two decimals"
        );
    })
    .await;
}

#[tokio::test]
async fn a_status_moves_forward_and_its_dates_must_fit() {
    on_each_database(async |mut t| {
        let created = t.innovation("a").await;
        let mut change = async |paths: &[&str], status: v1::InnovationStatus, stop: &str| {
            let request = v1::UpdateInnovationRequest {
                innovation: Some(v1::Innovation {
                    name: created.name.clone(),
                    status: status.into(),
                    stop_date: stop.into(),
                    ..Default::default()
                }),
                update_mask: mask(paths),
            };
            t.client.update_innovation(unit(request)).await
        };
        refused(
            change(&["status"], v1::InnovationStatus::Idea, "").await,
            Code::FailedPrecondition,
            "STATUS_GOES_BACK",
        );
        let stopped = v1::InnovationStatus::Stopped;
        assert_eq!(
            faults(change(&["status"], stopped, "").await),
            ["innovation.stop_date"]
        );
        let both = &["status", "stop_date"];
        assert_eq!(
            faults(change(both, stopped, "2022-04-02").await),
            ["innovation.stop_date"]
        );
        change(both, stopped, "2022-03-31").await.unwrap();
        refused(
            change(both, stopped, "2022-03-31").await,
            Code::FailedPrecondition,
            "STATUS_GOES_BACK",
        );
    })
    .await;
}

#[tokio::test]
async fn the_portfolio_of_each_year_of_its_life_contains_an_innovation() {
    on_each_database(async |mut t| {
        let created = t.innovation("a").await;
        for year in [2020, 2021, 2022] {
            let subject = format!("prima.innovation.portfolio.3271.dpmptsp.{year}");
            let portfolio = t.staged::<InnovationPortfolioState>(&subject).await.unwrap();
            assert_eq!(
                (portfolio.unit.as_str(), portfolio.period.clone()),
                (DPMPTSP, year.to_string())
            );
            let one = &portfolio.innovations[0];
            assert_eq!(
                (&one.name, one.start_date.as_str()),
                (&created.name, "2020-03-01")
            );
            assert_eq!(
                (one.status.as_str(), one.register_date.as_str()),
                ("implemented", "2022-04-01")
            );
            let get = v1::GetPortfolioRequest {
                unit: DPMPTSP.into(),
                year,
            };
            let read = t
                .client
                .get_portfolio(unit(get))
                .await
                .unwrap()
                .into_inner()
                .portfolio
                .unwrap();
            assert_eq!(read, portfolio);
        }
        for year in [2019, 2023] {
            let subject = format!("prima.innovation.portfolio.3271.dpmptsp.{year}");
            assert!(
                t.staged::<InnovationPortfolioState>(&subject).await.is_none(),
                "{year}"
            );
        }
        let start = v1::UpdateInnovationRequest {
            innovation: Some(v1::Innovation {
                name: created.name,
                start_date: "2021-01-01".into(),
                ..Default::default()
            }),
            update_mask: mask(&["start_date"]),
        };
        t.client.update_innovation(unit(start)).await.unwrap();
        let subject = "prima.innovation.portfolio.3271.dpmptsp.2020";
        let emptied = t.staged::<InnovationPortfolioState>(subject).await.unwrap();
        assert!(
            emptied.innovations.is_empty(),
            "it left the year in which it was not there"
        );
    })
    .await;
}
