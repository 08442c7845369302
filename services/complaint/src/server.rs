//! Maps each RPC to its operation.

use std::sync::Arc;

use prima_platform::{
    command::run,
    grpc::{Answer, WatchStream, answer, read},
};
use prima_proto::complaint::v1::{
    self,
    complaint_service_server::{ComplaintService, ComplaintServiceServer},
    consultation_service_server::{ConsultationService, ConsultationServiceServer},
    privacy_service_server::{PrivacyService, PrivacyServiceServer},
    settings_service_server::{SettingsService, SettingsServiceServer},
};
use tokio::sync::watch;
use tonic::{Request, service::RoutesBuilder};

use crate::{
    context::App,
    rpc::{
        attachment, calendar, category,
        class::with_workflow,
        complaint::{self, act},
        consultation, deadline, desk, hours, identity, knowledge, member, performance, uncounted, workflow,
    },
};

/// Adds the gRPC services. They own `ready`, so the readiness channel stays open as long as they are served.
pub fn add(routes: &mut RoutesBuilder, app: App, ready: watch::Sender<bool>) {
    let limit = app.context.config.grpc.max_message_bytes;
    let server = Arc::new(Server { app, _ready: ready });
    routes
        .add_service(ComplaintServiceServer::from_arc(server.clone()).max_decoding_message_size(limit))
        .add_service(ConsultationServiceServer::from_arc(server.clone()).max_decoding_message_size(limit))
        .add_service(PrivacyServiceServer::from_arc(server.clone()).max_decoding_message_size(limit))
        .add_service(SettingsServiceServer::from_arc(server).max_decoding_message_size(limit));
}

struct Server {
    app: App,
    _ready: watch::Sender<bool>,
}

#[tonic::async_trait]
impl ComplaintService for Server {
    async fn submit_complaint(
        &self,
        request: Request<v1::SubmitComplaintRequest>,
    ) -> Answer<v1::SubmitComplaintResponse> {
        run::<complaint::Submit>(&self.app, with_workflow(&self.app, request).await?).await
    }

    async fn track_complaint(
        &self,
        request: Request<v1::TrackComplaintRequest>,
    ) -> Answer<v1::TrackComplaintResponse> {
        answer(complaint::track(&self.app, request.into_inner()).await)
    }

    async fn get_complaint(
        &self,
        request: Request<v1::GetComplaintRequest>,
    ) -> Answer<v1::GetComplaintResponse> {
        read(request, |caller, message| {
            complaint::get(&self.app, caller, message)
        })
        .await
    }

    async fn list_uncounted_figures(
        &self,
        request: Request<v1::ListUncountedFiguresRequest>,
    ) -> Answer<v1::ListUncountedFiguresResponse> {
        read(request, |caller, message| {
            uncounted::list(&self.app, caller, message)
        })
        .await
    }

    async fn list_complaints(
        &self,
        request: Request<v1::ListComplaintsRequest>,
    ) -> Answer<v1::ListComplaintsResponse> {
        read(request, |caller, message| {
            complaint::list(&self.app, caller, message)
        })
        .await
    }

    async fn start_verification(
        &self,
        request: Request<v1::StartVerificationRequest>,
    ) -> Answer<v1::StartVerificationResponse> {
        act::<complaint::StartVerification>(&self.app, request).await
    }

    async fn list_duplicates(
        &self,
        request: Request<v1::ListDuplicatesRequest>,
    ) -> Answer<v1::ListDuplicatesResponse> {
        read(request, |caller, message| {
            complaint::duplicates(&self.app, caller, message)
        })
        .await
    }

    async fn verify_complaint(
        &self,
        request: Request<v1::VerifyComplaintRequest>,
    ) -> Answer<v1::VerifyComplaintResponse> {
        act::<complaint::Verify>(&self.app, request).await
    }

    async fn request_completion(
        &self,
        request: Request<v1::RequestCompletionRequest>,
    ) -> Answer<v1::RequestCompletionResponse> {
        act::<complaint::RequestCompletion>(&self.app, request).await
    }

    async fn reject_complaint(
        &self,
        request: Request<v1::RejectComplaintRequest>,
    ) -> Answer<v1::RejectComplaintResponse> {
        act::<complaint::Reject>(&self.app, request).await
    }

    async fn merge_complaint(
        &self,
        request: Request<v1::MergeComplaintRequest>,
    ) -> Answer<v1::MergeComplaintResponse> {
        act::<complaint::Merge>(&self.app, request).await
    }

    async fn forward_complaint(
        &self,
        request: Request<v1::ForwardComplaintRequest>,
    ) -> Answer<v1::ForwardComplaintResponse> {
        act::<complaint::Forward>(&self.app, request).await
    }

    async fn start_follow_up(
        &self,
        request: Request<v1::StartFollowUpRequest>,
    ) -> Answer<v1::StartFollowUpResponse> {
        act::<complaint::StartFollowUp>(&self.app, request).await
    }

    async fn respond_to_complaint(
        &self,
        request: Request<v1::RespondToComplaintRequest>,
    ) -> Answer<v1::RespondToComplaintResponse> {
        act::<complaint::Respond>(&self.app, request).await
    }

    async fn reply_to_complaint(
        &self,
        request: Request<v1::ReplyToComplaintRequest>,
    ) -> Answer<v1::ReplyToComplaintResponse> {
        act::<complaint::Reply>(&self.app, request).await
    }

    async fn close_complaint(
        &self,
        request: Request<v1::CloseComplaintRequest>,
    ) -> Answer<v1::CloseComplaintResponse> {
        act::<complaint::Close>(&self.app, request).await
    }

    async fn reopen_complaint(
        &self,
        request: Request<v1::ReopenComplaintRequest>,
    ) -> Answer<v1::ReopenComplaintResponse> {
        act::<complaint::Reopen>(&self.app, request).await
    }

    async fn rate_complaint(
        &self,
        request: Request<v1::RateComplaintRequest>,
    ) -> Answer<v1::RateComplaintResponse> {
        act::<complaint::Rate>(&self.app, request).await
    }

    async fn escalate_complaint(
        &self,
        request: Request<v1::EscalateComplaintRequest>,
    ) -> Answer<v1::EscalateComplaintResponse> {
        act::<complaint::Escalate>(&self.app, request).await
    }

    async fn upload_attachment(
        &self,
        request: Request<tonic::Streaming<v1::UploadAttachmentRequest>>,
    ) -> Answer<v1::UploadAttachmentResponse> {
        answer(attachment::upload(&self.app, request).await)
    }

    type ReadAttachmentStream = WatchStream<v1::ReadAttachmentResponse>;

    async fn read_attachment(
        &self,
        request: Request<v1::ReadAttachmentRequest>,
    ) -> Answer<Self::ReadAttachmentStream> {
        answer(attachment::read(&self.app, request).await)
    }

    type WatchComplaintsStream = WatchStream<v1::WatchComplaintsResponse>;

    async fn watch_complaints(
        &self,
        request: Request<v1::WatchComplaintsRequest>,
    ) -> Answer<Self::WatchComplaintsStream> {
        read(request, |caller, message| {
            complaint::watch(&self.app, caller, message)
        })
        .await
    }

    async fn get_performance(
        &self,
        request: Request<v1::GetPerformanceRequest>,
    ) -> Answer<v1::GetPerformanceResponse> {
        read(request, |caller, message| {
            performance::get(&self.app, caller, message)
        })
        .await
    }
}

#[tonic::async_trait]
impl ConsultationService for Server {
    async fn request_consultation(
        &self,
        request: Request<v1::RequestConsultationRequest>,
    ) -> Answer<v1::RequestConsultationResponse> {
        run::<consultation::Request>(&self.app, request).await
    }

    async fn track_consultation(
        &self,
        request: Request<v1::TrackConsultationRequest>,
    ) -> Answer<v1::TrackConsultationResponse> {
        answer(consultation::track(&self.app, request.into_inner()).await)
    }

    async fn get_consultation(
        &self,
        request: Request<v1::GetConsultationRequest>,
    ) -> Answer<v1::GetConsultationResponse> {
        read(request, |caller, message| {
            consultation::get(&self.app, caller, message)
        })
        .await
    }

    async fn list_consultations(
        &self,
        request: Request<v1::ListConsultationsRequest>,
    ) -> Answer<v1::ListConsultationsResponse> {
        read(request, |caller, message| {
            consultation::list(&self.app, caller, message)
        })
        .await
    }

    async fn schedule_consultation(
        &self,
        request: Request<v1::ScheduleConsultationRequest>,
    ) -> Answer<v1::ScheduleConsultationResponse> {
        run::<consultation::Schedule>(&self.app, request).await
    }

    async fn answer_consultation(
        &self,
        request: Request<v1::AnswerConsultationRequest>,
    ) -> Answer<v1::AnswerConsultationResponse> {
        run::<consultation::Answer>(&self.app, request).await
    }

    async fn complete_consultation(
        &self,
        request: Request<v1::CompleteConsultationRequest>,
    ) -> Answer<v1::CompleteConsultationResponse> {
        run::<consultation::Complete>(&self.app, request).await
    }

    async fn rate_consultation(
        &self,
        request: Request<v1::RateConsultationRequest>,
    ) -> Answer<v1::RateConsultationResponse> {
        run::<consultation::Rate>(&self.app, request).await
    }

    async fn create_team_member(
        &self,
        request: Request<v1::CreateTeamMemberRequest>,
    ) -> Answer<v1::CreateTeamMemberResponse> {
        let made = run::<member::Create>(&self.app, request).await;
        made.map(|made| made.map(|member| v1::CreateTeamMemberResponse { member: Some(member) }))
    }

    async fn update_team_member(
        &self,
        request: Request<v1::UpdateTeamMemberRequest>,
    ) -> Answer<v1::UpdateTeamMemberResponse> {
        run::<member::Update>(&self.app, request).await
    }

    async fn list_team_members(
        &self,
        request: Request<v1::ListTeamMembersRequest>,
    ) -> Answer<v1::ListTeamMembersResponse> {
        read(request, |_, message| member::list(&self.app, message)).await
    }

    async fn publish_knowledge(
        &self,
        request: Request<v1::PublishKnowledgeRequest>,
    ) -> Answer<v1::PublishKnowledgeResponse> {
        let made = run::<knowledge::Publish>(&self.app, request).await;
        made.map(|made| {
            made.map(|knowledge| v1::PublishKnowledgeResponse {
                knowledge: Some(knowledge),
            })
        })
    }

    async fn withdraw_knowledge(
        &self,
        request: Request<v1::WithdrawKnowledgeRequest>,
    ) -> Answer<v1::WithdrawKnowledgeResponse> {
        run::<knowledge::Withdraw>(&self.app, request).await
    }

    async fn search_knowledge(
        &self,
        request: Request<v1::SearchKnowledgeRequest>,
    ) -> Answer<v1::SearchKnowledgeResponse> {
        answer(knowledge::search(&self.app, request.into_inner()).await)
    }

    async fn get_knowledge(
        &self,
        request: Request<v1::GetKnowledgeRequest>,
    ) -> Answer<v1::GetKnowledgeResponse> {
        answer(knowledge::get(&self.app, request.into_inner()).await)
    }
}

#[tonic::async_trait]
impl PrivacyService for Server {
    async fn read_identity(
        &self,
        request: Request<v1::ReadIdentityRequest>,
    ) -> Answer<v1::ReadIdentityResponse> {
        run::<identity::Read>(&self.app, request).await
    }

    async fn find_complaints(
        &self,
        request: Request<v1::FindComplaintsRequest>,
    ) -> Answer<v1::FindComplaintsResponse> {
        run::<identity::Find>(&self.app, request).await
    }

    async fn list_identity_readings(
        &self,
        request: Request<v1::ListIdentityReadingsRequest>,
    ) -> Answer<v1::ListIdentityReadingsResponse> {
        read(request, |caller, message| {
            identity::readings(&self.app, caller, message)
        })
        .await
    }

    async fn erase_complaint(
        &self,
        request: Request<v1::EraseComplaintRequest>,
    ) -> Answer<v1::EraseComplaintResponse> {
        run::<identity::Erase>(&self.app, request).await
    }

    async fn correct_identity(
        &self,
        request: Request<v1::CorrectIdentityRequest>,
    ) -> Answer<v1::CorrectIdentityResponse> {
        run::<identity::Correct>(&self.app, request).await
    }

    async fn list_held_records(
        &self,
        request: Request<v1::ListHeldRecordsRequest>,
    ) -> Answer<v1::ListHeldRecordsResponse> {
        read(request, |caller, message| {
            identity::held(&self.app, caller, message)
        })
        .await
    }

    async fn get_key_usage(
        &self,
        request: Request<v1::GetKeyUsageRequest>,
    ) -> Answer<v1::GetKeyUsageResponse> {
        read(request, |caller, _| identity::keys(&self.app, caller)).await
    }
}

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
        answer(calendar::list(&self.app, request.into_inner()).await)
    }

    async fn calculate_due_time(
        &self,
        request: Request<v1::CalculateDueTimeRequest>,
    ) -> Answer<v1::CalculateDueTimeResponse> {
        answer(calendar::calculate(&self.app, request.into_inner()).await)
    }

    async fn get_agency_hours(
        &self,
        request: Request<v1::GetAgencyHoursRequest>,
    ) -> Answer<v1::GetAgencyHoursResponse> {
        answer(hours::get(&self.app, request.into_inner()).await)
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
        answer(deadline::list(&self.app, request.into_inner()).await)
    }

    async fn add_workflow(
        &self,
        request: Request<v1::AddWorkflowRequest>,
    ) -> Answer<v1::AddWorkflowResponse> {
        run::<workflow::Add>(&self.app, request).await
    }

    async fn list_workflows(
        &self,
        _: Request<v1::ListWorkflowsRequest>,
    ) -> Answer<v1::ListWorkflowsResponse> {
        answer(workflow::list(&self.app).await)
    }

    async fn list_categories(
        &self,
        _: Request<v1::ListCategoriesRequest>,
    ) -> Answer<v1::ListCategoriesResponse> {
        answer(Ok(category::list()))
    }

    async fn get_desk(&self, request: Request<v1::GetDeskRequest>) -> Answer<v1::GetDeskResponse> {
        read(request, |_, message| desk::get(&self.app, message)).await
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
