//! A published survey result changes the level, the index and the rank of a unit by events alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::TimeDelta;
use prima_platform::{
    caller::Role,
    clock::{Clock, to_proto},
    number::{Rational, decimal, fraction, parse_fraction, whole},
    testing::eventually,
};
use prima_proto::{index::v1 as pb, ranking::v1 as ranking, survey::v1 as survey};
use prima_tests::{
    Cluster, DEADLINE,
    client::{Authorised, Client, authorised},
    process::{Process, Service},
    sample,
};
use tonic::Code;

use pb::{assessment_service_client::AssessmentServiceClient, index_service_client::IndexServiceClient};

const INSTRUMENT: &str = "pekppp-2022";
const FORM: &str = "f02_online";
const FED: &str = "survey_publication_media";
const GIVEN: i32 = 3;

/// The services, with a cycle of Kota Bogor in which its unit is enrolled.
struct Scene {
    client: Client,
    index: IndexServiceClient<Authorised>,
    assessments: AssessmentServiceClient<Authorised>,
    evaluator: AssessmentServiceClient<Authorised>,
    /// The process of the index service.
    process: Process,
    unit: String,
    assessment: String,
    year: String,
    instrument: pb::Instrument,
    _others: [Process; 3],
    _objects: tempfile::TempDir,
    cluster: Cluster,
}

impl Scene {
    async fn start() -> Self {
        let cluster = Cluster::start().await;
        let objects = tempfile::tempdir().unwrap();
        let directory = cluster.serve(Service::Directory).await;
        let survey = cluster.serve(Service::Survey).await;
        let files = format!("file:{}", objects.path().display());
        let process = cluster.command(Service::Index).env("PRIMA_OBJECTS__URL", &files);
        let process = process.start().await;
        let ranking = cluster.command(Service::Ranking);
        let ranking = ranking.env("PRIMA_RANKING__SOURCES", "[\"survey\",\"index\"]");
        let ranking = ranking.start().await;
        // The league tables can be read once every stream was read, that of ranking's own definitions as well.
        ranking.wait_ready().await;
        let (url, admin) = (process.url(), cluster.admin());
        let mut client = Client::new(&directory.url(), &survey.url(), &ranking.url(), &admin);
        let mut index = IndexServiceClient::new(authorised(&url, &admin));
        let mut assessments = AssessmentServiceClient::new(authorised(&url, &admin));
        let evaluator = cluster.token(&[Role::Evaluator], &["3271"]);
        let unit = client.unit("32", "3271").await;
        let request = pb::GetInstrumentRequest {
            id: INSTRUMENT.into(),
        };
        let instrument = index
            .get_instrument(request)
            .await
            .unwrap()
            .into_inner()
            .instrument;
        let (year, assessment) = enrolled(&mut assessments, &unit).await;
        Self {
            client,
            index,
            assessments,
            evaluator: AssessmentServiceClient::new(authorised(&url, &evaluator)),
            process,
            unit,
            assessment,
            year,
            instrument: instrument.unwrap(),
            _others: [directory, survey, ranking],
            _objects: objects,
            cluster,
        }
    }

    fn indicators(&self) -> &[pb::Indicator] {
        let form = self.instrument.forms.iter().find(|f| f.key == FORM);
        &form.unwrap().indicators
    }

    /// How much one level of the indicator that live data feeds adds to the index.
    fn weight(&self) -> Rational {
        let fed = self.indicators().iter().find(|i| i.key == FED).unwrap();
        let aspect = self.instrument.aspects.iter().find(|a| a.key == fed.aspect);
        [&self.instrument.f02_weight, &aspect.unwrap().weight, &fed.weight]
            .map(|weight| parse_fraction(weight).unwrap())
            .into_iter()
            .product()
    }

    /// Gives a level for every scored indicator but the one that live data feeds.
    async fn evaluate(&mut self) {
        let rows = self.indicators().iter();
        let rows = rows.filter(|i| !i.supplementary && i.key != FED);
        let request = pb::SubmitEvaluationRequest {
            request_id: "evaluation".into(),
            assessment: self.assessment.clone(),
            evaluations: rows
                .map(|i| pb::Evaluation {
                    indicator: i.key.clone(),
                    level: GIVEN,
                    note: "Sesuai bukti".into(),
                    ..Default::default()
                })
                .collect(),
        };
        self.evaluator.submit_evaluation(request).await.unwrap();
    }

    /// The level that live data suggests.
    async fn suggested(&self) -> Option<i32> {
        let request = pb::ListSuggestionsRequest {
            assessment: self.assessment.clone(),
        };
        let listed = self.assessments.clone().list_suggestions(request).await.unwrap();
        let listed = listed.into_inner().suggestions;
        listed.into_iter().find(|s| s.indicator == FED).unwrap().level
    }

    async fn summary(&self) -> pb::IndexSummary {
        let request = pb::GetIndexRequest {
            name: self.assessment.clone(),
        };
        let answer = self.index.clone().get_index(request).await.unwrap();
        answer.into_inner().index.unwrap()
    }

    /// The score of the unit in each cohort's league table; none while ranking has none.
    async fn standing(&self) -> BTreeMap<String, String> {
        self.standing_in("ipp-mandiri", &self.year).await
    }

    async fn standing_in(&self, metric: &str, period: &str) -> BTreeMap<String, String> {
        let request = ranking::GetStandingRequest {
            subject: self.unit.clone(),
            metric: metric.into(),
            period: period.into(),
            ..Default::default()
        };
        match self.client.ranking.clone().get_standing(request).await {
            Ok(answer) => {
                let standings = answer.into_inner().standings.into_iter();
                standings
                    .map(|s| (s.table.unwrap().cohort, s.row.unwrap().score))
                    .collect()
            }
            Err(status) if status.code() == Code::NotFound => BTreeMap::new(),
            Err(status) => panic!("{status:?}"),
        }
    }

    /// Waits until the indicator's level, the index and the rank are those of `level`.
    async fn moves_to(&self, level: i32, index: &Rational) {
        let (exact, shown) = (fraction(index), decimal(index, 2));
        let settled = eventually(DEADLINE, || async {
            let (summary, standing) = (self.summary().await, self.standing().await);
            let there = self.suggested().await == Some(level)
                && (&summary.index_exact, &summary.index) == (&exact, &shown)
                && !standing.is_empty()
                && standing.values().all(|score| *score == shown);
            there.then_some(())
        });
        if settled.await.is_none() {
            let (suggested, standing) = (self.suggested().await, self.standing().await);
            let now = self.summary().await;
            panic!("not level {level} and {exact} = {shown}: {suggested:?}, {standing:?}, {now:?}");
        }
    }

    async fn publish(&mut self, id: &str, survey: &str, kinds: &[&str]) {
        let media = kinds.iter().map(|kind| survey::Medium {
            kind: (*kind).to_owned(),
            ..Default::default()
        });
        let request = survey::PublishResultRequest {
            request_id: id.into(),
            survey: survey.to_owned(),
            publish_date: String::new(),
            media: media.collect(),
        };
        self.client.survey.publish_result(request).await.unwrap();
    }
}

/// Opens a cycle in which suggestions count and enrolls `unit`; returns the year and the name of the assessment.
async fn enrolled(assessments: &mut AssessmentServiceClient<Authorised>, unit: &str) -> (String, String) {
    let now = Clock::system().now();
    // The date is tomorrow in Jakarta, so that what is published today counts even when midnight passes meanwhile.
    let date = (now + TimeDelta::hours(7) + TimeDelta::days(1)).date_naive();
    let year = date.format("%Y").to_string();
    let window = Some(pb::Window {
        open_time: Some(to_proto(now - TimeDelta::hours(1))),
        close_time: Some(to_proto(now + TimeDelta::hours(2))),
    });
    let cycle = pb::Cycle {
        display_name: "PEKPPP mandiri".into(),
        scheme: pb::Scheme::Mandiri as i32,
        year: year.clone(),
        agency: "agencies/3271".into(),
        instrument: INSTRUMENT.into(),
        under_minimum_policy: "score_zero".into(),
        evaluation_date: date.to_string(),
        suggestions_count: true,
        self_assessment_window: window,
        evaluation_window: window,
        ..Default::default()
    };
    let request = pb::OpenCycleRequest {
        request_id: "cycle".into(),
        cycle_id: "mandiri".into(),
        cycle: Some(cycle),
    };
    let cycle = assessments.open_cycle(request).await.unwrap().into_inner();
    let request = pb::EnrollUnitRequest {
        request_id: "enroll".into(),
        cycle: cycle.cycle.unwrap().name,
        unit: unit.to_owned(),
        form: "online".into(),
    };
    let answer = assessments.enroll_unit(request).await.unwrap().into_inner();
    (year, answer.assessment.unwrap().name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_survey_result_changes_level_index_and_rank_whenever_index_is_killed() {
    let mut scene = Scene::start().await;
    scene.evaluate().await;
    // No one gave the level, and no survey result was published, so there is no index and no rank.
    let summary = scene.summary().await;
    assert_eq!(
        (summary.index.as_str(), summary.missing),
        ("", vec![FED.to_owned()])
    );
    assert_eq!(
        (scene.suggested().await, scene.standing().await),
        (None, BTreeMap::new())
    );

    let weight = scene.weight();
    assert!(weight > whole(0));
    let f02_weight = parse_fraction(&scene.instrument.f02_weight).unwrap();
    // All other levels are equal, and F-03 has no respondents and counts 0.
    let at = |level: i32| &f02_weight * whole(GIVEN.into()) + &weight * whole((level - GIVEN).into());
    // Each step is visible in the two decimals of a league table.
    let shown: BTreeSet<String> = [0, 2, 3, 4].map(|level| decimal(&at(level), 2)).into();
    assert_eq!(shown.len(), 4, "{shown:?}");

    let unit = scene.unit.clone();
    let survey = scene.client.create_survey(&unit, "skm").await;
    for n in 0..30 {
        let response = sample::response(n);
        scene
            .client
            .submit(&survey, &format!("r-{n}"), response)
            .await
            .unwrap();
    }
    scene.client.close(&survey).await;
    scene.moves_to(0, &at(0)).await;

    scene
        .publish("two", &survey, &["papan-pengumuman", "videotron"])
        .await;
    scene.moves_to(2, &at(2)).await;

    // What is published while the index service is down is not lost.
    scene.process.kill();
    scene.publish("third", &survey, &["media-cetak"]).await;
    scene.process.restart().await;
    scene.process.wait_ready().await;
    scene.moves_to(3, &at(3)).await;

    scene.process.restart().await;
    scene.process.wait_ready().await;
    scene.publish("fourth", &survey, &["media-elektronik"]).await;
    scene.moves_to(4, &at(4)).await;

    let request = pb::VerifyIndexRequest {
        name: scene.assessment.clone(),
    };
    let verified = scene.index.verify_index(request).await.unwrap().into_inner();
    assert_eq!((verified.same, verified.published), (true, fraction(&at(4))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmed_score_is_ranked_whenever_index_is_killed_and_no_other_is() {
    let mut scene = Scene::start().await;
    let operator = scene.cluster.token_of("pencatat", &[Role::Operator], &["3271"]);
    let mut operator = IndexServiceClient::new(authorised(&scene.process.url(), &operator));
    let years: Vec<String> = (2018..2024).map(|year| year.to_string()).collect();
    let mut recorded = Vec::new();
    for year in &years {
        let score = pb::ExternalScore {
            metric: "ombudsman".into(),
            subject: scene.unit.clone(),
            period: year.clone(),
            score: "81.25".into(),
            source: "Siaran pers".into(),
            document_link: "https://example.go.id/opini.pdf".into(),
            ..Default::default()
        };
        let request = pb::RecordExternalScoreRequest {
            request_id: year.clone(),
            score: Some(score),
        };
        let answer = operator.record_external_score(request).await.unwrap();
        recorded.push(answer.into_inner().score.unwrap());
    }
    // The first score is never confirmed. The confirmation of the others is repeated until it is acknowledged, and the
    // service is killed at a varying time after each first try.
    for (after, score) in (0..).zip(recorded.iter().skip(1)) {
        let request = pb::ConfirmExternalScoreRequest {
            request_id: score.period.clone(),
            metric: score.metric.clone(),
            subject: score.subject.clone(),
            period: score.period.clone(),
            etag: score.etag.clone(),
        };
        let mut index = scene.index.clone();
        let first = request.clone();
        #[expect(clippy::disallowed_methods, reason = "awaited below")]
        let asked = tokio::spawn(async move { index.confirm_external_score(first).await });
        tokio::time::sleep(Duration::from_millis(4 * after)).await;
        scene.process.kill();
        let asked = asked.await.unwrap().map(|answer| answer.into_inner().score);
        scene.process.restart().await;
        scene.process.wait_ready().await;
        let again = scene.index.confirm_external_score(request).await;
        let again = again.unwrap().into_inner().score;
        assert!(again.as_ref().unwrap().confirm_time.is_some());
        if let Ok(asked) = asked {
            assert_eq!(asked, again, "a repeat gets the first answer");
        }
    }
    for year in &years[1..] {
        let placed = eventually(DEADLINE, || async {
            let standing = scene.standing_in("ombudsman", year).await;
            let there = !standing.is_empty() && standing.values().all(|score| score == "81.25");
            there.then_some(())
        });
        placed.await.unwrap_or_else(|| panic!("{year} is in its table"));
    }
    // It was recorded before all the others.
    assert_eq!(scene.standing_in("ombudsman", &years[0]).await, BTreeMap::new());
}
