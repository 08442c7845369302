//! Identities: a few lines for each method.

use prima_platform::{
    caller::{self, Caller},
    failure::Failure,
    grpc::status,
};
use prima_proto::complaint::v1::{
    self,
    privacy_service_server::{PrivacyService, PrivacyServiceServer},
};
use tonic::{Request, Response, Status};

use crate::app::App;

/// The service as tonic runs it.
pub fn server(app: App) -> PrivacyServiceServer<impl PrivacyService> {
    let limit = app.context.config.grpc.max_message_bytes;
    PrivacyServiceServer::new(Server { app }).max_decoding_message_size(limit)
}

struct Server {
    app: App,
}

type Answer<T> = Result<Response<T>, Status>;

fn answer<T>(done: Result<T, Failure>) -> Answer<T> {
    done.map(Response::new).map_err(status)
}

/// The caller, with a token at least, and the message.
fn open<T>(request: Request<T>) -> Result<(Caller, T), Status> {
    let caller = caller::of(&request);
    caller.known().map_err(status)?;
    Ok((caller, request.into_inner()))
}

#[tonic::async_trait]
impl PrivacyService for Server {
    async fn read_identity(
        &self,
        _request: Request<v1::ReadIdentityRequest>,
    ) -> Answer<v1::ReadIdentityResponse> {
        Err(Status::unimplemented("ReadIdentity"))
    }

    async fn find_complaints(
        &self,
        _request: Request<v1::FindComplaintsRequest>,
    ) -> Answer<v1::FindComplaintsResponse> {
        Err(Status::unimplemented("FindComplaints"))
    }

    async fn list_identity_readings(
        &self,
        _request: Request<v1::ListIdentityReadingsRequest>,
    ) -> Answer<v1::ListIdentityReadingsResponse> {
        Err(Status::unimplemented("ListIdentityReadings"))
    }

    async fn erase_complaint(
        &self,
        _request: Request<v1::EraseComplaintRequest>,
    ) -> Answer<v1::EraseComplaintResponse> {
        Err(Status::unimplemented("EraseComplaint"))
    }

    async fn get_key_usage(
        &self,
        _request: Request<v1::GetKeyUsageRequest>,
    ) -> Answer<v1::GetKeyUsageResponse> {
        Err(Status::unimplemented("GetKeyUsage"))
    }
}
