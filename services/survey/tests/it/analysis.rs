//! The analysis of a result: groups, public services, importance.

use prima_proto::survey::v1 as pb;
use tonic::Code;

use crate::fixture::*;

/// Deterministic pseudo-random numbers.
pub struct Dice(pub u64);

impl Dice {
    /// A number less than `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

pub async fn analyze(t: &mut World, survey: &str) -> pb::Analysis {
    let request = pb::AnalyzeResultRequest {
        survey: survey.into(),
    };
    let answer = t.client.analyze_result(operator(request)).await.unwrap();
    answer.into_inner().analysis.unwrap()
}

pub async fn respond_as(
    t: &mut World,
    survey: &str,
    id: &str,
    profile: pb::RespondentProfile,
    scores: [i32; 9],
) {
    let mut answers: Vec<(&str, i32)> = SKM.into_iter().zip(scores).collect();
    answers.retain(|(_, score)| *score > 0);
    let request = pb::SubmitResponseRequest {
        request_id: id.into(),
        survey: survey.into(),
        response: Some(pb::Response {
            profile: Some(profile),
            ..response(&answers)
        }),
        ..Default::default()
    };
    t.client.submit_response(operator(request)).await.unwrap();
}

pub fn sex(code: &str) -> pb::RespondentProfile {
    pb::RespondentProfile {
        sex: code.into(),
        ..Default::default()
    }
}

fn dimension<'a>(analysis: &'a pb::Analysis, key: &str) -> &'a pb::Dimension {
    analysis.dimensions.iter().find(|d| d.key == key).unwrap()
}

/// Each group with its key, respondents, index and whether it is withheld.
fn groups<'a>(analysis: &'a pb::Analysis, key: &str) -> Vec<(&'a str, i64, &'a str, bool)> {
    let groups = &dimension(analysis, key).groups;
    groups
        .iter()
        .map(|g| (g.key.as_str(), g.respondents, g.index.as_str(), g.suppressed))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_a_closed_survey_add_up_to_its_total() {
    on_each_database(async |mut t| {
        let survey = t.survey("a").await.name;
        for n in 0..24 {
            let (code, score) = [("L", 4), ("P", 3), ("P", 2), ("", 1)][n % 4];
            respond_as(&mut t, &survey, &format!("r-{n}"), sex(code), [score; 9]).await;
        }
        t.close(&survey).await;
        let analysis = analyze(&mut t, &survey).await;
        assert_eq!((analysis.respondents, analysis.minimum_cell), (24, 5));
        assert_eq!(
            groups(&analysis, "sex"),
            [
                ("L", 6, "100.00", false),
                ("P", 12, "62.50", false),
                ("", 6, "25.00", false)
            ]
        );
        let sexes = dimension(&analysis, "sex");
        assert_eq!(sexes.display_name, "Jenis kelamin");
        let labels: Vec<&str> = sexes.groups.iter().map(|g| g.display_name.as_str()).collect();
        assert_eq!(labels, ["Laki-laki", "Perempuan", "Tidak menyebutkan"]);
        assert_eq!(sexes.groups[1].category, "D");
        assert_eq!(sexes.groups[1].elements.len(), 9);
        assert_eq!(
            (
                sexes.groups[1].elements[0].answers,
                sexes.groups[1].elements[0].mean.as_str()
            ),
            (12, "2.5000")
        );
        let keys: Vec<&str> = analysis.dimensions.iter().map(|d| d.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "sex",
                "age_group",
                "education",
                "occupation",
                "channel",
                "hour_band",
                "service"
            ]
        );
        let result = t.result(&survey).await;
        for dimension in &analysis.dimensions {
            assert!(!dimension.incomplete);
            for (at, element) in result.elements.iter().enumerate() {
                let answers: i64 = dimension.groups.iter().map(|g| g.elements[at].answers).sum();
                assert_eq!(answers, element.answers, "{}", dimension.key);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_group_is_withheld_with_another_and_all_groups_when_none_would_remain() {
    on_each_database(async |mut t| {
        let survey = t.survey("a").await.name;
        for n in 0..30 {
            let code = match n {
                0..3 => "P",
                3..12 => "",
                _ => "L",
            };
            let education = if n < 4 { "S3" } else { "SMA" };
            let profile = pb::RespondentProfile {
                education: education.into(),
                ..sex(code)
            };
            respond_as(&mut t, &survey, &format!("r-{n}"), profile, [3; 9]).await;
        }
        t.close(&survey).await;
        let analysis = analyze(&mut t, &survey).await;
        assert_eq!(
            groups(&analysis, "sex"),
            [("L", 18, "75.00", false), ("P", 0, "", true), ("", 0, "", true)]
        );
        assert!(dimension(&analysis, "sex").groups[1].elements.is_empty());
        assert!(dimension(&analysis, "sex").incomplete);
        // The names of the groups are withheld too, because with the total the names of two groups would reveal their counts.
        assert_eq!(groups(&analysis, "education"), []);
        assert!(dimension(&analysis, "education").incomplete);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_element_that_few_of_a_group_answered_is_withheld_with_the_index() {
    on_each_database(async |mut t| {
        let mut request = survey("a");
        let elements = SKM.map(|key| pb::SurveyElement {
            key: key.into(),
            optional: key == "cost",
            ..Default::default()
        });
        request.survey.as_mut().unwrap().elements = elements.into();
        let survey = t
            .client
            .create_survey(operator(request))
            .await
            .unwrap()
            .into_inner()
            .survey
            .unwrap()
            .name;
        for n in 0..30 {
            let code = ["L", "P", ""][n % 3];
            let mut scores = [3; 9];
            if code == "P" && n > 6 {
                scores[3] = 0;
            }
            respond_as(&mut t, &survey, &format!("r-{n:02}"), sex(code), scores).await;
        }
        t.close(&survey).await;
        let analysis = analyze(&mut t, &survey).await;
        // Two women answered the element, so it is withheld for women and for the smallest other group.
        let cost: Vec<(i64, bool)> = dimension(&analysis, "sex")
            .groups
            .iter()
            .map(|g| (g.elements[3].answers, g.elements[3].suppressed))
            .collect();
        assert_eq!(
            cost.iter().filter(|(_, suppressed)| *suppressed).count(),
            2,
            "{cost:?}"
        );
        assert_eq!(cost[1], (0, true));
        for group in &dimension(&analysis, "sex").groups {
            assert_eq!(group.index.is_empty(), group.elements[3].suppressed, "{group:?}");
            assert!(
                group
                    .elements
                    .iter()
                    .filter(|e| e.key != "cost")
                    .all(|e| e.answers == 10 && e.mean == "3.0000")
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_part_of_the_profile_is_a_dimension() {
    on_each_database(async |mut t| {
        let survey = t.survey("a").await.name;
        for n in 0..10 {
            let young = n % 2 == 0;
            let profile = pb::RespondentProfile {
                age: if young { 25 } else { 64 },
                occupation: "SWASTA".into(),
                channel: if young { "online" } else { "counter" }.into(),
                hour_band: "morning".into(),
                ..Default::default()
            };
            respond_as(&mut t, &survey, &format!("r-{n}"), profile, [3; 9]).await;
        }
        t.close(&survey).await;
        let analysis = analyze(&mut t, &survey).await;
        let keys = |key| groups(&analysis, key).iter().map(|g| g.0).collect::<Vec<_>>();
        assert_eq!(keys("age_group"), ["20-29", "60+"]);
        assert_eq!(keys("occupation"), ["SWASTA"]);
        assert_eq!(keys("channel"), ["counter", "online"]);
        assert_eq!(keys("hour_band"), ["morning"]);
        let ages = &dimension(&analysis, "age_group").groups;
        assert_eq!(ages.last().unwrap().display_name, "60 tahun ke atas");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn services_are_compared_with_their_own_minimum_samples() {
    on_each_database(async |mut t| {
        let mut request = survey("a");
        let services = [("ktp", 1350), ("akta", 100), ("kia", 20), ("pindah", 50)];
        request.survey.as_mut().unwrap().service_populations = services
            .map(|(service, population)| pb::ServicePopulation {
                service: service.into(),
                population,
            })
            .into();
        let survey = t
            .client
            .create_survey(operator(request))
            .await
            .unwrap()
            .into_inner()
            .survey
            .unwrap()
            .name;
        for n in 0..40 {
            let service = match n {
                0..2 => "kia",
                2..10 => "akta",
                _ => "ktp",
            };
            let profile = pb::RespondentProfile {
                service: service.into(),
                ..Default::default()
            };
            respond_as(&mut t, &survey, &format!("r-{n}"), profile, [4; 9]).await;
        }
        t.close(&survey).await;
        let analysis = analyze(&mut t, &survey).await;
        let samples: Vec<(&str, i64, i64, bool)> = analysis
            .services
            .iter()
            .map(|s| {
                (
                    s.service.as_str(),
                    s.minimum_respondents,
                    s.respondents,
                    s.suppressed,
                )
            })
            .collect();
        assert_eq!(
            samples,
            [
                ("ktp", 299, 30, false),
                ("akta", 80, 0, true),
                ("kia", 19, 0, true),
                ("pindah", 44, 0, false)
            ]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn elements_are_ranked_and_assigned_to_quadrants() {
    on_each_database(async |mut t| {
        let survey = t.survey("a").await.name;
        let mut dice = Dice(7);
        for n in 0..40 {
            // All elements but the last are correlated; the last is random.
            let mood = dice.below(2) as i32;
            let mut scores = [3 + mood; 9];
            scores[2] = 1 + mood;
            scores[8] = 3 + dice.below(2) as i32;
            respond_as(
                &mut t,
                &survey,
                &format!("r-{n}"),
                pb::RespondentProfile::default(),
                scores,
            )
            .await;
        }
        t.close(&survey).await;
        let analysis = analyze(&mut t, &survey).await;
        assert_eq!(analysis.weakest, ["time"]);
        let place = |key: &str| {
            analysis
                .importance_performance
                .iter()
                .find(|p| p.key == key)
                .unwrap()
                .clone()
        };
        let time = place("time");
        assert_eq!(
            (time.quadrant.as_str(), time.quadrant_display_name.as_str()),
            ("concentrate_here", "Prioritas utama")
        );
        assert_eq!(place("procedure").quadrant, "keep_up");
        assert_eq!(place("facilities").quadrant, "possible_overkill");
        assert!(
            time.importance.starts_with("0.9") && time.importance.len() == 6,
            "{}",
            time.importance
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn elements_with_constant_answers_have_no_importance() {
    on_each_database(async |mut t| {
        let survey = t.survey("a").await.name;
        for n in 0..6 {
            respond_as(&mut t, &survey, &format!("r-{n}"), sex("L"), [4; 9]).await;
        }
        t.close(&survey).await;
        let analysis = analyze(&mut t, &survey).await;
        assert_eq!((analysis.strongest.len(), analysis.weakest.len()), (9, 9));
        assert!(
            analysis
                .importance_performance
                .iter()
                .all(|p| p.importance.is_empty() && p.quadrant.is_empty())
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_analysis_needs_a_token_and_a_survey() {
    on_each_database(async |mut t| {
        let request = pb::AnalyzeResultRequest {
            survey: "agencies/3271/units/dpmptsp/surveys/none".into(),
        };
        refused(
            t.client.analyze_result(operator(request.clone())).await,
            Code::NotFound,
            "NOT_FOUND",
        );
        refused(
            t.client.analyze_result(tonic::Request::new(request)).await,
            Code::Unauthenticated,
            "TOKEN_MISSING",
        );
        let request = pb::AnalyzeResultRequest { survey: "a".into() };
        assert_eq!(
            faults(t.client.analyze_result(operator(request)).await),
            ["survey"]
        );
    })
    .await;
}
