//! Maps each RPC to its operation.

mod settings;

use std::sync::Arc;

use prima_platform::{
    command::run,
    grpc::{Answer, WatchStream, answer},
    query::read,
};
use prima_proto::complaint::v1::{
    self,
    complaint_service_server::{ComplaintService, ComplaintServiceServer},
    consultation_service_server::{ConsultationService, ConsultationServiceServer},
    privacy_service_server::{PrivacyService, PrivacyServiceServer},
    settings_service_server::SettingsServiceServer,
};
use tonic::{Request, service::RoutesBuilder};

use crate::{
    context::App,
    rpc::{
        attachment,
        class::with_workflow,
        complaint::{self, act},
        consultation, identity, knowledge, member, performance, uncounted,
    },
};

/// Adds the gRPC services.
pub fn add(routes: &mut RoutesBuilder, app: App) {
    let limit = app.context.config.grpc.max_message_bytes;
    let server = Arc::new(Server { app });
    routes
        .add_service(ComplaintServiceServer::from_arc(server.clone()).max_decoding_message_size(limit))
        .add_service(ConsultationServiceServer::from_arc(server.clone()).max_decoding_message_size(limit))
        .add_service(PrivacyServiceServer::from_arc(server.clone()).max_decoding_message_size(limit))
        .add_service(SettingsServiceServer::from_arc(server).max_decoding_message_size(limit));
}

struct Server {
    app: App,
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
        read(&self.app.context, request, |_, message| {
            complaint::track(&self.app, message)
        })
        .await
    }

    async fn get_complaint(
        &self,
        request: Request<v1::GetComplaintRequest>,
    ) -> Answer<v1::GetComplaintResponse> {
        read(&self.app.context, request, |caller, message| {
            complaint::get(&self.app, caller, message)
        })
        .await
    }

    async fn list_uncounted_figures(
        &self,
        request: Request<v1::ListUncountedFiguresRequest>,
    ) -> Answer<v1::ListUncountedFiguresResponse> {
        read(&self.app.context, request, |_, message| {
            uncounted::list(&self.app, message)
        })
        .await
    }

    async fn list_complaints(
        &self,
        request: Request<v1::ListComplaintsRequest>,
    ) -> Answer<v1::ListComplaintsResponse> {
        read(&self.app.context, request, |_, message| {
            complaint::list(&self.app, message)
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
        read(&self.app.context, request, |caller, message| {
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
        read(&self.app.context, request, |caller, message| {
            attachment::read(&self.app, caller, message)
        })
        .await
    }

    type WatchComplaintsStream = WatchStream<v1::WatchComplaintsResponse>;

    async fn watch_complaints(
        &self,
        request: Request<v1::WatchComplaintsRequest>,
    ) -> Answer<Self::WatchComplaintsStream> {
        read(&self.app.context, request, |_, message| {
            complaint::watch(&self.app, message)
        })
        .await
    }

    async fn get_performance(
        &self,
        request: Request<v1::GetPerformanceRequest>,
    ) -> Answer<v1::GetPerformanceResponse> {
        read(&self.app.context, request, |caller, message| {
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
        read(&self.app.context, request, |_, message| {
            consultation::track(&self.app, message)
        })
        .await
    }

    async fn get_consultation(
        &self,
        request: Request<v1::GetConsultationRequest>,
    ) -> Answer<v1::GetConsultationResponse> {
        read(&self.app.context, request, |caller, message| {
            consultation::get(&self.app, caller, message)
        })
        .await
    }

    async fn list_consultations(
        &self,
        request: Request<v1::ListConsultationsRequest>,
    ) -> Answer<v1::ListConsultationsResponse> {
        read(&self.app.context, request, |_, message| {
            consultation::list(&self.app, message)
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
        read(&self.app.context, request, |_, message| {
            member::list(&self.app, message)
        })
        .await
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
        read(&self.app.context, request, |_, message| {
            knowledge::search(&self.app, message)
        })
        .await
    }

    async fn get_knowledge(
        &self,
        request: Request<v1::GetKnowledgeRequest>,
    ) -> Answer<v1::GetKnowledgeResponse> {
        read(&self.app.context, request, |_, message| {
            knowledge::get(&self.app, message)
        })
        .await
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
        read(&self.app.context, request, |caller, message| {
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
        read(&self.app.context, request, |_, message| {
            identity::held(&self.app, message)
        })
        .await
    }

    async fn get_key_usage(
        &self,
        request: Request<v1::GetKeyUsageRequest>,
    ) -> Answer<v1::GetKeyUsageResponse> {
        read(&self.app.context, request, |_, _| identity::keys(&self.app)).await
    }
}
