//! Settings: a few lines for each method.

use prima_platform::{
    caller::{self, Caller},
    failure::Failure,
    grpc::status,
};
use prima_proto::{
    complaint::v1::{
        self,
        settings_service_server::{SettingsService, SettingsServiceServer},
    },
    period::jakarta_day,
};
use tokio::sync::watch;
use tonic::{Request, Response, Status};

use super::desk;
use crate::{
    app::{App, record_accountability, update_desk},
    store::desk::desk_get,
};

/// The service as tonic runs it. It keeps `ready` alive for as long as it is served.
pub fn server(app: App, ready: watch::Sender<bool>) -> SettingsServiceServer<impl SettingsService> {
    let limit = app.context.config.grpc.max_message_bytes;
    SettingsServiceServer::new(Server { app, _ready: ready }).max_decoding_message_size(limit)
}

struct Server {
    app: App,
    _ready: watch::Sender<bool>,
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
impl SettingsService for Server {
    async fn import_holidays(
        &self,
        _request: Request<v1::ImportHolidaysRequest>,
    ) -> Answer<v1::ImportHolidaysResponse> {
        Err(Status::unimplemented("ImportHolidays"))
    }

    async fn list_holidays(
        &self,
        _request: Request<v1::ListHolidaysRequest>,
    ) -> Answer<v1::ListHolidaysResponse> {
        Err(Status::unimplemented("ListHolidays"))
    }

    async fn calculate_due_time(
        &self,
        _request: Request<v1::CalculateDueTimeRequest>,
    ) -> Answer<v1::CalculateDueTimeResponse> {
        Err(Status::unimplemented("CalculateDueTime"))
    }

    async fn get_agency_hours(
        &self,
        _request: Request<v1::GetAgencyHoursRequest>,
    ) -> Answer<v1::GetAgencyHoursResponse> {
        Err(Status::unimplemented("GetAgencyHours"))
    }

    async fn update_agency_hours(
        &self,
        _request: Request<v1::UpdateAgencyHoursRequest>,
    ) -> Answer<v1::UpdateAgencyHoursResponse> {
        Err(Status::unimplemented("UpdateAgencyHours"))
    }

    async fn set_deadline(
        &self,
        _request: Request<v1::SetDeadlineRequest>,
    ) -> Answer<v1::SetDeadlineResponse> {
        Err(Status::unimplemented("SetDeadline"))
    }

    async fn list_deadlines(
        &self,
        _request: Request<v1::ListDeadlinesRequest>,
    ) -> Answer<v1::ListDeadlinesResponse> {
        Err(Status::unimplemented("ListDeadlines"))
    }

    async fn add_workflow(
        &self,
        _request: Request<v1::AddWorkflowRequest>,
    ) -> Answer<v1::AddWorkflowResponse> {
        Err(Status::unimplemented("AddWorkflow"))
    }

    async fn list_workflows(
        &self,
        _request: Request<v1::ListWorkflowsRequest>,
    ) -> Answer<v1::ListWorkflowsResponse> {
        Err(Status::unimplemented("ListWorkflows"))
    }

    async fn list_categories(
        &self,
        _request: Request<v1::ListCategoriesRequest>,
    ) -> Answer<v1::ListCategoriesResponse> {
        Err(Status::unimplemented("ListCategories"))
    }

    async fn get_desk(&self, request: Request<v1::GetDeskRequest>) -> Answer<v1::GetDeskResponse> {
        let (_, message) = open(request)?;
        let unit = desk::get(&message).map_err(status)?;
        let stored = desk_get(self.app.context.db.reader(), &unit).await;
        let stored = stored.map_err(|error| status(error.into()))?;
        let desk = Some(desk::render(&unit, &stored));
        Ok(Response::new(v1::GetDeskResponse { desk }))
    }

    async fn update_desk(&self, request: Request<v1::UpdateDeskRequest>) -> Answer<v1::UpdateDeskResponse> {
        let (caller, message) = open(request)?;
        let request = desk::update(&self.app.vault, message).map_err(status)?;
        answer(update_desk::run(&self.app, &caller, request).await)
    }

    async fn record_accountability(
        &self,
        request: Request<v1::RecordAccountabilityRequest>,
    ) -> Answer<v1::RecordAccountabilityResponse> {
        let (caller, message) = open(request)?;
        let today = jakarta_day(self.app.now());
        let request = desk::record(&self.app.vault, today, message).map_err(status)?;
        answer(record_accountability::run(&self.app, &caller, request).await)
    }
}
