//! Reports: a few lines for each method.

use prima_platform::{
    caller,
    failure::Failure,
    grpc::{Answer, answer, open, status},
    vault::Keyring,
};
use prima_proto::complaint::v1::{
    self,
    complaint_service_server::{ComplaintService, ComplaintServiceServer},
};
use tonic::{Request, Response, Status};

use super::{attachments, convert, convert_action, performance, read, watch};
use crate::app::{App, action, submit_complaint};

/// The service as tonic runs it.
pub fn server(app: App) -> ComplaintServiceServer<impl ComplaintService> {
    let limit = app.context.config.grpc.max_message_bytes;
    ComplaintServiceServer::new(Server { app }).max_decoding_message_size(limit)
}

struct Server {
    app: App,
}

/// How a message becomes an action.
type Convert<T> = fn(&Keyring, T) -> Result<action::Request, Failure>;

impl Server {
    /// As `act`, for those who need a token.
    async fn officer<T>(
        &self,
        request: Request<T>,
        convert: Convert<T>,
    ) -> Result<Option<v1::ComplaintStatus>, Status> {
        caller::of(&request).known().map_err(status)?;
        self.act(request, convert).await
    }

    /// What is done to a report, and how it stands then. The reporter needs no token: the code is in the message.
    async fn act<T>(
        &self,
        request: Request<T>,
        convert: Convert<T>,
    ) -> Result<Option<v1::ComplaintStatus>, Status> {
        let caller = caller::of(&request);
        let request = convert(&self.app.vault, request.into_inner()).map_err(status)?;
        let done = action::run(&self.app, &caller, request).await;
        done.map(Some).map_err(status)
    }
}

#[tonic::async_trait]
impl ComplaintService for Server {
    async fn submit_complaint(
        &self,
        request: Request<v1::SubmitComplaintRequest>,
    ) -> Answer<v1::SubmitComplaintResponse> {
        let (caller, message) = open(request)?;
        let db = self.app.context.db.reader();
        let workflow = self.app.ground.current_workflow(db).await.map_err(status)?;
        let now = self.app.now();
        let request = convert::submit(&self.app.vault, &workflow, now, message).map_err(status)?;
        answer(submit_complaint::run(&self.app, &caller, request).await)
    }

    async fn track_complaint(
        &self,
        request: Request<v1::TrackComplaintRequest>,
    ) -> Answer<v1::TrackComplaintResponse> {
        answer(read::track(&self.app, request.into_inner()).await)
    }

    async fn get_complaint(
        &self,
        request: Request<v1::GetComplaintRequest>,
    ) -> Answer<v1::GetComplaintResponse> {
        let (caller, message) = open(request)?;
        answer(read::complaint(&self.app, &caller, message).await)
    }

    async fn list_complaints(
        &self,
        request: Request<v1::ListComplaintsRequest>,
    ) -> Answer<v1::ListComplaintsResponse> {
        let (caller, message) = open(request)?;
        answer(read::complaints(&self.app, &caller, message).await)
    }

    async fn start_verification(
        &self,
        request: Request<v1::StartVerificationRequest>,
    ) -> Answer<v1::StartVerificationResponse> {
        let status = self.officer(request, convert_action::start_verification).await?;
        Ok(Response::new(v1::StartVerificationResponse { status }))
    }

    async fn list_duplicates(
        &self,
        request: Request<v1::ListDuplicatesRequest>,
    ) -> Answer<v1::ListDuplicatesResponse> {
        let (caller, message) = open(request)?;
        answer(read::duplicates(&self.app, &caller, message).await)
    }

    async fn verify_complaint(
        &self,
        request: Request<v1::VerifyComplaintRequest>,
    ) -> Answer<v1::VerifyComplaintResponse> {
        let status = self.officer(request, convert_action::verify).await?;
        Ok(Response::new(v1::VerifyComplaintResponse { status }))
    }

    async fn request_completion(
        &self,
        request: Request<v1::RequestCompletionRequest>,
    ) -> Answer<v1::RequestCompletionResponse> {
        let status = self.officer(request, convert_action::request_completion).await?;
        Ok(Response::new(v1::RequestCompletionResponse { status }))
    }

    async fn reject_complaint(
        &self,
        request: Request<v1::RejectComplaintRequest>,
    ) -> Answer<v1::RejectComplaintResponse> {
        let status = self.officer(request, convert_action::reject).await?;
        Ok(Response::new(v1::RejectComplaintResponse { status }))
    }

    async fn merge_complaint(
        &self,
        request: Request<v1::MergeComplaintRequest>,
    ) -> Answer<v1::MergeComplaintResponse> {
        let status = self.officer(request, convert_action::merge).await?;
        Ok(Response::new(v1::MergeComplaintResponse { status }))
    }

    async fn forward_complaint(
        &self,
        request: Request<v1::ForwardComplaintRequest>,
    ) -> Answer<v1::ForwardComplaintResponse> {
        let status = self.officer(request, convert_action::forward).await?;
        Ok(Response::new(v1::ForwardComplaintResponse { status }))
    }

    async fn start_follow_up(
        &self,
        request: Request<v1::StartFollowUpRequest>,
    ) -> Answer<v1::StartFollowUpResponse> {
        let status = self.officer(request, convert_action::start_follow_up).await?;
        Ok(Response::new(v1::StartFollowUpResponse { status }))
    }

    async fn respond_to_complaint(
        &self,
        request: Request<v1::RespondToComplaintRequest>,
    ) -> Answer<v1::RespondToComplaintResponse> {
        let status = self.officer(request, convert_action::respond).await?;
        Ok(Response::new(v1::RespondToComplaintResponse { status }))
    }

    async fn reply_to_complaint(
        &self,
        request: Request<v1::ReplyToComplaintRequest>,
    ) -> Answer<v1::ReplyToComplaintResponse> {
        let status = self.act(request, convert_action::reply).await?;
        Ok(Response::new(v1::ReplyToComplaintResponse { status }))
    }

    async fn close_complaint(
        &self,
        request: Request<v1::CloseComplaintRequest>,
    ) -> Answer<v1::CloseComplaintResponse> {
        let status = self.act(request, convert_action::close).await?;
        Ok(Response::new(v1::CloseComplaintResponse { status }))
    }

    async fn reopen_complaint(
        &self,
        request: Request<v1::ReopenComplaintRequest>,
    ) -> Answer<v1::ReopenComplaintResponse> {
        let status = self.act(request, convert_action::reopen).await?;
        Ok(Response::new(v1::ReopenComplaintResponse { status }))
    }

    async fn rate_complaint(
        &self,
        request: Request<v1::RateComplaintRequest>,
    ) -> Answer<v1::RateComplaintResponse> {
        let status = self.act(request, convert_action::rate).await?;
        Ok(Response::new(v1::RateComplaintResponse { status }))
    }

    async fn escalate_complaint(
        &self,
        request: Request<v1::EscalateComplaintRequest>,
    ) -> Answer<v1::EscalateComplaintResponse> {
        let status = self.officer(request, convert_action::escalate).await?;
        Ok(Response::new(v1::EscalateComplaintResponse { status }))
    }

    async fn upload_attachment(
        &self,
        request: Request<tonic::Streaming<v1::UploadAttachmentRequest>>,
    ) -> Answer<v1::UploadAttachmentResponse> {
        let caller = caller::of(&request);
        answer(attachments::upload(&self.app, &caller, request.into_inner()).await)
    }

    type ReadAttachmentStream = prima_platform::grpc::WatchStream<v1::ReadAttachmentResponse>;

    async fn read_attachment(
        &self,
        request: Request<v1::ReadAttachmentRequest>,
    ) -> Answer<Self::ReadAttachmentStream> {
        let caller = caller::of(&request);
        answer(attachments::read(&self.app, &caller, request.into_inner()).await)
    }

    type WatchComplaintsStream = prima_platform::grpc::WatchStream<v1::WatchComplaintsResponse>;

    async fn watch_complaints(
        &self,
        request: Request<v1::WatchComplaintsRequest>,
    ) -> Answer<Self::WatchComplaintsStream> {
        let (caller, message) = open(request)?;
        answer(watch::watch(&self.app, &caller, message).await)
    }

    async fn get_performance(
        &self,
        request: Request<v1::GetPerformanceRequest>,
    ) -> Answer<v1::GetPerformanceResponse> {
        let (_, message) = open(request)?;
        answer(performance::get(&self.app, &message).await)
    }
}
