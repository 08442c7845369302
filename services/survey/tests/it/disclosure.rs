//! Figures of an open survey change in steps, so that one person's answers cannot be computed from a difference.

use std::{collections::HashMap, time::Duration};

use num_bigint::BigInt;
use prima_platform::{config, number::Rational, testing::eventually};
use prima_proto::{
    event::v1::{ScoreState, SurveyResultState},
    survey::v1 as pb,
};
use sea_orm::ConnectionTrait;

use crate::fixture::*;

const NAME: &str = "agencies/3271/units/dpmptsp/surveys/a";
const EVENT: &str = "prima.survey.result.3271.dpmptsp.a";
const SCORE: &str = "prima.survey.score.skm.2024.unit.3271.dpmptsp";
const AGENCY: &str = "prima.survey.score.skm.2024.agency.3271";
const DEADLINE: Duration = Duration::from_secs(20);

/// A configuration with this disclosure step.
pub fn step(step: u32) -> config::Survey {
    config::Survey {
        disclosure_step: step,
        ..config::Survey::default()
    }
}

/// Answers that differ between people and between elements.
fn answers(n: usize) -> [(&'static str, i32); 9] {
    let mut at = 0;
    SKM.map(|key| {
        at += 1;
        (key, i32::try_from((n * at + n / 2) % 4).unwrap() + 1)
    })
}

/// The figures of a result other than respondents and index.
fn stepped_figures(result: &pb::Result) -> impl PartialEq + std::fmt::Debug + use<> {
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
async fn between_two_disclosures_only_respondents_and_index_change() {
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
            // The exact value is not published, because it would reveal more than the rounded one.
            if count == disclosed {
                assert_eq!(score.fraction, result.index_exact);
            } else {
                assert_eq!(
                    score.exact,
                    score.value.trim_end_matches('0').trim_end_matches('.')
                );
            }

            let first = steps.entry(disclosed).or_insert_with(|| stepped_figures(&result));
            assert_eq!(
                *first,
                stepped_figures(&result),
                "figures changed between disclosures, at {count}"
            );
            // WatchResult returns the same figures.
            let seen = loop {
                let message = watch.message().await.unwrap().unwrap().result.unwrap();
                if message.version == result.version {
                    break message;
                }
            };
            assert_eq!(
                (stepped_figures(&seen), &seen.index, &seen.index_exact),
                (stepped_figures(&result), &result.index, &result.index_exact)
            );
        }
        assert_eq!(steps.len(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_discloses_every_answer() {
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
async fn the_configured_step_is_used() {
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
async fn the_score_of_an_agency_reveals_no_more_than_those_of_its_units() {
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
async fn aspects_change_in_steps_too() {
    for variant in [
        pb::WeightVariant::MeanOfAspectMeans,
        pb::WeightVariant::MeanOfAllAnswers,
    ] {
        on_each_database(async |mut t| {
            let mut request = survey("a");
            let definition = request.survey.as_mut().unwrap();
            definition.instrument = "f03-offline-2022".into();
            definition.weight_variant = variant as i32;
            let created = t.client.create_survey(operator(request)).await.unwrap();
            let elements = created.into_inner().survey.unwrap().elements;
            let score = |n: usize, at: usize| i32::try_from((n * (at + 2)) % 6).unwrap();
            let mut steps: HashMap<i64, _> = HashMap::new();
            for n in 0..7 {
                let answers = elements
                    .iter()
                    .enumerate()
                    .map(|(at, e)| (e.key.as_str(), score(n, at)));
                t.respond(NAME, &format!("r-{n}"), &answers.collect::<Vec<_>>())
                    .await;
                let result = t.result(NAME).await;
                let event = event(&t).await;
                let told: Vec<_> = event.aspects.iter().map(|a| (&a.key, &a.value)).collect();
                let shown = result.aspects.iter().filter(|a| !a.mean.is_empty());
                assert_eq!(told, shown.map(|a| (&a.key, &a.mean)).collect::<Vec<_>>());
                let first = steps
                    .entry(result.disclosed_respondents)
                    .or_insert_with(|| stepped_figures(&result));
                assert_eq!(
                    *first,
                    stepped_figures(&result),
                    "figures changed between disclosures"
                );
            }
            assert_eq!(steps.len(), 2);
            t.close(NAME).await;
            let result = t.result(NAME).await;
            assert!(result.aspects.len() > 1 && result.elements.iter().all(|e| e.counts.len() == 6));
            assert!(
                result
                    .aspects
                    .iter()
                    .all(|a| result.elements.iter().any(|e| e.aspect == a.key))
            );
            // The standard error is computed by hand here: every question is answered, so each respondent has an index.
            let weight = |key: &str| match variant {
                pb::WeightVariant::MeanOfAspectMeans => {
                    let aspect = |of: &str| result.elements.iter().filter(|e| e.aspect == of).count();
                    let own = result.elements.iter().find(|e| e.key == key).unwrap();
                    1.0 / (result.aspects.len() * aspect(&own.aspect)) as f64
                }
                _ => 1.0 / elements.len() as f64,
            };
            let figure = |n: usize| -> f64 {
                let parts = elements.iter().enumerate();
                parts
                    .map(|(at, e)| weight(&e.key) * f64::from(score(n, at)))
                    .sum()
            };
            let mean = (0..7).map(figure).sum::<f64>() / 7.0;
            let error = ((0..7).map(|n| (figure(n) - mean).powi(2)).sum::<f64>() / 42.0).sqrt();
            assert_eq!(result.index, format!("{mean:.2}"));
            assert_eq!(result.standard_error, format!("{error:.4}"));
            assert_eq!(result.sample_status(), pb::SampleStatus::UnderMinimum);
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_below_its_minimum_sample_is_marked_as_such() {
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
        // The whole population has answered, so there is no sampling error.
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
