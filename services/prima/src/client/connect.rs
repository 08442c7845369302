//! Endpoints of the services, the caller's token, and the channels.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prima_proto::{
    audit::v1::audit_service_client::AuditServiceClient,
    complaint::v1::{
        complaint_service_client::ComplaintServiceClient,
        consultation_service_client::ConsultationServiceClient, privacy_service_client::PrivacyServiceClient,
        settings_service_client::SettingsServiceClient,
    },
    directory::v1::directory_service_client::DirectoryServiceClient,
    index::v1::{
        assessment_service_client::AssessmentServiceClient, index_service_client::IndexServiceClient,
    },
    innovation::v1::innovation_service_client::InnovationServiceClient,
    ranking::v1::ranking_service_client::RankingServiceClient,
    survey::v1::{access_service_client::AccessServiceClient, survey_service_client::SurveyServiceClient},
};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::{Interceptor, interceptor::InterceptedService};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Request, Status};

use crate::cli::{ConnectionArgs, Service};

const DEFAULT_ENDPOINT: &str = "http://127.0.0.1:50051";
const DEFAULT_TOKEN_FILE: &str = "./var/token";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// A channel that sends the caller's token.
pub type Authorized = InterceptedService<Channel, Bearer>;
pub type Directory = DirectoryServiceClient<Authorized>;
pub type Survey = SurveyServiceClient<Authorized>;
pub type Access = AccessServiceClient<Authorized>;
pub type Assessment = AssessmentServiceClient<Authorized>;
pub type Innovation = InnovationServiceClient<Authorized>;
pub type Complaint = ComplaintServiceClient<Authorized>;
pub type Consultation = ConsultationServiceClient<Authorized>;
pub type Privacy = PrivacyServiceClient<Authorized>;
pub type Settings = SettingsServiceClient<Authorized>;
pub type Index = IndexServiceClient<Authorized>;
pub type Ranking = RankingServiceClient<Authorized>;

/// Adds `authorization: Bearer …` to every call, and nothing when there is no token.
#[derive(Clone, Default)]
pub struct Bearer(Option<MetadataValue<Ascii>>);

impl Bearer {
    fn new(token: &str) -> anyhow::Result<Self> {
        let mut value: MetadataValue<Ascii> = format!("Bearer {}", token.trim())
            .parse()
            .map_err(|_| anyhow!("token berisi karakter yang tidak sah"))?;
        value.set_sensitive(true);
        Ok(Self(Some(value)))
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(value) = &self.0 {
            request.metadata_mut().insert("authorization", value.clone());
        }
        Ok(request)
    }
}

/// The endpoints of the services, and the token of the caller.
#[derive(Clone)]
pub struct Connection {
    endpoints: BTreeMap<Service, String>,
    bearer: Bearer,
    ca: Option<Certificate>,
    identity: Option<Identity>,
}

impl Connection {
    /// All services at one address. Fails when the token contains what a header can't carry.
    pub fn new(endpoint: &str, token: &str) -> anyhow::Result<Self> {
        let bearer = if token.trim().is_empty() {
            Bearer::default()
        } else {
            Bearer::new(token)?
        };
        Ok(Self {
            endpoints: everywhere(endpoint),
            bearer,
            ca: None,
            identity: None,
        })
    }

    /// Takes the token from `--token-file`, else `PRIMA_TOKEN`, else `./var/token` when that file exists. Fails when an
    /// endpoint is malformed or a named file can't be read.
    pub fn from_args(args: &ConnectionArgs) -> anyhow::Result<Self> {
        let token = match &args.token_file {
            Some(path) => read(path, "berkas token")?,
            None => match std::env::var("PRIMA_TOKEN") {
                Ok(token) if !token.trim().is_empty() => token,
                _ if Path::new(DEFAULT_TOKEN_FILE).exists() => {
                    read(Path::new(DEFAULT_TOKEN_FILE), "berkas token")?
                }
                _ => String::new(),
            },
        };
        let mut connection = Self::new(DEFAULT_ENDPOINT, &token)?;
        connection.set_endpoints(&args.endpoint)?;
        if let Some(path) = &args.ca_file {
            connection.ca = Some(Certificate::from_pem(read(path, "sertifikat CA")?));
        }
        if let (Some(certificate), Some(key)) = (&args.cert_file, &args.key_file) {
            let certificate = read(certificate, "sertifikat klien")?;
            connection.identity = Some(Identity::from_pem(certificate, read(key, "kunci privat klien")?));
        }
        Ok(connection)
    }

    /// The subject that the caller's token names. The client reads it without the key that would prove it.
    pub fn subject(&self) -> Option<String> {
        let header = self.bearer.0.as_ref()?.to_str().ok()?;
        let claims = URL_SAFE_NO_PAD.decode(header.split('.').nth(1)?).ok()?;
        let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
        claims.get("sub")?.as_str().map(str::to_owned)
    }

    /// A plain URL is used for every service that no `service=URL` names.
    fn set_endpoints(&mut self, list: &[String]) -> anyhow::Result<()> {
        let mut named = Vec::new();
        for text in list {
            match text.split_once('=').map(|(name, url)| (name.trim(), url.trim())) {
                // A URL may contain `=` behind its `://`.
                Some((name, url)) if !name.contains("://") => {
                    let service = Service::ALL.into_iter().find(|service| service.name() == name);
                    let Some(service) = service else {
                        bail!(
                            "--endpoint: layanan `{name}` tidak dikenal; pilihannya: directory, survey, innovation, complaint, index, ranking"
                        )
                    };
                    named.push((service, checked(url)?));
                }
                _ => self.endpoints = everywhere(checked(text.trim())?),
            }
        }
        let named = named.into_iter().map(|(service, url)| (service, url.to_owned()));
        self.endpoints.extend(named);
        Ok(())
    }

    /// The address of a service.
    pub fn endpoint(&self, service: Service) -> &str {
        self.endpoints
            .get(&service)
            .map_or(DEFAULT_ENDPOINT, String::as_str)
    }

    /// Opens a channel to a service, without token. Fails when the address is malformed or nothing accepts the
    /// connection within five seconds.
    pub async fn channel(&self, service: Service) -> anyhow::Result<Channel> {
        let url = self.endpoint(service);
        let mut endpoint = Endpoint::from_shared(url.to_owned())
            .with_context(|| format!("alamat layanan `{url}` tidak sah"))?
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .keep_alive_while_idle(true)
            .tcp_keepalive(Some(KEEP_ALIVE))
            .user_agent(concat!("prima/", env!("CARGO_PKG_VERSION")))?;
        if url.starts_with("https://") {
            let Some(ca) = &self.ca else {
                bail!("alamat https memerlukan --ca-file (sertifikat CA, PEM)")
            };
            let mut tls = ClientTlsConfig::new().ca_certificate(ca.clone());
            if let Some(identity) = &self.identity {
                tls = tls.identity(identity.clone());
            }
            endpoint = endpoint
                .tls_config(tls)
                .context("sertifikat CA, atau sertifikat dan kunci klien, tidak sah")?;
        }
        let connecting = tokio::time::timeout(CONNECT_TIMEOUT, endpoint.connect()).await;
        connecting
            .map_err(|_| anyhow!("tidak ada jawaban dalam {} detik", CONNECT_TIMEOUT.as_secs()))
            .and_then(|connected| connected.map_err(anyhow::Error::from))
            .with_context(|| format!("tidak dapat terhubung ke layanan {} di {url}", service.name()))
    }

    pub async fn authorized(&self, service: Service) -> anyhow::Result<Authorized> {
        let channel = self.channel(service).await?;
        Ok(InterceptedService::new(channel, self.bearer.clone()))
    }
}

impl Connection {
    /// AuditService, as the process of a service offers it.
    pub async fn audit(&self, service: Service) -> anyhow::Result<AuditServiceClient<Authorized>> {
        Ok(AuditServiceClient::new(self.authorized(service).await?))
    }
}

/// Connects to each gRPC service at the address of the service that offers it.
macro_rules! clients {
    ($($method:ident: $client:ident of $service:ident,)*) => {
        impl Connection {
            $(pub async fn $method(&self) -> anyhow::Result<$client> {
                Ok($client::new(self.authorized(Service::$service).await?))
            })*
        }
    };
}

clients! {
    directory: Directory of Directory,
    survey: Survey of Survey,
    access: Access of Survey,
    innovation: Innovation of Innovation,
    complaint: Complaint of Complaint,
    consultation: Consultation of Complaint,
    privacy: Privacy of Complaint,
    settings: Settings of Complaint,
    index: Index of Index,
    assessment: Assessment of Index,
    ranking: Ranking of Ranking,
}

/// The same address for every service.
fn everywhere(url: &str) -> BTreeMap<Service, String> {
    Service::ALL.map(|service| (service, url.to_owned())).into()
}

fn checked(url: &str) -> anyhow::Result<&str> {
    if url.starts_with("http://") || url.starts_with("https://") {
        Ok(url)
    } else {
        bail!("--endpoint: `{url}` harus berbentuk http://host:porta atau https://host:porta")
    }
}

fn read(path: &Path, what: &str) -> anyhow::Result<String> {
    super::text::read(path).with_context(|| format!("{what} `{}` tidak dapat dibaca", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(list: &[&str]) -> anyhow::Result<[String; 6]> {
        let mut connection = Connection::new(DEFAULT_ENDPOINT, "")?;
        connection.set_endpoints(&list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())?;
        Ok(Service::ALL.map(|service| connection.endpoint(service).to_owned()))
    }

    #[test]
    fn a_named_endpoint_wins_over_the_common_one_in_any_order() {
        assert_eq!(endpoints(&[]).unwrap(), [DEFAULT_ENDPOINT; 6]);
        let expected = [
            "http://a:1",
            "http://b:2",
            "http://a:1",
            "http://a:1",
            "http://a:1",
            "http://a:1",
        ];
        assert_eq!(endpoints(&["http://a:1", "survey=http://b:2"]).unwrap(), expected);
        assert_eq!(endpoints(&["survey=http://b:2", "http://a:1"]).unwrap(), expected);
    }

    #[test]
    fn an_invalid_endpoint_is_refused() {
        for text in ["127.0.0.1:1", "kritik=http://a:1", "survey=a:1", ""] {
            assert!(endpoints(&[text]).is_err(), "{text}");
        }
    }

    #[test]
    fn a_token_with_a_line_end_is_sent_without_it_and_a_broken_one_is_refused() {
        assert!(Connection::new("http://a", "abc\n").unwrap().bearer.0.is_some());
        assert!(Connection::new("http://a", " \n").unwrap().bearer.0.is_none());
        assert!(Connection::new("http://a", "a\nb").is_err());
    }
}
