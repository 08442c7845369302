//! Identities: a few lines for each method.

use prima_platform::{
    caller::Caller,
    clock::to_proto,
    failure::Failure,
    grpc::{Answer, answer, open, status},
};
use prima_proto::{
    complaint::v1::{
        self,
        privacy_service_server::{PrivacyService, PrivacyServiceServer},
    },
    name,
};
use tonic::Request;

use super::convert_privacy;
use crate::{
    app::{App, erase, find_complaints, key_usage, read_identity, require_coordinator, require_national},
    store::reading::{Line, readings},
};

/// The service as tonic runs it.
pub fn server(app: App) -> PrivacyServiceServer<impl PrivacyService> {
    let limit = app.context.config.grpc.max_message_bytes;
    PrivacyServiceServer::new(Server { app }).max_decoding_message_size(limit)
}

struct Server {
    app: App,
}

#[tonic::async_trait]
impl PrivacyService for Server {
    async fn read_identity(
        &self,
        request: Request<v1::ReadIdentityRequest>,
    ) -> Answer<v1::ReadIdentityResponse> {
        let (caller, message) = open(request)?;
        let request = convert_privacy::read_identity(&message).map_err(status)?;
        let reporter = read_identity::run(&self.app, &caller, request).await;
        answer(reporter.map(|reporter| v1::ReadIdentityResponse {
            reporter: Some(reporter),
        }))
    }

    async fn find_complaints(
        &self,
        request: Request<v1::FindComplaintsRequest>,
    ) -> Answer<v1::FindComplaintsResponse> {
        let (caller, message) = open(request)?;
        let request = convert_privacy::find_complaints(&message).map_err(status)?;
        let found = find_complaints::run(&self.app, &caller, request).await;
        answer(found.map(|complaints| v1::FindComplaintsResponse { complaints }))
    }

    async fn list_identity_readings(
        &self,
        request: Request<v1::ListIdentityReadingsRequest>,
    ) -> Answer<v1::ListIdentityReadingsResponse> {
        let (caller, message) = open(request)?;
        let request = convert_privacy::list_readings(&message).map_err(status)?;
        answer(list_readings(&self.app, &caller, request).await)
    }

    async fn erase_complaint(
        &self,
        request: Request<v1::EraseComplaintRequest>,
    ) -> Answer<v1::EraseComplaintResponse> {
        let (caller, message) = open(request)?;
        let request = convert_privacy::erase(&self.app.vault, &message).map_err(status)?;
        answer(erase::run(&self.app, &caller, request).await)
    }

    async fn get_key_usage(
        &self,
        request: Request<v1::GetKeyUsageRequest>,
    ) -> Answer<v1::GetKeyUsageResponse> {
        let (caller, _) = open(request)?;
        let keys = key_usage::run(&self.app, &caller).await;
        answer(keys.map(|keys| v1::GetKeyUsageResponse { keys }))
    }
}

async fn list_readings(
    app: &App,
    caller: &Caller,
    request: convert_privacy::Readings,
) -> Result<v1::ListIdentityReadingsResponse, Failure> {
    let convert_privacy::Readings {
        agency,
        name,
        page,
        before,
    } = request;
    let national = require_national(caller);
    let own_only = national.is_err();
    if agency.is_empty() {
        national?;
    } else {
        require_coordinator(caller, &agency)?;
    }
    let reader = app.context.db.reader();
    let mut lines = readings(reader, &agency, &name, own_only, before, page.limit()).await?;
    let next_page_token = page.cut(&mut lines, |line| line.id.to_string());
    let shown = |line: &Line| {
        let reading = &line.reading;
        Ok(v1::IdentityReading {
            name: reading.name.clone(),
            agency: name::Agency {
                agency: reading.agency.clone(),
            }
            .to_string(),
            actor: reading.actor.clone(),
            role: reading.role.clone(),
            purpose: convert_privacy::purpose_shown(reading.purpose).into(),
            reason: line.reason(&app.vault)?,
            time: Some(to_proto(reading.at)),
            method: reading.method.clone(),
        })
    };
    Ok(v1::ListIdentityReadingsResponse {
        readings: lines.iter().map(shown).collect::<Result<_, Failure>>()?,
        next_page_token,
    })
}
