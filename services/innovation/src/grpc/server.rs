//! InnovationService: a few lines for each method.

use prima_platform::{
    caller,
    grpc::{Answer, answer, open, status},
};
use prima_proto::innovation::v1::{
    self,
    innovation_service_server::{InnovationService, InnovationServiceServer},
};
use tokio::sync::watch;
use tonic::Request;

use super::{convert, convert_entry, convert_round, read};
use crate::app::{
    App, advance_round, announce_results, enter_round, follow_up, open_round, record_replication,
    record_transfer, recuse_evaluator, register_innovation, review_entry, score_entry, update_entry,
    update_innovation,
};

/// The service as tonic runs it. It keeps `ready` alive for as long as it is served.
pub fn server(app: App, ready: watch::Sender<bool>) -> InnovationServiceServer<impl InnovationService> {
    let limit = app.context.config.grpc.max_message_bytes;
    InnovationServiceServer::new(Server { app, _ready: ready }).max_decoding_message_size(limit)
}

struct Server {
    app: App,
    _ready: watch::Sender<bool>,
}

#[tonic::async_trait]
impl InnovationService for Server {
    async fn register_innovation(
        &self,
        request: Request<v1::RegisterInnovationRequest>,
    ) -> Answer<v1::RegisterInnovationResponse> {
        let (caller, message) = open(request)?;
        let request = convert::register(message).map_err(status)?;
        answer(register_innovation::run(&self.app, &caller, request).await)
    }

    async fn open_round(&self, request: Request<v1::OpenRoundRequest>) -> Answer<v1::OpenRoundResponse> {
        let (caller, message) = open(request)?;
        let request = convert_round::open(message).map_err(status)?;
        answer(open_round::run(&self.app, &caller, request).await)
    }

    async fn enter_round(&self, request: Request<v1::EnterRoundRequest>) -> Answer<v1::EnterRoundResponse> {
        let (caller, message) = open(request)?;
        let request = convert_entry::enter(message).map_err(status)?;
        answer(enter_round::run(&self.app, &caller, request).await)
    }

    async fn review_entry(
        &self,
        request: Request<v1::ReviewEntryRequest>,
    ) -> Answer<v1::ReviewEntryResponse> {
        let (caller, message) = open(request)?;
        let request = convert_entry::review(message).map_err(status)?;
        answer(review_entry::run(&self.app, &caller, request).await)
    }

    async fn score_entry(&self, request: Request<v1::ScoreEntryRequest>) -> Answer<v1::ScoreEntryResponse> {
        let (caller, message) = open(request)?;
        let request = convert_entry::score(message).map_err(status)?;
        answer(score_entry::run(&self.app, &caller, request).await)
    }

    async fn recuse_evaluator(
        &self,
        request: Request<v1::RecuseEvaluatorRequest>,
    ) -> Answer<v1::RecuseEvaluatorResponse> {
        let (caller, message) = open(request)?;
        let request = convert_entry::recuse(message).map_err(status)?;
        answer(recuse_evaluator::run(&self.app, &caller, request).await)
    }

    async fn advance_round(
        &self,
        request: Request<v1::AdvanceRoundRequest>,
    ) -> Answer<v1::AdvanceRoundResponse> {
        let (caller, message) = open(request)?;
        let request = convert_entry::advance(message).map_err(status)?;
        answer(advance_round::run(&self.app, &caller, request).await)
    }

    async fn announce_results(
        &self,
        request: Request<v1::AnnounceResultsRequest>,
    ) -> Answer<v1::AnnounceResultsResponse> {
        let (caller, message) = open(request)?;
        let request = convert_entry::announce(message).map_err(status)?;
        answer(announce_results::run(&self.app, &caller, request).await)
    }

    async fn record_replication(
        &self,
        request: Request<v1::RecordReplicationRequest>,
    ) -> Answer<v1::RecordReplicationResponse> {
        let (caller, message) = open(request)?;
        let request = convert::replication(message).map_err(status)?;
        answer(record_replication::run(&self.app, &caller, request).await)
    }

    async fn follow_up_replication(
        &self,
        request: Request<v1::FollowUpReplicationRequest>,
    ) -> Answer<v1::FollowUpReplicationResponse> {
        let (caller, message) = open(request)?;
        let request = convert::follow_up(message).map_err(status)?;
        answer(follow_up::run(&self.app, &caller, request).await)
    }

    async fn record_transfer(
        &self,
        request: Request<v1::RecordTransferRequest>,
    ) -> Answer<v1::RecordTransferResponse> {
        let (caller, message) = open(request)?;
        let request = convert::transfer(message).map_err(status)?;
        answer(record_transfer::run(&self.app, &caller, request).await)
    }

    async fn update_innovation(
        &self,
        request: Request<v1::UpdateInnovationRequest>,
    ) -> Answer<v1::UpdateInnovationResponse> {
        let (caller, message) = open(request)?;
        let request = convert::update(message).map_err(status)?;
        let innovation = update_innovation::run(&self.app, &caller, request).await;
        answer(innovation.map(|i| v1::UpdateInnovationResponse { innovation: Some(i) }))
    }

    async fn update_entry(
        &self,
        request: Request<v1::UpdateEntryRequest>,
    ) -> Answer<v1::UpdateEntryResponse> {
        let (caller, message) = open(request)?;
        let request = convert_entry::update(message).map_err(status)?;
        let entry = update_entry::run(&self.app, &caller, request).await;
        answer(entry.map(|e| v1::UpdateEntryResponse { entry: Some(e) }))
    }

    async fn get_innovation(
        &self,
        request: Request<v1::GetInnovationRequest>,
    ) -> Answer<v1::GetInnovationResponse> {
        let caller = caller::of(&request);
        answer(read::innovation(&self.app, &caller, request.into_inner()).await)
    }

    async fn list_innovations(
        &self,
        request: Request<v1::ListInnovationsRequest>,
    ) -> Answer<v1::ListInnovationsResponse> {
        let caller = caller::of(&request);
        answer(read::innovations(&self.app, &caller, request.into_inner()).await)
    }

    async fn list_innovation_revisions(
        &self,
        request: Request<v1::ListInnovationRevisionsRequest>,
    ) -> Answer<v1::ListInnovationRevisionsResponse> {
        let caller = caller::of(&request);
        answer(read::revisions(&self.app, &caller, request.into_inner()).await)
    }

    async fn get_round(&self, request: Request<v1::GetRoundRequest>) -> Answer<v1::GetRoundResponse> {
        let caller = caller::of(&request);
        answer(read::round(&self.app, &caller, request.into_inner()).await)
    }

    async fn list_rounds(&self, request: Request<v1::ListRoundsRequest>) -> Answer<v1::ListRoundsResponse> {
        let caller = caller::of(&request);
        answer(read::rounds(&self.app, &caller, request.into_inner()).await)
    }

    async fn get_entry(&self, request: Request<v1::GetEntryRequest>) -> Answer<v1::GetEntryResponse> {
        let caller = caller::of(&request);
        answer(read::entry(&self.app, &caller, request.into_inner()).await)
    }

    async fn list_entries(
        &self,
        request: Request<v1::ListEntriesRequest>,
    ) -> Answer<v1::ListEntriesResponse> {
        let caller = caller::of(&request);
        answer(read::entries(&self.app, &caller, request.into_inner()).await)
    }

    async fn list_scores(&self, request: Request<v1::ListScoresRequest>) -> Answer<v1::ListScoresResponse> {
        let caller = caller::of(&request);
        answer(read::scores(&self.app, &caller, request.into_inner()).await)
    }

    async fn list_stuck_entries(
        &self,
        request: Request<v1::ListStuckEntriesRequest>,
    ) -> Answer<v1::ListStuckEntriesResponse> {
        let caller = caller::of(&request);
        answer(read::stuck(&self.app, &caller, request.into_inner()).await)
    }

    async fn get_announcement(
        &self,
        request: Request<v1::GetAnnouncementRequest>,
    ) -> Answer<v1::GetAnnouncementResponse> {
        let caller = caller::of(&request);
        answer(read::announcement(&self.app, &caller, request.into_inner()).await)
    }

    async fn get_spread(&self, request: Request<v1::GetSpreadRequest>) -> Answer<v1::GetSpreadResponse> {
        let caller = caller::of(&request);
        answer(read::spread(&self.app, &caller, request.into_inner()).await)
    }

    async fn get_portfolio(
        &self,
        request: Request<v1::GetPortfolioRequest>,
    ) -> Answer<v1::GetPortfolioResponse> {
        let caller = caller::of(&request);
        answer(read::portfolio(&self.app, &caller, request.into_inner()).await)
    }

    async fn check_obligation(
        &self,
        request: Request<v1::CheckObligationRequest>,
    ) -> Answer<v1::CheckObligationResponse> {
        let caller = caller::of(&request);
        answer(read::obligation(&self.app, &caller, request.into_inner()).await)
    }

    async fn search_catalogue(
        &self,
        request: Request<v1::SearchCatalogueRequest>,
    ) -> Answer<v1::SearchCatalogueResponse> {
        answer(read::search(&self.app, request.into_inner()).await)
    }

    async fn get_catalogue_entry(
        &self,
        request: Request<v1::GetCatalogueEntryRequest>,
    ) -> Answer<v1::GetCatalogueEntryResponse> {
        answer(read::catalogue_entry(&self.app, request.into_inner()).await)
    }
}
