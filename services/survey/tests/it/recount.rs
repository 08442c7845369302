//! Voids and sums: after submitting and voiding in any order, the sums equal a recount.

use futures::stream;
use prima_platform::db::sql;
use prima_proto::{
    event::v1::{ScoreState, SurveyResultState},
    survey::v1 as pb,
};
use prima_survey::domain::{moments::Moments, tally::Tally};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sea_orm::ConnectionTrait;

use crate::{
    corrections::{RESULT, UNIT_SCORE, by_ids, by_import},
    fixture::*,
};

fn answers(random: &mut ChaCha8Rng) -> pb::Response {
    response(&SKM.map(|key| (key, random.random_range(1..=4))))
}

/// The fields of a result that must not depend on the order of changes.
fn figures(result: &pb::Result) -> pb::Result {
    pb::Result {
        version: 0,
        update_time: None,
        voided: 0,
        ..result.clone()
    }
}

impl World {
    async fn import(&mut self, survey: &str, import: &str, responses: Vec<(String, pb::Response)>) {
        let count = i64::try_from(responses.len()).unwrap();
        let (survey, import) = (survey.to_owned(), import.to_owned());
        let messages = responses
            .into_iter()
            .map(move |(id, response)| pb::SubmitResponsesRequest {
                survey: survey.clone(),
                response_id: id,
                response: Some(response),
                import_id: import.clone(),
                ..Default::default()
            });
        let answer = self
            .client
            .submit_responses(operator(stream::iter(messages)))
            .await
            .unwrap();
        let answer = answer.into_inner();
        assert_eq!(
            (answer.accepted, answer.rejected),
            (count, 0),
            "{:?}",
            answer.rejections
        );
    }

    async fn texts(&self, query: &str, column: &str) -> Vec<String> {
        let reader = self.db.reader();
        let rows = reader.query_all_raw(sql(reader, query, [])).await.unwrap();
        rows.iter().map(|row| row.try_get("", column).unwrap()).collect()
    }

    /// Asserts that the sums of the survey equal those of the rows that are neither voided nor quarantined.
    pub async fn assert_sums(&mut self, survey: &str) {
        let result = self.result(survey).await;
        let rows = self
            .texts(
                "SELECT answers FROM response WHERE voided IS NULL AND (quarantine IS NULL OR quarantine < 0)",
                "answers",
            )
            .await;
        let voided = self
            .texts("SELECT answers FROM response WHERE voided IS NOT NULL", "answers")
            .await;
        let mut tallies = vec![Tally::default(); SKM.len()];
        let mut moments = Moments::none(SKM.len());
        for row in &rows {
            moments.add(row);
            for (tally, answer) in tallies.iter_mut().zip(row.bytes()) {
                tally.add(&Tally::of(answer - b'0'));
            }
        }
        assert_eq!(
            self.texts("SELECT moments FROM survey", "moments").await,
            [moments.text()]
        );
        let stored = self
            .texts(
                "SELECT element || ':' || c0 || ',' || c1 || ',' || c2 || ',' || c3 || ',' || c4 || ',' || c5 AS line
                 FROM survey_element",
                "line",
            )
            .await;
        assert_eq!(stored.len(), SKM.len());
        for (key, tally) in SKM.iter().zip(&tallies) {
            let counts = tally.counts.map(|n| n.to_string()).join(",");
            assert!(
                stored.contains(&format!("{key}:{counts}")),
                "{key}: {counts} in {stored:?}"
            );
        }
        let count = |rows: &[String]| i64::try_from(rows.len()).unwrap();
        assert_eq!(
            (result.respondents, result.voided),
            (count(&rows), count(&voided))
        );
        let staged = self.staged::<SurveyResultState>(RESULT).await.unwrap();
        assert_eq!(
            (staged.state.respondents, staged.state.voided),
            (count(&rows), count(&voided))
        );
        assert_eq!(
            (&staged.state.index, staged.version),
            (&result.index, result.version)
        );
        let score = self.staged::<ScoreState>(UNIT_SCORE).await;
        assert_eq!(score.map(|s| s.state.value).unwrap_or_default(), result.index);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_void_of_a_whole_import_restores_the_former_figures() {
    on_each_database(async |mut t| {
        let survey = t.survey("a").await.name;
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let own: Vec<_> = (0..40)
            .map(|n| (format!("own-{n}"), answers(&mut random)))
            .collect();
        t.import(&survey, "own", own).await;
        let before = t.result(&survey).await;
        let score = t.staged::<ScoreState>(UNIT_SCORE).await.unwrap().state;
        // The import has more rows than are in memory at a time.
        let wrong: Vec<_> = (0..5200)
            .map(|n| (format!("w-{n}"), answers(&mut random)))
            .collect();
        t.import(&survey, "wrong", wrong).await;
        assert_ne!(t.result(&survey).await.index_exact, before.index_exact);
        let one = t.voided(by_ids("v1", &survey, &["w-17"])).await;
        let rest = t.voided(by_import("v2", &survey, "wrong")).await;
        assert_eq!(
            (one.responses, rest.responses, rest.import_id.as_str()),
            (1, 5199, "wrong")
        );
        let after = t.result(&survey).await;
        assert_eq!(figures(&after), figures(&before));
        assert_eq!((after.respondents, after.voided), (40, 5200));
        assert_eq!(t.staged::<ScoreState>(UNIT_SCORE).await.unwrap().state, score);
        t.assert_sums(&survey).await;
        let again = t.voided(by_import("v3", &survey, "wrong")).await;
        assert_eq!(again.responses, 0);
        t.assert_sums(&survey).await;
        // The voids are listed page by page, the oldest first.
        let mut seen = Vec::new();
        let mut token = String::new();
        loop {
            let request = pb::ListVoidsRequest {
                survey: survey.clone(),
                page_size: 2,
                page_token: token,
            };
            let page = t.client.list_voids(operator(request)).await.unwrap().into_inner();
            seen.extend(page.voids.into_iter().map(|v| v.number));
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(seen, [1, 2, 3]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn submitting_voiding_and_editing_in_any_order_equals_a_recount() {
    for seed in 0..3 {
        on_each_database(async |mut t| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let survey = t.survey("a").await.name;
            let mut ids: Vec<String> = Vec::new();
            let mut imports: Vec<String> = Vec::new();
            for step in 0..40 {
                match random.random_range(0..6) {
                    0 | 1 => {
                        let id = format!("r-{step}");
                        let request = pb::SubmitResponseRequest {
                            request_id: id.clone(),
                            survey: survey.clone(),
                            response: Some(answers(&mut random)),
                            ..Default::default()
                        };
                        t.client.submit_response(operator(request)).await.unwrap();
                        ids.push(id);
                    }
                    2 => {
                        let import = format!("i-{step}");
                        let rows: Vec<_> = (0..random.random_range(1..9))
                            .map(|n| (format!("{import}-{n}"), answers(&mut random)))
                            .collect();
                        ids.extend(rows.iter().map(|(id, _)| id.clone()));
                        t.import(&survey, &import, rows).await;
                        imports.push(import);
                    }
                    3 if !ids.is_empty() => {
                        let mut some: Vec<&str> = Vec::new();
                        for _ in 0..random.random_range(1..4) {
                            let id = ids[random.random_range(0..ids.len())].as_str();
                            if !some.contains(&id) {
                                some.push(id);
                            }
                        }
                        t.voided(by_ids(&format!("v-{step}"), &survey, &some)).await;
                    }
                    4 if !imports.is_empty() => {
                        let import = &imports[random.random_range(0..imports.len())];
                        t.voided(by_import(&format!("v-{step}"), &survey, import)).await;
                    }
                    _ => {
                        let request = pb::UpdateSurveyRequest {
                            survey: Some(pb::Survey {
                                name: survey.clone(),
                                population: random.random_range(100..2000),
                                ..Default::default()
                            }),
                            update_mask: mask(&["population"]),
                        };
                        t.client.update_survey(operator(request)).await.unwrap();
                    }
                }
                if step % 8 == 0 && !ids.is_empty() {
                    t.assert_sums(&survey).await;
                }
            }
            t.close(&survey).await;
            t.assert_sums(&survey).await;
            let some: Vec<&str> = ids.iter().step_by(3).map(String::as_str).collect();
            t.voided(by_ids("last", &survey, &some)).await;
            t.assert_sums(&survey).await;
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_voids_and_responses_lose_nothing() {
    on_each_database(async |mut t| {
        let survey = t.survey("a").await.name;
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let rows: Vec<_> = (0..60)
            .map(|n| (format!("w-{n}"), answers(&mut random)))
            .collect();
        t.import(&survey, "wrong", rows).await;
        let mut client = t.client.clone();
        let requests: Vec<_> = (0..40)
            .map(|n| pb::SubmitResponseRequest {
                request_id: format!("r-{n}"),
                survey: survey.clone(),
                response: Some(answers(&mut random)),
                ..Default::default()
            })
            .collect();
        let submits = async {
            for request in requests {
                client.submit_response(operator(request)).await.unwrap();
            }
        };
        let voids = (0..6).map(|n| {
            let mut client = t.client.clone();
            // Several voids name the same responses.
            let ids: Vec<String> = (n * 6..n * 6 + 12).map(|i| format!("w-{i}")).collect();
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let request = by_ids(&format!("v-{n}"), &survey, &ids);
            async move { client.void_responses(operator(request)).await.unwrap() }
        });
        let mut other = t.client.clone();
        let whole = async {
            other
                .void_responses(operator(by_import("all", &survey, "wrong")))
                .await
                .unwrap()
        };
        let (_, voids, whole) = tokio::join!(submits, futures::future::join_all(voids), whole);
        let taken: i64 = voids
            .into_iter()
            .chain([whole])
            .map(|v| v.into_inner().void.unwrap().responses)
            .sum();
        assert_eq!(taken, 60, "each response is voided once");
        assert_eq!(t.result(&survey).await.respondents, 40);
        t.assert_sums(&survey).await;
    })
    .await;
}
