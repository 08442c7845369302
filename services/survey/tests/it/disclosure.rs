//! Figures of an open survey change in steps, and later those of a closed one, so that one person's answers cannot be
//! computed from a difference.

use std::collections::HashMap;

use num_bigint::BigInt;
use prima_platform::{config, number::Rational, testing::eventually};
use prima_proto::{
    event::v1::{ScoreState, ScoreStatus, SurveyResultState, WithheldReason},
    survey::v1 as pb,
};
use sea_orm::ConnectionTrait;

use crate::fixture::*;

pub const NAME: &str = "agencies/3271/units/dpmptsp/surveys/a";
const EVENT: &str = "prima.survey.result.3271.dpmptsp.a";
pub const SCORE: &str = "prima.survey.score.skm.2024.unit.3271.dpmptsp";
const AGENCY: &str = "prima.survey.score.skm.2024.agency.3271";

/// Answers that differ between people and between elements.
pub fn answers(n: usize) -> [(&'static str, i32); 9] {
    let mut at = 0;
    SKM.map(|key| {
        at += 1;
        (key, i32::try_from((n * at + n / 2) % 4).unwrap() + 1)
    })
}

/// The figures of a result.
pub fn stepped_figures(result: &pb::Result) -> impl PartialEq + std::fmt::Debug + use<> {
    (
        result.elements.clone(),
        result.aspects.clone(),
        result.disclosed_respondents,
        [
            &result.index,
            &result.index_exact,
            &result.standard_error,
            &result.interval_low,
            &result.interval_high,
        ]
        .map(String::clone),
    )
}

pub async fn event(t: &World) -> SurveyResultState {
    t.staged::<SurveyResultState>(EVENT).await.unwrap().state
}

pub async fn score(t: &World, subject: &str) -> Option<ScoreState> {
    t.staged::<ScoreState>(subject).await.map(|staged| staged.state)
}

/// The index of the first `n` people, two decimals.
pub fn index_of(n: usize) -> String {
    let total: i32 = (0..n).flat_map(answers).map(|(_, score)| score).sum();
    let exact = Rational::new(BigInt::from(total) * 25, BigInt::from(n) * 9);
    prima_platform::number::decimal(&exact, 2)
}

/// How many of `n` single responses are in the figures of an open survey.
fn released(n: i64) -> i64 {
    if n < 10 { 0 } else { (n - 5) / 5 * 5 }
}

fn withheld(result: &pb::Result) -> (i64, i64, &str, pb::WithheldReason) {
    (
        result.counted,
        result.pending,
        &result.index,
        result.withheld_reason(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn between_two_steps_only_the_number_of_respondents_changes() {
    in_steps(async |mut t| {
        t.survey("a").await;
        let request = pb::WatchResultRequest { survey: NAME.into() };
        let mut watch = t
            .client
            .watch_result(operator(request))
            .await
            .unwrap()
            .into_inner();
        let mut steps: HashMap<i64, _> = HashMap::new();
        for n in 0..16_usize {
            t.respond(NAME, &format!("r-{n}"), &answers(n)).await;
            let count = i64::try_from(n).unwrap() + 1;
            let counted = released(count);
            let result = t.result(NAME).await;
            assert_eq!(
                (result.respondents, result.disclosed_respondents),
                (count, counted)
            );
            assert_eq!((result.counted, result.pending), (counted, count - counted));
            let index = if counted == 0 {
                String::new()
            } else {
                index_of(usize::try_from(counted).unwrap())
            };
            assert_eq!(result.index, index);
            assert_eq!(result.index_exact.is_empty(), counted == 0);
            let reason = if counted == 0 {
                pb::WithheldReason::FirstStep
            } else {
                pb::WithheldReason::Unspecified
            };
            assert_eq!(result.withheld_reason(), reason);
            assert!(
                result
                    .elements
                    .iter()
                    .all(|e| e.answers == counted && e.counts.iter().sum::<i64>() == counted)
            );
            assert_eq!(result.standard_error.is_empty(), counted == 0);

            let event = event(&t).await;
            assert_eq!(
                (event.respondents, event.counted, event.pending),
                (count, counted, count - counted)
            );
            assert_eq!(event.disclosed_respondents, counted);
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

            match score(&t, SCORE).await {
                None => assert_eq!(counted, 0),
                Some(score) => {
                    assert_eq!((score.sample_size, &score.value), (counted, &result.index));
                    assert_eq!((score.counted, score.pending), (counted, count - counted));
                    assert_eq!(score.standard_error, result.standard_error);
                    let means: Vec<_> = result.elements.iter().map(|e| (&e.key, &e.mean)).collect();
                    let parts: Vec<_> = score.components.iter().map(|c| (&c.key, &c.value)).collect();
                    assert_eq!(parts, means);
                    assert_eq!(score.fraction, result.index_exact);
                }
            }

            let first = steps.entry(counted).or_insert_with(|| stepped_figures(&result));
            assert_eq!(
                *first,
                stepped_figures(&result),
                "figures changed between steps, at {count}"
            );
            // WatchResult returns the same figures.
            let seen = loop {
                let message = watch.message().await.unwrap().unwrap().result.unwrap();
                if message.version == result.version {
                    break message;
                }
            };
            assert_eq!(stepped_figures(&seen), stepped_figures(&result));
        }
        assert_eq!(steps.len(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_releases_every_answer() {
    in_steps(async |mut t| {
        t.survey("a").await;
        for n in 0..14 {
            t.respond(NAME, &format!("r-{n}"), &answers(n)).await;
        }
        assert_eq!(t.result(NAME).await.counted, 5);
        t.close(NAME).await;
        let result = t.result(NAME).await;
        assert_eq!((result.respondents, result.counted, result.pending), (14, 14, 0));
        assert!(!result.in_correction && result.elements.iter().all(|e| e.answers == 14));
        assert_eq!(result.index, index_of(14));
        let event = event(&t).await;
        assert_eq!(event.disclosed_respondents, 14);
        assert_eq!(
            (event.index_exact, event.standard_error),
            (result.index_exact.clone(), result.standard_error)
        );
        let score = score(&t, SCORE).await.unwrap();
        assert_eq!(score.fraction, result.index_exact);
        assert_eq!((score.components.len(), score.status()), (9, ScoreStatus::Final));
    })
    .await;
}

impl World {
    /// Submits `n` responses to the survey and closes it.
    async fn closed_with(&mut self, n: usize) {
        for n in 0..n {
            self.respond(NAME, &format!("r-{n}"), &answers(n)).await;
        }
        self.close(NAME).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_survey_that_is_closed_with_too_few_has_no_figures_and_says_so() {
    in_steps(async |mut t| {
        t.survey("a").await;
        t.closed_with(4).await;
        let result = t.result(NAME).await;
        assert_eq!(withheld(&result), (0, 4, "", pb::WithheldReason::TooFew));
        assert_eq!((result.respondents, result.in_correction), (4, false));
        assert!(
            result
                .elements
                .iter()
                .all(|e| e.answers == 0 && e.mean.is_empty())
        );
        let event = event(&t).await;
        assert_eq!(event.withheld_reason(), WithheldReason::TooFew);
        let score = score(&t, SCORE).await.unwrap();
        assert_eq!((score.value.as_str(), score.fraction.as_str()), ("", ""));
        assert_eq!(score.withheld_reason(), WithheldReason::TooFew);
        assert_eq!(
            (score.counted, score.pending, score.status()),
            (0, 4, ScoreStatus::Final)
        );
        assert!(score.components.is_empty());
        let unit = pb::GetUnitResultRequest {
            unit: "agencies/3271/units/dpmptsp".into(),
            period: "2024".into(),
            ..Default::default()
        };
        let unit = t
            .client
            .get_unit_result(operator(unit))
            .await
            .unwrap()
            .into_inner();
        let unit = unit.result.unwrap();
        assert_eq!((unit.counted, unit.pending, unit.index.as_str()), (0, 4, ""));
        assert_eq!(unit.withheld_reason(), pb::WithheldReason::TooFew);
        let analysis = crate::analysis::analyze(&mut t, NAME).await;
        assert_eq!(analysis.respondents, 0);
        assert!(analysis.dimensions.iter().all(|d| d.groups.is_empty()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_survey_of_too_few_adds_nothing_to_its_unit() {
    in_steps(async |mut t| {
        t.survey("a").await;
        t.survey("b").await;
        for n in 0..10 {
            t.respond(NAME, &format!("r-{n}"), &answers(n)).await;
        }
        for n in 0..4 {
            let other = "agencies/3271/units/dpmptsp/surveys/b";
            t.respond(other, &format!("r-{n}"), &SKM.map(|key| (key, 1)))
                .await;
        }
        t.close(NAME).await;
        t.close("agencies/3271/units/dpmptsp/surveys/b").await;
        let score = score(&t, SCORE).await.unwrap();
        assert_eq!((score.value, score.sample_size), (index_of(10), 10));
        assert_eq!((score.counted, score.pending), (10, 4));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configured_steps_are_used() {
    for (size, expected) in [(1, [1, 2, 3, 4, 5, 6, 7]), (3, [0, 0, 0, 0, 0, 3, 3])] {
        let config = config::Survey {
            disclosure_step: size,
            minimum_respondents: size,
            ..config::Survey::default()
        };
        configured(config, async |mut t| {
            t.survey("a").await;
            let mut seen = Vec::new();
            for n in 0..7 {
                t.respond(NAME, &format!("r-{n}"), &answers(n)).await;
                let result = t.result(NAME).await;
                assert!(result.elements.iter().all(|e| e.answers == result.counted));
                seen.push(result.counted);
            }
            assert_eq!(seen, expected);
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_score_of_an_agency_reveals_no_more_than_those_of_its_units() {
    in_steps(async |mut t| {
        let text = "INSERT INTO directory_unit (agency, unit, close_date) VALUES ('3271', 'dpmptsp', '')";
        t.db.writer().execute_unprepared(text).await.unwrap();
        t.survey("a").await;
        for n in 0..14 {
            t.respond(NAME, &format!("r-{n}"), &answers(n)).await;
        }
        let of = async |t: &World, pending: i64| {
            let found = eventually(DEADLINE, || async {
                score(t, AGENCY).await.filter(|score| score.pending == pending)
            });
            found.await.unwrap()
        };
        let open = of(&t, 9).await;
        assert_eq!((open.value, open.sample_size, open.counted), (index_of(5), 5, 5));
        t.respond(NAME, "r-14", &answers(14)).await;
        let stepped = of(&t, 5).await;
        assert_eq!((stepped.value, stepped.counted), (index_of(10), 10));
        assert_eq!(stepped.fraction, t.result(NAME).await.index_exact);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn aspects_change_in_steps_too() {
    for variant in [
        pb::WeightVariant::MeanOfAspectMeans,
        pb::WeightVariant::MeanOfAllAnswers,
    ] {
        in_steps(async |mut t| {
            let mut request = survey("a");
            let definition = request.survey.as_mut().unwrap();
            definition.instrument = "f03-offline-2022".into();
            definition.weight_variant = variant as i32;
            let created = t.client.create_survey(operator(request)).await.unwrap();
            let elements = created.into_inner().survey.unwrap().elements;
            let score = |n: usize, at: usize| i32::try_from((n * (at + 2)) % 6).unwrap();
            let mut steps: HashMap<i64, _> = HashMap::new();
            for n in 0..11 {
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
                assert_eq!(*first, stepped_figures(&result), "figures changed between steps");
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
            let mean = (0..11).map(figure).sum::<f64>() / 11.0;
            let error = ((0..11).map(|n| (figure(n) - mean).powi(2)).sum::<f64>() / 110.0).sqrt();
            assert_eq!(result.index, format!("{mean:.2}"));
            assert_eq!(result.standard_error, format!("{error:.4}"));
            // F-03 has a minimum of ten respondents.
            assert_eq!(result.sample_status(), pb::SampleStatus::Met);
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
            if let Some(score) = score(&t, SCORE).await {
                assert_eq!(score.sample_minimum, 12);
            }
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
