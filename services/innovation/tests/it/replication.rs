//! Replication, follow-up, transfer and the graph of spread.

use prima_platform::caller::Role;
use prima_proto::{event::v1::InnovationPortfolioState, innovation::v1};
use tonic::{Code, Request};

use crate::fixture::*;

const BANDUNG: &str = "agencies/3273/units/dpmptsp";

fn bandung<T>(message: T) -> Request<T> {
    by("bandung", Role::Operator, "3273", message)
}

fn adopt(id: &str, parent: &str, adopter: &str, replica: &str) -> v1::RecordReplicationRequest {
    v1::RecordReplicationRequest {
        request_id: format!("replication-{id}"),
        parent: parent.into(),
        replication: Some(v1::Replication {
            adopter: adopter.into(),
            replica: replica.into(),
            adopt_date: "2021-06-01".into(),
            partial: true,
            evidence: vec![link()],
            ..Default::default()
        }),
    }
}

async fn other_innovation(t: &mut World, parent: &str, id: &str) -> String {
    let mut new = innovation(id);
    new.parent = parent.into();
    let answer = t
        .client
        .register_innovation(ministry(new))
        .await
        .unwrap()
        .into_inner();
    answer.innovation.unwrap().name
}

#[tokio::test]
async fn the_adopter_records_a_replication_and_both_portfolios_show_it() {
    on_each_database(async |mut t| {
        let source = t.innovation("a").await.name;
        let denied = t
            .client
            .record_replication(unit(adopt("a", &source, BANDUNG, "")))
            .await;
        refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        let first = t
            .client
            .record_replication(bandung(adopt("a", &source, BANDUNG, "")))
            .await;
        let first = first.unwrap().into_inner();
        let again = t
            .client
            .record_replication(bandung(adopt("a", &source, BANDUNG, "")))
            .await;
        assert_eq!(again.unwrap().into_inner(), first);
        let twice = t
            .client
            .record_replication(bandung(adopt("b", &source, BANDUNG, "")))
            .await;
        refused(twice, Code::AlreadyExists, "ALREADY_EXISTS");
        let nothing = format!("{DPMPTSP}/innovations/tidak-ada");
        let missing = t
            .client
            .record_replication(bandung(adopt("c", &nothing, BANDUNG, "")))
            .await;
        refused(missing, Code::NotFound, "NOT_FOUND");

        let subject = |agency: &str| format!("prima.innovation.portfolio.{agency}.dpmptsp.2021");
        let giver = t
            .staged::<InnovationPortfolioState>(&subject("3271"))
            .await
            .unwrap();
        let taker = t
            .staged::<InnovationPortfolioState>(&subject("3273"))
            .await
            .unwrap();
        assert_eq!((giver.given.len(), giver.taken.len()), (1, 0));
        assert_eq!((taker.given.len(), taker.taken.len()), (0, 1));
        let facts = &taker.taken[0];
        assert_eq!(
            (&facts.innovation, facts.adopt_date.as_str(), facts.partial),
            (&source, "2021-06-01", true)
        );
    })
    .await;
}

#[tokio::test]
async fn the_spread_follows_replicas_of_replicas_each_once() {
    on_each_database(async |mut t| {
        let a = t.innovation("a").await.name;
        let b = other_innovation(&mut t, BANDUNG, "b").await;
        let malang = "agencies/3573/units/dpmptsp";
        let c = other_innovation(&mut t, malang, "c").await;
        t.client
            .record_replication(ministry(adopt("1", &a, BANDUNG, &b)))
            .await
            .unwrap();
        t.client
            .record_replication(ministry(adopt("2", &b, malang, &c)))
            .await
            .unwrap();
        // The replica is replicated by the first unit again: a cycle must end.
        t.client
            .record_replication(ministry(adopt("3", &c, DPMPTSP, &a)))
            .await
            .unwrap();
        let get = v1::GetSpreadRequest { name: a };
        let spread = t.client.get_spread(unit(get)).await.unwrap().into_inner();
        let adopters: Vec<&str> = spread.replications.iter().map(|r| r.adopter.as_str()).collect();
        assert_eq!(adopters, [BANDUNG, malang, DPMPTSP]);
    })
    .await;
}

#[tokio::test]
async fn a_follow_up_records_whether_a_replica_is_still_in_use() {
    on_each_database(async |mut t| {
        let source = t.innovation("a").await.name;
        let made = t
            .client
            .record_replication(bandung(adopt("a", &source, BANDUNG, "")))
            .await;
        let name = made.unwrap().into_inner().replication.unwrap().name;
        let look = |id: &str, date: &str, in_use: bool| v1::FollowUpReplicationRequest {
            request_id: id.into(),
            name: name.clone(),
            follow_up: Some(v1::FollowUp {
                date: date.into(),
                in_use,
                remark: String::new(),
            }),
        };
        let denied = t
            .client
            .follow_up_replication(unit(look("x", "2022-01-01", true)))
            .await;
        refused(denied, Code::NotFound, "NOT_FOUND");
        t.at("2025-01-01T03:00:00Z");
        let late = look("y", "2024-12-01", false);
        let first = t
            .client
            .follow_up_replication(bandung(late.clone()))
            .await
            .unwrap()
            .into_inner();
        let again = t
            .client
            .follow_up_replication(bandung(late))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(first, again);
        assert_eq!(first.replication.unwrap().follow_ups.len(), 1);
        let early = t
            .client
            .follow_up_replication(bandung(look("z", "2021-05-31", true)))
            .await;
        assert_eq!(faults(early), ["follow_up.date"]);
        let page = v1::GetCatalogueEntryRequest { name: source };
        let page = t.client.get_catalogue_entry(page).await.unwrap().into_inner();
        assert_eq!((page.replication_count, page.in_use_count), (1, 0));
    })
    .await;
}

#[tokio::test]
async fn a_transfer_event_counts_as_learning_of_its_receivers() {
    on_each_database(async |mut t| {
        let source = t.innovation("a").await.name;
        let event = v1::RecordTransferRequest {
            request_id: "transfer".into(),
            transfer: Some(v1::Transfer {
                innovation: source.clone(),
                title: "Studi tiru".into(),
                date: "2022-03-10".into(),
                receivers: vec![BANDUNG.into()],
                evidence: vec![link()],
            }),
        };
        let denied = t.client.record_transfer(bandung(event.clone())).await;
        refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        let first = t
            .client
            .record_transfer(unit(event.clone()))
            .await
            .unwrap()
            .into_inner();
        let again = t.client.record_transfer(unit(event)).await.unwrap().into_inner();
        assert_eq!((first, t.count("transfer").await), (again, 1));
        let subject = "prima.innovation.portfolio.3273.dpmptsp.2022";
        let learnt = t.staged::<InnovationPortfolioState>(subject).await.unwrap();
        assert_eq!(learnt.learning_dates, ["2022-03-10"]);
        let spread = t
            .client
            .get_spread(unit(v1::GetSpreadRequest { name: source }))
            .await;
        assert_eq!(spread.unwrap().into_inner().transfers[0].receivers, [BANDUNG]);
    })
    .await;
}
