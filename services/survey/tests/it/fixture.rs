//! A running survey service with a database of its own.

use std::{collections::BTreeSet, ops::Deref, sync::Arc, time::Duration};

pub use prima_platform::testing::served::{Staged, by, faults, key, mask, refused};
use prima_platform::{
    caller::{Caller, Role},
    config::{self, Config},
    db::sql,
    testing::{
        eventually,
        served::{Options, Place, Served},
    },
    vault::Keyring,
};
use prima_proto::survey::v1::{
    self as pb, access_service_client::AccessServiceClient, survey_service_client::SurveyServiceClient,
};
use prima_survey::{
    SPEC,
    store::{comment::Model as Comment, survey::survey_get},
};
use prost::Message;
use sea_orm::{ConnectionTrait, FromQueryResult};
use tonic::{Request, service::Routes};

pub const DEADLINE: Duration = Duration::from_secs(30);

/// A running survey service.
pub struct World {
    pub client: SurveyServiceClient<Routes>,
    pub access: AccessServiceClient<Routes>,
    /// Its section of the configuration.
    pub config: config::Survey,
    served: Served,
}

impl Deref for World {
    type Target = Served;
    fn deref(&self) -> &Served {
        &self.served
    }
}

/// A configuration by which every response is in the figures at once, for tests of arithmetic.
pub fn at_once() -> config::Survey {
    config::Survey {
        disclosure_step: 1,
        disclosure_step_link: 1,
        minimum_respondents: 1,
        ..config::Survey::default()
    }
}

/// Runs a test on SQLite, and on PostgreSQL when a server is configured. Every response is in the figures at once.
pub async fn on_each_database(test: impl AsyncFn(World)) {
    configured(at_once(), test).await;
}

/// As [`on_each_database`]; figures move in the steps of the default configuration.
pub async fn in_steps(test: impl AsyncFn(World)) {
    configured(config::Survey::default(), test).await;
}

/// Runs a test on every configured database, with this section of the configuration.
pub async fn configured(survey: config::Survey, test: impl AsyncFn(World)) {
    for place in Place::each() {
        test(World::at(place, survey.clone()).await).await;
    }
}

impl World {
    /// Starts the service in this place, with this section of the configuration.
    pub async fn at(place: Arc<Place>, mut survey: config::Survey) -> Self {
        if survey.keys.is_empty() {
            survey.keys = vec![key("k1")];
        }
        Self::start(place, survey, Options::default()).await
    }

    async fn start(place: Arc<Place>, survey: config::Survey, options: Options) -> Self {
        let config = Config {
            survey: survey.clone(),
            ..Config::default()
        };
        let served = Served::start(SPEC, place, Options { config, ..options }).await;
        Self {
            client: SurveyServiceClient::new(served.routes.clone()),
            access: AccessServiceClient::new(served.routes.clone()),
            config: survey,
            served,
        }
    }

    /// Another replica on the same database, bus and clock, with this section of the configuration.
    pub async fn replica(&self, survey: config::Survey) -> Self {
        let options = Options {
            bus: self.bus.clone(),
            clock: self.clock.clone(),
            ..Options::default()
        };
        Self::start(self.place.clone(), survey, options).await
    }

    /// Ids of the responses in the figures of a survey, by what is stored.
    pub async fn released(&self, survey: &str) -> BTreeSet<String> {
        let reader = self.db.reader();
        let stored = survey_get(reader, survey).await.unwrap().unwrap();
        let text =
            "SELECT response_id FROM response WHERE survey_id = $1 AND voided IS NULL AND quarantine IS NULL";
        let rows = reader.query_all_raw(sql(reader, text, [stored.id.into()])).await;
        let rows = rows.unwrap();
        let mut ids: BTreeSet<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        ids.retain(|id| !stored.pending.added().contains(&id.as_str()));
        ids.extend(stored.pending.voided().into_iter().map(str::to_owned));
        ids
    }

    /// The stored texts of the responses that `condition` on `c` selects, with the id of each, the suggestion first.
    pub async fn comment_texts(&self, condition: &str) -> Vec<(String, String)> {
        let vault = Keyring::parse(&self.config.keys).unwrap();
        let reader = self.db.reader();
        let text = format!("SELECT c.* FROM comment c WHERE {condition} ORDER BY c.response_id, c.kind");
        let rows = Comment::find_by_statement(sql(reader, &text, []));
        let rows = rows.all(reader).await.unwrap();
        let text = |row: Comment| (row.response_id.clone(), row.text(&vault).unwrap());
        rows.into_iter().map(text).collect()
    }

    /// Creates an SKM survey of Kota Bogor's DPMPTSP for the year 2024.
    pub async fn survey(&mut self, id: &str) -> pb::Survey {
        let created = self.client.create_survey(operator(survey(id))).await.unwrap();
        created.into_inner().survey.unwrap()
    }

    /// The events of a subject in the outbox, once every stored response is counted.
    pub async fn staged<T: Message + Default>(&self, subject: &str) -> Option<Staged<T>> {
        let counted = eventually(DEADLINE, async || {
            (self.served.count("survey_delta").await == 0).then_some(())
        });
        assert!(counted.await.is_some(), "not every answer is counted");
        self.served.staged(subject).await
    }

    /// Submits one response, which is counted alone; its id is its request id.
    pub async fn respond(&mut self, survey: &str, id: &str, answers: &[(&str, i32)]) {
        let request = pb::SubmitResponseRequest {
            request_id: id.into(),
            survey: survey.into(),
            response: Some(response(answers)),
            ..Default::default()
        };
        self.client.submit_response(operator(request)).await.unwrap();
        self.result(survey).await;
    }

    /// Closes a survey.
    pub async fn close(&mut self, survey: &str) {
        let request = pb::CloseSurveyRequest {
            name: survey.into(),
            ..Default::default()
        };
        self.client.close_survey(operator(request)).await.unwrap();
    }

    /// The result of a survey.
    pub async fn result(&mut self, survey: &str) -> pb::Result {
        let request = pb::GetResultRequest {
            survey: survey.into(),
        };
        let answer = self.client.get_result(operator(request)).await.unwrap();
        answer.into_inner().result.unwrap()
    }
}

/// Elements of SKM, in the order of the annex.
pub const SKM: [&str; 9] = [
    "requirements",
    "procedure",
    "time",
    "cost",
    "product",
    "competence",
    "conduct",
    "complaint_handling",
    "facilities",
];

/// A request for a new survey of Kota Bogor's DPMPTSP for the year 2024; its request id is derived from the survey's id.
pub fn survey(id: &str) -> pb::CreateSurveyRequest {
    pb::CreateSurveyRequest {
        request_id: format!("survey-{id}"),
        parent: "agencies/3271/units/dpmptsp".into(),
        survey_id: id.into(),
        survey: Some(pb::Survey {
            period: "2024".into(),
            ..Default::default()
        }),
    }
}

/// A response with these answers and nothing else.
pub fn response(answers: &[(&str, i32)]) -> pb::Response {
    pb::Response {
        answers: answers
            .iter()
            .map(|(key, score)| ((*key).to_owned(), *score))
            .collect(),
        ..Default::default()
    }
}

/// A response that gives every element of SKM the same score.
pub fn all(score: i32) -> pb::Response {
    response(&SKM.map(|key| (key, score)))
}

/// A request by the national admin.
pub fn admin<T>(message: T) -> Request<T> {
    by(
        Caller::new("admin".into(), vec![Role::Admin], vec!["*".into()]),
        message,
    )
}

/// A request by an operator of Kota Bogor.
pub fn operator<T>(message: T) -> Request<T> {
    by(
        Caller::new("operator".into(), vec![Role::Operator], vec!["3271".into()]),
        message,
    )
}
