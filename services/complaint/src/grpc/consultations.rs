//! Consultation: a few lines for each method.

use prima_platform::{
    caller::{self, Caller},
    failure::Failure,
    grpc::status,
};
use prima_proto::complaint::v1::{
    self,
    consultation_service_server::{ConsultationService, ConsultationServiceServer},
};
use tonic::{Request, Response, Status};

use crate::app::App;

/// The service as tonic runs it.
pub fn server(app: App) -> ConsultationServiceServer<impl ConsultationService> {
    let limit = app.context.config.grpc.max_message_bytes;
    ConsultationServiceServer::new(Server { app }).max_decoding_message_size(limit)
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
impl ConsultationService for Server {
    async fn request_consultation(
        &self,
        _request: Request<v1::RequestConsultationRequest>,
    ) -> Answer<v1::RequestConsultationResponse> {
        Err(Status::unimplemented("RequestConsultation"))
    }

    async fn track_consultation(
        &self,
        _request: Request<v1::TrackConsultationRequest>,
    ) -> Answer<v1::TrackConsultationResponse> {
        Err(Status::unimplemented("TrackConsultation"))
    }

    async fn get_consultation(
        &self,
        _request: Request<v1::GetConsultationRequest>,
    ) -> Answer<v1::GetConsultationResponse> {
        Err(Status::unimplemented("GetConsultation"))
    }

    async fn list_consultations(
        &self,
        _request: Request<v1::ListConsultationsRequest>,
    ) -> Answer<v1::ListConsultationsResponse> {
        Err(Status::unimplemented("ListConsultations"))
    }

    async fn schedule_consultation(
        &self,
        _request: Request<v1::ScheduleConsultationRequest>,
    ) -> Answer<v1::ScheduleConsultationResponse> {
        Err(Status::unimplemented("ScheduleConsultation"))
    }

    async fn answer_consultation(
        &self,
        _request: Request<v1::AnswerConsultationRequest>,
    ) -> Answer<v1::AnswerConsultationResponse> {
        Err(Status::unimplemented("AnswerConsultation"))
    }

    async fn complete_consultation(
        &self,
        _request: Request<v1::CompleteConsultationRequest>,
    ) -> Answer<v1::CompleteConsultationResponse> {
        Err(Status::unimplemented("CompleteConsultation"))
    }

    async fn rate_consultation(
        &self,
        _request: Request<v1::RateConsultationRequest>,
    ) -> Answer<v1::RateConsultationResponse> {
        Err(Status::unimplemented("RateConsultation"))
    }

    async fn create_team_member(
        &self,
        _request: Request<v1::CreateTeamMemberRequest>,
    ) -> Answer<v1::CreateTeamMemberResponse> {
        Err(Status::unimplemented("CreateTeamMember"))
    }

    async fn update_team_member(
        &self,
        _request: Request<v1::UpdateTeamMemberRequest>,
    ) -> Answer<v1::UpdateTeamMemberResponse> {
        Err(Status::unimplemented("UpdateTeamMember"))
    }

    async fn list_team_members(
        &self,
        _request: Request<v1::ListTeamMembersRequest>,
    ) -> Answer<v1::ListTeamMembersResponse> {
        Err(Status::unimplemented("ListTeamMembers"))
    }

    async fn publish_knowledge(
        &self,
        _request: Request<v1::PublishKnowledgeRequest>,
    ) -> Answer<v1::PublishKnowledgeResponse> {
        Err(Status::unimplemented("PublishKnowledge"))
    }

    async fn withdraw_knowledge(
        &self,
        _request: Request<v1::WithdrawKnowledgeRequest>,
    ) -> Answer<v1::WithdrawKnowledgeResponse> {
        Err(Status::unimplemented("WithdrawKnowledge"))
    }

    async fn search_knowledge(
        &self,
        _request: Request<v1::SearchKnowledgeRequest>,
    ) -> Answer<v1::SearchKnowledgeResponse> {
        Err(Status::unimplemented("SearchKnowledge"))
    }

    async fn get_knowledge(
        &self,
        _request: Request<v1::GetKnowledgeRequest>,
    ) -> Answer<v1::GetKnowledgeResponse> {
        Err(Status::unimplemented("GetKnowledge"))
    }
}
