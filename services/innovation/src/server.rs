//! InnovationService: maps each RPC to its operation.

use prima_platform::{command::run, grpc::Answer, query::read, service::Context};
use prima_proto::innovation::v1::{
    self,
    innovation_service_server::{InnovationService, InnovationServiceServer},
};
use tonic::Request;

use crate::rpc::{entry, innovation, portfolio, replication, round, score, uncounted};

/// The service as tonic runs it.
pub fn server(ctx: Context) -> InnovationServiceServer<impl InnovationService> {
    let limit = ctx.config.grpc.max_message_bytes;
    InnovationServiceServer::new(Server { ctx }).max_decoding_message_size(limit)
}

struct Server {
    ctx: Context,
}

#[tonic::async_trait]
impl InnovationService for Server {
    async fn register_innovation(
        &self,
        request: Request<v1::RegisterInnovationRequest>,
    ) -> Answer<v1::RegisterInnovationResponse> {
        run::<innovation::Register>(&self.ctx, request).await
    }

    async fn get_innovation(
        &self,
        request: Request<v1::GetInnovationRequest>,
    ) -> Answer<v1::GetInnovationResponse> {
        read(&self.ctx, request, |caller, message| {
            innovation::get(&self.ctx, caller, message)
        })
        .await
    }

    async fn list_uncounted_figures(
        &self,
        request: Request<v1::ListUncountedFiguresRequest>,
    ) -> Answer<v1::ListUncountedFiguresResponse> {
        read(&self.ctx, request, |_, message| {
            uncounted::list(&self.ctx, message)
        })
        .await
    }

    async fn list_innovations(
        &self,
        request: Request<v1::ListInnovationsRequest>,
    ) -> Answer<v1::ListInnovationsResponse> {
        read(&self.ctx, request, |caller, message| {
            innovation::list(&self.ctx, caller, message)
        })
        .await
    }

    async fn list_innovation_revisions(
        &self,
        request: Request<v1::ListInnovationRevisionsRequest>,
    ) -> Answer<v1::ListInnovationRevisionsResponse> {
        read(&self.ctx, request, |_, message| {
            innovation::list_revisions(&self.ctx, message)
        })
        .await
    }

    async fn update_innovation(
        &self,
        request: Request<v1::UpdateInnovationRequest>,
    ) -> Answer<v1::UpdateInnovationResponse> {
        run::<innovation::Update>(&self.ctx, request).await
    }

    async fn search_catalogue(
        &self,
        request: Request<v1::SearchCatalogueRequest>,
    ) -> Answer<v1::SearchCatalogueResponse> {
        read(&self.ctx, request, |_, message| {
            innovation::search_catalogue(&self.ctx, message)
        })
        .await
    }

    async fn get_catalogue_entry(
        &self,
        request: Request<v1::GetCatalogueEntryRequest>,
    ) -> Answer<v1::GetCatalogueEntryResponse> {
        read(&self.ctx, request, |_, message| {
            innovation::get_catalogue_entry(&self.ctx, message)
        })
        .await
    }

    async fn open_round(&self, request: Request<v1::OpenRoundRequest>) -> Answer<v1::OpenRoundResponse> {
        run::<round::Open>(&self.ctx, request).await
    }

    async fn get_round(&self, request: Request<v1::GetRoundRequest>) -> Answer<v1::GetRoundResponse> {
        read(&self.ctx, request, |caller, message| {
            round::get(&self.ctx, caller, message)
        })
        .await
    }

    async fn list_rounds(&self, request: Request<v1::ListRoundsRequest>) -> Answer<v1::ListRoundsResponse> {
        read(&self.ctx, request, |_, message| round::list(&self.ctx, message)).await
    }

    async fn advance_round(
        &self,
        request: Request<v1::AdvanceRoundRequest>,
    ) -> Answer<v1::AdvanceRoundResponse> {
        run::<round::Advance>(&self.ctx, request).await
    }

    async fn announce_results(
        &self,
        request: Request<v1::AnnounceResultsRequest>,
    ) -> Answer<v1::AnnounceResultsResponse> {
        run::<round::Announce>(&self.ctx, request).await
    }

    async fn get_announcement(
        &self,
        request: Request<v1::GetAnnouncementRequest>,
    ) -> Answer<v1::GetAnnouncementResponse> {
        read(&self.ctx, request, |caller, message| {
            round::get_announcement(&self.ctx, caller, message)
        })
        .await
    }

    async fn enter_round(&self, request: Request<v1::EnterRoundRequest>) -> Answer<v1::EnterRoundResponse> {
        run::<entry::Enter>(&self.ctx, request).await
    }

    async fn get_entry(&self, request: Request<v1::GetEntryRequest>) -> Answer<v1::GetEntryResponse> {
        read(&self.ctx, request, |caller, message| {
            entry::get(&self.ctx, caller, message)
        })
        .await
    }

    async fn list_entries(
        &self,
        request: Request<v1::ListEntriesRequest>,
    ) -> Answer<v1::ListEntriesResponse> {
        read(&self.ctx, request, |_, message| entry::list(&self.ctx, message)).await
    }

    async fn list_stuck_entries(
        &self,
        request: Request<v1::ListStuckEntriesRequest>,
    ) -> Answer<v1::ListStuckEntriesResponse> {
        read(&self.ctx, request, |_, message| {
            entry::list_stuck(&self.ctx, message)
        })
        .await
    }

    async fn update_entry(
        &self,
        request: Request<v1::UpdateEntryRequest>,
    ) -> Answer<v1::UpdateEntryResponse> {
        run::<entry::Update>(&self.ctx, request).await
    }

    async fn review_entry(
        &self,
        request: Request<v1::ReviewEntryRequest>,
    ) -> Answer<v1::ReviewEntryResponse> {
        run::<entry::Review>(&self.ctx, request).await
    }

    async fn score_entry(&self, request: Request<v1::ScoreEntryRequest>) -> Answer<v1::ScoreEntryResponse> {
        run::<score::Give>(&self.ctx, request).await
    }

    async fn recuse_evaluator(
        &self,
        request: Request<v1::RecuseEvaluatorRequest>,
    ) -> Answer<v1::RecuseEvaluatorResponse> {
        run::<score::Recuse>(&self.ctx, request).await
    }

    async fn list_scores(&self, request: Request<v1::ListScoresRequest>) -> Answer<v1::ListScoresResponse> {
        read(&self.ctx, request, |caller, message| {
            score::list(&self.ctx, caller, message)
        })
        .await
    }

    async fn record_replication(
        &self,
        request: Request<v1::RecordReplicationRequest>,
    ) -> Answer<v1::RecordReplicationResponse> {
        run::<replication::Record>(&self.ctx, request).await
    }

    async fn follow_up_replication(
        &self,
        request: Request<v1::FollowUpReplicationRequest>,
    ) -> Answer<v1::FollowUpReplicationResponse> {
        run::<replication::FollowUp>(&self.ctx, request).await
    }

    async fn record_transfer(
        &self,
        request: Request<v1::RecordTransferRequest>,
    ) -> Answer<v1::RecordTransferResponse> {
        run::<replication::RecordTransfer>(&self.ctx, request).await
    }

    async fn get_spread(&self, request: Request<v1::GetSpreadRequest>) -> Answer<v1::GetSpreadResponse> {
        read(&self.ctx, request, |caller, message| {
            replication::get_spread(&self.ctx, caller, message)
        })
        .await
    }

    async fn get_portfolio(
        &self,
        request: Request<v1::GetPortfolioRequest>,
    ) -> Answer<v1::GetPortfolioResponse> {
        read(&self.ctx, request, |_, message| {
            portfolio::get(&self.ctx, message)
        })
        .await
    }

    async fn check_obligation(
        &self,
        request: Request<v1::CheckObligationRequest>,
    ) -> Answer<v1::CheckObligationResponse> {
        read(&self.ctx, request, |_, message| {
            portfolio::check_obligation(&self.ctx, message)
        })
        .await
    }
}
