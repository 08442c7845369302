//! Instruments, and which of their elements a survey may ask.

use prima_proto::{
    event::v1 as event,
    survey::v1::{self as pb, AccessMode, WeightVariant},
};
use serde_json::Value;
use tonic::Code;

use crate::fixture::*;

const UNIT_SCORE: &str = "prima.survey.score.skm.2024.unit.3271.dpmptsp";

fn golden(text: &str, id: &str) -> Value {
    let golden: Value = serde_json::from_str(text).unwrap();
    let vectors = golden.get("vectors").unwrap().as_array().unwrap();
    vectors.iter().find(|v| v["id"] == id).unwrap().clone()
}

fn skm(id: &str) -> Value {
    golden(
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/skm.json")),
        id,
    )
}

fn f03(id: &str) -> Value {
    golden(
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/f03.json")),
        id,
    )
}

/// The element keys of a golden vector of SKM.
fn keys(vector: &Value) -> Vec<String> {
    let elements = vector["elements"].as_array().unwrap();
    elements
        .iter()
        .map(|e| e["key"].as_str().unwrap().to_owned())
        .collect()
}

/// Responses with the counts of a golden vector of SKM.
fn responses(vector: &Value) -> Vec<Vec<(String, i32)>> {
    let mut all = vec![Vec::new(); usize::try_from(vector["respondents"].as_u64().unwrap()).unwrap()];
    for element in vector["elements"].as_array().unwrap() {
        let counts = element["counts"].as_object().unwrap();
        let scores = counts.iter().flat_map(|(score, count)| {
            let times = usize::try_from(count.as_u64().unwrap()).unwrap();
            std::iter::repeat_n(score.parse::<i32>().unwrap(), times)
        });
        for (response, score) in all.iter_mut().zip(scores) {
            response.push((element["key"].as_str().unwrap().to_owned(), score));
        }
    }
    all
}

fn element(key: &str, code: &str) -> pb::SurveyElement {
    pb::SurveyElement {
        key: key.into(),
        code: code.into(),
        ..Default::default()
    }
}

fn own(key: &str) -> pb::SurveyElement {
    pb::SurveyElement {
        display_name: "Kebersihan".into(),
        question: "Seberapa bersih tempat layanan?".into(),
        answers: ["Kotor", "Agak kotor", "Bersih", "Sangat bersih"]
            .map(String::from)
            .to_vec(),
        ..element(key, "")
    }
}

fn request(id: &str, edit: impl FnOnce(&mut pb::Survey)) -> pb::CreateSurveyRequest {
    let mut request = survey(id);
    edit(request.survey.as_mut().unwrap());
    request
}

async fn create(t: &mut World, id: &str, edit: impl FnOnce(&mut pb::Survey)) -> pb::Survey {
    let created = t.client.create_survey(operator(request(id, edit))).await.unwrap();
    created.into_inner().survey.unwrap()
}

async fn fill(t: &mut World, survey: &str, responses: &[Vec<(String, i32)>]) {
    for (n, response) in responses.iter().enumerate() {
        let answers: Vec<(&str, i32)> = response
            .iter()
            .map(|(key, score)| (key.as_str(), *score))
            .collect();
        t.respond(survey, &format!("r-{n}"), &answers).await;
    }
    t.close(survey).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_instrument_is_listed_completely() {
    on_each_database(async |mut t| {
        let answer = t
            .client
            .list_instruments(operator(pb::ListInstrumentsRequest {}))
            .await;
        let all = answer.unwrap().into_inner().instruments;
        let summary: Vec<_> = all
            .iter()
            .map(|i| {
                (
                    i.id.as_str(),
                    i.elements.len(),
                    i.aspects.len(),
                    i.min_score,
                    i.max_score,
                )
            })
            .collect();
        assert_eq!(
            summary,
            [
                ("f03-offline-2022", 14, 5, 0, 5),
                ("f03-online-2022", 11, 5, 0, 5),
                ("skm-2004", 14, 0, 1, 4),
                ("skm-2014", 9, 0, 1, 4),
                ("skm-2017", 9, 0, 1, 4)
            ]
        );
        let (f03, skm) = (&all[0], &all[4]);
        assert_eq!(
            f03.weight_variants,
            ["mean_of_aspect_means", "mean_of_all_answers"]
        );
        assert_eq!(skm.weight_variants, ["exact", "0.111", "0.11"]);
        assert_eq!(
            (f03.metric.as_str(), f03.minimum_respondents, f03.own_elements),
            ("", 10, false)
        );
        assert_eq!(
            (skm.metric.as_str(), skm.minimum_respondents, skm.own_elements),
            ("skm", 1, true)
        );
        let last = skm.elements.last().unwrap();
        assert_eq!(
            (last.code.as_str(), last.form_code.as_str(), last.answers.len()),
            ("U9", "U8", 4)
        );
        assert_eq!(skm.categories[0].lower, "88.31");
        assert!(f03.categories.is_empty() && f03.citations.contains(&"PermenPANRB 29/2022".to_owned()));
        assert!(
            f03.elements
                .iter()
                .all(|e| !e.aspect.is_empty() && !e.question.is_empty())
        );
        let fields: Vec<&str> = skm.profile_fields.iter().map(|f| f.key.as_str()).collect();
        assert_eq!(
            fields,
            [
                "sex",
                "age_group",
                "education",
                "occupation",
                "channel",
                "hour_band"
            ]
        );
        let group = &skm.profile_fields[1].choices[1];
        assert_eq!(
            (group.code.as_str(), group.display_name.as_str()),
            ("20-29", "20-29 tahun")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_survey_without_the_cost_element_weights_the_others_by_one_eighth() {
    on_each_database(async |mut t| {
        let vector = skm("G-SKM-1-no-cost");
        let keys = keys(&vector);
        let created = create(&mut t, "a", |s| {
            s.elements = keys.iter().map(|k| element(k, "")).collect()
        })
        .await;
        assert_eq!(created.elements.len(), 8);
        fill(&mut t, &created.name, &responses(&vector)).await;
        let result = t.result(&created.name).await;
        assert_eq!((result.index.as_str(), result.category.as_str()), ("90.41", "A"));
        assert_eq!(result.elements[0].weighted_mean, "0.4526");
        let score = t.staged::<event::ScoreState>(UNIT_SCORE).await.unwrap().state;
        assert_eq!((score.value.as_str(), score.sample_size), ("90.41", 29));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_units_own_element_is_weighted_like_any_other() {
    on_each_database(async |mut t| {
        let mut elements: Vec<pb::SurveyElement> = SKM.iter().map(|key| element(key, "")).collect();
        elements.push(own("own_clean"));
        let created = create(&mut t, "a", |s| s.elements = elements).await;
        let last = created.elements.last().unwrap();
        assert_eq!(
            (last.code.as_str(), last.display_name.as_str()),
            ("U10", "Kebersihan")
        );
        assert_eq!(
            (last.question.as_str(), last.answers.len()),
            ("Seberapa bersih tempat layanan?", 4)
        );
        let read = t.client.get_survey(operator(pb::GetSurveyRequest {
            name: created.name.clone(),
        }));
        assert_eq!(
            read.await.unwrap().into_inner().survey.unwrap().elements,
            created.elements
        );
        let mut answers: Vec<(String, i32)> = SKM.map(|key| (key.to_owned(), 4)).to_vec();
        answers.push(("own_clean".into(), 1));
        fill(&mut t, &created.name, &[answers]).await;
        let result = t.result(&created.name).await;
        assert_eq!(
            (result.index.as_str(), result.index_exact.as_str()),
            ("92.50", "185/2")
        );
        assert_eq!(result.elements[9].display_name, "Kebersihan");

        // An element with the same key and another question is a different element.
        let other = request("b", |s| {
            s.elements = created.elements.clone();
            s.elements[9].question = "Seberapa rapi tempat layanan?".into();
        });
        let refused_as = "OTHER_SCHEME_IN_PERIOD";
        let answer = t.client.create_survey(operator(other)).await;
        refused(answer, Code::FailedPrecondition, refused_as);
        create(&mut t, "c", |s| s.elements = created.elements.clone()).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_survey_may_print_the_codes_of_the_form() {
    on_each_database(async |mut t| {
        let coded = |key: &str| match key {
            "facilities" => element(key, "U8"),
            "complaint_handling" => element(key, "U9"),
            _ => element(key, ""),
        };
        let created = create(&mut t, "a", |s| s.elements = SKM.map(coded).to_vec()).await;
        let answers = SKM.map(|key| (key.to_owned(), if key == "facilities" { 1 } else { 4 }));
        fill(&mut t, &created.name, &[answers.to_vec()]).await;
        let result = t.result(&created.name).await;
        let of = |code: &str| result.elements.iter().find(|e| e.code == code).unwrap();
        assert_eq!(
            (of("U8").key.as_str(), of("U8").mean.as_str()),
            ("facilities", "1.0000")
        );
        assert_eq!(
            (of("U9").key.as_str(), of("U9").mean.as_str()),
            ("complaint_handling", "4.0000")
        );
        // Surveys in the order of the annex and of the form can be pooled.
        create(&mut t, "b", |_| {}).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f03_is_computed_by_either_roll_up_and_gives_no_score() {
    on_each_database(async |mut t| {
        let skm_survey = t.survey("skm").await.name;
        t.respond(&skm_survey, "r", &SKM.map(|key| (key, 4))).await;
        for (vector, instrument) in [
            ("F03-off-mixed", "f03-offline-2022"),
            ("F03-on-mixed", "f03-online-2022"),
        ] {
            for (variant, name) in [
                (WeightVariant::Unspecified, "mean_of_aspect_means"),
                (WeightVariant::MeanOfAllAnswers, "mean_of_all_answers"),
            ] {
                let vector = f03(vector);
                let id = format!("{instrument}-{}", name.replace('_', "-"));
                let created = create(&mut t, &id, |s| {
                    s.instrument = instrument.into();
                    s.weight_variant = variant.into();
                })
                .await;
                assert_eq!(
                    created.weight_variant().as_str_name(),
                    format!("WEIGHT_VARIANT_{}", name.to_uppercase())
                );
                let keys: Vec<String> = created.elements.iter().map(|e| e.key.clone()).collect();
                assert!(created.elements.iter().all(|e| !e.aspect.is_empty()));
                let rows: Vec<Vec<(String, i32)>> = vector["answers"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|row| {
                        let scores = row.as_array().unwrap().iter();
                        let scores = scores.map(|s| i32::try_from(s.as_i64().unwrap()).unwrap());
                        keys.iter().cloned().zip(scores).collect()
                    })
                    .collect();
                fill(&mut t, &created.name, &rows).await;
                let result = t.result(&created.name).await;
                let expected = &vector["expected"][name];
                assert_eq!(result.index, expected["f03_2dp"].as_str().unwrap(), "{id}");
                assert_eq!(result.index_exact, expected["f03"].as_str().unwrap(), "{id}");
                assert_eq!((result.category.as_str(), result.minimum_respondents), ("", 10));
            }
        }
        // There are four F-03 surveys besides the SKM survey, and only SKM contributes to the score.
        let score = t.staged::<event::ScoreState>(UNIT_SCORE).await.unwrap().state;
        assert_eq!((score.value.as_str(), score.sample_size), ("100.00", 1));
        assert_eq!(
            (score.instrument.as_str(), score.status()),
            ("skm-2017", event::ScoreStatus::Provisional)
        );
        t.close(&skm_survey).await;
        let score = t.staged::<event::ScoreState>(UNIT_SCORE).await.unwrap().state;
        assert_eq!(score.status(), event::ScoreStatus::Final);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_with_f03_alone_has_no_score() {
    on_each_database(async |mut t| {
        let created = create(&mut t, "a", |s| s.instrument = "f03-online-2022".into()).await;
        let answers = created.elements.iter().map(|e| (e.key.clone(), 5)).collect();
        fill(&mut t, &created.name, &[answers]).await;
        assert_eq!(t.result(&created.name).await.index, "5.00");
        assert!(t.staged::<event::ScoreState>(UNIT_SCORE).await.is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_definition_is_reported_and_nothing_is_stored() {
    on_each_database(async |mut t| {
        let bad = request("a", |s| {
            s.instrument = "f03-online-2022".into();
            s.weight_variant = WeightVariant::Exact.into();
            s.elements = vec![
                own("own_clean"),
                element("requirements_ease", "1"),
                element("procedure_ease", "1"),
                element("time", ""),
            ];
            s.access_modes = vec![
                AccessMode::Link.into(),
                9,
                AccessMode::Unspecified.into(),
                AccessMode::Link.into(),
            ];
            s.population = 10;
            s.service_populations = vec![
                pb::ServicePopulation {
                    service: "izin".into(),
                    population: 5,
                },
                pb::ServicePopulation {
                    service: "Izin Usaha".into(),
                    population: 0,
                },
            ];
        });
        let mut found = faults(t.client.create_survey(operator(bad)).await);
        found.sort();
        assert_eq!(
            found,
            [
                "survey.access_modes[1]",
                "survey.access_modes[2]",
                "survey.access_modes[3]",
                "survey.elements",
                "survey.elements",
                "survey.elements",
                "survey.elements",
                "survey.elements[0].key",
                "survey.elements[2].code",
                "survey.elements[3].key",
                "survey.service_populations[1].population",
                "survey.service_populations[1].service",
                "survey.weight_variant",
            ]
        );
        let bad = request("a", |s| {
            s.weight_variant = 77;
            s.elements = vec![element("own_a", "")];
        });
        assert_eq!(
            faults(t.client.create_survey(operator(bad)).await),
            [
                "survey.weight_variant",
                "survey.elements[0].display_name",
                "survey.elements[0].question",
                "survey.elements[0].answers"
            ]
        );
        let sum = request("a", |s| {
            s.population = 10;
            s.service_populations = vec![pb::ServicePopulation {
                service: "izin".into(),
                population: 9,
            }];
        });
        assert_eq!(
            faults(t.client.create_survey(operator(sum)).await),
            ["survey.population"]
        );
        assert_eq!(t.count("survey").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn populations_and_access_modes_can_be_changed_while_the_survey_is_open() {
    on_each_database(async |mut t| {
        let services = |all: &[(&str, i64)]| -> Vec<pb::ServicePopulation> {
            let one = |(service, population): &(&str, i64)| pb::ServicePopulation {
                service: (*service).into(),
                population: *population,
            };
            all.iter().map(one).collect()
        };
        let created = create(&mut t, "a", |s| {
            s.service_populations = services(&[("izin", 100), ("paten", 50)]);
            s.access_modes = vec![AccessMode::Kiosk.into(), AccessMode::Token.into()];
        })
        .await;
        assert_eq!((created.population, created.service_populations.len()), (150, 2));
        let modes: Vec<AccessMode> = created.access_modes().collect();
        assert_eq!(modes, [AccessMode::Token, AccessMode::Kiosk]);
        assert_eq!(t.result(&created.name).await.minimum_respondents, 80 + 44);

        let update = |edit: fn(&mut pb::Survey), paths: &[&str]| {
            let mut survey = created.clone();
            survey.etag = String::new();
            edit(&mut survey);
            operator(pb::UpdateSurveyRequest {
                survey: Some(survey),
                update_mask: mask(paths),
            })
        };
        let wrong = update(|s| s.population = 149, &["population"]);
        assert_eq!(faults(t.client.update_survey(wrong).await), ["survey.population"]);
        let twice = update(|s| s.access_modes = vec![2, 3, 2, 0], &["access_modes"]);
        assert_eq!(
            faults(t.client.update_survey(twice).await),
            ["survey.access_modes[2]", "survey.access_modes[3]"]
        );
        let fewer = update(
            |s| {
                s.service_populations.truncate(1);
                s.access_modes.clear();
            },
            &["service_populations", "access_modes"],
        );
        let updated = t
            .client
            .update_survey(fewer)
            .await
            .unwrap()
            .into_inner()
            .survey
            .unwrap();
        assert_eq!(
            (updated.population, updated.service_populations),
            (100, services(&[("izin", 100)]))
        );
        assert_eq!(updated.access_modes, [i32::from(AccessMode::Agent)]);
        assert_eq!(t.result(&created.name).await.minimum_respondents, 80);
        // The elements of a survey can never be changed.
        let elements = update(|s| s.elements.clear(), &["elements"]);
        assert_eq!(faults(t.client.update_survey(elements).await), ["update_mask"]);
    })
    .await;
}
