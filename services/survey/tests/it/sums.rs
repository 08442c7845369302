//! Current and disclosed sums equal the sums of the rows from which they come.

use std::collections::HashMap;

use prima_platform::{
    clock::Clock,
    db::sql,
    number::{self, Rational},
};
use prima_proto::survey::v1 as pb;
use prima_survey::{
    domain::{certainty, moments::Moments, tally::Tally},
    store::{
        survey::{Stored, survey_get, survey_lock_in_txn},
        tally::{Added, tallies_add_in_txn, tallies_get},
    },
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sea_orm::ConnectionTrait;

use crate::{disclosure::step, fixture::*};

const NAME: &str = "agencies/3271/units/dpmptsp/surveys/a";

/// The stored answers of the responses that are not voided.
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

/// Tallies and moments that are recomputed from rows.
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
    let txn = t.db.snapshot().await.unwrap();
    let stored = survey_get(&txn, NAME).await.unwrap().unwrap();
    let tallies = tallies_get(&txn, &[stored.id])
        .await
        .unwrap()
        .remove(&stored.id)
        .unwrap();
    let tallies = stored.survey.asked.iter().map(|a| tallies.get(&a.key).unwrap());
    let tallies = tallies.map(|c| (c.current, c.disclosed)).collect();
    (stored, tallies)
}

/// Voids up to `count` responses, some of which are not disclosed yet, and returns their number.
async fn void(t: &World, step: i64, count: i64, number: i64) -> i64 {
    let txn = t.db.begin().await.unwrap();
    let mut stored = survey_lock_in_txn(&txn, NAME, Clock::system().now().timestamp_millis())
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
    tallies_add_in_txn(&txn, surveys, &added, step, Clock::system().now())
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
        // The model has the rows of the last disclosure and the number of changes since.
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
            let result = t.result(NAME).await;
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

            assert_eq!(result.disclosed_respondents, i64::try_from(shown.len()).unwrap());
            assert_eq!(result.voided, voided);
            let published: Vec<_> = result
                .elements
                .iter()
                .map(|e| (e.answers, e.total, e.counts.clone()))
                .collect();
            let expected: Vec<_> = disclosed
                .iter()
                .map(|t| (t.answers(), t.total(), t.counts[1..5].to_vec()))
                .collect();
            assert_eq!(published, expected);
            let weights = vec![Rational::new(25.into(), 9.into()); 9];
            let weighing = certainty::Weighing {
                coefficients: &weights,
                by_answers: false,
            };
            let error = certainty::variance(&disclosed_moments, &weighing, 400)
                .map(|v| number::decimal(&certainty::root(&v, 4), 4));
            assert_eq!(result.standard_error, error.unwrap_or_default());
        }
        assert!(voided > 0 && next > 0);
    })
    .await;
}
