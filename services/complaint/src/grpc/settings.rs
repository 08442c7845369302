//! Settings: a few lines for each method.

use prima_platform::grpc::{Answer, answer, open, status};
use prima_proto::{
    complaint::v1::{
        self,
        settings_service_server::{SettingsService, SettingsServiceServer},
    },
    period::jakarta_day,
};
use tokio::sync::watch;
use tonic::{Request, Response};

use super::{convert_settings, desk, read_settings};
use crate::{
    app::{
        App, add_workflow, import_holidays, record_accountability, set_deadline, update_agency_hours,
        update_desk,
    },
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

#[tonic::async_trait]
impl SettingsService for Server {
    async fn import_holidays(
        &self,
        request: Request<v1::ImportHolidaysRequest>,
    ) -> Answer<v1::ImportHolidaysResponse> {
        let (caller, message) = open(request)?;
        let request = convert_settings::import_holidays(&self.app.vault, message).map_err(status)?;
        answer(import_holidays::run(&self.app, &caller, request).await)
    }

    async fn list_holidays(
        &self,
        request: Request<v1::ListHolidaysRequest>,
    ) -> Answer<v1::ListHolidaysResponse> {
        answer(read_settings::list_holidays(&self.app, request.into_inner()).await)
    }

    async fn calculate_due_time(
        &self,
        request: Request<v1::CalculateDueTimeRequest>,
    ) -> Answer<v1::CalculateDueTimeResponse> {
        answer(read_settings::calculate_due_time(&self.app, request.into_inner()).await)
    }

    async fn get_agency_hours(
        &self,
        request: Request<v1::GetAgencyHoursRequest>,
    ) -> Answer<v1::GetAgencyHoursResponse> {
        answer(read_settings::get_agency_hours(&self.app, request.into_inner()).await)
    }

    async fn update_agency_hours(
        &self,
        request: Request<v1::UpdateAgencyHoursRequest>,
    ) -> Answer<v1::UpdateAgencyHoursResponse> {
        let (caller, message) = open(request)?;
        let request = convert_settings::update_agency_hours(&self.app.vault, message).map_err(status)?;
        answer(update_agency_hours::run(&self.app, &caller, request).await)
    }

    async fn set_deadline(
        &self,
        request: Request<v1::SetDeadlineRequest>,
    ) -> Answer<v1::SetDeadlineResponse> {
        let (caller, message) = open(request)?;
        let db = self.app.context.db.reader();
        let workflow = self.app.ground.current_workflow(db).await.map_err(status)?;
        let request = convert_settings::set_deadline(&self.app.vault, &workflow, message).map_err(status)?;
        answer(set_deadline::run(&self.app, &caller, request).await)
    }

    async fn list_deadlines(
        &self,
        request: Request<v1::ListDeadlinesRequest>,
    ) -> Answer<v1::ListDeadlinesResponse> {
        answer(read_settings::list_deadlines(&self.app, request.into_inner()).await)
    }

    async fn add_workflow(
        &self,
        request: Request<v1::AddWorkflowRequest>,
    ) -> Answer<v1::AddWorkflowResponse> {
        let (caller, message) = open(request)?;
        let request = convert_settings::add_workflow(&self.app.vault, message).map_err(status)?;
        answer(add_workflow::run(&self.app, &caller, request).await)
    }

    async fn list_workflows(
        &self,
        _request: Request<v1::ListWorkflowsRequest>,
    ) -> Answer<v1::ListWorkflowsResponse> {
        answer(read_settings::list_workflows(&self.app).await)
    }

    async fn list_categories(
        &self,
        _request: Request<v1::ListCategoriesRequest>,
    ) -> Answer<v1::ListCategoriesResponse> {
        Ok(Response::new(read_settings::list_categories()))
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
