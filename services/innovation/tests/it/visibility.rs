//! A resource that an agency may not see is answered like a missing one.

use prima_platform::caller::{Caller, Role};
use prima_proto::innovation::v1::{self, ReviewDecision};
use tonic::{Code, Request};

use crate::fixture::*;

/// Callers of an unrelated agency.
fn strangers() -> [(Role, &'static str); 4] {
    [
        (Role::Operator, "3273"),
        (Role::Admin, "3273"),
        (Role::Evaluator, "3273"),
        (Role::Intake, "*"),
    ]
}

fn stranger<T>(message: T) -> Request<T> {
    by("lain", Role::Operator, "3273", message)
}

/// An idea of Kota Bogor, which the catalogue does not show.
async fn idea(t: &mut World, id: &str) -> String {
    let mut new = innovation(id);
    let body = new.innovation.as_mut().unwrap();
    body.status = v1::InnovationStatus::Idea.into();
    body.start_date.clear();
    let answer = t.client.register_innovation(unit(new)).await.unwrap();
    answer.into_inner().innovation.unwrap().name
}

#[tokio::test]
async fn a_foreign_resource_answers_as_a_missing_one() {
    on_each_database(async |mut t| {
        t.round().await;
        let entry = t.draft("a").await.name;
        let idea = idea(&mut t, "gagasan").await;
        let adopt = v1::RecordReplicationRequest {
            request_id: "r".into(),
            parent: format!("{DPMPTSP}/innovations/a"),
            replication: Some(v1::Replication {
                adopter: "agencies/3275/units/dpmptsp".into(),
                adopt_date: "2021-06-01".into(),
                evidence: vec![link()],
                ..Default::default()
            }),
        };
        let made = t.client.record_replication(ministry(adopt)).await.unwrap();
        let replication = made.into_inner().replication.unwrap().name;
        let none = format!("{DPMPTSP}/innovations/tidak-ada");
        let no_entry = "rounds/kipp/entries/tidak-ada".to_owned();
        let no_replication = format!("{DPMPTSP}/innovations/a/replications/tidak-ada");
        for (role, agency) in strangers() {
            // Compares the responses of a method for an existing and for a missing name, given the request for a
            // name.
            macro_rules! alike {
                ($method:ident, $there:expr, $missing:expr, $request:expr) => {
                    let request = $request;
                    let mut found = Vec::new();
                    for name in [&$there, &$missing] {
                        let caller = by("lain", role, agency, request(name.clone()));
                        found.push(refusal(t.client.$method(caller).await, name));
                    }
                    assert_eq!(found[0], found[1], "{} of {role:?}", stringify!($method));
                };
            }
            alike!(get_innovation, idea, none, |name| v1::GetInnovationRequest {
                name
            });
            alike!(get_spread, idea, none, |name| v1::GetSpreadRequest { name });
            alike!(update_innovation, idea, none, |name| {
                v1::UpdateInnovationRequest {
                    innovation: Some(v1::Innovation {
                        name,
                        title: "Lain".into(),
                        ..Default::default()
                    }),
                    update_mask: mask(&["title"]),
                }
            });
            alike!(list_innovation_revisions, idea, none, |parent| {
                v1::ListInnovationRevisionsRequest {
                    parent,
                    ..Default::default()
                }
            });
            alike!(record_transfer, idea, none, |innovation| {
                v1::RecordTransferRequest {
                    request_id: "t".into(),
                    transfer: Some(v1::Transfer {
                        innovation,
                        title: "Studi tiru".into(),
                        date: "2022-03-10".into(),
                        receivers: vec!["agencies/3273/units/dpmptsp".into()],
                        evidence: vec![link()],
                    }),
                }
            });
            alike!(record_replication, idea, none, |parent| {
                v1::RecordReplicationRequest {
                    request_id: "x".into(),
                    parent,
                    replication: Some(v1::Replication {
                        adopter: "agencies/3273/units/dpmptsp".into(),
                        adopt_date: "2021-06-01".into(),
                        evidence: vec![link()],
                        ..Default::default()
                    }),
                }
            });
            alike!(enter_round, idea, none, |innovation: String| {
                v1::EnterRoundRequest {
                    request_id: "e".into(),
                    ..super::fixture::entry("kipp", &innovation)
                }
            });
            alike!(get_catalogue_entry, idea, none, |name| {
                v1::GetCatalogueEntryRequest { name }
            });
            alike!(get_entry, entry, no_entry, |name| v1::GetEntryRequest { name });
            alike!(list_scores, entry, no_entry, |parent| v1::ListScoresRequest {
                parent
            });
            alike!(update_entry, entry, no_entry, |name| v1::UpdateEntryRequest {
                entry: Some(v1::Entry {
                    name,
                    group: "umum".into(),
                    ..Default::default()
                }),
                update_mask: mask(&["group"]),
            });
            for decision in [
                ReviewDecision::HandIn,
                ReviewDecision::Submit,
                ReviewDecision::Return,
                ReviewDecision::Pass,
                ReviewDecision::Reject,
            ] {
                alike!(review_entry, entry, no_entry, |name: String| review(
                    &name, decision
                ));
            }
            alike!(score_entry, entry, no_entry, |name: String| score(
                &name, &PARTS, 1
            ));
            alike!(recuse_evaluator, entry, no_entry, |entry| {
                v1::RecuseEvaluatorRequest {
                    request_id: "s".into(),
                    entry,
                    evaluator: String::new(),
                    reason: "Satu kantor".into(),
                    from_stage: String::new(),
                }
            });
            alike!(follow_up_replication, replication, no_replication, |name| {
                v1::FollowUpReplicationRequest {
                    request_id: "f".into(),
                    name,
                    follow_up: Some(v1::FollowUp {
                        date: "2022-01-01".into(),
                        in_use: true,
                        remark: String::new(),
                    }),
                }
            });
            let (there, missing) = (DPMPTSP.to_owned(), "agencies/3271/units/tidak-ada".to_owned());
            alike!(get_portfolio, there, missing, |unit| {
                v1::GetPortfolioRequest { unit, year: 2022 }
            });
            alike!(register_innovation, there, missing, |parent| {
                v1::RegisterInnovationRequest {
                    parent,
                    ..innovation("lain")
                }
            });
            let (there, missing) = ("agencies/3271".to_owned(), "agencies/3299".to_owned());
            let mut found = Vec::new();
            for name in [&there, &missing] {
                let list = v1::ListEntriesRequest {
                    parent: "rounds/kipp".into(),
                    agency: name.clone(),
                    ..Default::default()
                };
                let listed = t.client.list_entries(by("lain", role, agency, list)).await;
                found.push(refusal(listed, name.strip_prefix("agencies/").unwrap()));
            }
            assert_eq!(found[0], found[1], "list_entries of {role:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_idea_is_seen_by_its_agency_evaluators_and_the_ministry_only() {
    on_each_database(async |mut t| {
        let public = t.innovation("a").await.name;
        let idea = idea(&mut t, "gagasan").await;
        let adopt = v1::RecordReplicationRequest {
            request_id: "r".into(),
            parent: {
                let mut new = innovation("b");
                new.parent = "agencies/3273/units/dpmptsp".into();
                let answer = t.client.register_innovation(ministry(new)).await.unwrap();
                answer.into_inner().innovation.unwrap().name
            },
            replication: Some(v1::Replication {
                adopter: DPMPTSP.into(),
                replica: idea.clone(),
                adopt_date: "2021-06-01".into(),
                evidence: vec![link()],
                ..Default::default()
            }),
        };
        let source = adopt.parent.clone();
        t.client.record_replication(unit(adopt)).await.unwrap();
        let nobody = |message| -> Request<v1::ListInnovationsRequest> {
            served_by(Caller::new("x".into(), vec![Role::Operator], Vec::new()), message)
        };
        let list = v1::ListInnovationsRequest {
            parent: "agencies/-".into(),
            ..Default::default()
        };
        for (listed, may_see) in [
            (unit(list.clone()), true),
            (agency_admin(list.clone()), true),
            (evaluator(0, list.clone()), true),
            (ministry(list.clone()), true),
            (stranger(list.clone()), false),
            (by("kios", Role::Intake, "*", list.clone()), false),
            (by("e", Role::Evaluator, "3273", list.clone()), false),
            (nobody(list.clone()), false),
        ] {
            let answer = t.client.list_innovations(listed).await.unwrap().into_inner();
            let names: Vec<&str> = answer.innovations.iter().map(|i| i.name.as_str()).collect();
            let mut expected = vec![public.as_str(), idea.as_str(), source.as_str()];
            expected.retain(|name| may_see || *name != idea);
            assert_eq!(names, expected);
        }
        let get = |name: &str| v1::GetInnovationRequest { name: name.into() };
        t.client.get_innovation(stranger(get(&public))).await.unwrap();
        for seen in [unit(get(&idea)), evaluator(0, get(&idea)), ministry(get(&idea))] {
            t.client.get_innovation(seen).await.unwrap();
        }
        refused(
            t.client.get_innovation(stranger(get(&idea))).await,
            Code::NotFound,
            "NOT_FOUND",
        );
        let spread = v1::GetSpreadRequest { name: source };
        let replica = async |request| {
            let spread = t.client.clone().get_spread(request).await.unwrap();
            spread.into_inner().replications[0].replica.clone()
        };
        assert_eq!(replica(unit(spread.clone())).await, idea);
        let kiosk = by("kios", Role::Intake, "3275", spread);
        assert_eq!(replica(kiosk).await, "");
        // A near duplicate that is still not shown.
        let mut twin = innovation("gagasan");
        twin.request_id = "twin".into();
        twin.parent = "agencies/3273/units/dpmptsp".into();
        let twin = t.client.register_innovation(stranger(twin)).await.unwrap();
        let near = twin.into_inner().near_duplicates;
        assert!(near.iter().all(|n| n.innovation != idea), "{near:?}");
    })
    .await;
}
