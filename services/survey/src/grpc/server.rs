//! The RPCs: each a line, the work is in the modules beside.

use prima_platform::{
    caller,
    failure::Failure,
    grpc::{WatchStream, status},
};
use prima_proto::survey::v1::{
    self as pb,
    access_service_server::{AccessService, AccessServiceServer},
    survey_service_server::{SurveyService, SurveyServiceServer},
};
use tokio::sync::watch;
use tonic::{Request, Response, Status, Streaming};

use super::{
    access, analysis, comments, corrections, intake, periods, publication, recorded, results, surveys,
};
use crate::app::App;

/// The survey service for tonic.
pub fn survey_service(
    app: App,
    ready: watch::Sender<bool>,
    max_message_bytes: usize,
) -> SurveyServiceServer<Server> {
    SurveyServiceServer::new(Server { app, _ready: ready }).max_decoding_message_size(max_message_bytes)
}

/// The access service for tonic.
pub fn access_service(app: App, max_message_bytes: usize) -> AccessServiceServer<Access> {
    AccessServiceServer::new(Access { app }).max_decoding_message_size(max_message_bytes)
}

/// Answers the RPCs of SurveyService.
pub struct Server {
    app: App,
    _ready: watch::Sender<bool>,
}

/// Answers the RPCs of AccessService.
pub struct Access {
    app: App,
}

type Answer<T> = Result<Response<T>, Status>;

fn answer<T>(result: Result<T, Failure>) -> Answer<T> {
    result.map(Response::new).map_err(status)
}

#[tonic::async_trait]
impl SurveyService for Server {
    async fn create_survey(&self, r: Request<pb::CreateSurveyRequest>) -> Answer<pb::CreateSurveyResponse> {
        let caller = caller::of(&r);
        answer(surveys::create(&self.app, &caller, r.into_inner()).await)
    }

    async fn get_survey(&self, r: Request<pb::GetSurveyRequest>) -> Answer<pb::GetSurveyResponse> {
        let caller = caller::of(&r);
        answer(surveys::get(&self.app, &caller, r.into_inner()).await)
    }

    async fn list_surveys(&self, r: Request<pb::ListSurveysRequest>) -> Answer<pb::ListSurveysResponse> {
        let caller = caller::of(&r);
        answer(surveys::list(&self.app, &caller, r.into_inner()).await)
    }

    async fn update_survey(&self, r: Request<pb::UpdateSurveyRequest>) -> Answer<pb::UpdateSurveyResponse> {
        let caller = caller::of(&r);
        answer(surveys::update(&self.app, &caller, r.into_inner()).await)
    }

    async fn close_survey(&self, r: Request<pb::CloseSurveyRequest>) -> Answer<pb::CloseSurveyResponse> {
        let caller = caller::of(&r);
        answer(surveys::close(&self.app, &caller, r.into_inner()).await)
    }

    async fn void_responses(
        &self,
        r: Request<pb::VoidResponsesRequest>,
    ) -> Answer<pb::VoidResponsesResponse> {
        let caller = caller::of(&r);
        answer(corrections::void(&self.app, &caller, r.into_inner()).await)
    }

    async fn list_voids(&self, r: Request<pb::ListVoidsRequest>) -> Answer<pb::ListVoidsResponse> {
        let caller = caller::of(&r);
        answer(corrections::list_voids(&self.app, &caller, r.into_inner()).await)
    }

    async fn list_comments(&self, r: Request<pb::ListCommentsRequest>) -> Answer<pb::ListCommentsResponse> {
        let caller = caller::of(&r);
        answer(comments::list(&self.app, &caller, r.into_inner()).await)
    }

    async fn submit_response(
        &self,
        r: Request<pb::SubmitResponseRequest>,
    ) -> Answer<pb::SubmitResponseResponse> {
        let caller = caller::of(&r);
        answer(intake::submit_response(&self.app, &caller, r.into_inner()).await)
    }

    async fn list_results(&self, r: Request<pb::ListResultsRequest>) -> Answer<pb::ListResultsResponse> {
        let caller = caller::of(&r);
        answer(results::list_results(&self.app, &caller, r.into_inner()).await)
    }

    async fn analyze_result(
        &self,
        r: Request<pb::AnalyzeResultRequest>,
    ) -> Answer<pb::AnalyzeResultResponse> {
        let caller = caller::of(&r);
        answer(analysis::analyze(&self.app, &caller, r.into_inner()).await)
    }

    async fn get_unit_result(
        &self,
        r: Request<pb::GetUnitResultRequest>,
    ) -> Answer<pb::GetUnitResultResponse> {
        let caller = caller::of(&r);
        answer(periods::unit(&self.app, &caller, r.into_inner()).await)
    }

    async fn get_agency_result(
        &self,
        r: Request<pb::GetAgencyResultRequest>,
    ) -> Answer<pb::GetAgencyResultResponse> {
        let caller = caller::of(&r);
        answer(periods::agency(&self.app, &caller, r.into_inner()).await)
    }

    async fn record_result(&self, r: Request<pb::RecordResultRequest>) -> Answer<pb::RecordResultResponse> {
        let caller = caller::of(&r);
        answer(recorded::record(&self.app, &caller, r.into_inner()).await)
    }

    async fn list_recorded_results(
        &self,
        r: Request<pb::ListRecordedResultsRequest>,
    ) -> Answer<pb::ListRecordedResultsResponse> {
        let caller = caller::of(&r);
        answer(recorded::list(&self.app, &caller, r.into_inner()).await)
    }

    async fn publish_result(
        &self,
        r: Request<pb::PublishResultRequest>,
    ) -> Answer<pb::PublishResultResponse> {
        let caller = caller::of(&r);
        answer(publication::publish(&self.app, &caller, r.into_inner()).await)
    }

    async fn create_follow_up(
        &self,
        r: Request<pb::CreateFollowUpRequest>,
    ) -> Answer<pb::CreateFollowUpResponse> {
        let caller = caller::of(&r);
        answer(publication::create_follow_up(&self.app, &caller, r.into_inner()).await)
    }

    async fn complete_follow_up(
        &self,
        r: Request<pb::CompleteFollowUpRequest>,
    ) -> Answer<pb::CompleteFollowUpResponse> {
        let caller = caller::of(&r);
        answer(publication::complete_follow_up(&self.app, &caller, r.into_inner()).await)
    }

    async fn list_follow_ups(
        &self,
        r: Request<pb::ListFollowUpsRequest>,
    ) -> Answer<pb::ListFollowUpsResponse> {
        let caller = caller::of(&r);
        answer(publication::list_follow_ups(&self.app, &caller, r.into_inner()).await)
    }

    async fn list_instruments(
        &self,
        _: Request<pb::ListInstrumentsRequest>,
    ) -> Answer<pb::ListInstrumentsResponse> {
        answer(surveys::list_instruments())
    }

    async fn submit_responses(
        &self,
        r: Request<Streaming<pb::SubmitResponsesRequest>>,
    ) -> Answer<pb::SubmitResponsesResponse> {
        let caller = caller::of(&r);
        answer(intake::submit_responses(&self.app, caller, r.into_inner()).await)
    }

    async fn get_result(&self, r: Request<pb::GetResultRequest>) -> Answer<pb::GetResultResponse> {
        let result = results::get_result(&self.app, &caller::of(&r), &r.get_ref().survey).await;
        answer(result.map(|r| pb::GetResultResponse { result: Some(r) }))
    }

    type WatchResultStream = WatchStream<pb::WatchResultResponse>;

    async fn watch_result(&self, r: Request<pb::WatchResultRequest>) -> Answer<Self::WatchResultStream> {
        answer(results::watch_result(&self.app, &caller::of(&r), &r.get_ref().survey).await)
    }

    async fn calculate_sample_size(
        &self,
        r: Request<pb::CalculateSampleSizeRequest>,
    ) -> Answer<pb::CalculateSampleSizeResponse> {
        answer(surveys::calculate_sample_size(r.get_ref()))
    }
}

#[tonic::async_trait]
impl AccessService for Access {
    async fn issue_tokens(&self, r: Request<pb::IssueTokensRequest>) -> Answer<pb::IssueTokensResponse> {
        let caller = caller::of(&r);
        answer(access::issue_tokens(&self.app, &caller, r.into_inner()).await)
    }

    async fn list_token_batches(
        &self,
        r: Request<pb::ListTokenBatchesRequest>,
    ) -> Answer<pb::ListTokenBatchesResponse> {
        let caller = caller::of(&r);
        answer(access::list_token_batches(&self.app, &caller, r.into_inner()).await)
    }

    async fn revoke_token_batch(
        &self,
        r: Request<pb::RevokeTokenBatchRequest>,
    ) -> Answer<pb::RevokeTokenBatchResponse> {
        let caller = caller::of(&r);
        answer(access::revoke_token_batch(&self.app, &caller, r.into_inner()).await)
    }

    async fn issue_link(&self, r: Request<pb::IssueLinkRequest>) -> Answer<pb::IssueLinkResponse> {
        let caller = caller::of(&r);
        answer(access::issue_link(&self.app, &caller, r.into_inner()).await)
    }

    async fn register_device(
        &self,
        r: Request<pb::RegisterDeviceRequest>,
    ) -> Answer<pb::RegisterDeviceResponse> {
        let caller = caller::of(&r);
        answer(access::register_device(&self.app, &caller, r.into_inner()).await)
    }

    async fn list_devices(&self, r: Request<pb::ListDevicesRequest>) -> Answer<pb::ListDevicesResponse> {
        let caller = caller::of(&r);
        answer(access::list_devices(&self.app, &caller, r.into_inner()).await)
    }

    async fn revoke_device(&self, r: Request<pb::RevokeDeviceRequest>) -> Answer<pb::RevokeDeviceResponse> {
        let caller = caller::of(&r);
        answer(access::revoke_device(&self.app, &caller, r.into_inner()).await)
    }
}
