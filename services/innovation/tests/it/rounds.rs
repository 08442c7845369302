//! Rounds, and the states of an entry up to the competition.

use prima_proto::innovation::v1::{self, ReviewDecision::*};
use tonic::Code;

use crate::fixture::*;

#[tokio::test]
async fn a_round_is_data_from_a_template_or_from_the_request() {
    on_each_database(async |mut t| {
        let opened = t.round().await;
        let rules = opened.rules.clone().unwrap();
        let stages: Vec<&str> = rules.stages.iter().map(|s| s.key.as_str()).collect();
        assert_eq!(
            stages,
            [
                "pengajuan",
                "seleksi-administrasi",
                "penilaian-proposal",
                "presentasi-wawancara",
                "verifikasi-lapangan"
            ]
        );
        assert_eq!((opened.stage.as_str(), opened.panel.len()), ("pengajuan", 50));
        let again = t
            .client
            .open_round(ministry(round("kipp")))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(again.round.as_ref(), Some(&opened));

        let mut own = round("lain");
        own.template = String::new();
        own.round.as_mut().unwrap().rules = Some(rules.clone());
        let own = t
            .client
            .open_round(ministry(own))
            .await
            .unwrap()
            .into_inner()
            .round
            .unwrap();
        assert_eq!(own.rules, Some(rules), "what is written is read again");

        let get = v1::GetRoundRequest {
            name: "rounds/kipp".into(),
        };
        let seen = t
            .client
            .get_round(unit(get))
            .await
            .unwrap()
            .into_inner()
            .round
            .unwrap();
        assert!(seen.panel.is_empty(), "a unit does not see who scores");
        let list = v1::ListRoundsRequest {
            page_size: 1,
            page_token: String::new(),
            year: 2022,
        };
        let page = t.client.list_rounds(unit(list)).await.unwrap().into_inner();
        assert_eq!(
            (page.rounds[0].name.as_str(), page.next_page_token.is_empty()),
            ("rounds/kipp", false)
        );
    })
    .await;
}

#[tokio::test]
async fn an_entry_passes_from_unit_to_agency_to_ministry_to_the_competition() {
    on_each_database(async |mut t| {
        t.round().await;
        let draft = t.draft("a").await;
        assert_eq!(draft.state(), v1::EntryState::Draft);
        let name = draft.name;
        assert_eq!(
            t.step(&name, HandIn).await.unwrap().state(),
            v1::EntryState::InReview
        );
        let returned = t.step(&name, Return).await.unwrap();
        assert_eq!(
            (returned.state(), returned.note.as_str()),
            (v1::EntryState::Returned, "Lengkapi")
        );
        t.step(&name, HandIn).await.unwrap();
        assert_eq!(
            t.step(&name, Submit).await.unwrap().state(),
            v1::EntryState::Submitted
        );
        refused(
            t.step(&name, Pass).await,
            Code::FailedPrecondition,
            "NOT_SCREENING",
        );
        refused(
            t.advance("pengajuan").await,
            Code::FailedPrecondition,
            "SUBMISSION_OPEN",
        );
        t.at("2022-05-31T17:00:00Z");
        refused(
            t.advance("penilaian-proposal").await,
            Code::FailedPrecondition,
            "OTHER_STAGE",
        );
        t.advance("pengajuan").await.unwrap();
        refused(
            t.advance("seleksi-administrasi").await,
            Code::FailedPrecondition,
            "STAGE_INCOMPLETE",
        );
        assert_eq!(
            t.step(&name, Pass).await.unwrap().state(),
            v1::EntryState::Competing
        );
        refused(
            t.step(&name, Reject).await,
            Code::FailedPrecondition,
            "ALREADY_DECIDED",
        );
        let moved = t.advance("seleksi-administrasi").await.unwrap();
        assert_eq!(moved.round.unwrap().stage, "penilaian-proposal");
        assert_eq!((moved.counts[0].entered, moved.counts[0].passed), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn nothing_is_submitted_after_the_window_has_closed() {
    on_each_database(async |mut t| {
        t.round().await;
        let draft = t.draft("a").await;
        let innovation = t.innovation("b").await.name;
        t.at("2022-05-31T17:00:00Z");
        let closed = "SUBMISSION_NOT_OPEN";
        refused(
            t.step(&draft.name, HandIn).await,
            Code::FailedPrecondition,
            closed,
        );
        let late = t.client.enter_round(unit(entry("kipp", &innovation))).await;
        refused(late, Code::FailedPrecondition, closed);
        let update = v1::UpdateEntryRequest {
            entry: Some(v1::Entry {
                category: "tpb".into(),
                ..draft.clone()
            }),
            update_mask: mask(&["category"]),
        };
        refused(
            t.client.update_entry(unit(update)).await,
            Code::FailedPrecondition,
            closed,
        );
        let counts = t.advance("pengajuan").await.unwrap().counts;
        assert_eq!((counts[0].entered, counts[0].passed), (1, 0));
        let get = v1::GetEntryRequest { name: draft.name };
        let lapsed = t
            .client
            .get_entry(unit(get))
            .await
            .unwrap()
            .into_inner()
            .entry
            .unwrap();
        assert_eq!(lapsed.state(), v1::EntryState::Lapsed);
    })
    .await;
}

#[tokio::test]
async fn an_innovation_enters_a_round_once_and_a_draft_can_be_changed() {
    on_each_database(async |mut t| {
        t.round().await;
        let draft = t.draft("a").await;
        let mut again = entry("kipp", &draft.innovation);
        let first = t
            .client
            .enter_round(unit(again.clone()))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(first.entry.as_ref(), Some(&draft));
        again.request_id = "other".into();
        refused(
            t.client.enter_round(unit(again)).await,
            Code::AlreadyExists,
            "ALREADY_EXISTS",
        );
        let update = |etag: &str| v1::UpdateEntryRequest {
            entry: Some(v1::Entry {
                name: draft.name.clone(),
                etag: etag.into(),
                category: "tpb".into(),
                ..Default::default()
            }),
            update_mask: mask(&["category"]),
        };
        let changed = t
            .client
            .update_entry(unit(update(&draft.etag)))
            .await
            .unwrap()
            .into_inner();
        let changed = changed.entry.unwrap();
        assert_eq!(
            (changed.category.as_str(), &changed.answers),
            ("tpb", &draft.answers)
        );
        refused(
            t.client.update_entry(unit(update(&draft.etag))).await,
            Code::Aborted,
            "ETAG_MISMATCH",
        );
        t.step(&draft.name, HandIn).await.unwrap();
        refused(
            t.client.update_entry(unit(update(""))).await,
            Code::FailedPrecondition,
            "ENTRY_STATE",
        );
        t.step(&draft.name, Withdraw).await.unwrap();
        refused(
            t.step(&draft.name, HandIn).await,
            Code::FailedPrecondition,
            "ENTRY_STATE",
        );
    })
    .await;
}

#[tokio::test]
async fn an_entry_that_fails_rules_cannot_pass_and_each_rule_is_named() {
    on_each_database(async |mut t| {
        t.round().await;
        let mut young = innovation("muda");
        young.innovation.as_mut().unwrap().start_date = "2021-06-01".into();
        let young = t
            .client
            .register_innovation(unit(young))
            .await
            .unwrap()
            .into_inner();
        let mut poor = entry("kipp", &young.innovation.unwrap().name);
        let given = poor.entry.as_mut().unwrap();
        given.documents.clear();
        given.answers[2].text = "-".into();
        given.category = String::new();
        let name = t
            .client
            .enter_round(unit(poor))
            .await
            .unwrap()
            .into_inner()
            .entry
            .unwrap()
            .name;
        let warned = t.step(&name, HandIn).await.unwrap();
        let expected = ["min-age", "complete", "no-filler", "one-category"];
        let rules: Vec<&str> = warned.failed_rules.iter().map(|f| f.rule.as_str()).collect();
        assert_eq!(rules, expected, "the unit is told while it can still mend it");
        t.step(&name, Submit).await.unwrap();
        t.at("2022-06-01T03:00:00Z");
        t.advance("pengajuan").await.unwrap();
        let status = refused(
            t.step(&name, Pass).await,
            Code::FailedPrecondition,
            "NOT_ELIGIBLE",
        );
        assert_eq!(fields(&status), expected);
        let rejected = t.step(&name, Reject).await.unwrap();
        assert_eq!(
            (rejected.state(), rejected.causes),
            (v1::EntryState::Rejected, expected.map(String::from).to_vec())
        );
    })
    .await;
}

#[tokio::test]
async fn two_entries_of_an_agency_with_one_title_both_fail_the_rule() {
    on_each_database(async |mut t| {
        t.round().await;
        let mut names = Vec::new();
        for id in ["a", "b"] {
            let mut one = innovation(id);
            one.innovation.as_mut().unwrap().title = if id == "a" { "Si Pandu" } else { "SI-PANDU" }.into();
            let one = t
                .client
                .register_innovation(unit(one))
                .await
                .unwrap()
                .into_inner();
            let one = entry("kipp", &one.innovation.unwrap().name);
            names.push(
                t.client
                    .enter_round(unit(one))
                    .await
                    .unwrap()
                    .into_inner()
                    .entry
                    .unwrap()
                    .name,
            );
        }
        for name in &names {
            let told = t.step(name, HandIn).await.unwrap().failed_rules;
            assert_eq!(
                told.iter().map(|f| f.rule.as_str()).collect::<Vec<_>>(),
                ["unique-title"]
            );
        }
        t.step(&names[0], Withdraw).await.unwrap();
        assert!(t.step(&names[1], Submit).await.unwrap().failed_rules.is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_entry_that_was_never_submitted_does_not_reserve_its_title() {
    on_each_database(async |mut t| {
        t.round().await;
        let name = t.submitted("a").await.name;
        let mut twin = innovation("b");
        twin.innovation.as_mut().unwrap().title = innovation("a").innovation.unwrap().title;
        let twin = t
            .client
            .register_innovation(unit(twin))
            .await
            .unwrap()
            .into_inner();
        let twin = entry("kipp", &twin.innovation.unwrap().name);
        t.client.enter_round(unit(twin)).await.unwrap();
        t.at("2022-06-01T03:00:00Z");
        t.advance("pengajuan").await.unwrap();
        t.step(&name, Pass).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_rejection_needs_a_failed_rule_or_a_cause_of_the_round() {
    on_each_database(async |mut t| {
        t.round().await;
        let name = t.submitted("a").await.name;
        t.at("2022-06-01T03:00:00Z");
        t.advance("pengajuan").await.unwrap();
        assert_eq!(faults(t.step(&name, Reject).await), ["causes"]);
        let mut with = review(&name, Reject);
        with.causes = vec!["apa".into()];
        assert_eq!(
            faults(t.client.review_entry(ministry(with.clone())).await),
            ["causes"]
        );
        with.causes = vec!["tema".into()];
        let rejected = t
            .client
            .review_entry(ministry(with))
            .await
            .unwrap()
            .into_inner()
            .entry
            .unwrap();
        assert_eq!(rejected.causes, ["tema"]);
    })
    .await;
}

#[tokio::test]
async fn entries_that_wait_are_counted_and_named_with_their_days() {
    on_each_database(async |mut t| {
        t.round().await;
        let old = t.draft("a").await;
        t.at("2022-04-11T04:00:00Z");
        t.draft("b").await;
        let waiting = t.submitted("c").await;
        t.at("2022-04-13T05:00:00Z");
        let mut ask = async |days: i32, size: i32, token: &str| {
            let request = v1::ListStuckEntriesRequest {
                parent: "rounds/kipp".into(),
                page_size: size,
                page_token: token.into(),
                minimum_days: days,
                state: 0,
            };
            t.client
                .list_stuck_entries(ministry(request))
                .await
                .unwrap()
                .into_inner()
        };
        let all = ask(0, 2, "").await;
        let counts: Vec<_> = all
            .counts
            .iter()
            .map(|c| (c.state(), c.count, c.longest_days))
            .collect();
        assert_eq!(
            counts,
            [(v1::EntryState::Draft, 2, 12), (v1::EntryState::Submitted, 1, 2)]
        );
        assert_eq!(
            (all.entries[0].name.as_str(), all.entries[0].days),
            (old.name.as_str(), 12)
        );
        let rest = ask(0, 2, &all.next_page_token).await;
        assert_eq!(
            (rest.entries.len(), rest.entries[0].name.as_str()),
            (1, waiting.name.as_str())
        );
        assert_eq!(rest.next_page_token, "");
        assert_eq!(
            ask(3, 0, "").await.entries.len(),
            1,
            "only those that wait so long"
        );
    })
    .await;
}

#[tokio::test]
async fn an_agency_submits_at_most_five_replications_in_the_round_of_2021() {
    on_each_database(async |mut t| {
        let open = v1::OpenRoundRequest {
            template: "kipp-2021".into(),
            ..round("kipp")
        };
        t.client.open_round(ministry(open)).await.unwrap();
        let source = t.innovation("sumber").await.name;
        let mut last = Err("no entry");
        for n in 0..6 {
            let mut replica = innovation(&format!("r{n}"));
            replica.innovation.as_mut().unwrap().source = source.clone();
            let replica = t
                .client
                .register_innovation(unit(replica))
                .await
                .unwrap()
                .into_inner();
            let mut draft = entry("kipp", &replica.innovation.unwrap().name);
            let proposal = draft.entry.as_mut().unwrap();
            (proposal.group, proposal.category) = ("replikasi".into(), "kesehatan".into());
            let drafted = t.client.enter_round(unit(draft)).await.unwrap().into_inner();
            let name = drafted.entry.unwrap().name;
            t.step(&name, v1::ReviewDecision::HandIn).await.unwrap();
            let submitted = t.step(&name, v1::ReviewDecision::Submit).await;
            if n < 5 {
                submitted.unwrap();
            } else {
                let status = refused(submitted, Code::FailedPrecondition, "NOT_ELIGIBLE");
                assert_eq!(fields(&status), ["agency-limit"]);
                last = Ok(name);
            }
        }
        // A withdrawn one makes room.
        let listed = v1::ListEntriesRequest {
            parent: "rounds/kipp".into(),
            ..Default::default()
        };
        let entries = t
            .client
            .list_entries(ministry(listed))
            .await
            .unwrap()
            .into_inner()
            .entries;
        let first = entries
            .iter()
            .find(|e| e.state() == v1::EntryState::Submitted)
            .unwrap()
            .name
            .clone();
        t.step(&first, v1::ReviewDecision::Withdraw).await.unwrap();
        t.step(&last.unwrap(), v1::ReviewDecision::Submit).await.unwrap();
        // Every submitted one is among the first five, so all pass.
        t.at("2022-06-01T03:00:00Z");
        t.advance("pengajuan").await.unwrap();
        let entries = t
            .client
            .list_entries(ministry(v1::ListEntriesRequest {
                parent: "rounds/kipp".into(),
                ..Default::default()
            }))
            .await
            .unwrap()
            .into_inner()
            .entries;
        let submitted: Vec<_> = entries
            .iter()
            .filter(|e| e.state() == v1::EntryState::Submitted)
            .collect();
        assert_eq!(submitted.len(), 5);
        for one in submitted {
            t.step(&one.name, v1::ReviewDecision::Pass).await.unwrap();
        }
    })
    .await;
}
