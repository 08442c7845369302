//! Consultation: a few lines for each method.

use prima_platform::{
    caller,
    grpc::{Answer, answer, open, status},
};
use prima_proto::complaint::v1::{
    self,
    consultation_service_server::{ConsultationService, ConsultationServiceServer},
};
use tonic::Request;

use super::{convert_consultation as convert, convert_knowledge, read_consultation as read};
use crate::app::{
    App,
    consultation::{
        answer_consultation, complete_consultation, create_team_member, publish_knowledge, rate_consultation,
        request_consultation, schedule_consultation, update_team_member, withdraw_knowledge,
    },
};

/// The service as tonic runs it.
pub fn server(app: App) -> ConsultationServiceServer<impl ConsultationService> {
    let limit = app.context.config.grpc.max_message_bytes;
    ConsultationServiceServer::new(Server { app }).max_decoding_message_size(limit)
}

struct Server {
    app: App,
}

#[tonic::async_trait]
impl ConsultationService for Server {
    async fn request_consultation(
        &self,
        request: Request<v1::RequestConsultationRequest>,
    ) -> Answer<v1::RequestConsultationResponse> {
        let (caller, message) = open(request)?;
        let request = convert::request(&self.app.vault, message).map_err(status)?;
        answer(request_consultation::run(&self.app, &caller, request).await)
    }

    async fn track_consultation(
        &self,
        request: Request<v1::TrackConsultationRequest>,
    ) -> Answer<v1::TrackConsultationResponse> {
        answer(read::track(&self.app, request.into_inner()).await)
    }

    async fn get_consultation(
        &self,
        request: Request<v1::GetConsultationRequest>,
    ) -> Answer<v1::GetConsultationResponse> {
        let (caller, message) = open(request)?;
        answer(read::consultation(&self.app, &caller, message).await)
    }

    async fn list_consultations(
        &self,
        request: Request<v1::ListConsultationsRequest>,
    ) -> Answer<v1::ListConsultationsResponse> {
        let (caller, message) = open(request)?;
        answer(read::consultations(&self.app, &caller, message).await)
    }

    async fn schedule_consultation(
        &self,
        request: Request<v1::ScheduleConsultationRequest>,
    ) -> Answer<v1::ScheduleConsultationResponse> {
        let (caller, message) = open(request)?;
        let request = convert::schedule(&self.app.vault, message).map_err(status)?;
        answer(schedule_consultation::run(&self.app, &caller, request).await)
    }

    async fn answer_consultation(
        &self,
        request: Request<v1::AnswerConsultationRequest>,
    ) -> Answer<v1::AnswerConsultationResponse> {
        let (caller, message) = open(request)?;
        let request = convert::answer(&self.app.vault, message).map_err(status)?;
        answer(answer_consultation::run(&self.app, &caller, request).await)
    }

    async fn complete_consultation(
        &self,
        request: Request<v1::CompleteConsultationRequest>,
    ) -> Answer<v1::CompleteConsultationResponse> {
        let (caller, message) = open(request)?;
        let request = convert::complete(&self.app.vault, message).map_err(status)?;
        answer(complete_consultation::run(&self.app, &caller, request).await)
    }

    async fn rate_consultation(
        &self,
        request: Request<v1::RateConsultationRequest>,
    ) -> Answer<v1::RateConsultationResponse> {
        // The asker of a service desk has no token.
        let caller = caller::of(&request);
        let request = convert::rate(&self.app.vault, request.into_inner()).map_err(status)?;
        answer(rate_consultation::run(&self.app, &caller, request).await)
    }

    async fn create_team_member(
        &self,
        request: Request<v1::CreateTeamMemberRequest>,
    ) -> Answer<v1::CreateTeamMemberResponse> {
        let (caller, message) = open(request)?;
        let request = convert_knowledge::create_member(&self.app.vault, message).map_err(status)?;
        let done = create_team_member::run(&self.app, &caller, request).await;
        answer(done.map(|member| v1::CreateTeamMemberResponse { member: Some(member) }))
    }

    async fn update_team_member(
        &self,
        request: Request<v1::UpdateTeamMemberRequest>,
    ) -> Answer<v1::UpdateTeamMemberResponse> {
        let (caller, message) = open(request)?;
        let request = convert_knowledge::update_member(message).map_err(status)?;
        let done = update_team_member::run(&self.app, &caller, request).await;
        answer(done.map(|member| v1::UpdateTeamMemberResponse { member: Some(member) }))
    }

    async fn list_team_members(
        &self,
        request: Request<v1::ListTeamMembersRequest>,
    ) -> Answer<v1::ListTeamMembersResponse> {
        let (_caller, message) = open(request)?;
        answer(read::members(&self.app, message).await)
    }

    async fn publish_knowledge(
        &self,
        request: Request<v1::PublishKnowledgeRequest>,
    ) -> Answer<v1::PublishKnowledgeResponse> {
        let (caller, message) = open(request)?;
        let request = convert_knowledge::publish(&self.app.vault, message).map_err(status)?;
        let done = publish_knowledge::run(&self.app, &caller, request).await;
        answer(done.map(|knowledge| v1::PublishKnowledgeResponse {
            knowledge: Some(knowledge),
        }))
    }

    async fn withdraw_knowledge(
        &self,
        request: Request<v1::WithdrawKnowledgeRequest>,
    ) -> Answer<v1::WithdrawKnowledgeResponse> {
        let (caller, message) = open(request)?;
        let request = convert_knowledge::withdraw(&self.app.vault, message).map_err(status)?;
        answer(withdraw_knowledge::run(&self.app, &caller, request).await)
    }

    async fn search_knowledge(
        &self,
        request: Request<v1::SearchKnowledgeRequest>,
    ) -> Answer<v1::SearchKnowledgeResponse> {
        answer(read::search(&self.app, request.into_inner()).await)
    }

    async fn get_knowledge(
        &self,
        request: Request<v1::GetKnowledgeRequest>,
    ) -> Answer<v1::GetKnowledgeResponse> {
        answer(read::knowledge(&self.app, request.into_inner()).await)
    }
}
