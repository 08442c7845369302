//! Figures of an open survey move in steps, so that nobody can read one person's answers from the difference.

use std::{collections::HashMap, time::Duration};

use chrono::Utc;
use num_bigint::BigInt;
use prima_platform::{config, db::sql, number::Rational, testing::eventually};
use prima_proto::{
    event::v1::{ScoreState, SurveyResultState},
    survey::v1 as pb,
};
use prima_survey::{
    domain::{certainty, moments::Moments, tally::Tally},
    store::{
        survey::{Stored, survey_get, survey_lock_in_txn},
        tally::{Added, tallies_add_in_txn, tallies_get},
    },
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sea_orm::{ConnectionTrait, TransactionTrait};

use crate::fixture::*;

const NAME: &str = "agencies/3271/units/dpmptsp/surveys/a";
const EVENT: &str = "prima.survey.result.3271.dpmptsp.a";
const SCORE: &str = "prima.survey.score.skm.2024.unit.3271.dpmptsp";
const AGENCY: &str = "prima.survey.score.skm.2024.agency.3271";
const DEADLINE: Duration = Duration::from_secs(20);

fn step(step: u32) -> config::Survey {
    config::Survey {
        disclosure_step: step,
        ..config::Survey::default()
    }
}

/// Answers that differ from person to person, and between elements.
fn answers(n: usize) -> [(&'static str, i32); 9] {
    let mut at = 0;
    SKM.map(|key| {
        at += 1;
        (key, i32::try_from((n * at + n / 2) % 4).unwrap() + 1)
    })
}

/// What a result tells beside respondents and index.
fn kept_back(result: &pb::Result) -> impl PartialEq + std::fmt::Debug + use<> {
    (
        result.elements.clone(),
        result.aspects.clone(),
        result.disclosed_respondents,
        [
            &result.standard_error,
            &result.interval_low,
            &result.interval_high,
        ]
        .map(String::clone),
    )
}

async fn event(t: &World) -> SurveyResultState {
    t.staged::<SurveyResultState>(EVENT).await.unwrap().state
}

async fn score(t: &World, subject: &str) -> Option<ScoreState> {
    t.staged::<ScoreState>(subject).await.map(|staged| staged.state)
}

/// The index of the first `n` people, two decimals.
fn index_of(n: usize) -> String {
    let total: i32 = (0..n).flat_map(answers).map(|(_, score)| score).sum();
    let exact = Rational::new(BigInt::from(total) * 25, BigInt::from(n) * 9);
    prima_platform::number::decimal(&exact, 2)
}

#[tokio::test(flavor = "multi_thread")]
async fn between_two_steps_only_respondents_and_index_move() {
    on_each_database(async |mut t| {
        t.survey("a").await;
        let request = pb::WatchResultRequest { survey: NAME.into() };
        let mut watch = t
            .client
            .watch_result(operator(request))
            .await
            .unwrap()
            .into_inner();
        let mut steps: HashMap<i64, _> = HashMap::new();
        for n in 0..10_usize {
            t.respond(NAME, &format!("r-{n}"), &answers(n)).await;
            let count = i64::try_from(n).unwrap() + 1;
            let disclosed = count / 5 * 5;
            let result = t.result(NAME).await;
            assert_eq!(
                (result.respondents, result.disclosed_respondents),
                (count, disclosed)
            );
            assert_eq!(result.index, index_of(n + 1));
            assert_eq!(result.index_exact.is_empty(), count != disclosed);
            assert!(result.elements.iter().all(|e| e.answers == disclosed));
            assert!(
                result
                    .elements
                    .iter()
                    .all(|e| e.counts.iter().sum::<i64>() == disclosed)
            );
            assert_eq!(result.standard_error.is_empty(), disclosed == 0);

            let event = event(&t).await;
            assert_eq!(
                (event.respondents, event.disclosed_respondents),
                (count, disclosed)
            );
            assert_eq!(
                (&event.index, &event.index_exact),
                (&result.index, &result.index_exact)
            );
            assert_eq!(event.standard_error, result.standard_error);
            let told: Vec<_> = event
                .elements
                .iter()
                .map(|e| (&e.key, e.answers, e.total))
                .collect();
            let shown: Vec<_> = result
                .elements
                .iter()
                .map(|e| (&e.key, e.answers, e.total))
                .collect();
            assert_eq!(told, shown);

            let score = score(&t, SCORE).await.unwrap();
            assert_eq!((score.sample_size, &score.value), (count, &result.index));
            assert_eq!(score.standard_error, result.standard_error);
            let means: Vec<_> = result.elements.iter().filter(|e| e.answers > 0).collect();
            let means: Vec<_> = means.iter().map(|e| (&e.key, &e.mean)).collect();
            let parts: Vec<_> = score.components.iter().map(|c| (&c.key, &c.value)).collect();
            assert_eq!(parts, means);
            // The exact value would tell more than the published one.
            if count == disclosed {
                assert_eq!(score.fraction, result.index_exact);
            } else {
                assert_eq!(
                    score.exact,
                    score.value.trim_end_matches('0').trim_end_matches('.')
                );
            }

            let first = steps.entry(disclosed).or_insert_with(|| kept_back(&result));
            assert_eq!(*first, kept_back(&result), "moved between steps, at {count}");
            // The watcher sees the same figures.
            let seen = loop {
                let message = watch.message().await.unwrap().unwrap().result.unwrap();
                if message.version == result.version {
                    break message;
                }
            };
            assert_eq!(
                (kept_back(&seen), &seen.index, &seen.index_exact),
                (kept_back(&result), &result.index, &result.index_exact)
            );
        }
        assert_eq!(steps.len(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_shows_every_answer() {
    on_each_database(async |mut t| {
        t.survey("a").await;
        for n in 0..8 {
            t.respond(NAME, &format!("r-{n}"), &answers(n)).await;
        }
        assert_eq!(t.result(NAME).await.disclosed_respondents, 5);
        t.close(NAME).await;
        let result = t.result(NAME).await;
        assert_eq!((result.respondents, result.disclosed_respondents), (8, 8));
        assert!(result.elements.iter().all(|e| e.answers == 8));
        assert!(!result.index_exact.is_empty());
        let event = event(&t).await;
        assert_eq!(event.disclosed_respondents, 8);
        assert_eq!(
            (event.index_exact, event.standard_error),
            (result.index_exact.clone(), result.standard_error)
        );
        let score = score(&t, SCORE).await.unwrap();
        assert_eq!(score.fraction, result.index_exact);
        assert_eq!(score.components.len(), 9);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configured_step_counts() {
    for (size, expected) in [(1, [1, 2, 3, 4, 5, 6, 7]), (3, [0, 0, 3, 3, 3, 6, 6])] {
        configured(step(size), async |mut t| {
            t.survey("a").await;
            let mut seen = Vec::new();
            for n in 0..7 {
                t.respond(NAME, &format!("r-{n}"), &answers(n)).await;
                let result = t.result(NAME).await;
                assert!(
                    result
                        .elements
                        .iter()
                        .all(|e| e.answers == result.disclosed_respondents)
                );
                seen.push(result.disclosed_respondents);
            }
            assert_eq!(seen, expected);
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_score_of_an_agency_tells_no_more_than_its_units() {
    on_each_database(async |mut t| {
        let text = "INSERT INTO directory_unit (agency, unit, close_date) VALUES ('3271', 'dpmptsp', '')";
        t.db.writer().execute_unprepared(text).await.unwrap();
        t.survey("a").await;
        for n in 0..6 {
            t.respond(NAME, &format!("r-{n}"), &answers(n)).await;
        }
        let of = async |t: &World, size: i64| {
            let found = eventually(DEADLINE, || async {
                score(t, AGENCY).await.filter(|score| score.sample_size == size)
            });
            found.await.unwrap()
        };
        let open = of(&t, 6).await;
        assert_eq!(open.value, index_of(6));
        assert_eq!(open.exact, open.value.trim_end_matches('0').trim_end_matches('.'));
        for n in 6..10 {
            t.respond(NAME, &format!("r-{n}"), &answers(n)).await;
        }
        assert_eq!(of(&t, 10).await.fraction, t.result(NAME).await.index_exact);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_below_its_minimum_says_so() {
    on_each_database(async |mut t| {
        let mut request = survey("a");
        request.survey.as_mut().unwrap().population = 12;
        t.client.create_survey(operator(request)).await.unwrap();
        for n in 0..12 {
            t.respond(NAME, &format!("r-{n}"), &answers(n)).await;
            let result = t.result(NAME).await;
            let met = n == 11;
            let status = if met {
                pb::SampleStatus::Met
            } else {
                pb::SampleStatus::UnderMinimum
            };
            assert_eq!((result.minimum_respondents, result.population), (12, 12));
            assert_eq!(result.sample_status(), status);
            let event = event(&t).await;
            assert_eq!((event.minimum_respondents, event.sample_met), (12, met));
            assert_eq!(score(&t, SCORE).await.unwrap().sample_minimum, 12);
        }
        t.close(NAME).await;
        // Everybody was asked: nothing is left to chance.
        let result = t.result(NAME).await;
        assert_eq!(result.standard_error, "0.0000");
        assert_eq!(
            (&result.interval_low, &result.interval_high),
            (&result.index, &result.index)
        );
        t.survey("b").await;
        let undeclared = t.result("agencies/3271/units/dpmptsp/surveys/b").await;
        assert_eq!(undeclared.sample_status(), pb::SampleStatus::Undeclared);
    })
    .await;
}

/// The answers of the responses that count, as stored.
async fn rows(t: &World, survey: i64) -> Vec<String> {
    let reader = t.db.reader();
    let text = "SELECT answers FROM response WHERE survey_id = $1 AND voided IS NULL";
    let rows = reader
        .query_all_raw(sql(reader, text, [survey.into()]))
        .await
        .unwrap();
    rows.iter()
        .map(|row| row.try_get("", "answers").unwrap())
        .collect()
}

/// Tallies and moments of rows, computed from nothing.
fn recomputed(rows: &[String], elements: usize) -> (Vec<Tally>, Moments) {
    let (mut tallies, mut moments) = (vec![Tally::default(); elements], Moments::none(elements));
    for row in rows {
        moments.add(row);
        for (tally, answer) in tallies.iter_mut().zip(row.chars()) {
            if let Some(score) = answer.to_digit(10) {
                tally.add(&Tally::of(u8::try_from(score).unwrap()));
            }
        }
    }
    (tallies, moments)
}

async fn stored(t: &World) -> (Stored, Vec<(Tally, Tally)>) {
    let txn = t.db.reader().begin().await.unwrap();
    let stored = survey_get(&txn, NAME).await.unwrap().unwrap();
    let tallies = tallies_get(&txn, &[stored.id])
        .await
        .unwrap()
        .remove(&stored.id)
        .unwrap();
    let tallies = stored.survey.asked.iter().map(|a| tallies[&a.key]);
    let tallies = tallies.map(|c| (c.current, c.disclosed)).collect();
    (stored, tallies)
}

/// Takes `rows` responses out, some not disclosed yet; returns how many.
async fn void(t: &World, step: i64, count: i64, number: i64) -> i64 {
    let txn = t.db.begin().await.unwrap();
    let mut stored = survey_lock_in_txn(&txn, NAME, Utc::now().timestamp_millis())
        .await
        .unwrap()
        .unwrap();
    let text = "UPDATE response SET voided = $2 WHERE survey_id = $1 AND response_id IN
                (SELECT response_id FROM response WHERE survey_id = $1 AND voided IS NULL
                 ORDER BY digest LIMIT $3) RETURNING answers";
    let values = [stored.id.into(), number.into(), count.into()];
    let gone = txn.query_all_raw(sql(&txn, text, values)).await.unwrap();
    let mut added = Added::nothing(&stored);
    for row in &gone {
        added.remove(&row.try_get::<String>("", "answers").unwrap());
    }
    let added = HashMap::from([(stored.id, added)]);
    let surveys = std::slice::from_mut(&mut stored);
    tallies_add_in_txn(&txn, surveys, &added, step, Utc::now())
        .await
        .unwrap();
    txn.commit().await.unwrap();
    i64::try_from(gone.len()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_any_edits_every_sum_equals_that_of_the_rows() {
    configured(step(4), async |mut t| {
        let mut request = survey("a");
        let definition = request.survey.as_mut().unwrap();
        definition.population = 400;
        definition.elements = SKM
            .iter()
            .map(|key| pb::SurveyElement {
                key: (*key).to_owned(),
                optional: *key == "cost" || *key == "facilities",
                ..Default::default()
            })
            .collect();
        t.client.create_survey(operator(request)).await.unwrap();
        let mut random = ChaCha8Rng::seed_from_u64(3);
        // The model: rows as last disclosed, and changes since.
        let (mut shown, mut waiting, mut next, mut voided) = (Vec::new(), 0, 0, 0);
        for edit in 0..40 {
            let size = random.random_range(1..7_usize);
            let changes = if random.random_bool(0.3) {
                let gone = void(&t, 4, i64::try_from(size).unwrap(), edit).await;
                voided += gone;
                gone
            } else {
                let batch = (next..next + size).map(|n| {
                    let mut response = all(1);
                    for score in response.answers.values_mut() {
                        *score = random.random_range(1..5);
                    }
                    if random.random_bool(0.4) {
                        response.answers.remove("cost");
                    }
                    pb::SubmitResponsesRequest {
                        survey: NAME.into(),
                        response_id: format!("r-{n}"),
                        response: Some(response),
                        ..Default::default()
                    }
                });
                let batch: Vec<_> = batch.collect();
                next += size;
                let stream = futures::stream::iter(batch);
                let answer = t
                    .client
                    .submit_responses(operator(stream))
                    .await
                    .unwrap()
                    .into_inner();
                assert_eq!(answer.accepted, i64::try_from(size).unwrap());
                answer.accepted
            };
            let (stored, tallies) = stored(&t).await;
            let rows = rows(&t, stored.id).await;
            waiting += changes;
            if waiting >= 4 {
                (shown, waiting) = (rows.clone(), 0);
                assert_eq!(stored.disclosed.version, stored.version);
            }
            assert_eq!(stored.respondents, i64::try_from(rows.len()).unwrap());
            assert_eq!((stored.voided, stored.disclosed.undisclosed), (voided, waiting));
            let (current, moments) = recomputed(&rows, 9);
            let (disclosed, disclosed_moments) = recomputed(&shown, 9);
            assert_eq!(stored.moments, moments);
            assert_eq!(stored.disclosed.moments, disclosed_moments);
            assert_eq!(
                tallies,
                current
                    .into_iter()
                    .zip(disclosed.iter().copied())
                    .collect::<Vec<_>>()
            );

            let result = t.result(NAME).await;
            assert_eq!(result.disclosed_respondents, i64::try_from(shown.len()).unwrap());
            assert_eq!(result.voided, voided);
            let told: Vec<_> = result
                .elements
                .iter()
                .map(|e| (e.answers, e.total, e.counts.clone()))
                .collect();
            let expected: Vec<_> = disclosed
                .iter()
                .map(|t| (t.answers(), t.total(), t.counts[1..5].to_vec()))
                .collect();
            assert_eq!(told, expected);
            let weights = vec![Rational::new(25.into(), 9.into()); 9];
            let error = certainty::variance(&disclosed_moments, &weights, 400)
                .map(|v| prima_platform::number::decimal(&certainty::root(&v, 4), 4));
            assert_eq!(result.standard_error, error.unwrap_or_default());
        }
        assert!(voided > 0 && next > 0);
    })
    .await;
}
