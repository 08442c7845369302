//! Sums equal those of the rows from which they come, and figures those of the rows that do not wait.

use std::collections::{BTreeMap, HashMap};

use prima_platform::{
    clock::Clock,
    config,
    db::sql,
    number::{self, Rational},
};
use prima_proto::survey::v1 as pb;
use prima_survey::{
    domain::{certainty, moments::Moments, release::Rules, tally::Tally},
    store::{
        survey::{Stored, survey_get, survey_lock_in_txn},
        tally::{Added, tallies_add_in_txn, tallies_get},
    },
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sea_orm::ConnectionTrait;

use crate::fixture::*;

const NAME: &str = "agencies/3271/units/dpmptsp/surveys/a";
const RULES: Rules = Rules {
    step: 4,
    link_step: 4,
    minimum: 4,
    correction_day: 1,
};

/// The stored answers of the responses by id, and whether each is voided.
async fn rows(t: &World, survey: i64) -> BTreeMap<String, (String, bool)> {
    let reader = t.db.reader();
    let text = "SELECT response_id, answers, voided FROM response WHERE survey_id = $1";
    let rows = reader
        .query_all_raw(sql(reader, text, [survey.into()]))
        .await
        .unwrap();
    rows.iter()
        .map(|row| {
            let voided: Option<i64> = row.try_get("", "voided").unwrap();
            let answers = row.try_get("", "answers").unwrap();
            (
                row.try_get("", "response_id").unwrap(),
                (answers, voided.is_some()),
            )
        })
        .collect()
}

/// Tallies and moments that are recomputed from rows.
fn recomputed(rows: &BTreeMap<&str, &str>, elements: usize) -> (Vec<Tally>, Moments) {
    let (mut tallies, mut moments) = (vec![Tally::default(); elements], Moments::none(elements));
    for row in rows.values() {
        moments.add(row);
        for (tally, answer) in tallies.iter_mut().zip(row.chars()) {
            if let Some(score) = answer.to_digit(10) {
                tally.add(&Tally::of(u8::try_from(score).unwrap()));
            }
        }
    }
    (tallies, moments)
}

async fn stored(t: &World) -> (Stored, Vec<Tally>) {
    let txn = t.db.snapshot().await.unwrap();
    let stored = survey_get(&txn, NAME).await.unwrap().unwrap();
    let tallies = tallies_get(&txn, &[stored.id])
        .await
        .unwrap()
        .remove(&stored.id)
        .unwrap();
    let tallies = stored.survey.asked.iter().map(|a| *tallies.get(&a.key).unwrap());
    let tallies = tallies.collect();
    (stored, tallies)
}

/// Voids up to `count` responses, some of which are not released yet, and returns their number.
async fn void(t: &World, count: i64, number: i64) -> i64 {
    let now = Clock::system().now();
    let txn = t.db.begin().await.unwrap();
    let mut stored = survey_lock_in_txn(&txn, NAME, now.timestamp_millis())
        .await
        .unwrap()
        .unwrap();
    let text = "UPDATE response SET voided = $2 WHERE survey_id = $1 AND response_id IN
                (SELECT response_id FROM response WHERE survey_id = $1 AND voided IS NULL
                 ORDER BY digest LIMIT $3) RETURNING response_id, answers, batch";
    let values = [stored.id.into(), number.into(), count.into()];
    let gone = txn.query_all_raw(sql(&txn, text, values)).await.unwrap();
    let mut added = Added::nothing(&stored);
    for row in &gone {
        let id: String = row.try_get("", "response_id").unwrap();
        let (answers, batch): (String, i64) = (
            row.try_get("", "answers").unwrap(),
            row.try_get("", "batch").unwrap(),
        );
        added.remove(&id, &answers, batch, now);
    }
    let added = HashMap::from([(stored.id, added)]);
    let surveys = std::slice::from_mut(&mut stored);
    tallies_add_in_txn(&txn, surveys, added, &RULES, now)
        .await
        .unwrap();
    txn.commit().await.unwrap();
    i64::try_from(gone.len()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_any_edits_every_sum_equals_that_of_the_rows() {
    let config = config::Survey {
        disclosure_step: 4,
        disclosure_step_link: 4,
        minimum_respondents: 4,
        ..config::Survey::default()
    };
    configured(config, async |mut t| {
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
        let (mut next, mut voided) = (0, 0);
        let mut before: BTreeMap<String, String> = BTreeMap::new();
        let mut moves = 0;
        for edit in 0..60 {
            let size = random.random_range(1..7_usize);
            if random.random_bool(0.25) {
                voided += void(&t, i64::try_from(size).unwrap(), edit).await;
            } else {
                for n in next..next + size {
                    let mut response = all(1);
                    for score in response.answers.values_mut() {
                        *score = random.random_range(1..5);
                    }
                    if random.random_bool(0.4) {
                        response.answers.remove("cost");
                    }
                    let request = pb::SubmitResponseRequest {
                        request_id: format!("r-{n}"),
                        survey: NAME.into(),
                        response: Some(response),
                        ..Default::default()
                    };
                    t.client.submit_response(operator(request)).await.unwrap();
                }
                next += size;
            }
            let result = t.result(NAME).await;
            let (stored, tallies) = stored(&t).await;
            let rows = rows(&t, stored.id).await;
            let counted: BTreeMap<&str, &str> = rows
                .iter()
                .filter(|(_, (_, voided))| !voided)
                .map(|(id, (answers, _))| (id.as_str(), answers.as_str()))
                .collect();
            assert_eq!(stored.respondents, i64::try_from(counted.len()).unwrap());
            assert_eq!((stored.voided, result.voided), (voided, voided));
            assert_eq!((tallies, stored.moments.clone()), recomputed(&counted, 9));

            let mut shown = counted.clone();
            for id in stored.pending.added() {
                shown.remove(id).expect("what waits is counted");
            }
            for id in stored.pending.voided() {
                let (id, (answers, _)) = rows.get_key_value(id).unwrap();
                assert!(shown.insert(id, answers).is_none(), "what is void is not counted");
            }
            if shown.len() < 4 {
                assert_eq!((result.counted, result.index.as_str()), (0, ""));
                continue;
            }
            let people: Vec<&&str> = shown.keys().filter(|id| !before.contains_key(**id)).collect();
            let gone = before
                .keys()
                .filter(|id| !shown.contains_key(id.as_str()))
                .count();
            let moved = people.len() + gone;
            assert!(moved == 0 || moved >= 4, "the figures moved by {moved} people");
            moves += usize::from(moved > 0);
            before = shown
                .iter()
                .map(|(id, answers)| ((*id).to_owned(), (*answers).to_owned()))
                .collect();

            let (released, moments) = recomputed(&shown, 9);
            assert_eq!(result.counted, i64::try_from(shown.len()).unwrap());
            assert_eq!(result.disclosed_respondents, result.counted);
            assert_eq!(result.pending, stored.pending.people());
            let published: Vec<_> = result
                .elements
                .iter()
                .map(|e| (e.answers, e.total, e.counts.clone()))
                .collect();
            let expected: Vec<_> = released
                .iter()
                .map(|t| (t.answers(), t.total(), t.counts[1..5].to_vec()))
                .collect();
            assert_eq!(published, expected);
            let weights = vec![Rational::new(25.into(), 9.into()); 9];
            let weighing = certainty::Weighing {
                coefficients: &weights,
                by_answers: false,
            };
            let error = certainty::variance(&moments, &weighing, 400)
                .map(|v| number::decimal(&certainty::root(&v, 4), 4));
            assert_eq!(result.standard_error, error.unwrap_or_default());
        }
        assert!(voided > 0 && next > 0 && moves > 3, "{moves} moves prove nothing");
    })
    .await;
}
