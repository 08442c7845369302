//! IndexService and AssessmentService: maps each RPC to its operation.

use std::future::ready;

use prima_platform::{
    command::run,
    grpc::{Answer, WatchStream, answer},
    objects::Objects,
    query::{admit_unless_faulty, read},
    service::Context,
};
use prima_proto::index::v1::{
    self as pb,
    assessment_service_server::{AssessmentService, AssessmentServiceServer},
    index_service_server::{IndexService, IndexServiceServer},
};
use tonic::{Request, Streaming};

use crate::rpc::{action, assessment, cycle, evidence, external, index, instrument, suggestion, uncounted};

/// IndexService as tonic runs it.
pub fn indexes(ctx: Context) -> IndexServiceServer<impl IndexService> {
    let limit = ctx.config.grpc.max_message_bytes;
    IndexServiceServer::new(Indexes { ctx }).max_decoding_message_size(limit)
}

/// AssessmentService as tonic runs it; files are kept in `objects`.
pub fn assessments(ctx: Context, objects: Objects) -> AssessmentServiceServer<impl AssessmentService> {
    let limit = ctx.config.grpc.max_message_bytes;
    AssessmentServiceServer::new(Assessments { ctx, objects }).max_decoding_message_size(limit)
}

struct Indexes {
    ctx: Context,
}

struct Assessments {
    ctx: Context,
    objects: Objects,
}

#[tonic::async_trait]
impl IndexService for Indexes {
    async fn list_instruments(
        &self,
        request: Request<pb::ListInstrumentsRequest>,
    ) -> Answer<pb::ListInstrumentsResponse> {
        read(&self.ctx, request, |_, message| {
            instrument::list(&self.ctx, message)
        })
        .await
    }

    async fn get_instrument(
        &self,
        request: Request<pb::GetInstrumentRequest>,
    ) -> Answer<pb::GetInstrumentResponse> {
        read(&self.ctx, request, |_, message| {
            instrument::get(&self.ctx, message)
        })
        .await
    }

    async fn check_instrument(
        &self,
        request: Request<pb::CheckInstrumentRequest>,
    ) -> Answer<pb::CheckInstrumentResponse> {
        read(&self.ctx, request, |_, message| ready(instrument::check(message))).await
    }

    async fn add_instrument(
        &self,
        request: Request<pb::AddInstrumentRequest>,
    ) -> Answer<pb::AddInstrumentResponse> {
        let done = run::<instrument::Add>(&self.ctx, request).await?;
        Ok(done.map(|instrument| pb::AddInstrumentResponse {
            instrument: Some(instrument),
        }))
    }

    async fn simulate_index(
        &self,
        request: Request<pb::SimulateIndexRequest>,
    ) -> Answer<pb::SimulateIndexResponse> {
        read(&self.ctx, request, |_, message| {
            index::simulate(&self.ctx, message)
        })
        .await
    }

    async fn get_index(&self, request: Request<pb::GetIndexRequest>) -> Answer<pb::GetIndexResponse> {
        read(&self.ctx, request, |_, message| index::get(&self.ctx, message)).await
    }

    async fn list_uncounted_figures(
        &self,
        request: Request<pb::ListUncountedFiguresRequest>,
    ) -> Answer<pb::ListUncountedFiguresResponse> {
        read(&self.ctx, request, |caller, message| {
            uncounted::list(&self.ctx, caller, message)
        })
        .await
    }

    async fn list_indexes(
        &self,
        request: Request<pb::ListIndexesRequest>,
    ) -> Answer<pb::ListIndexesResponse> {
        read(&self.ctx, request, |_, message| index::list(&self.ctx, message)).await
    }

    async fn explain_index(
        &self,
        request: Request<pb::ExplainIndexRequest>,
    ) -> Answer<pb::ExplainIndexResponse> {
        read(&self.ctx, request, |caller, message| {
            index::explain(&self.ctx, caller, message)
        })
        .await
    }

    async fn verify_index(
        &self,
        request: Request<pb::VerifyIndexRequest>,
    ) -> Answer<pb::VerifyIndexResponse> {
        read(&self.ctx, request, |caller, message| {
            index::verify(&self.ctx, caller, message)
        })
        .await
    }

    async fn list_recommendations(
        &self,
        request: Request<pb::ListRecommendationsRequest>,
    ) -> Answer<pb::ListRecommendationsResponse> {
        read(&self.ctx, request, |caller, message| {
            index::recommend(&self.ctx, caller, message)
        })
        .await
    }

    async fn list_external_metrics(
        &self,
        request: Request<pb::ListExternalMetricsRequest>,
    ) -> Answer<pb::ListExternalMetricsResponse> {
        read(&self.ctx, request, |_, _| external::list_metrics(&self.ctx)).await
    }

    async fn record_external_score(
        &self,
        request: Request<pb::RecordExternalScoreRequest>,
    ) -> Answer<pb::RecordExternalScoreResponse> {
        admit_unless_faulty(&self.ctx, &request).await?;
        let key = request
            .get_ref()
            .score
            .as_ref()
            .map_or("", |score| score.metric.as_str());
        let own = answer(external::own_metric(&self.ctx, key).await)?.into_inner();
        let request = request.map(|message| (own, message));
        let done = run::<external::Record>(&self.ctx, request).await?;
        Ok(done.map(|score| pb::RecordExternalScoreResponse { score: Some(score) }))
    }

    async fn confirm_external_score(
        &self,
        request: Request<pb::ConfirmExternalScoreRequest>,
    ) -> Answer<pb::ConfirmExternalScoreResponse> {
        admit_unless_faulty(&self.ctx, &request).await?;
        let key = request.get_ref().metric.as_str();
        let own = answer(external::own_metric(&self.ctx, key).await)?.into_inner();
        let request = request.map(|message| (own, message));
        let done = run::<external::Confirm>(&self.ctx, request).await?;
        Ok(done.map(|score| pb::ConfirmExternalScoreResponse { score: Some(score) }))
    }

    async fn list_external_scores(
        &self,
        request: Request<pb::ListExternalScoresRequest>,
    ) -> Answer<pb::ListExternalScoresResponse> {
        read(&self.ctx, request, |caller, message| {
            external::list(&self.ctx, caller, message)
        })
        .await
    }
}

#[tonic::async_trait]
impl AssessmentService for Assessments {
    async fn open_cycle(&self, request: Request<pb::OpenCycleRequest>) -> Answer<pb::OpenCycleResponse> {
        let done = run::<cycle::Open>(&self.ctx, request).await?;
        Ok(done.map(|cycle| pb::OpenCycleResponse { cycle: Some(cycle) }))
    }

    async fn get_cycle(&self, request: Request<pb::GetCycleRequest>) -> Answer<pb::GetCycleResponse> {
        read(&self.ctx, request, |caller, message| {
            cycle::get(&self.ctx, caller, message)
        })
        .await
    }

    async fn list_cycles(&self, request: Request<pb::ListCyclesRequest>) -> Answer<pb::ListCyclesResponse> {
        read(&self.ctx, request, |_, message| cycle::list(&self.ctx, message)).await
    }

    async fn update_cycle(
        &self,
        request: Request<pb::UpdateCycleRequest>,
    ) -> Answer<pb::UpdateCycleResponse> {
        let done = run::<cycle::Update>(&self.ctx, request).await?;
        Ok(done.map(|cycle| pb::UpdateCycleResponse { cycle: Some(cycle) }))
    }

    async fn finalize_cycle(
        &self,
        request: Request<pb::FinalizeCycleRequest>,
    ) -> Answer<pb::FinalizeCycleResponse> {
        run::<cycle::Finalize>(&self.ctx, request).await
    }

    async fn enroll_unit(&self, request: Request<pb::EnrollUnitRequest>) -> Answer<pb::EnrollUnitResponse> {
        let done = run::<assessment::Enroll>(&self.ctx, request).await?;
        Ok(done.map(|assessment| pb::EnrollUnitResponse {
            assessment: Some(assessment),
        }))
    }

    async fn get_assessment(
        &self,
        request: Request<pb::GetAssessmentRequest>,
    ) -> Answer<pb::GetAssessmentResponse> {
        read(&self.ctx, request, |_, message| {
            assessment::get(&self.ctx, message)
        })
        .await
    }

    async fn list_assessments(
        &self,
        request: Request<pb::ListAssessmentsRequest>,
    ) -> Answer<pb::ListAssessmentsResponse> {
        read(&self.ctx, request, |caller, message| {
            assessment::list(&self.ctx, caller, message)
        })
        .await
    }

    async fn submit_self_assessment(
        &self,
        request: Request<pb::SubmitSelfAssessmentRequest>,
    ) -> Answer<pb::SubmitSelfAssessmentResponse> {
        let done = run::<assessment::SelfAssess>(&self.ctx, request).await?;
        Ok(done.map(|assessment| pb::SubmitSelfAssessmentResponse {
            assessment: Some(assessment),
        }))
    }

    async fn submit_evaluation(
        &self,
        request: Request<pb::SubmitEvaluationRequest>,
    ) -> Answer<pb::SubmitEvaluationResponse> {
        let done = run::<assessment::Evaluate>(&self.ctx, request).await?;
        Ok(done.map(|assessment| pb::SubmitEvaluationResponse {
            assessment: Some(assessment),
        }))
    }

    async fn file_objection(
        &self,
        request: Request<pb::FileObjectionRequest>,
    ) -> Answer<pb::FileObjectionResponse> {
        let done = run::<assessment::FileObjection>(&self.ctx, request).await?;
        Ok(done.map(|objection| pb::FileObjectionResponse {
            objection: Some(objection),
        }))
    }

    async fn decide_objection(
        &self,
        request: Request<pb::DecideObjectionRequest>,
    ) -> Answer<pb::DecideObjectionResponse> {
        let done = run::<assessment::DecideObjection>(&self.ctx, request).await?;
        Ok(done.map(|objection| pb::DecideObjectionResponse {
            objection: Some(objection),
        }))
    }

    async fn list_suggestions(
        &self,
        request: Request<pb::ListSuggestionsRequest>,
    ) -> Answer<pb::ListSuggestionsResponse> {
        read(&self.ctx, request, |_, message| {
            suggestion::list(&self.ctx, message)
        })
        .await
    }

    async fn create_action(
        &self,
        request: Request<pb::CreateActionRequest>,
    ) -> Answer<pb::CreateActionResponse> {
        let done = run::<action::Create>(&self.ctx, request).await?;
        Ok(done.map(|action| pb::CreateActionResponse { action: Some(action) }))
    }

    async fn complete_action(
        &self,
        request: Request<pb::CompleteActionRequest>,
    ) -> Answer<pb::CompleteActionResponse> {
        let done = run::<action::Complete>(&self.ctx, request).await?;
        Ok(done.map(|action| pb::CompleteActionResponse { action: Some(action) }))
    }

    async fn list_actions(
        &self,
        request: Request<pb::ListActionsRequest>,
    ) -> Answer<pb::ListActionsResponse> {
        read(&self.ctx, request, |_, message| action::list(&self.ctx, message)).await
    }

    async fn list_evidence(
        &self,
        request: Request<pb::ListEvidenceRequest>,
    ) -> Answer<pb::ListEvidenceResponse> {
        read(&self.ctx, request, |_, message| {
            evidence::list(&self.ctx, message)
        })
        .await
    }

    async fn attach_evidence(
        &self,
        request: Request<Streaming<pb::AttachEvidenceRequest>>,
    ) -> Answer<pb::AttachEvidenceResponse> {
        evidence::attach(&self.ctx, &self.objects, request).await
    }

    type ReadEvidenceStream = WatchStream<pb::ReadEvidenceResponse>;

    async fn read_evidence(
        &self,
        request: Request<pb::ReadEvidenceRequest>,
    ) -> Answer<Self::ReadEvidenceStream> {
        read(&self.ctx, request, |_, message| {
            evidence::read(&self.ctx, &self.objects, message)
        })
        .await
    }
}
