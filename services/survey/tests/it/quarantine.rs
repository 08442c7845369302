//! Bursts of open links: they are in no figure until an operator decides, and can be undone in one command.

use chrono::TimeDelta;
use pb::AccessMode::{Agent, Link};
use prima_platform::caller::{Caller, Role};
use prima_proto::survey::v1 as pb;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tonic::{Code, Request};

use crate::{credentials::*, fixture::*};

/// A request by an evaluator of Kota Bogor.
fn evaluator<T>(message: T) -> Request<T> {
    by(
        Caller::new("penilai".into(), vec![Role::Evaluator], vec!["3271".into()]),
        message,
    )
}

/// Answers that differ from those of the numbers near `n`: the first elements are its digits, the others 4.
fn varied(n: usize) -> pb::Response {
    let scores = SKM.iter().enumerate().map(|(at, key)| {
        let score = if at < 4 { 1 + (n >> (2 * at)) % 4 } else { 4 };
        (*key, i32::try_from(score).unwrap())
    });
    response(&scores.collect::<Vec<_>>())
}

/// A selection by source and flags.
pub fn conspicuous(source: &str, flags: &[pb::ResponseFlag]) -> pb::ResponseSelection {
    pb::ResponseSelection {
        source: source.into(),
        flags: flags.iter().map(|flag| (*flag).into()).collect(),
        ..Default::default()
    }
}

/// A request to void what a selection selects.
pub fn by_selection(id: &str, survey: &str, selection: pb::ResponseSelection) -> pb::VoidResponsesRequest {
    pb::VoidResponsesRequest {
        request_id: id.into(),
        survey: survey.into(),
        which: Some(pb::void_responses_request::Which::Selection(selection)),
        reason: "Banjir jawaban otomatis".into(),
    }
}

fn decision(quarantine: &pb::Quarantine, decision: pb::QuarantineDecision) -> pb::DecideQuarantineRequest {
    pb::DecideQuarantineRequest {
        name: quarantine.name.clone(),
        decision: decision.into(),
        reason: "Kelas menjawab bersama".into(),
        etag: quarantine.etag.clone(),
    }
}

impl World {
    /// Submits a response through a link, from a network of its own.
    pub async fn linked(&mut self, survey: &str, link_text: &str, id: &str, response: pb::Response) {
        let request = sent(survey, id, response, Some(link(link_text)));
        let network = id.bytes().fold(0, |n, byte| 31 * n + usize::from(byte));
        let answer = self.client.submit_response(from_network(network, request)).await;
        answer.unwrap();
    }

    pub async fn quarantines(&mut self, survey: &str) -> Vec<pb::Quarantine> {
        let request = pb::ListQuarantinesRequest {
            survey: survey.into(),
            ..Default::default()
        };
        let answer = self.client.list_quarantines(operator(request)).await.unwrap();
        answer.into_inner().quarantines
    }

    async fn selected(&mut self, survey: &str, selection: pb::ResponseSelection) -> Vec<pb::StoredResponse> {
        let request = pb::ListResponsesRequest {
            survey: survey.into(),
            selection: Some(selection),
            page_size: 1000,
            ..Default::default()
        };
        let answer = self.client.list_responses(operator(request)).await.unwrap();
        answer.into_inner().responses
    }

    /// A survey with 10 responses of an agent that all have score 1, and its link.
    async fn honest(&mut self) -> (String, String) {
        let survey = survey_by(self, "a", &[Agent, Link]).await;
        let link = link_of(self, &survey).await;
        for n in 0..10 {
            self.respond(&survey, &format!("own-{n}"), &SKM.map(|key| (key, 1)))
                .await;
        }
        assert_eq!(self.result(&survey).await.index, "25.00");
        (survey, link)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_moves_no_figure_is_named_and_is_undone_by_one_command() {
    in_steps(async |mut t| {
        let (survey, link) = t.honest().await;
        for n in 0..60 {
            t.clock.advance(TimeDelta::milliseconds(60));
            t.linked(&survey, &link, &format!("bot-{n}"), varied(255)).await;
            // The runner may count any number of them together.
            if n % 7 == 0 {
                assert_eq!(t.result(&survey).await.index, "25.00", "{n}");
            }
        }
        let result = t.result(&survey).await;
        assert_eq!(
            (result.index.as_str(), result.respondents, result.in_question),
            ("25.00", 10, 60)
        );
        // Five of the others are released. Of what is in question, all but the last few are shown: with 56 of them the
        // index is (5 · 1 + 56 · 4) / 61 · 25, with all 60 it is (5 · 1 + 60 · 4) / 65 · 25.
        let with: f64 = result.index_with_questioned.parse().unwrap();
        assert!((93.85..=94.23).contains(&with), "{with}");

        let named = t.quarantines(&survey).await;
        assert_eq!(named.len(), 1);
        assert_eq!(named[0].name, format!("{survey}/quarantines/1"));
        assert_eq!(
            (named[0].kind(), named[0].state(), named[0].responses),
            (pb::QuarantineKind::Rate, pb::QuarantineState::Open, 60)
        );
        let (first, last) = (named[0].first_accept_time, named[0].last_accept_time);
        assert!((3..=30).contains(&(last.unwrap().seconds - first.unwrap().seconds)));
        let flood = conspicuous("link", &[pb::ResponseFlag::Burst]);
        let listed = t.selected(&survey, flood.clone()).await;
        assert_eq!(listed.len(), 60);
        assert!(
            listed
                .iter()
                .all(|one| one.source == "link" && one.quarantine == 1)
        );
        assert!(listed.iter().all(|one| one.flags
            == [
                pb::ResponseFlag::StraightLine as i32,
                pb::ResponseFlag::Burst as i32
            ]));

        let void = t.voided(by_selection("undo", &survey, flood.clone())).await;
        assert_eq!(
            (void.responses, void.reason.as_str()),
            (60, "Banjir jawaban otomatis")
        );
        let result = t.result(&survey).await;
        assert_eq!(
            (
                result.index.as_str(),
                result.respondents,
                result.voided,
                result.in_question
            ),
            ("25.00", 10, 60, 0)
        );
        assert_eq!(result.index_with_questioned, "");
        let named = t.quarantines(&survey).await;
        assert_eq!(
            (named[0].state(), named[0].actor.as_str()),
            (pb::QuarantineState::Voided, "operator")
        );
        assert!(t.selected(&survey, flood).await.is_empty());
        t.assert_sums(&survey).await;
        // What comes later through the link is counted.
        t.clock.advance(TimeDelta::minutes(5));
        t.linked(&survey, &link, "later", varied(3)).await;
        let result = t.result(&survey).await;
        assert_eq!((result.respondents, result.in_question), (11, 0));
        t.assert_sums(&survey).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_class_that_answers_together_is_accepted_with_a_reason_and_then_counts() {
    in_steps(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Link]).await;
        let link = link_of(&mut t, &survey).await;
        for n in 0..30 {
            t.clock.advance(TimeDelta::milliseconds(1500));
            t.linked(&survey, &link, &format!("r-{n}"), varied(n)).await;
        }
        let result = t.result(&survey).await;
        assert_eq!((result.respondents, result.in_question), (0, 30));
        assert_eq!(result.index, "");
        let class = t.quarantines(&survey).await.remove(0);
        assert_eq!(class.responses, 30);

        let accept = || decision(&class, pb::QuarantineDecision::Accept);
        let answer = t.client.decide_quarantine(evaluator(accept())).await;
        refused(answer, Code::PermissionDenied, "PERMISSION_DENIED");
        let stale = pb::DecideQuarantineRequest {
            etag: "AAAAAAAAAAE".into(),
            ..accept()
        };
        let answer = t.client.decide_quarantine(operator(stale)).await;
        assert_eq!(answer.unwrap_err().code(), Code::Aborted);
        let answer = t.client.decide_quarantine(operator(accept())).await.unwrap();
        let accepted = answer.into_inner().quarantine.unwrap();
        assert_eq!(
            (accepted.state(), accepted.reason.as_str()),
            (pb::QuarantineState::Accepted, "Kelas menjawab bersama")
        );
        assert!(accepted.decide_time.is_some() && accepted.etag != class.etag);
        let result = t.result(&survey).await;
        assert_eq!((result.respondents, result.in_question), (30, 0));
        assert!(
            !result.index.is_empty(),
            "as many as a step move the figures at once"
        );
        t.assert_sums(&survey).await;

        let again = pb::DecideQuarantineRequest {
            etag: String::new(),
            ..accept()
        };
        let answer = t.client.decide_quarantine(operator(again)).await;
        refused(answer, Code::FailedPrecondition, "QUARANTINE_DECIDED");
        let faulty = pb::DecideQuarantineRequest {
            name: "agencies/3271".into(),
            ..Default::default()
        };
        let answer = t.client.decide_quarantine(operator(faulty)).await;
        assert_eq!(faults(answer), ["name", "decision", "reason"]);
        for other in ["01", "2", "x"] {
            let unknown = pb::DecideQuarantineRequest {
                name: format!("{survey}/quarantines/{other}"),
                ..accept()
            };
            let answer = t.client.decide_quarantine(operator(unknown)).await;
            assert_eq!(answer.unwrap_err().code(), Code::NotFound, "{other}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantine_is_voided_by_a_decision_and_a_closed_survey_can_accept_one() {
    in_steps(async |mut t| {
        let (survey, link) = t.honest().await;
        for (burst, score) in [("a", 255), ("b", 0)] {
            t.clock.advance(TimeDelta::minutes(30));
            for n in 0..12 {
                t.linked(&survey, &link, &format!("{burst}-{n}"), varied(score))
                    .await;
            }
        }
        assert_eq!(t.result(&survey).await.in_question, 24);
        t.close(&survey).await;
        let result = t.result(&survey).await;
        assert_eq!(
            (result.index.as_str(), result.respondents, result.in_question),
            ("25.00", 10, 24)
        );
        // (10 · 9 · 1 + 12 · 9 · 4 + n · (4 · 1 + 5 · 4)) / ((22 + n) · 9) · 25, of which at least 8 of the last 12 are shown.
        let with: f64 = result.index_with_questioned.parse().unwrap();
        assert!((66.11..=66.18).contains(&with), "{with}");
        let both = t.quarantines(&survey).await;
        assert_eq!(both.iter().map(|q| q.responses).collect::<Vec<_>>(), [12, 12]);
        let void = decision(&both[0], pb::QuarantineDecision::Void);
        let answer = t.client.decide_quarantine(operator(void)).await.unwrap();
        let voided = answer.into_inner().quarantine.unwrap();
        assert_eq!(
            (voided.state(), voided.reason.as_str(), voided.actor.as_str()),
            (pb::QuarantineState::Voided, "Kelas menjawab bersama", "operator")
        );
        let result = t.result(&survey).await;
        assert_eq!(
            (result.voided, result.in_question, result.index.as_str()),
            (12, 12, "25.00")
        );
        t.assert_sums(&survey).await;
        let accept = decision(&both[1], pb::QuarantineDecision::Accept);
        t.client.decide_quarantine(operator(accept)).await.unwrap();
        let result = t.result(&survey).await;
        assert_eq!(
            (result.respondents, result.voided, result.in_question),
            (22, 12, 0)
        );
        // (10 · 9 · 1 + 12 · (4 · 1 + 5 · 4)) / (22 · 9), times 25.
        assert_eq!(result.index, "47.73");
        t.assert_sums(&survey).await;
        let request = pb::ListVoidsRequest {
            survey: survey.clone(),
            ..Default::default()
        };
        let voids = t
            .client
            .list_voids(operator(request))
            .await
            .unwrap()
            .into_inner()
            .voids;
        assert_eq!(voids.iter().map(|v| v.responses).collect::<Vec<_>>(), [12]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_question_is_in_no_group_and_no_list_of_comments() {
    let config = prima_platform::config::Survey {
        disclosure_step: 1,
        disclosure_step_link: 1,
        minimum_respondents: 1,
        minimum_cell: 1,
        ..Default::default()
    };
    configured(config, async |mut t| {
        let survey = survey_by(&mut t, "a", &[Agent, Link]).await;
        let link = link_of(&mut t, &survey).await;
        let of = |sex: &str, text: &str| pb::Response {
            profile: Some(pb::RespondentProfile {
                sex: sex.into(),
                ..Default::default()
            }),
            suggestion: text.into(),
            ..all(3)
        };
        let request = sent(&survey, "own", of("P", "Tambah kursi"), None);
        t.client.submit_response(operator(request)).await.unwrap();
        // They are one request, so they are counted together.
        let flood = (0..20).map(|n| {
            message(
                &survey,
                &format!("r-{n}"),
                of("L", "Beli di sini"),
                Some(crate::credentials::link(&link)),
            )
        });
        offline(&mut t, flood.collect()).await.unwrap();
        let result = t.result(&survey).await;
        assert_eq!((result.respondents, result.in_question), (1, 20));
        let texts = async |t: &mut World| {
            let request = pb::ListCommentsRequest {
                survey: survey.clone(),
                ..Default::default()
            };
            let answer = t.client.list_comments(operator(request)).await.unwrap();
            answer.into_inner().comments.len()
        };
        assert_eq!(texts(&mut t).await, 1);
        let groups = async |t: &mut World| {
            let analysis = crate::analysis::analyze(t, &survey).await;
            let sex = analysis.dimensions.into_iter().find(|d| d.key == "sex").unwrap();
            let mut groups: Vec<(String, i64)> =
                sex.groups.into_iter().map(|g| (g.key, g.respondents)).collect();
            groups.sort();
            groups
        };
        assert_eq!(groups(&mut t).await, [("P".to_owned(), 1)]);
        let class = t.quarantines(&survey).await.remove(0);
        let accept = decision(&class, pb::QuarantineDecision::Accept);
        t.client.decide_quarantine(operator(accept)).await.unwrap();
        assert_eq!(texts(&mut t).await, 21);
        assert_eq!(groups(&mut t).await, [("L".to_owned(), 20), ("P".to_owned(), 1)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_any_bursts_voids_and_decisions_the_sums_equal_a_recount() {
    in_steps(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Agent, Link]).await;
        let link = link_of(&mut t, &survey).await;
        let mut random = ChaCha8Rng::seed_from_u64(17);
        for n in 0..260 {
            let gap = if random.random_ratio(1, 12) {
                90_000
            } else {
                random.random_range(0..6_000)
            };
            t.clock.advance(TimeDelta::milliseconds(gap));
            let (id, response) = (format!("r-{n}"), varied(random.random_range(0..256)));
            if random.random_ratio(1, 5) {
                let request = sent(&survey, &id, response, None);
                t.client.submit_response(operator(request)).await.unwrap();
            } else {
                t.linked(&survey, &link, &id, response).await;
            }
            if random.random_ratio(1, 15) {
                t.result(&survey).await;
            }
            if random.random_ratio(1, 40) {
                let open = t.quarantines(&survey).await;
                if let Some(one) = open.into_iter().find(|q| q.state() == pb::QuarantineState::Open) {
                    let what = match random.random_bool(0.5) {
                        true => pb::QuarantineDecision::Accept,
                        false => pb::QuarantineDecision::Void,
                    };
                    t.client
                        .decide_quarantine(operator(decision(&one, what)))
                        .await
                        .unwrap();
                }
            }
            if random.random_ratio(1, 60) {
                let all = t.selected(&survey, pb::ResponseSelection::default()).await;
                let at = all[random.random_range(0..all.len())].accept_time;
                let until = pb::ResponseSelection {
                    accept_time_from: at,
                    accept_time_until: at.map(|at| prost_types::Timestamp {
                        seconds: at.seconds + 15,
                        ..at
                    }),
                    ..Default::default()
                };
                t.voided(by_selection(&format!("v-{n}"), &survey, until)).await;
            }
        }
        t.assert_sums(&survey).await;
        let result = t.result(&survey).await;
        let held = t.count("response WHERE voided IS NULL AND quarantine > 0").await;
        assert_eq!(result.in_question, held);
        let open = t.quarantines(&survey).await;
        assert!(open.len() > 4, "{} quarantines", open.len());
        for one in &open {
            let number = one.name.rsplit_once('/').unwrap().1;
            let left = t
                .count(&format!(
                    "response WHERE voided IS NULL AND quarantine = {number}"
                ))
                .await;
            assert_eq!(one.state() == pb::QuarantineState::Open, left > 0, "{one:?}");
        }
    })
    .await;
}
