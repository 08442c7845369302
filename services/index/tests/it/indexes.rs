//! Indexes over gRPC: of units, agencies and cycles, explained and verified, and the states in the outbox.

use prima_platform::{
    caller::{Caller, Role},
    number::{self, Rational},
};
use prima_proto::{event::v1 as event, index::v1 as pb};
use tonic::Code;

use crate::{fixture::*, setup::*};

const UNIT: &str = "prima.index.score.ipp.2025.unit.3271.a";
const AGENCY: &str = "prima.index.score.ipp.2025.agency.3271";

fn fraction(text: &str) -> Rational {
    number::parse_fraction(text).unwrap()
}

/// Asserts that the products of all terms sum to the value, down to the levels.
fn sums(term: &pb::Term) {
    if term.value.is_empty() {
        return;
    }
    assert_eq!(
        fraction(&term.product),
        fraction(&term.value) * fraction(&term.weight)
    );
    if !term.terms.is_empty() {
        let sum: Rational = term.terms.iter().map(|t| fraction(&t.product)).sum();
        assert_eq!(fraction(&term.value), sum, "{}", term.key);
        term.terms.iter().for_each(sums);
    }
}

fn leaves<'a>(term: &'a pb::Term, found: &mut Vec<&'a pb::Term>) {
    if term.terms.is_empty() {
        found.push(term);
    }
    for below in &term.terms {
        leaves(below, found);
    }
}

async fn explain(t: &World, name: &str) -> pb::IndexValue {
    let request = admin(pb::ExplainIndexRequest { name: name.into() });
    let answer = t.client.clone().explain_index(request).await.unwrap();
    answer.into_inner().value.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_and_a_cycle_are_the_mean_of_their_units() {
    on_each_database(async |mut t| {
        open(&t, "c", cycle()).await;
        t.after_hours(F02_OPENS);
        for (unit, level) in [("a", 3), ("b", 4), ("c", 4)] {
            let name = enroll(&t, "c", unit, "online").await;
            evaluate(&t, "e", unit, &name, &all("online", level)).await;
            publish(&t, 1, &f03(unit, "s", "online", 10, i64::from(level)), false).await;
            becomes(&t, &name, &format!("{level}.00")).await;
        }
        enroll(&t, "c", "d", "online").await;
        for name in ["cycles/c/agencies/3271", "cycles/c"] {
            let found = index(&t, name).await;
            assert_eq!(
                (found.index.as_str(), found.index_exact.as_str()),
                ("3.67", "11/3")
            );
            assert_eq!((found.units_counted, found.units_expected), (3, 4));
            assert_eq!(found.metric, "ipp");
            assert!(!found.r#final);
        }
        let score = t.staged::<event::ScoreState>(AGENCY).await.unwrap();
        assert_eq!(score.state.fraction, "11/3");
        assert_eq!((score.state.units_counted, score.state.units_expected), (3, 4));
        assert_eq!(score.state.aggregation, "mean_of_units");
        assert_eq!(verified(&t, "cycles/c/agencies/3271").await, "11/3");
        for (parent, names) in [
            ("cycles/c", vec!["cycles/c/agencies/3271".to_owned()]),
            (
                "cycles/c/agencies/-",
                ["a", "b", "c", "d"]
                    .map(|u| format!("cycles/c/agencies/3271/units/{u}"))
                    .to_vec(),
            ),
            (
                "cycles/c/agencies/3271",
                ["a", "b", "c", "d"]
                    .map(|u| format!("cycles/c/agencies/3271/units/{u}"))
                    .to_vec(),
            ),
            ("cycles/c/agencies/3201", vec![]),
        ] {
            let mut list = pb::ListIndexesRequest {
                parent: parent.into(),
                page_size: 3,
                ..Default::default()
            };
            let mut found = Vec::new();
            loop {
                let page = t
                    .client
                    .list_indexes(admin(list.clone()))
                    .await
                    .unwrap()
                    .into_inner();
                found.extend(page.indexes.into_iter().map(|i| i.name));
                list.page_token = page.next_page_token;
                if list.page_token.is_empty() {
                    break;
                }
            }
            assert_eq!(found, names, "{parent}");
        }
        let value = explain(&t, "cycles/c/agencies/3271").await;
        assert_eq!(value.index_exact, "11/3");
        assert_eq!(value.missing, ["agencies/3271/units/d"]);
        sums(&value.tree.unwrap());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_digit_is_explained_down_to_its_inputs() {
    on_each_database(async |t| {
        open(&t, "c", cycle()).await;
        let name = enroll(&t, "c", "a", "offline").await;
        t.after_hours(F02_OPENS);
        let uneven: Vec<(String, i32)> = scored("offline").into_iter().zip((0..6).cycle()).collect();
        evaluate(&t, "x", "a", &name, &uneven).await;
        evaluate(&t, "y", "b", &name, &all("offline", 4)).await;
        evaluate(&t, "z", "c", &name, &all("offline", 3)).await;
        publish(&t, 7, &f03("a", "s1", "offline", 11, 4), false).await;
        let found = prima_platform::testing::eventually(DEADLINE, async || {
            Some(index(&t, &name).await).filter(|i| i.f03 == "4.00")
        });
        let found = found.await.unwrap();
        let value = explain(&t, &name).await;
        assert_eq!(value.index_exact, found.index_exact);
        assert!(!value.citations.is_empty());
        let tree = value.tree.unwrap();
        sums(&tree);
        let mut inputs = Vec::new();
        leaves(&tree, &mut inputs);
        assert_eq!(inputs.len(), 31);
        let f03 = inputs.iter().find(|i| i.key == "f03").unwrap();
        assert!(
            f03.origin
                .contains("11 responden dari agencies/3271/units/a/surveys/s1 (versi 7)"),
            "{f03:?}"
        );
        let level = inputs.iter().find(|i| i.key == uneven[0].0).unwrap();
        assert_eq!(
            (level.value.as_str(), level.origin.contains("3 evaluator")),
            ("7/3", true)
        );
        let score = t.staged::<event::ScoreState>(UNIT).await.unwrap();
        assert_eq!(score.state.fraction, found.index_exact);
        assert_eq!(score.state.value, found.index);
        assert_eq!(score.version, found.version);
        assert_eq!(score.state.status(), event::ScoreStatus::Provisional);
        assert_eq!(score.state.subject, "agencies/3271/units/a");
        assert_eq!(score.state.sample_size, 11);
        let keys: Vec<&str> = score.state.components.iter().map(|c| c.key.as_str()).collect();
        assert_eq!(keys.len(), 8);
        assert_eq!(keys[6..], ["f02", "f03"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_loses_an_input_is_withdrawn() {
    on_each_database(async |t| {
        open(&t, "c", cycle()).await;
        let name = enroll(&t, "c", "a", "offline").await;
        t.after_hours(F02_OPENS);
        evaluate(&t, "x", "a", &name, &all("offline", 4)).await;
        let survey = f03("a", "s", "offline", 10, 4);
        publish(&t, 1, &survey, false).await;
        becomes(&t, &name, "4.00").await;
        publish(&t, 2, &survey, true).await;
        let lost = becomes(&t, &name, "").await;
        assert_eq!(lost.missing, ["f03"]);
        assert_eq!(index(&t, "cycles/c/agencies/3271").await.units_counted, 0);
        for subject in [UNIT, AGENCY] {
            assert_eq!(t.staged::<event::ScoreState>(subject).await, None, "{subject}");
            assert_eq!(t.count(&format!("outbox WHERE subject = '{subject}'")).await, 1);
        }
        assert_eq!(verified(&t, &name).await, "");
        // A survey that is open, of another year, form or roll-up, or with too few respondents is not counted.
        let mut others = [(); 5].map(|()| survey.clone());
        others[0].closed_at = None;
        others[1].period = "2024".into();
        others[2].instrument = "f03-online-2022".into();
        others[3].weight_variant = "mean_of_all_answers".into();
        others[4] = f03("a", "s", "offline", 9, 4);
        for (version, other) in (3..).zip(&others) {
            publish(&t, version, other, false).await;
            let kept = format!("fact WHERE version = {version}");
            prima_platform::testing::eventually(DEADLINE, async || {
                (t.count(&kept).await == 1 && t.count("derived_mark").await == 0).then_some(())
            })
            .await
            .unwrap();
            assert_eq!(index(&t, &name).await.missing, ["f03"], "{version}");
        }
        let mut quarter = survey;
        quarter.period = "2025-q3".into();
        publish(&t, 9, &quarter, false).await;
        becomes(&t, &name, "4.00").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_between_tables_and_published_index_is_reported() {
    on_each_database(async |mut t| {
        use sea_orm::ConnectionTrait;
        open(&t, "c", cycle()).await;
        let name = enroll(&t, "c", "a", "offline").await;
        t.after_hours(F02_OPENS);
        evaluate(&t, "x", "a", &name, &all("offline", 4)).await;
        publish(&t, 1, &f03("a", "s", "offline", 10, 4), false).await;
        becomes(&t, &name, "4.00").await;
        assert_eq!(verified(&t, &name).await, "4/1");
        let writer = t.db.writer();
        writer
            .execute_unprepared("UPDATE evaluation SET level = 5")
            .await
            .unwrap();
        for name in [name.as_str(), "cycles/c/agencies/3271"] {
            let request = admin(pb::VerifyIndexRequest { name: name.into() });
            let verified = t.client.verify_index(request).await.unwrap().into_inner();
            assert!(!verified.same);
            assert_eq!(
                (verified.published.as_str(), verified.computed.as_str()),
                ("4/1", "19/4")
            );
        }
    })
    .await;
}

/// No other method shows what GetAssessment hides from other agencies.
#[tokio::test(flavor = "multi_thread")]
async fn a_running_evaluation_is_shown_to_its_agency_and_to_evaluators_only() {
    on_each_database(async |t| {
        let opened = open(&t, "c", cycle()).await;
        let unit = enroll(&t, "c", "a", "offline").await;
        let agency = "cycles/c/agencies/3271".to_owned();
        // A caller who may not see an assessment cannot distinguish it from a missing one.
        let missing = "cycles/c/agencies/3271/units/zz".to_owned();
        let other = |role| Caller::new("other".into(), vec![role], vec!["3273".into()]);
        let own = |role| Caller::new("own".into(), vec![role], vec!["3271".into()]);
        for (caller, expected) in [
            (other(Role::Operator), Some(Code::PermissionDenied)),
            (other(Role::Evaluator), Some(Code::PermissionDenied)),
            (own(Role::Intake), Some(Code::PermissionDenied)),
            (own(Role::Operator), None),
            (own(Role::Evaluator), None),
        ] {
            let mut client = t.client.clone();
            for name in [&unit, &agency, &missing] {
                let expected = expected.or((*name == missing).then_some(Code::NotFound));
                let request = pb::ExplainIndexRequest { name: name.clone() };
                let explained = client.explain_index(by(caller.clone(), request)).await;
                assert_eq!(explained.err().map(|s| s.code()), expected, "{caller:?} {name}");
                let request = pb::VerifyIndexRequest { name: name.clone() };
                let verified = client.verify_index(by(caller.clone(), request)).await;
                assert_eq!(verified.err().map(|s| s.code()), expected, "{caller:?} {name}");
            }
            let request = pb::ListRecommendationsRequest {
                assessment: unit.clone(),
            };
            let recommended = client.list_recommendations(by(caller.clone(), request)).await;
            assert_eq!(recommended.err().map(|s| s.code()), expected, "{caller:?}");
        }
        t.after_hours(ALL_CLOSED);
        let settle = pb::FinalizeCycleRequest {
            name: "cycles/c".into(),
            etag: opened.etag,
            allow_incomplete: true,
        };
        t.assessment.clone().finalize_cycle(admin(settle)).await.unwrap();
        let request = pb::ExplainIndexRequest { name: unit };
        let settled = t
            .client
            .clone()
            .explain_index(by(other(Role::Intake), request))
            .await;
        assert!(settled.is_ok(), "{settled:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recommendations_are_ordered_by_their_gain() {
    on_each_database(async |mut t| {
        open(&t, "c", cycle()).await;
        let name = enroll(&t, "c", "a", "offline").await;
        t.after_hours(F02_OPENS);
        let mut levels = all("offline", 4);
        levels[0].1 = 5;
        levels.pop();
        evaluate(&t, "x", "a", &name, &levels).await;
        let request = pb::ListRecommendationsRequest {
            assessment: name.clone(),
        };
        let answer = t.client.list_recommendations(admin(request)).await.unwrap();
        let list = answer.into_inner().recommendations;
        assert_eq!(list.len(), 29, "all but the one at the top");
        let gains: Vec<Rational> = list
            .iter()
            .map(|r| number::parse_decimal(&r.gain).unwrap())
            .collect();
        assert!(gains.windows(2).all(|w| w[0] >= w[1]), "{gains:?}");
        let (key, last) = (&levels[1].0, scored("offline").pop().unwrap());
        let form = &pekppp().forms.as_ref().unwrap().offline;
        let row = form.indicators.iter().find(|i| i.key == *key).unwrap();
        let found = list.iter().find(|r| r.indicator == *key).unwrap();
        let weight = &pekppp().aspect(&row.aspect).unwrap().weight * &row.weight;
        let gain = weight * Rational::new(3.into(), 4.into());
        assert_eq!(found.gain, number::decimal(&gain, 4));
        assert_eq!((found.level.as_str(), found.next_level), ("4/1", 5));
        assert_eq!(found.criterion, row.levels[5]);
        let missing = list.iter().find(|r| r.indicator == last).unwrap();
        assert_eq!((missing.level.as_str(), missing.next_level), ("", 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inputs_that_are_missing_are_named() {
    on_each_database(async |mut t| {
        open(&t, "c", cycle()).await;
        let get = |name: &str| admin(pb::GetIndexRequest { name: name.into() });
        assert_eq!(faults(t.client.get_index(get("x")).await), ["name"]);
        for name in [
            "cycles/x",
            "cycles/c/agencies/3271",
            "cycles/c/agencies/3271/units/a",
        ] {
            refused(t.client.get_index(get(name)).await, Code::NotFound, "NOT_FOUND");
        }
        let explain = pb::ExplainIndexRequest {
            name: "cycles/c".into(),
        };
        assert_eq!(faults(t.client.explain_index(admin(explain)).await), ["name"]);
        let verify = pb::VerifyIndexRequest {
            name: "cycles/c".into(),
        };
        assert_eq!(faults(t.client.verify_index(admin(verify)).await), ["name"]);
        let list = pb::ListIndexesRequest {
            parent: "agencies/3271".into(),
            page_size: -1,
            ..Default::default()
        };
        assert_eq!(
            faults(t.client.list_indexes(admin(list)).await),
            ["parent", "page_size"]
        );
        let recommend = pb::ListRecommendationsRequest {
            assessment: "cycles/c".into(),
        };
        assert_eq!(
            faults(t.client.list_recommendations(admin(recommend)).await),
            ["assessment"]
        );
        let empty = index(&t, "cycles/c").await;
        assert_eq!((empty.index.as_str(), empty.units_expected), ("", 0));
    })
    .await;
}
