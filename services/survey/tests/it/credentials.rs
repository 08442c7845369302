//! Helpers that submit responses without a role: with tokens, links and kiosks.

use prima_platform::grpc::Network;
use prima_proto::survey::v1 as pb;
use ring::signature::{Ed25519KeyPair, KeyPair};
use tonic::{Request, Status};

use crate::fixture::*;

/// The unit of the surveys in tests.
pub const UNIT: &str = "agencies/3271/units/dpmptsp";

/// Creates an SKM survey with these access modes and returns its name.
pub async fn survey_by(t: &mut World, id: &str, modes: &[pb::AccessMode]) -> String {
    let mut request = survey(id);
    request.survey.as_mut().unwrap().access_modes = modes.iter().map(|m| *m as i32).collect();
    let created = t.client.create_survey(operator(request)).await.unwrap();
    created.into_inner().survey.unwrap().name
}

/// Changes the access modes of a survey.
pub async fn allow(t: &mut World, survey: &str, modes: &[pb::AccessMode]) {
    let request = pb::UpdateSurveyRequest {
        survey: Some(pb::Survey {
            name: survey.into(),
            access_modes: modes.iter().map(|m| *m as i32).collect(),
            ..Default::default()
        }),
        update_mask: mask(&["access_modes"]),
    };
    t.client.update_survey(operator(request)).await.unwrap();
}

/// A request for tokens of a survey; its request id is derived from the survey and the size.
pub fn batch_of(survey: &str, size: i32) -> pb::IssueTokensRequest {
    pb::IssueTokensRequest {
        request_id: format!("batch-{}-{size}", survey.rsplit('/').next().unwrap()),
        survey: survey.into(),
        size,
        ..Default::default()
    }
}

/// Issues tokens.
pub async fn issue(t: &mut World, request: pb::IssueTokensRequest) -> pb::IssueTokensResponse {
    t.access
        .issue_tokens(operator(request))
        .await
        .unwrap()
        .into_inner()
}

/// The open link of a survey.
pub async fn link_of(t: &mut World, survey: &str) -> String {
    let request = pb::IssueLinkRequest {
        survey: survey.into(),
    };
    t.access
        .issue_link(operator(request))
        .await
        .unwrap()
        .into_inner()
        .link
}

/// A token as a credential.
pub fn token(text: &str) -> pb::Credential {
    pb::Credential {
        token: text.into(),
        ..Default::default()
    }
}

/// A link as a credential.
pub fn link(text: &str) -> pb::Credential {
    pb::Credential {
        link: text.into(),
        ..Default::default()
    }
}

/// A device with its key.
pub struct Kiosk {
    pub name: String,
    pub key: Ed25519KeyPair,
}

impl Kiosk {
    /// A device of a unit that is not registered yet; its key is derived from `seed`.
    pub fn new(unit: &str, id: &str, seed: u8) -> Self {
        Self {
            name: format!("{unit}/devices/{id}"),
            key: Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap(),
        }
    }

    /// The request that registers it.
    pub fn registration(&self) -> pb::RegisterDeviceRequest {
        let (parent, id) = self.name.split_once("/devices/").unwrap();
        pb::RegisterDeviceRequest {
            request_id: self.name.replace('/', ":"),
            parent: parent.into(),
            device_id: id.into(),
            device: Some(pb::Device {
                display_name: "Anjungan lobi".into(),
                public_key: self.key.public_key().as_ref().to_vec(),
                ..Default::default()
            }),
        }
    }

    /// Registers it.
    pub async fn register(&self, t: &mut World) {
        t.access
            .register_device(operator(self.registration()))
            .await
            .unwrap();
    }

    /// The proof that the device made a response. The lines are built independently of the service, as a kiosk would.
    pub fn proof(&self, survey: &str, counter: i64, id: &str, response: &pb::Response) -> pb::Credential {
        self.proof_in(survey, counter, id, "", response)
    }

    /// As [`Self::proof`], for a response of an import.
    pub fn proof_in(
        &self,
        survey: &str,
        counter: i64,
        id: &str,
        import: &str,
        response: &pb::Response,
    ) -> pb::Credential {
        let none = pb::RespondentProfile::default();
        let profile = response.profile.as_ref().unwrap_or(&none);
        let time = response.submit_time.unwrap_or_default();
        let number = |n: i64| if n == 0 { String::new() } else { n.to_string() };
        let mut fields: Vec<String> = [
            ("submit_time.seconds", &number(time.seconds)),
            ("submit_time.nanos", &number(time.nanos.into())),
            ("profile.sex", &profile.sex),
            ("profile.age", &number(profile.age.into())),
            ("profile.education", &profile.education),
            ("profile.occupation", &profile.occupation),
            ("profile.service", &profile.service),
            ("profile.age_group", &profile.age_group),
            ("profile.channel", &profile.channel),
            ("profile.hour_band", &profile.hour_band),
            ("suggestion", &response.suggestion),
            ("criticism", &response.criticism),
            ("device", &response.device),
        ]
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(path, text)| format!("{path}={}", text.replace('\\', "\\\\").replace('\n', "\\n")))
        .collect();
        fields.extend(
            response
                .answers
                .iter()
                .map(|(key, score)| format!("answers.{key}={score}")),
        );
        fields.sort();
        let head = [
            "prima-kiosk-2",
            survey,
            &self.name,
            &counter.to_string(),
            id,
            import,
        ];
        let lines: Vec<&str> = head
            .into_iter()
            .chain(fields.iter().map(String::as_str))
            .collect();
        self.signed(counter, &lines)
    }

    /// The proof as devices of the previous release make it.
    pub fn proof_of_previous_release(
        &self,
        survey: &str,
        counter: i64,
        id: &str,
        response: &pb::Response,
    ) -> pb::Credential {
        let mut answers: Vec<String> = response
            .answers
            .iter()
            .map(|(key, score)| format!("{key}={score}"))
            .collect();
        answers.sort();
        let head = ["prima-kiosk-1", survey, &self.name, &counter.to_string(), id];
        let lines: Vec<&str> = head
            .into_iter()
            .chain(answers.iter().map(String::as_str))
            .collect();
        self.signed(counter, &lines)
    }

    /// The proof with a signature over these lines.
    pub fn signed(&self, counter: i64, lines: &[&str]) -> pb::Credential {
        let signature = self.key.sign(lines.join("\n").as_bytes());
        pb::Credential {
            kiosk: Some(pb::KioskProof {
                device: self.name.clone(),
                counter,
                signature: signature.as_ref().to_vec(),
            }),
            ..Default::default()
        }
    }
}

/// A request that submits one response.
pub fn sent(
    survey: &str,
    id: &str,
    response: pb::Response,
    credential: Option<pb::Credential>,
) -> pb::SubmitResponseRequest {
    pb::SubmitResponseRequest {
        request_id: id.into(),
        survey: survey.into(),
        response: Some(response),
        credential,
    }
}

/// A request that comes from the network with this number.
pub fn from_network<T>(number: usize, message: T) -> Request<T> {
    let [.., high, low] = number.to_be_bytes();
    let mut request = Request::new(message);
    let address = std::net::Ipv4Addr::new(10, high, low, 1);
    request.extensions_mut().insert(Network::of(address.into()));
    request
}

/// Submits one response as a citizen without a role.
pub async fn citizen(
    t: &mut World,
    survey: &str,
    id: &str,
    credential: pb::Credential,
) -> Result<pb::SubmitResponseResponse, Status> {
    let request = sent(survey, id, all(4), Some(credential));
    let answer = t.client.submit_response(Request::new(request)).await;
    answer.map(tonic::Response::into_inner)
}

/// One message of a stream.
pub fn message(
    survey: &str,
    id: &str,
    response: pb::Response,
    credential: Option<pb::Credential>,
) -> pb::SubmitResponsesRequest {
    pb::SubmitResponsesRequest {
        survey: survey.into(),
        response_id: id.into(),
        response: Some(response),
        credential,
        import_id: String::new(),
    }
}

/// Submits a stream without a token.
pub async fn offline(
    t: &mut World,
    messages: Vec<pb::SubmitResponsesRequest>,
) -> Result<pb::SubmitResponsesResponse, Status> {
    let stream = Request::new(futures::stream::iter(messages));
    let answer = t.client.submit_responses(stream).await;
    answer.map(tonic::Response::into_inner)
}

/// The numbers of accepted, repeated and rejected responses of a stream, and the reason of each rejection by id.
pub fn sums(answer: &pb::SubmitResponsesResponse) -> ([i64; 3], Vec<(&str, &str)>) {
    let rejections = answer.rejections.iter();
    (
        [answer.accepted, answer.repeated_count, answer.rejected],
        rejections
            .map(|r| (r.response_id.as_str(), r.reason.as_str()))
            .collect(),
    )
}
