//! The RPCs: each a line, the work is in the modules beside.

use prima_platform::{
    caller,
    failure::Failure,
    grpc::{WatchStream, status},
};
use prima_proto::index::v1::{
    self as pb,
    assessment_service_server::{AssessmentService, AssessmentServiceServer},
    index_service_server::{IndexService, IndexServiceServer},
};
use tokio::sync::watch;
use tonic::{Request, Response, Status, Streaming};

use super::{actions, cycles, evaluation, evidence, external, indexes, instruments, suggestions};
use crate::app::App;

/// The index service for tonic.
pub fn index_service(
    app: App,
    ready: watch::Sender<bool>,
    max_message_bytes: usize,
) -> IndexServiceServer<Index> {
    IndexServiceServer::new(Index { app, _ready: ready }).max_decoding_message_size(max_message_bytes)
}

/// The assessment service for tonic.
pub fn assessment_service(app: App, max_message_bytes: usize) -> AssessmentServiceServer<Assessment> {
    AssessmentServiceServer::new(Assessment { app }).max_decoding_message_size(max_message_bytes)
}

/// Answers the RPCs of IndexService.
pub struct Index {
    app: App,
    _ready: watch::Sender<bool>,
}

/// Answers the RPCs of AssessmentService.
pub struct Assessment {
    app: App,
}

type Answer<T> = Result<Response<T>, Status>;

fn answer<T>(result: Result<T, Failure>) -> Answer<T> {
    result.map(Response::new).map_err(status)
}

#[tonic::async_trait]
impl IndexService for Index {
    async fn list_instruments(
        &self,
        r: Request<pb::ListInstrumentsRequest>,
    ) -> Answer<pb::ListInstrumentsResponse> {
        let caller = caller::of(&r);
        answer(instruments::list_instruments(&self.app, &caller, r.into_inner()).await)
    }

    async fn get_instrument(
        &self,
        r: Request<pb::GetInstrumentRequest>,
    ) -> Answer<pb::GetInstrumentResponse> {
        let caller = caller::of(&r);
        answer(instruments::get_instrument(&self.app, &caller, r.into_inner()).await)
    }

    async fn check_instrument(
        &self,
        r: Request<pb::CheckInstrumentRequest>,
    ) -> Answer<pb::CheckInstrumentResponse> {
        let caller = caller::of(&r);
        answer(instruments::check_instrument(&self.app, &caller, r.into_inner()).await)
    }

    async fn add_instrument(
        &self,
        r: Request<pb::AddInstrumentRequest>,
    ) -> Answer<pb::AddInstrumentResponse> {
        let caller = caller::of(&r);
        answer(instruments::add_instrument(&self.app, &caller, r.into_inner()).await)
    }

    async fn simulate_index(
        &self,
        r: Request<pb::SimulateIndexRequest>,
    ) -> Answer<pb::SimulateIndexResponse> {
        let caller = caller::of(&r);
        answer(instruments::simulate_index(&self.app, &caller, r.into_inner()).await)
    }

    async fn get_index(&self, r: Request<pb::GetIndexRequest>) -> Answer<pb::GetIndexResponse> {
        let caller = caller::of(&r);
        answer(indexes::get_index(&self.app, &caller, r.into_inner()).await)
    }

    async fn list_indexes(&self, r: Request<pb::ListIndexesRequest>) -> Answer<pb::ListIndexesResponse> {
        let caller = caller::of(&r);
        answer(indexes::list_indexes(&self.app, &caller, r.into_inner()).await)
    }

    async fn explain_index(&self, r: Request<pb::ExplainIndexRequest>) -> Answer<pb::ExplainIndexResponse> {
        let caller = caller::of(&r);
        answer(indexes::explain_index(&self.app, &caller, r.into_inner()).await)
    }

    async fn verify_index(&self, r: Request<pb::VerifyIndexRequest>) -> Answer<pb::VerifyIndexResponse> {
        let caller = caller::of(&r);
        answer(indexes::verify_index(&self.app, &caller, r.into_inner()).await)
    }

    async fn list_recommendations(
        &self,
        r: Request<pb::ListRecommendationsRequest>,
    ) -> Answer<pb::ListRecommendationsResponse> {
        let caller = caller::of(&r);
        answer(indexes::list_recommendations(&self.app, &caller, r.into_inner()).await)
    }

    async fn list_external_metrics(
        &self,
        r: Request<pb::ListExternalMetricsRequest>,
    ) -> Answer<pb::ListExternalMetricsResponse> {
        let caller = caller::of(&r);
        answer(external::list_external_metrics(&self.app, &caller, r.into_inner()).await)
    }

    async fn record_external_score(
        &self,
        r: Request<pb::RecordExternalScoreRequest>,
    ) -> Answer<pb::RecordExternalScoreResponse> {
        let caller = caller::of(&r);
        answer(external::record_external_score(&self.app, &caller, r.into_inner()).await)
    }

    async fn list_external_scores(
        &self,
        r: Request<pb::ListExternalScoresRequest>,
    ) -> Answer<pb::ListExternalScoresResponse> {
        let caller = caller::of(&r);
        answer(external::list_external_scores(&self.app, &caller, r.into_inner()).await)
    }
}

#[tonic::async_trait]
impl AssessmentService for Assessment {
    async fn open_cycle(&self, r: Request<pb::OpenCycleRequest>) -> Answer<pb::OpenCycleResponse> {
        let caller = caller::of(&r);
        answer(cycles::open_cycle(&self.app, &caller, r.into_inner()).await)
    }

    async fn get_cycle(&self, r: Request<pb::GetCycleRequest>) -> Answer<pb::GetCycleResponse> {
        let caller = caller::of(&r);
        answer(cycles::get_cycle(&self.app, &caller, r.into_inner()).await)
    }

    async fn list_cycles(&self, r: Request<pb::ListCyclesRequest>) -> Answer<pb::ListCyclesResponse> {
        let caller = caller::of(&r);
        answer(cycles::list_cycles(&self.app, &caller, r.into_inner()).await)
    }

    async fn enroll_unit(&self, r: Request<pb::EnrollUnitRequest>) -> Answer<pb::EnrollUnitResponse> {
        let caller = caller::of(&r);
        answer(cycles::enroll_unit(&self.app, &caller, r.into_inner()).await)
    }

    async fn get_assessment(
        &self,
        r: Request<pb::GetAssessmentRequest>,
    ) -> Answer<pb::GetAssessmentResponse> {
        let caller = caller::of(&r);
        answer(cycles::get_assessment(&self.app, &caller, r.into_inner()).await)
    }

    async fn list_assessments(
        &self,
        r: Request<pb::ListAssessmentsRequest>,
    ) -> Answer<pb::ListAssessmentsResponse> {
        let caller = caller::of(&r);
        answer(cycles::list_assessments(&self.app, &caller, r.into_inner()).await)
    }

    async fn finalize_cycle(
        &self,
        r: Request<pb::FinalizeCycleRequest>,
    ) -> Answer<pb::FinalizeCycleResponse> {
        let caller = caller::of(&r);
        answer(cycles::finalize_cycle(&self.app, &caller, r.into_inner()).await)
    }

    async fn submit_self_assessment(
        &self,
        r: Request<pb::SubmitSelfAssessmentRequest>,
    ) -> Answer<pb::SubmitSelfAssessmentResponse> {
        let caller = caller::of(&r);
        answer(evaluation::submit_self_assessment(&self.app, &caller, r.into_inner()).await)
    }

    async fn submit_evaluation(
        &self,
        r: Request<pb::SubmitEvaluationRequest>,
    ) -> Answer<pb::SubmitEvaluationResponse> {
        let caller = caller::of(&r);
        answer(evaluation::submit_evaluation(&self.app, &caller, r.into_inner()).await)
    }

    async fn file_objection(
        &self,
        r: Request<pb::FileObjectionRequest>,
    ) -> Answer<pb::FileObjectionResponse> {
        let caller = caller::of(&r);
        answer(evaluation::file_objection(&self.app, &caller, r.into_inner()).await)
    }

    async fn decide_objection(
        &self,
        r: Request<pb::DecideObjectionRequest>,
    ) -> Answer<pb::DecideObjectionResponse> {
        let caller = caller::of(&r);
        answer(evaluation::decide_objection(&self.app, &caller, r.into_inner()).await)
    }

    async fn list_evidence(&self, r: Request<pb::ListEvidenceRequest>) -> Answer<pb::ListEvidenceResponse> {
        let caller = caller::of(&r);
        answer(evidence::list_evidence(&self.app, &caller, r.into_inner()).await)
    }

    async fn create_action(&self, r: Request<pb::CreateActionRequest>) -> Answer<pb::CreateActionResponse> {
        let caller = caller::of(&r);
        answer(actions::create_action(&self.app, &caller, r.into_inner()).await)
    }

    async fn complete_action(
        &self,
        r: Request<pb::CompleteActionRequest>,
    ) -> Answer<pb::CompleteActionResponse> {
        let caller = caller::of(&r);
        answer(actions::complete_action(&self.app, &caller, r.into_inner()).await)
    }

    async fn list_actions(&self, r: Request<pb::ListActionsRequest>) -> Answer<pb::ListActionsResponse> {
        let caller = caller::of(&r);
        answer(actions::list_actions(&self.app, &caller, r.into_inner()).await)
    }

    async fn list_suggestions(
        &self,
        r: Request<pb::ListSuggestionsRequest>,
    ) -> Answer<pb::ListSuggestionsResponse> {
        let caller = caller::of(&r);
        answer(suggestions::list_suggestions(&self.app, &caller, r.into_inner()).await)
    }

    async fn attach_evidence(
        &self,
        r: Request<Streaming<pb::AttachEvidenceRequest>>,
    ) -> Answer<pb::AttachEvidenceResponse> {
        let caller = caller::of(&r);
        answer(evidence::attach_evidence(&self.app, caller, r.into_inner()).await)
    }

    type ReadEvidenceStream = WatchStream<pb::ReadEvidenceResponse>;

    async fn read_evidence(&self, r: Request<pb::ReadEvidenceRequest>) -> Answer<Self::ReadEvidenceStream> {
        let caller = caller::of(&r);
        answer(evidence::read_evidence(&self.app, &caller, r.into_inner()).await)
    }
}
