//! Reports: a few lines for each method.

use prima_platform::{
    caller::{self, Caller},
    failure::Failure,
    grpc::status,
};
use prima_proto::{
    complaint::v1::{
        self,
        complaint_service_server::{ComplaintService, ComplaintServiceServer},
    },
    period::jakarta_day,
};
use tonic::{Request, Response, Status};

use super::{attachments, convert, performance};
use crate::app::{App, submit_complaint};

/// The service as tonic runs it.
pub fn server(app: App) -> ComplaintServiceServer<impl ComplaintService> {
    let limit = app.context.config.grpc.max_message_bytes;
    ComplaintServiceServer::new(Server { app }).max_decoding_message_size(limit)
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
impl ComplaintService for Server {
    async fn submit_complaint(
        &self,
        request: Request<v1::SubmitComplaintRequest>,
    ) -> Answer<v1::SubmitComplaintResponse> {
        let (caller, message) = open(request)?;
        let db = self.app.context.db.reader();
        let workflow = self.app.ground.current_workflow(db).await.map_err(status)?;
        let today = jakarta_day(self.app.now());
        let request = convert::submit(&self.app.vault, &workflow, today, message).map_err(status)?;
        answer(submit_complaint::run(&self.app, &caller, request).await)
    }

    async fn track_complaint(
        &self,
        _request: Request<v1::TrackComplaintRequest>,
    ) -> Answer<v1::TrackComplaintResponse> {
        Err(Status::unimplemented("TrackComplaint"))
    }

    async fn get_complaint(
        &self,
        _request: Request<v1::GetComplaintRequest>,
    ) -> Answer<v1::GetComplaintResponse> {
        Err(Status::unimplemented("GetComplaint"))
    }

    async fn list_complaints(
        &self,
        _request: Request<v1::ListComplaintsRequest>,
    ) -> Answer<v1::ListComplaintsResponse> {
        Err(Status::unimplemented("ListComplaints"))
    }

    async fn start_verification(
        &self,
        _request: Request<v1::StartVerificationRequest>,
    ) -> Answer<v1::StartVerificationResponse> {
        Err(Status::unimplemented("StartVerification"))
    }

    async fn list_duplicates(
        &self,
        _request: Request<v1::ListDuplicatesRequest>,
    ) -> Answer<v1::ListDuplicatesResponse> {
        Err(Status::unimplemented("ListDuplicates"))
    }

    async fn verify_complaint(
        &self,
        _request: Request<v1::VerifyComplaintRequest>,
    ) -> Answer<v1::VerifyComplaintResponse> {
        Err(Status::unimplemented("VerifyComplaint"))
    }

    async fn request_completion(
        &self,
        _request: Request<v1::RequestCompletionRequest>,
    ) -> Answer<v1::RequestCompletionResponse> {
        Err(Status::unimplemented("RequestCompletion"))
    }

    async fn reject_complaint(
        &self,
        _request: Request<v1::RejectComplaintRequest>,
    ) -> Answer<v1::RejectComplaintResponse> {
        Err(Status::unimplemented("RejectComplaint"))
    }

    async fn merge_complaint(
        &self,
        _request: Request<v1::MergeComplaintRequest>,
    ) -> Answer<v1::MergeComplaintResponse> {
        Err(Status::unimplemented("MergeComplaint"))
    }

    async fn forward_complaint(
        &self,
        _request: Request<v1::ForwardComplaintRequest>,
    ) -> Answer<v1::ForwardComplaintResponse> {
        Err(Status::unimplemented("ForwardComplaint"))
    }

    async fn start_follow_up(
        &self,
        _request: Request<v1::StartFollowUpRequest>,
    ) -> Answer<v1::StartFollowUpResponse> {
        Err(Status::unimplemented("StartFollowUp"))
    }

    async fn respond_to_complaint(
        &self,
        _request: Request<v1::RespondToComplaintRequest>,
    ) -> Answer<v1::RespondToComplaintResponse> {
        Err(Status::unimplemented("RespondToComplaint"))
    }

    async fn reply_to_complaint(
        &self,
        _request: Request<v1::ReplyToComplaintRequest>,
    ) -> Answer<v1::ReplyToComplaintResponse> {
        Err(Status::unimplemented("ReplyToComplaint"))
    }

    async fn close_complaint(
        &self,
        _request: Request<v1::CloseComplaintRequest>,
    ) -> Answer<v1::CloseComplaintResponse> {
        Err(Status::unimplemented("CloseComplaint"))
    }

    async fn reopen_complaint(
        &self,
        _request: Request<v1::ReopenComplaintRequest>,
    ) -> Answer<v1::ReopenComplaintResponse> {
        Err(Status::unimplemented("ReopenComplaint"))
    }

    async fn rate_complaint(
        &self,
        _request: Request<v1::RateComplaintRequest>,
    ) -> Answer<v1::RateComplaintResponse> {
        Err(Status::unimplemented("RateComplaint"))
    }

    async fn escalate_complaint(
        &self,
        _request: Request<v1::EscalateComplaintRequest>,
    ) -> Answer<v1::EscalateComplaintResponse> {
        Err(Status::unimplemented("EscalateComplaint"))
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
        _request: Request<v1::WatchComplaintsRequest>,
    ) -> Answer<Self::WatchComplaintsStream> {
        Err(Status::unimplemented("WatchComplaints"))
    }

    async fn get_performance(
        &self,
        request: Request<v1::GetPerformanceRequest>,
    ) -> Answer<v1::GetPerformanceResponse> {
        let (_, message) = open(request)?;
        answer(performance::get(&self.app, &message).await)
    }
}
