//! A client of the directory, survey and ranking services.

use prima_proto::{
    directory::v1::{self as directory, directory_service_client::DirectoryServiceClient},
    ranking::v1::{self as ranking, ranking_service_client::RankingServiceClient},
    survey::v1::{self as survey, survey_service_client::SurveyServiceClient},
};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};

/// Adds a token to every call.
#[derive(Clone)]
pub struct Bearer(Option<MetadataValue<Ascii>>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(value) = &self.0 {
            request.metadata_mut().insert("authorization", value.clone());
        }
        Ok(request)
    }
}

/// A channel that sends a token.
pub type Authorised = InterceptedService<Channel, Bearer>;

/// A channel to `url`. It connects at the first call, and again after the connection was lost.
pub fn channel(url: &str) -> Channel {
    Endpoint::from_shared(url.to_owned()).expect("url").connect_lazy()
}

/// A channel that sends `token`, or none when it is empty.
pub fn authorised(url: &str, token: &str) -> Authorised {
    let value = (!token.is_empty()).then(|| format!("Bearer {token}").parse().expect("token"));
    InterceptedService::new(channel(url), Bearer(value))
}

/// Clients of directory, survey and ranking.
#[derive(Clone)]
pub struct Client {
    /// Client of the directory.
    pub directory: DirectoryServiceClient<Authorised>,
    /// Client of survey intake.
    pub survey: SurveyServiceClient<Authorised>,
    /// Client of the league tables.
    pub ranking: RankingServiceClient<Authorised>,
}

impl Client {
    /// Clients that call with `token`.
    pub fn new(directory: &str, survey: &str, ranking: &str, token: &str) -> Self {
        Self {
            directory: DirectoryServiceClient::new(authorised(directory, token)),
            survey: SurveyServiceClient::new(authorised(survey, token)),
            ranking: RankingServiceClient::new(authorised(ranking, token)),
        }
    }

    /// Registers a province, a city in it and a unit of type dpmptsp; returns the unit's name.
    pub async fn unit(&mut self, province: &str, city: &str) -> String {
        self.agency(province, directory::AgencyKind::Provinsi, "").await;
        let parent = format!("agencies/{province}");
        self.agency(city, directory::AgencyKind::Kota, &parent).await;
        self.unit_of(city).await
    }

    /// Registers an agency; `parent` is the province of a city or regency.
    pub async fn agency(&mut self, id: &str, kind: directory::AgencyKind, parent: &str) {
        let agency = directory::Agency {
            display_name: format!("Instansi {id}"),
            kind: kind as i32,
            parent: parent.to_owned(),
            ..directory::Agency::default()
        };
        let request = directory::CreateAgencyRequest {
            request_id: format!("agency-{id}"),
            agency_id: id.to_owned(),
            agency: Some(agency),
        };
        self.directory.create_agency(request).await.expect("agency");
    }

    /// Registers a unit of type dpmptsp of an agency; returns its name.
    pub async fn unit_of(&mut self, agency: &str) -> String {
        let unit = directory::Unit {
            display_name: format!("DPMPTSP {agency}"),
            unit_type: "dpmptsp".into(),
            ..directory::Unit::default()
        };
        let request = directory::CreateUnitRequest {
            request_id: format!("unit-{agency}"),
            parent: format!("agencies/{agency}"),
            unit_id: "dpmptsp".into(),
            unit: Some(unit),
        };
        self.directory
            .create_unit(request)
            .await
            .expect("unit")
            .into_inner()
            .unit
            .expect("unit")
            .name
    }

    /// Creates an open survey of the period 2024-q3; returns its name.
    pub async fn create_survey(&mut self, unit: &str, id: &str) -> String {
        let request = survey::CreateSurveyRequest {
            request_id: format!("{unit}-{id}").replace('/', "."),
            parent: unit.to_owned(),
            survey_id: id.to_owned(),
            survey: Some(survey::Survey {
                period: "2024-q3".into(),
                ..survey::Survey::default()
            }),
        };
        self.survey
            .create_survey(request)
            .await
            .expect("survey")
            .into_inner()
            .survey
            .expect("survey")
            .name
    }

    /// Submits one response.
    pub async fn submit(&mut self, survey: &str, id: &str, response: survey::Response) -> Result<(), Status> {
        let request = survey::SubmitResponseRequest {
            request_id: id.to_owned(),
            survey: survey.to_owned(),
            response: Some(response),
            credential: None,
        };
        self.survey.submit_response(request).await.map(|_| ())
    }

    /// Closes a survey, which discloses every figure.
    pub async fn close(&mut self, survey: &str) {
        let request = survey::CloseSurveyRequest {
            name: survey.to_owned(),
            ..survey::CloseSurveyRequest::default()
        };
        self.survey.close_survey(request).await.expect("closed");
    }

    /// The result of a survey.
    pub async fn result(&mut self, survey: &str) -> survey::Result {
        let request = survey::GetResultRequest {
            survey: survey.to_owned(),
        };
        self.survey
            .get_result(request)
            .await
            .expect("result")
            .into_inner()
            .result
            .expect("result")
    }

    /// Every row of a table without its version, because two replicas may have received different versions of equal
    /// states.
    pub async fn table(&mut self, cohort: &str) -> Result<Vec<ranking::LeagueRow>, Status> {
        let name = format!("metrics/skm/periods/2024-q3/cohorts/{cohort}");
        let mut rows = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ranking::GetLeagueTableRequest {
                name: name.clone(),
                page_size: 1000,
                page_token,
                ..Default::default()
            };
            let answer = self.ranking.get_league_table(request).await?.into_inner();
            rows.extend(answer.rows);
            page_token = answer.next_page_token;
            if page_token.is_empty() {
                return Ok(rows);
            }
        }
    }

    /// How current the league tables are.
    pub async fn freshness(&mut self) -> ranking::Freshness {
        let answer = self
            .ranking
            .list_league_tables(ranking::ListLeagueTablesRequest::default())
            .await;
        answer.expect("tables").into_inner().freshness.expect("freshness")
    }
}
