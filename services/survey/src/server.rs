//! SurveyService and AccessService: the operation of each RPC. The stored response of an idempotent operation is the resource
//! alone; it is wrapped in the response message here.

use std::future::ready;

use prima_platform::{
    command::run,
    grpc::{Answer, Network, WatchStream, answer},
    query::{read, unadmitted},
};
use prima_proto::survey::v1::{
    self as pb,
    access_service_server::{AccessService, AccessServiceServer},
    survey_service_server::{SurveyService, SurveyServiceServer},
};
use tonic::{Request, Streaming};

use crate::{
    rpc::{
        analysis, comment, device, follow_up, instrument, link, notice, period, published, quarantine,
        questionnaire, recorded_result, respondent, response, result, survey, token_batch, uncounted,
    },
    service::App,
};

/// The resource of an idempotent operation, wrapped in its response message.
fn wrapped<A, R>(resource: Answer<A>, response: impl FnOnce(A) -> R) -> Answer<R> {
    resource.map(|resource| resource.map(response))
}

/// The gRPC service SurveyService.
pub fn surveys(app: App) -> SurveyServiceServer<impl SurveyService> {
    let limit = app.context.config.grpc.max_message_bytes;
    SurveyServiceServer::new(Surveys { app }).max_decoding_message_size(limit)
}

/// The gRPC service AccessService.
pub fn access(app: App) -> AccessServiceServer<impl AccessService> {
    let limit = app.context.config.grpc.max_message_bytes;
    AccessServiceServer::new(Access { app }).max_decoding_message_size(limit)
}

struct Surveys {
    app: App,
}

struct Access {
    app: App,
}

#[tonic::async_trait]
impl SurveyService for Surveys {
    async fn create_survey(
        &self,
        request: Request<pb::CreateSurveyRequest>,
    ) -> Answer<pb::CreateSurveyResponse> {
        let resource = run::<survey::Create>(&self.app, request).await;
        wrapped(resource, |survey| pb::CreateSurveyResponse {
            notices: notice::of_survey(&survey),
            survey: Some(survey),
        })
    }

    async fn get_survey(&self, request: Request<pb::GetSurveyRequest>) -> Answer<pb::GetSurveyResponse> {
        read(&self.app.context, request, |_, message| {
            survey::get(&self.app, message)
        })
        .await
    }

    async fn list_surveys(
        &self,
        request: Request<pb::ListSurveysRequest>,
    ) -> Answer<pb::ListSurveysResponse> {
        read(&self.app.context, request, |_, message| {
            survey::list(&self.app, message)
        })
        .await
    }

    async fn update_survey(
        &self,
        request: Request<pb::UpdateSurveyRequest>,
    ) -> Answer<pb::UpdateSurveyResponse> {
        run::<survey::Update>(&self.app, request).await
    }

    async fn close_survey(
        &self,
        request: Request<pb::CloseSurveyRequest>,
    ) -> Answer<pb::CloseSurveyResponse> {
        run::<survey::Close>(&self.app, request).await
    }

    async fn reopen_survey(
        &self,
        request: Request<pb::ReopenSurveyRequest>,
    ) -> Answer<pb::ReopenSurveyResponse> {
        run::<survey::Reopen>(&self.app, request).await
    }

    async fn list_survey_changes(
        &self,
        request: Request<pb::ListSurveyChangesRequest>,
    ) -> Answer<pb::ListSurveyChangesResponse> {
        read(&self.app.context, request, |_, message| {
            survey::list_changes(&self.app, message)
        })
        .await
    }

    async fn get_questionnaire(
        &self,
        request: Request<pb::GetQuestionnaireRequest>,
    ) -> Answer<pb::GetQuestionnaireResponse> {
        read(&self.app.context, request, |_, message| {
            questionnaire::get(&self.app, message)
        })
        .await
    }

    async fn submit_response(
        &self,
        request: Request<pb::SubmitResponseRequest>,
    ) -> Answer<pb::SubmitResponseResponse> {
        let network = Network::from(&request);
        let (caller, message) = unadmitted(request);
        answer(response::submit(&self.app, (&caller, network), message).await)
    }

    async fn submit_responses(
        &self,
        request: Request<Streaming<pb::SubmitResponsesRequest>>,
    ) -> Answer<pb::SubmitResponsesResponse> {
        let network = Network::from(&request);
        let (caller, messages) = unadmitted(request);
        answer(response::submit_many(&self.app, (caller, network), messages).await)
    }

    async fn void_responses(
        &self,
        request: Request<pb::VoidResponsesRequest>,
    ) -> Answer<pb::VoidResponsesResponse> {
        let resource = run::<response::Void>(&self.app, request).await;
        wrapped(resource, |void| pb::VoidResponsesResponse { void: Some(void) })
    }

    async fn list_voids(&self, request: Request<pb::ListVoidsRequest>) -> Answer<pb::ListVoidsResponse> {
        read(&self.app.context, request, |_, message| {
            response::list_voids(&self.app, message)
        })
        .await
    }

    async fn list_responses(
        &self,
        request: Request<pb::ListResponsesRequest>,
    ) -> Answer<pb::ListResponsesResponse> {
        read(&self.app.context, request, |_, message| {
            response::list(&self.app, message)
        })
        .await
    }

    async fn list_quarantines(
        &self,
        request: Request<pb::ListQuarantinesRequest>,
    ) -> Answer<pb::ListQuarantinesResponse> {
        read(&self.app.context, request, |_, message| {
            quarantine::list(&self.app, message)
        })
        .await
    }

    async fn decide_quarantine(
        &self,
        request: Request<pb::DecideQuarantineRequest>,
    ) -> Answer<pb::DecideQuarantineResponse> {
        run::<quarantine::Decide>(&self.app, request).await
    }

    async fn list_comments(
        &self,
        request: Request<pb::ListCommentsRequest>,
    ) -> Answer<pb::ListCommentsResponse> {
        read(&self.app.context, request, |_, message| {
            comment::list(&self.app, message)
        })
        .await
    }

    async fn read_response(
        &self,
        request: Request<pb::ReadResponseRequest>,
    ) -> Answer<pb::ReadResponseResponse> {
        run::<respondent::Read>(&self.app, request).await
    }

    async fn erase_response_texts(
        &self,
        request: Request<pb::EraseResponseTextsRequest>,
    ) -> Answer<pb::EraseResponseTextsResponse> {
        run::<respondent::Erase>(&self.app, request).await
    }

    async fn list_respondent_log(
        &self,
        request: Request<pb::ListRespondentLogRequest>,
    ) -> Answer<pb::ListRespondentLogResponse> {
        read(&self.app.context, request, |_, message| {
            respondent::list(&self.app, message)
        })
        .await
    }

    async fn get_text_key_usage(
        &self,
        request: Request<pb::GetTextKeyUsageRequest>,
    ) -> Answer<pb::GetTextKeyUsageResponse> {
        read(&self.app.context, request, |_, _| respondent::keys(&self.app)).await
    }

    async fn get_result(&self, request: Request<pb::GetResultRequest>) -> Answer<pb::GetResultResponse> {
        read(&self.app.context, request, |_, message| {
            result::get(&self.app, message)
        })
        .await
    }

    async fn list_results(
        &self,
        request: Request<pb::ListResultsRequest>,
    ) -> Answer<pb::ListResultsResponse> {
        read(&self.app.context, request, |_, message| {
            result::list(&self.app, message)
        })
        .await
    }

    async fn list_published_results(
        &self,
        request: Request<pb::ListPublishedResultsRequest>,
    ) -> Answer<pb::ListPublishedResultsResponse> {
        read(&self.app.context, request, |_, message| {
            published::list(&self.app, message)
        })
        .await
    }

    async fn read_exact_result(
        &self,
        request: Request<pb::ReadExactResultRequest>,
    ) -> Answer<pb::ReadExactResultResponse> {
        run::<result::ReadExact>(&self.app, request).await
    }

    async fn list_result_readings(
        &self,
        request: Request<pb::ListResultReadingsRequest>,
    ) -> Answer<pb::ListResultReadingsResponse> {
        read(&self.app.context, request, |_, message| {
            result::list_readings(&self.app, message)
        })
        .await
    }

    type WatchResultStream = WatchStream<pb::WatchResultResponse>;

    async fn watch_result(
        &self,
        request: Request<pb::WatchResultRequest>,
    ) -> Answer<Self::WatchResultStream> {
        read(&self.app.context, request, |_, message| {
            result::watch(&self.app, message)
        })
        .await
    }

    async fn analyze_result(
        &self,
        request: Request<pb::AnalyzeResultRequest>,
    ) -> Answer<pb::AnalyzeResultResponse> {
        read(&self.app.context, request, |_, message| {
            analysis::analyze(&self.app, message)
        })
        .await
    }

    async fn get_unit_result(
        &self,
        request: Request<pb::GetUnitResultRequest>,
    ) -> Answer<pb::GetUnitResultResponse> {
        read(&self.app.context, request, |_, message| {
            period::get_unit(&self.app, message)
        })
        .await
    }

    async fn get_agency_result(
        &self,
        request: Request<pb::GetAgencyResultRequest>,
    ) -> Answer<pb::GetAgencyResultResponse> {
        read(&self.app.context, request, |_, message| {
            period::get_agency(&self.app, message)
        })
        .await
    }

    async fn record_result(
        &self,
        request: Request<pb::RecordResultRequest>,
    ) -> Answer<pb::RecordResultResponse> {
        let resource = run::<recorded_result::Record>(&self.app, request).await;
        wrapped(resource, |result| pb::RecordResultResponse {
            result: Some(result),
        })
    }

    async fn list_recorded_results(
        &self,
        request: Request<pb::ListRecordedResultsRequest>,
    ) -> Answer<pb::ListRecordedResultsResponse> {
        read(&self.app.context, request, |_, message| {
            recorded_result::list(&self.app, message)
        })
        .await
    }

    async fn list_uncounted_figures(
        &self,
        request: Request<pb::ListUncountedFiguresRequest>,
    ) -> Answer<pb::ListUncountedFiguresResponse> {
        read(&self.app.context, request, |_, message| {
            uncounted::list(&self.app, message)
        })
        .await
    }

    async fn publish_result(
        &self,
        request: Request<pb::PublishResultRequest>,
    ) -> Answer<pb::PublishResultResponse> {
        let resource = run::<result::Publish>(&self.app, request).await;
        wrapped(resource, |publication| pb::PublishResultResponse {
            publication: Some(publication),
        })
    }

    async fn create_follow_up(
        &self,
        request: Request<pb::CreateFollowUpRequest>,
    ) -> Answer<pb::CreateFollowUpResponse> {
        let resource = run::<follow_up::Create>(&self.app, request).await;
        wrapped(resource, |follow_up| pb::CreateFollowUpResponse {
            follow_up: Some(follow_up),
        })
    }

    async fn complete_follow_up(
        &self,
        request: Request<pb::CompleteFollowUpRequest>,
    ) -> Answer<pb::CompleteFollowUpResponse> {
        run::<follow_up::Complete>(&self.app, request).await
    }

    async fn list_follow_ups(
        &self,
        request: Request<pb::ListFollowUpsRequest>,
    ) -> Answer<pb::ListFollowUpsResponse> {
        read(&self.app.context, request, |_, message| {
            follow_up::list(&self.app, message)
        })
        .await
    }

    async fn list_instruments(
        &self,
        request: Request<pb::ListInstrumentsRequest>,
    ) -> Answer<pb::ListInstrumentsResponse> {
        read(&self.app.context, request, |_, _| ready(instrument::list())).await
    }

    async fn calculate_sample_size(
        &self,
        request: Request<pb::CalculateSampleSizeRequest>,
    ) -> Answer<pb::CalculateSampleSizeResponse> {
        read(&self.app.context, request, |_, message| {
            ready(instrument::calculate_sample_size(&message))
        })
        .await
    }
}

#[tonic::async_trait]
impl AccessService for Access {
    async fn issue_tokens(
        &self,
        request: Request<pb::IssueTokensRequest>,
    ) -> Answer<pb::IssueTokensResponse> {
        token_batch::issue(&self.app, request).await
    }

    async fn list_token_batches(
        &self,
        request: Request<pb::ListTokenBatchesRequest>,
    ) -> Answer<pb::ListTokenBatchesResponse> {
        read(&self.app.context, request, |_, message| {
            token_batch::list(&self.app, message)
        })
        .await
    }

    async fn revoke_token_batch(
        &self,
        request: Request<pb::RevokeTokenBatchRequest>,
    ) -> Answer<pb::RevokeTokenBatchResponse> {
        run::<token_batch::Revoke>(&self.app, request).await
    }

    async fn issue_link(&self, request: Request<pb::IssueLinkRequest>) -> Answer<pb::IssueLinkResponse> {
        read(&self.app.context, request, |_, message| {
            link::issue(&self.app, message)
        })
        .await
    }

    async fn register_device(
        &self,
        request: Request<pb::RegisterDeviceRequest>,
    ) -> Answer<pb::RegisterDeviceResponse> {
        let resource = run::<device::Register>(&self.app, request).await;
        wrapped(resource, |device| pb::RegisterDeviceResponse {
            device: Some(device),
        })
    }

    async fn list_devices(
        &self,
        request: Request<pb::ListDevicesRequest>,
    ) -> Answer<pb::ListDevicesResponse> {
        read(&self.app.context, request, |_, message| {
            device::list(&self.app, message)
        })
        .await
    }

    async fn revoke_device(
        &self,
        request: Request<pb::RevokeDeviceRequest>,
    ) -> Answer<pb::RevokeDeviceResponse> {
        run::<device::Revoke>(&self.app, request).await
    }
}
