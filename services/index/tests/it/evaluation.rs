//! Levels over gRPC: of the unit, of evaluators, after objections, and the index that follows.

use std::collections::BTreeMap;

use futures::future::join_all;
use prima_platform::{
    caller::Role,
    number::{self, Rational},
};
use prima_proto::index::v1 as pb;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use tonic::Code;

use crate::{fixture::*, setup::*};

fn exact(text: &str) -> Rational {
    prima_index::domain::read::parse(text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_vector_gives_the_published_index() {
    on_each_database(async |t| {
        open(&t, "c", cycle()).await;
        let data = golden();
        let vectors = data["f02_vectors"].as_array().unwrap();
        assert_eq!(vectors.len(), 9);
        t.after_hours(F02_OPENS);
        for vector in vectors {
            let id = vector["id"].as_str().unwrap();
            let form = vector["form"].as_str().unwrap().strip_prefix("f02_").unwrap();
            let unit = id.to_lowercase();
            let name = enroll(&t, "c", &unit, form).await;
            publish(&t, 1, &f03(&unit, "s", form, 10, 3), false).await;
            let given = vector["levels"].as_array().unwrap().iter();
            let given = given.map(|l| i32::try_from(l.as_i64().unwrap()).unwrap());
            let mut levels: Vec<(String, i32)> = scored(form).into_iter().zip(given).collect();
            if let Some(level) = vector["supplementary_level"].as_i64() {
                levels.push(("queue_system".into(), i32::try_from(level).unwrap()));
            }
            evaluate(&t, "e", id, &name, &levels).await;
            let expected = &vector["expected"]["per_indicator"];
            let ipp = exact(expected["f02"].as_str().unwrap()) * exact("0.75") + exact("0.75");
            let found = becomes(&t, &name, &number::decimal(&ipp, 2)).await;
            assert_eq!(found.index_exact, number::fraction(&ipp), "{id}");
            assert_eq!(found.f02, expected["f02_2dp"].as_str().unwrap(), "{id}");
            assert_eq!(verified(&t, &name).await, found.index_exact);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_gives_the_digits_of_a_first_submission() {
    on_each_database(async |t| {
        open(&t, "c", cycle()).await;
        t.after_hours(F02_OPENS);
        let [edited, fresh] = [
            enroll(&t, "c", "a", "online").await,
            enroll(&t, "c", "b", "online").await,
        ];
        for unit in ["a", "b"] {
            publish(&t, 1, &f03(unit, "s", "online", 17, 4), false).await;
        }
        let levels: Vec<(String, i32)> = scored("online").into_iter().zip((0..6).cycle()).collect();
        evaluate(&t, "x", "1", &edited, &all("online", 2)).await;
        evaluate(&t, "y", "2", &edited, &all("online", 5)).await;
        evaluate(&t, "z", "3", &edited, &all("online", 1)).await;
        evaluate(&t, "y", "4", &edited, &levels).await;
        for (by, given) in [("z", all("online", 1)), ("y", levels), ("x", all("online", 2))] {
            evaluate(&t, by, &format!("5{by}"), &fresh, &given).await;
        }
        let settled = prima_platform::testing::eventually(DEADLINE, async || {
            let [a, b] = [index(&t, &edited).await, index(&t, &fresh).await];
            (!a.index.is_empty() && a.index_exact == b.index_exact).then_some(a.index_exact)
        });
        let digits = settled.await.unwrap();
        assert_eq!(verified(&t, &edited).await, digits);
        assert_eq!(verified(&t, &fresh).await, digits);
    })
    .await;
}

/// Levels of three evaluators for every row, and two surveys, in any order.
#[derive(Debug, Clone)]
enum Step {
    Give(usize, Vec<(String, i32)>),
    Tell(usize),
}

#[tokio::test(flavor = "multi_thread")]
async fn any_order_of_evaluations_and_events_gives_the_same_index() {
    on_each_database(async |t| {
        open(&t, "c", cycle()).await;
        t.after_hours(F02_OPENS);
        let keys = scored("offline");
        let mut steps = vec![Step::Tell(0), Step::Tell(1)];
        for by in 0..3 {
            for (at, part) in keys.chunks(7).enumerate() {
                let level = |(n, key): (usize, &String)| (key.clone(), ((n * 5 + by * 3 + at) % 6) as i32);
                steps.push(Step::Give(by, part.iter().enumerate().map(level).collect()));
            }
        }
        let mut runner = TestRunner::default();
        let mut digits = Vec::new();
        for round in 0..4 {
            let shuffled = Just(steps.clone())
                .prop_shuffle()
                .new_tree(&mut runner)
                .unwrap()
                .current();
            let unit = format!("u{round}");
            let name = enroll(&t, "c", &unit, "offline").await;
            for (at, step) in shuffled.into_iter().enumerate() {
                match step {
                    Step::Give(by, levels) => {
                        let id = format!("{round}-{at}");
                        evaluate(&t, &format!("e{by}"), &id, &name, &levels).await;
                    }
                    Step::Tell(which) => {
                        let (survey, n, score) = [("s1", 7, 5), ("s2", 6, 2)][which];
                        publish(&t, 1, &f03(&unit, survey, "offline", n, score), false).await;
                    }
                }
            }
            let settled = prima_platform::testing::eventually(DEADLINE, async || {
                let index = index(&t, &name).await;
                // 13 respondents: (7*5 + 6*2) / 13.
                (index.f03 == "3.62" && !index.index.is_empty()).then_some(index.index_exact)
            });
            digits.push(settled.await.unwrap());
            assert_eq!(verified(&t, &name).await, digits[round]);
        }
        digits.dedup();
        assert_eq!(digits.len(), 1, "{digits:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_evaluators_at_once_lose_nothing() {
    on_each_database(async |t| {
        open(&t, "c", cycle()).await;
        t.after_hours(F02_OPENS);
        let name = enroll(&t, "c", "a", "offline").await;
        let other = enroll(&t, "c", "b", "offline").await;
        let given: Vec<Vec<(String, i32)>> = (0..20).map(|by| all("offline", by % 6)).collect();
        let (t, name, other) = (&t, &name, &other);
        join_all(given.iter().enumerate().map(|(by, levels)| async move {
            let who = format!("e{by}");
            evaluate(t, &who, "a", name, levels).await;
            evaluate(t, &who, "b", other, levels).await;
        }))
        .await;
        let get = pb::GetAssessmentRequest { name: name.clone() };
        let read = t.assessment.clone().get_assessment(operator(get)).await.unwrap();
        for row in read.into_inner().assessment.unwrap().indicators {
            if row.indicator != "queue_system" {
                assert_eq!(row.evaluations.len(), 20, "{}", row.indicator);
                // 0 to 5 three times, then 0 and 1: 46 / 20.
                assert_eq!(row.level, "23/10");
            }
        }
        publish(t, 1, &f03("a", "s", "offline", 10, 0), false).await;
        publish(t, 1, &f03("b", "s", "offline", 10, 0), false).await;
        // 0.75 * 2.3
        becomes(t, name, "1.73").await;
        becomes(t, other, "1.73").await;
        let agency = becomes(t, "cycles/c/agencies/3271", "1.73").await;
        assert_eq!((agency.units_counted, agency.units_expected), (2, 2));
        assert_eq!(verified(t, "cycles/c/agencies/3271").await, "69/40");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_form_has_its_window_and_its_role() {
    on_each_database(async |mut t| {
        open(&t, "c", cycle()).await;
        let name = enroll(&t, "c", "a", "offline").await;
        let f01 = pb::SubmitSelfAssessmentRequest {
            request_id: "a".into(),
            assessment: name.clone(),
            levels: vec![pb::SelfLevel {
                indicator: scored("offline")[0].clone(),
                level: 5,
                note: "Sudah ditetapkan".into(),
            }],
        };
        let denied = t
            .assessment
            .submit_self_assessment(evaluator("e", f01.clone()))
            .await;
        refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        let stored = t
            .assessment
            .submit_self_assessment(operator(f01.clone()))
            .await
            .unwrap();
        let stored = stored.into_inner().assessment.unwrap();
        assert_eq!(stored.indicators[0].self_level.as_ref().unwrap().level, 5);
        assert_eq!(
            stored.indicators[0].level, "",
            "what a unit says of itself counts nowhere"
        );
        let f02 = evaluation("a", &name, &all("offline", 3));
        let early = t.assessment.submit_evaluation(evaluator("e", f02.clone())).await;
        let early = refused(early, Code::FailedPrecondition, "WINDOW_CLOSED");
        assert!(
            early.message().contains("evaluation_window is from 20"),
            "{early:?}"
        );
        t.after_hours(F02_OPENS);
        let late = pb::SubmitSelfAssessmentRequest {
            request_id: "b".into(),
            ..f01.clone()
        };
        refused(
            t.assessment.submit_self_assessment(operator(late)).await,
            Code::FailedPrecondition,
            "WINDOW_CLOSED",
        );
        // A repeat gets the stored response at any later time.
        let again = t.assessment.submit_self_assessment(operator(f01)).await.unwrap();
        assert_eq!(again.into_inner().assessment.unwrap(), stored);
        for judged in [
            operator(f02.clone()),
            as_role("ortal", Role::Admin, f02.clone()),
            admin(f02.clone()),
        ] {
            let denied = t.assessment.submit_evaluation(judged).await;
            refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        }
        let first = evaluate(&t, "e", "a", &name, &all("offline", 3)).await;
        let again = evaluate(&t, "e", "a", &name, &all("offline", 3)).await;
        assert_eq!(again, first);
        assert_eq!(t.count("evaluation").await, 30);
        t.after_hours(ALL_CLOSED - F02_OPENS);
        let late = evaluation("b", &name, &all("offline", 4));
        refused(
            t.assessment.submit_evaluation(evaluator("e", late)).await,
            Code::FailedPrecondition,
            "WINDOW_CLOSED",
        );
        let late = pb::FileObjectionRequest {
            request_id: "o".into(),
            assessment: name,
            indicator: scored("offline")[0].clone(),
            reason: "Bukti terlewat".into(),
        };
        refused(
            t.assessment.file_objection(operator(late)).await,
            Code::FailedPrecondition,
            "WINDOW_CLOSED",
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn levels_and_objections_name_every_fault_at_once() {
    on_each_database(async |mut t| {
        open(&t, "c", cycle()).await;
        let name = enroll(&t, "c", "a", "offline").await;
        t.after_hours(F02_OPENS);
        let key = scored("offline")[0].clone();
        let rows = [(key.clone(), 6), (key.clone(), -1), ("nothing".to_owned(), 3)];
        let mut bad = evaluation("", &name, &rows);
        bad.evaluations[2].note = "x".repeat(2001);
        let found = faults(t.assessment.submit_evaluation(evaluator("e", bad.clone())).await);
        let expected = [
            "request_id",
            "evaluations[0].level",
            "evaluations[1].indicator",
            "evaluations[1].level",
            "evaluations[2].indicator",
            "evaluations[2].note",
        ];
        assert_eq!(found, expected);
        bad.assessment = "cycles/c".into();
        bad.evaluations.clear();
        let found = faults(t.assessment.submit_evaluation(evaluator("e", bad)).await);
        assert_eq!(found, ["request_id", "assessment", "evaluations"]);
        let f01 = pb::SubmitSelfAssessmentRequest {
            assessment: name.clone(),
            ..Default::default()
        };
        let found = faults(t.assessment.submit_self_assessment(operator(f01)).await);
        assert_eq!(found, ["request_id", "levels"]);
        let objection = pb::FileObjectionRequest {
            assessment: name.clone(),
            indicator: "nothing".into(),
            reason: "ya".into(),
            ..Default::default()
        };
        let found = faults(t.assessment.file_objection(operator(objection)).await);
        assert_eq!(found, ["request_id", "indicator", "reason"]);
        let decision = pb::DecideObjectionRequest {
            assessment: name.clone(),
            granted: true,
            ..Default::default()
        };
        let found = faults(t.assessment.decide_objection(evaluator("e", decision)).await);
        assert_eq!(found, ["number", "level", "decision"]);
        assert_eq!(t.count("evaluation").await, 0);
        let unknown = evaluation("a", "cycles/c/agencies/3271/units/none", &rows);
        refused(
            t.assessment.submit_evaluation(evaluator("e", unknown)).await,
            Code::NotFound,
            "NOT_FOUND",
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_granted_objection_counts_instead_of_the_evaluators() {
    on_each_database(async |mut t| {
        open(&t, "c", cycle()).await;
        let name = enroll(&t, "c", "a", "offline").await;
        t.after_hours(F02_OPENS);
        let key = scored("offline")[0].clone();
        let objection = |id: &str| pb::FileObjectionRequest {
            request_id: id.into(),
            assessment: name.clone(),
            indicator: key.clone(),
            reason: "Bukti terlewat".into(),
        };
        let nothing = t.assessment.file_objection(operator(objection("a"))).await;
        refused(nothing, Code::FailedPrecondition, "NO_LEVEL");
        evaluate(&t, "e", "a", &name, &all("offline", 3)).await;
        let denied = t.assessment.file_objection(evaluator("e", objection("a"))).await;
        refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        let filed = t
            .assessment
            .file_objection(operator(objection("a")))
            .await
            .unwrap();
        let filed = filed.into_inner().objection.unwrap();
        assert_eq!(filed.number, 1);
        let again = t
            .assessment
            .file_objection(operator(objection("a")))
            .await
            .unwrap();
        assert_eq!(again.into_inner().objection.unwrap(), filed);
        let open = t.assessment.file_objection(operator(objection("b"))).await;
        refused(open, Code::AlreadyExists, "ALREADY_EXISTS");
        let decision = pb::DecideObjectionRequest {
            assessment: name.clone(),
            number: 1,
            granted: true,
            level: Some(5),
            decision: "Bukti diterima".into(),
        };
        for judged in [
            operator(decision.clone()),
            as_role("ortal", Role::Admin, decision.clone()),
            admin(decision.clone()),
        ] {
            let denied = t.assessment.decide_objection(judged).await;
            refused(denied, Code::PermissionDenied, "PERMISSION_DENIED");
        }
        t.assessment
            .decide_objection(evaluator("e", decision.clone()))
            .await
            .unwrap();
        // Repeating the same decision succeeds; a different decision is refused.
        t.assessment
            .decide_objection(evaluator("e", decision.clone()))
            .await
            .unwrap();
        let other = pb::DecideObjectionRequest {
            level: Some(4),
            ..decision
        };
        refused(
            t.assessment.decide_objection(evaluator("e", other)).await,
            Code::FailedPrecondition,
            "OBJECTION_DECIDED",
        );
        // Levels that evaluators give later do not override the decision.
        let now = evaluate(&t, "e", "b", &name, &all("offline", 1)).await;
        let row = |key: &str| now.indicators.iter().find(|r| r.indicator == key).unwrap();
        assert_eq!(
            (row(&key).level.as_str(), row(&key).level_origin.as_str()),
            ("5/1", "objection")
        );
        let other = &scored("offline")[1];
        assert_eq!(
            (row(other).level.as_str(), row(other).level_origin.as_str()),
            ("1/1", "evaluators")
        );
        assert_eq!(now.objections.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suggestion_counts_only_where_the_cycle_lets_it_and_no_evaluator_gave_a_level() {
    on_each_database(async |t| {
        let own = |id: &str, counts: bool| {
            let cycle = pb::Cycle {
                scheme: pb::Scheme::Mandiri as i32,
                agency: "agencies/3271".into(),
                suggestions_count: counts,
                year: if counts { "2025" } else { "2024" }.into(),
                ..cycle()
            };
            (id.to_owned(), cycle)
        };
        for (id, cycle) in [own("counts", true), own("ignores", false)] {
            open(&t, &id, cycle).await;
            enroll(&t, &id, "a", "offline").await;
        }
        t.after_hours(F02_OPENS);
        let mut skm = f03("a", "skm", "offline", 100, 3);
        skm.instrument = "skm-2017".into();
        (skm.min_score, skm.max_score) = (1, 4);
        (skm.instrument_elements_asked, skm.instrument_elements) = (9, 9);
        skm.sample_met = true;
        skm.publish_date = "2025-05-01".into();
        publish(&t, 1, &skm, false).await;
        let levels = async |cycle: &str| {
            let name = format!("cycles/{cycle}/agencies/3271/units/a");
            let get = as_role("o", Role::Operator, pb::GetAssessmentRequest { name });
            let read = t.assessment.clone().get_assessment(get).await.unwrap();
            let rows = read.into_inner().assessment.unwrap().indicators.into_iter();
            let known = rows.filter(|r| !r.level.is_empty());
            known
                .map(|r| (r.indicator, (r.level, r.level_origin)))
                .collect::<BTreeMap<_, _>>()
        };
        let suggested = prima_platform::testing::eventually(DEADLINE, async || {
            Some(levels("counts").await).filter(|l| !l.is_empty())
        });
        let suggested = suggested.await.unwrap();
        assert!(suggested.values().all(|(_, origin)| origin == "suggestion"));
        assert_eq!(levels("ignores").await, BTreeMap::new());
        let key = suggested.keys().next().unwrap().clone();
        let name = "cycles/counts/agencies/3271/units/a";
        evaluate(&t, "e", "a", name, &[(key.clone(), 2)]).await;
        let now = levels("counts").await;
        assert_eq!(now[&key], ("2/1".to_owned(), "evaluators".to_owned()));
        assert_eq!(now.len(), suggested.len());
        let request = pb::ListSuggestionsRequest {
            assessment: name.into(),
        };
        let listed = t
            .assessment
            .clone()
            .list_suggestions(operator(request))
            .await
            .unwrap();
        let listed = listed.into_inner().suggestions;
        let row = listed.iter().find(|s| s.indicator == key).unwrap();
        assert_eq!(row.given_level, "2/1");
        assert_eq!(row.difference, format!("{}.00", 2 - row.level.unwrap()));
    })
    .await;
}
