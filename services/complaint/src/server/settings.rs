//! SettingsService: the operation of each RPC.

use std::future::ready;

use prima_platform::{command::run, grpc::Answer, query::read};
use prima_proto::complaint::v1::{self, settings_service_server::SettingsService};
use tonic::Request;

use super::Server;
use crate::rpc::{calendar, category, class::with_workflow, deadline, desk, hours, workflow};

#[tonic::async_trait]
impl SettingsService for Server {
    async fn import_holidays(
        &self,
        request: Request<v1::ImportHolidaysRequest>,
    ) -> Answer<v1::ImportHolidaysResponse> {
        run::<calendar::Import>(&self.app, request).await
    }

    async fn list_holidays(
        &self,
        request: Request<v1::ListHolidaysRequest>,
    ) -> Answer<v1::ListHolidaysResponse> {
        read(&self.app.context, request, |_, message| {
            calendar::list(&self.app, message)
        })
        .await
    }

    async fn calculate_due_time(
        &self,
        request: Request<v1::CalculateDueTimeRequest>,
    ) -> Answer<v1::CalculateDueTimeResponse> {
        read(&self.app.context, request, |_, message| {
            calendar::calculate(&self.app, message)
        })
        .await
    }

    async fn get_agency_hours(
        &self,
        request: Request<v1::GetAgencyHoursRequest>,
    ) -> Answer<v1::GetAgencyHoursResponse> {
        read(&self.app.context, request, |_, message| {
            hours::get(&self.app, message)
        })
        .await
    }

    async fn update_agency_hours(
        &self,
        request: Request<v1::UpdateAgencyHoursRequest>,
    ) -> Answer<v1::UpdateAgencyHoursResponse> {
        run::<hours::Update>(&self.app, request).await
    }

    async fn set_deadline(
        &self,
        request: Request<v1::SetDeadlineRequest>,
    ) -> Answer<v1::SetDeadlineResponse> {
        run::<deadline::Set>(&self.app, with_workflow(&self.app, request).await?).await
    }

    async fn list_deadlines(
        &self,
        request: Request<v1::ListDeadlinesRequest>,
    ) -> Answer<v1::ListDeadlinesResponse> {
        read(&self.app.context, request, |_, message| {
            deadline::list(&self.app, message)
        })
        .await
    }

    async fn add_workflow(
        &self,
        request: Request<v1::AddWorkflowRequest>,
    ) -> Answer<v1::AddWorkflowResponse> {
        run::<workflow::Add>(&self.app, request).await
    }

    async fn list_workflows(
        &self,
        request: Request<v1::ListWorkflowsRequest>,
    ) -> Answer<v1::ListWorkflowsResponse> {
        read(&self.app.context, request, |_, _| workflow::list(&self.app)).await
    }

    async fn list_categories(
        &self,
        request: Request<v1::ListCategoriesRequest>,
    ) -> Answer<v1::ListCategoriesResponse> {
        read(&self.app.context, request, |_, _| ready(Ok(category::list()))).await
    }

    async fn get_desk(&self, request: Request<v1::GetDeskRequest>) -> Answer<v1::GetDeskResponse> {
        read(&self.app.context, request, |_, message| {
            desk::get(&self.app, message)
        })
        .await
    }

    async fn update_desk(&self, request: Request<v1::UpdateDeskRequest>) -> Answer<v1::UpdateDeskResponse> {
        run::<desk::Update>(&self.app, request).await
    }

    async fn record_accountability(
        &self,
        request: Request<v1::RecordAccountabilityRequest>,
    ) -> Answer<v1::RecordAccountabilityResponse> {
        run::<desk::Record>(&self.app, request).await
    }
}
