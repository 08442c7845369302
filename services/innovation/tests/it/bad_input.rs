//! Every method names every fault at once, and stores nothing.

use prima_proto::innovation::v1;
use tonic::Code;

use crate::fixture::*;

const NAME: &str = "agencies/3271/units/dpmptsp/innovations/a";

macro_rules! faulty {
    ($t:expr, $method:ident, $request:expr, $fields:expr) => {
        let found = faults($t.client.$method(ministry($request)).await);
        assert_eq!(found, $fields, stringify!($method));
    };
}

#[tokio::test]
async fn every_write_about_innovations_names_every_fault() {
    on_each_database(async |mut t| {
        faulty!(
            t,
            register_innovation,
            v1::RegisterInnovationRequest::default(),
            ["request_id", "parent", "innovation_id", "innovation"]
        );
        let broken = v1::Innovation {
            title: "a".into(),
            description: "x\u{0}".into(),
            initiator: "a\nb".into(),
            status: 99,
            start_date: "2020-02-30".into(),
            stop_date: "x".into(),
            source: "x".into(),
            documents: vec![v1::Link::default()],
            legal_basis: 9,
            supports: vec![0],
            former_awards: vec![v1::Award {
                award: "A B".into(),
                ..Default::default()
            }],
            ..Default::default()
        };
        let expected = [
            "innovation.title",
            "innovation.description",
            "innovation.initiator",
            "innovation.status",
            "innovation.start_date",
            "innovation.stop_date",
            "innovation.source",
            "innovation.documents[0].title",
            "innovation.documents[0].url",
            "innovation.legal_basis",
            "innovation.supports",
            "innovation.former_awards",
        ];
        let mut request = innovation("a");
        request.innovation = Some(broken);
        faulty!(t, register_innovation, request, expected);
        let mut request = innovation("-");
        request.innovation.as_mut().unwrap().sdgs = vec![0];
        faulty!(t, register_innovation, request, ["innovation_id"]);
        let mut request = innovation("a");
        let given = request.innovation.as_mut().unwrap();
        given.sdgs = vec![0];
        given.category = "apa".into();
        given.start_date = "2022-04-02".into();
        let expected = ["innovation.start_date", "innovation.category", "innovation.sdgs"];
        faulty!(t, register_innovation, request, expected);
        faulty!(
            t,
            update_innovation,
            v1::UpdateInnovationRequest::default(),
            ["update_mask", "innovation"]
        );
        let request = v1::UpdateInnovationRequest {
            innovation: Some(v1::Innovation::default()),
            update_mask: mask(&["name", "title"]),
        };
        faulty!(
            t,
            update_innovation,
            request,
            ["update_mask", "innovation.name", "innovation.title"]
        );
        faulty!(
            t,
            record_replication,
            v1::RecordReplicationRequest::default(),
            ["request_id", "parent", "replication"]
        );
        let request = v1::RecordReplicationRequest {
            request_id: "a b".into(),
            parent: NAME.into(),
            replication: Some(v1::Replication {
                replica: "x".into(),
                ..Default::default()
            }),
        };
        let expected = [
            "request_id",
            "replication.adopter",
            "replication.replica",
            "replication.adopt_date",
            "replication.evidence",
        ];
        faulty!(t, record_replication, request, expected);
        let request = v1::RecordReplicationRequest {
            request_id: "a".into(),
            parent: NAME.into(),
            replication: Some(v1::Replication {
                adopter: DPMPTSP.into(),
                replica: "agencies/3273/units/a/innovations/b".into(),
                adopt_date: "2022-04-02".into(),
                evidence: vec![link()],
                ..Default::default()
            }),
        };
        let expected = [
            "replication.adopter",
            "replication.adopt_date",
            "replication.replica",
        ];
        faulty!(t, record_replication, request, expected);
        faulty!(
            t,
            follow_up_replication,
            v1::FollowUpReplicationRequest::default(),
            ["request_id", "name", "follow_up"]
        );
        faulty!(
            t,
            record_transfer,
            v1::RecordTransferRequest::default(),
            ["request_id", "transfer"]
        );
        let request = v1::RecordTransferRequest {
            request_id: "a".into(),
            transfer: Some(v1::Transfer {
                innovation: NAME.into(),
                receivers: vec![DPMPTSP.into(), "x".into()],
                ..Default::default()
            }),
        };
        let expected = [
            "transfer.title",
            "transfer.date",
            "transfer.receivers",
            "transfer.receivers",
        ];
        faulty!(t, record_transfer, request, expected);
        for table in [
            "innovation",
            "revision",
            "replication",
            "transfer",
            "outbox",
            "request",
        ] {
            assert_eq!(t.count(table).await, 0, "{table}");
        }
    })
    .await;
}

#[tokio::test]
async fn every_write_about_rounds_names_every_fault() {
    on_each_database(async |mut t| {
        faulty!(
            t,
            open_round,
            v1::OpenRoundRequest::default(),
            ["request_id", "round_id", "round"]
        );
        let mut request = round("kipp");
        let given = request.round.as_mut().unwrap();
        given.display_name = String::new();
        given.year = 1999;
        given.rules = Some(v1::RoundRules::default());
        given.panel[0].agency = "x".into();
        let expected = [
            "round.display_name",
            "round.year",
            "round.rules",
            "round.panel.agency",
        ];
        faulty!(t, open_round, request, expected);
        let mut request = round("kipp");
        request.template = "apa".into();
        faulty!(t, open_round, request, ["template"]);
        let mut request = round("kipp");
        let given = request.round.as_mut().unwrap();
        given.windows.clear();
        given.panel.clear();
        let found = faults(t.client.open_round(ministry(request)).await);
        assert_eq!(found[0], "round.windows");
        assert!(
            found.iter().skip(1).all(|f| f == "round.panel") && found.len() == 4,
            "{found:?}"
        );
        assert_eq!(t.count("round").await, 0);

        t.round().await;
        let innovation = t.innovation("a").await.name;
        faulty!(
            t,
            enter_round,
            v1::EnterRoundRequest::default(),
            ["request_id", "round", "entry"]
        );
        let mut request = entry("kipp", &innovation);
        request.entry.as_mut().unwrap().group = "apa".into();
        faulty!(t, enter_round, request, ["entry.group"]);
        let mut request = entry("kipp", &innovation);
        let given = request.entry.as_mut().unwrap();
        given.category = "apa".into();
        given.answers[0].part = "apa".into();
        faulty!(t, enter_round, request, ["entry.category", "entry.answers"]);
        let mut request = entry("kipp", "x");
        let given = request.entry.as_mut().unwrap();
        given.answers[1].part = given.answers[0].part.clone();
        given.answers[2].text = "\u{7}".into();
        given.documents[0].url = "ftp://x".into();
        let expected = [
            "entry.innovation",
            "entry.answers",
            "entry.answers",
            "entry.documents[0].url",
        ];
        faulty!(t, enter_round, request, expected);
        assert_eq!(t.count("entry").await, 0);

        faulty!(
            t,
            update_entry,
            v1::UpdateEntryRequest::default(),
            ["update_mask", "entry"]
        );
        faulty!(
            t,
            review_entry,
            v1::ReviewEntryRequest::default(),
            ["request_id", "name", "decision"]
        );
        let request = v1::ReviewEntryRequest {
            request_id: "a".into(),
            name: "rounds/kipp/entries/a".into(),
            decision: v1::ReviewDecision::Return.into(),
            note: String::new(),
            causes: vec!["tema".into()],
        };
        faulty!(t, review_entry, request, ["note", "causes"]);
        let score = evaluator(0, v1::ScoreEntryRequest::default());
        assert_eq!(
            faults(t.client.score_entry(score).await),
            ["request_id", "entry", "parts"]
        );
        faulty!(
            t,
            recuse_evaluator,
            v1::RecuseEvaluatorRequest::default(),
            ["request_id", "entry", "reason"]
        );
        faulty!(
            t,
            advance_round,
            v1::AdvanceRoundRequest::default(),
            ["request_id", "name", "stage"]
        );
        faulty!(
            t,
            announce_results,
            v1::AnnounceResultsRequest::default(),
            ["request_id", "name"]
        );
    })
    .await;
}

#[tokio::test]
async fn a_score_must_have_every_part_once_in_range() {
    on_each_database(async |mut t| {
        let name = t.competing(&["a"]).await.remove(0);
        let mut request = score(&name, &PARTS, 50);
        request.parts[0].points = 101;
        request.parts[1].part = "apa".into();
        request.parts[3].part = request.parts[2].part.clone();
        let found = faults(t.client.score_entry(evaluator(0, request)).await);
        let expected = [
            "parts[ringkasan]",
            "parts[apa]",
            "parts[kebaruan]",
            "parts[ringkasan]",
            "parts[latar-belakang]",
            "parts[implementasi]",
        ];
        assert_eq!(found, expected);
        assert_eq!(t.count("score").await, 0);
    })
    .await;
}

#[tokio::test]
async fn every_read_names_every_fault() {
    on_each_database(async |mut t| {
        faulty!(t, get_innovation, v1::GetInnovationRequest::default(), ["name"]);
        let list = v1::ListInnovationsRequest {
            parent: "x".into(),
            page_size: -1,
            page_token: "x".into(),
            status: 99,
        };
        faulty!(
            t,
            list_innovations,
            list,
            ["page_size", "page_token", "parent", "status"]
        );
        let list = v1::ListInnovationRevisionsRequest {
            page_size: 1001,
            ..Default::default()
        };
        faulty!(t, list_innovation_revisions, list, ["page_size", "parent"]);
        let search = v1::SearchCatalogueRequest {
            query: "***".into(),
            page_token: "x".into(),
            agency: "x".into(),
            category: "A B".into(),
            sdg: 18,
            year: 3000,
            ..Default::default()
        };
        faulty!(
            t,
            search_catalogue,
            search,
            ["page_token", "query", "agency", "category", "sdg", "year"]
        );
        faulty!(
            t,
            get_catalogue_entry,
            v1::GetCatalogueEntryRequest::default(),
            ["name"]
        );
        faulty!(t, get_round, v1::GetRoundRequest::default(), ["name"]);
        let list = v1::ListRoundsRequest {
            page_size: -1,
            page_token: String::new(),
            year: 1,
        };
        faulty!(t, list_rounds, list, ["page_size", "year"]);
        faulty!(
            t,
            get_entry,
            v1::GetEntryRequest {
                name: "rounds/a".into()
            },
            ["name"]
        );
        let list = v1::ListEntriesRequest {
            page_size: -1,
            agency: "x".into(),
            state: 99,
            group: "A".into(),
            ..Default::default()
        };
        faulty!(
            t,
            list_entries,
            list,
            ["page_size", "parent", "agency", "state", "group"]
        );
        faulty!(t, list_scores, v1::ListScoresRequest::default(), ["parent"]);
        let stuck = v1::ListStuckEntriesRequest {
            minimum_days: -1,
            state: 99,
            ..Default::default()
        };
        faulty!(t, list_stuck_entries, stuck, ["parent", "state", "minimum_days"]);
        faulty!(
            t,
            get_announcement,
            v1::GetAnnouncementRequest::default(),
            ["name"]
        );
        faulty!(t, get_spread, v1::GetSpreadRequest::default(), ["name"]);
        faulty!(
            t,
            get_portfolio,
            v1::GetPortfolioRequest::default(),
            ["unit", "year"]
        );
        faulty!(
            t,
            check_obligation,
            v1::CheckObligationRequest::default(),
            ["parent", "year"]
        );
    })
    .await;
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    on_each_database(async |mut t| {
        macro_rules! missing {
            ($method:ident, $request:expr) => {
                refused(
                    t.client.$method(ministry($request)).await,
                    Code::NotFound,
                    "NOT_FOUND",
                );
            };
        }
        let (round, entry) = ("rounds/kipp", "rounds/kipp/entries/a");
        missing!(get_innovation, v1::GetInnovationRequest { name: NAME.into() });
        missing!(
            get_catalogue_entry,
            v1::GetCatalogueEntryRequest { name: NAME.into() }
        );
        missing!(get_spread, v1::GetSpreadRequest { name: NAME.into() });
        missing!(get_round, v1::GetRoundRequest { name: round.into() });
        missing!(get_entry, v1::GetEntryRequest { name: entry.into() });
        missing!(
            list_entries,
            v1::ListEntriesRequest {
                parent: round.into(),
                ..Default::default()
            }
        );
        missing!(list_scores, v1::ListScoresRequest { parent: entry.into() });
        missing!(
            list_stuck_entries,
            v1::ListStuckEntriesRequest {
                parent: round.into(),
                ..Default::default()
            }
        );
        missing!(
            get_announcement,
            v1::GetAnnouncementRequest {
                name: round.into(),
                recompute: false
            }
        );
        let scored = evaluator(0, score(entry, &PARTS, 1));
        refused(t.client.score_entry(scored).await, Code::NotFound, "NOT_FOUND");
        missing!(review_entry, review(entry, v1::ReviewDecision::HandIn));
        missing!(advance_round, advance("pengajuan"));
        missing!(announce_results, announce());
        let update = v1::UpdateInnovationRequest {
            innovation: Some(v1::Innovation {
                name: NAME.into(),
                title: "Judul".into(),
                ..Default::default()
            }),
            update_mask: mask(&["title"]),
        };
        missing!(update_innovation, update);
        t.round().await;
        missing!(
            get_announcement,
            v1::GetAnnouncementRequest {
                name: round.into(),
                recompute: false
            }
        );
    })
    .await;
}
