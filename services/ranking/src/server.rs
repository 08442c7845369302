//! RankingService: which operation each RPC is.

use std::{future::ready, sync::Arc};

use prima_platform::{
    command::run,
    grpc::{Answer, WatchStream},
    query::read,
    service::Context,
};
use prima_proto::ranking::v1::{
    self,
    ranking_service_server::{RankingService, RankingServiceServer},
};
use tonic::Request;

use crate::rpc::{
    App, award, certainty, definition,
    league_table::{self, Feeds, Update},
    missing,
    publication::{self, Desk},
    rank_change, rebuild, scorecard, standing, uncounted,
};

/// The service as tonic runs it.
pub fn server(desk: Desk) -> RankingServiceServer<impl RankingService> {
    let limit = desk.context.config.grpc.max_message_bytes;
    let server = Server {
        app: desk.app.clone(),
        context: desk.context.clone(),
        feeds: Arc::new(Feeds::default()),
        desk,
    };
    RankingServiceServer::new(server).max_decoding_message_size(limit)
}

struct Server {
    app: App,
    feeds: Arc<Feeds>,
    context: Context,
    desk: Desk,
}

#[tonic::async_trait]
impl RankingService for Server {
    async fn list_league_tables(
        &self,
        request: Request<v1::ListLeagueTablesRequest>,
    ) -> Answer<v1::ListLeagueTablesResponse> {
        read(&self.context, request, |_, message| {
            ready(league_table::list(&self.app, &message))
        })
        .await
    }

    async fn get_league_table(
        &self,
        request: Request<v1::GetLeagueTableRequest>,
    ) -> Answer<v1::GetLeagueTableResponse> {
        read(&self.context, request, async |_, message| {
            league_table::get(&self.app, &message).await
        })
        .await
    }

    async fn get_standing(
        &self,
        request: Request<v1::GetStandingRequest>,
    ) -> Answer<v1::GetStandingResponse> {
        read(&self.context, request, async |_, message| {
            standing::get(&self.app, &message).await
        })
        .await
    }

    async fn list_uncounted_figures(
        &self,
        request: Request<v1::ListUncountedFiguresRequest>,
    ) -> Answer<v1::ListUncountedFiguresResponse> {
        read(&self.context, request, |_, message| {
            uncounted::list(&self.app, message)
        })
        .await
    }

    async fn get_scorecard(
        &self,
        request: Request<v1::GetScorecardRequest>,
    ) -> Answer<v1::GetScorecardResponse> {
        read(&self.context, request, |_, message| {
            ready(scorecard::get(&self.app, &message))
        })
        .await
    }

    async fn explain_rank_change(
        &self,
        request: Request<v1::ExplainRankChangeRequest>,
    ) -> Answer<v1::ExplainRankChangeResponse> {
        read(&self.context, request, async |_, message| {
            rank_change::explain(&self.app, &message).await
        })
        .await
    }

    async fn get_rank_certainty(
        &self,
        request: Request<v1::GetRankCertaintyRequest>,
    ) -> Answer<v1::GetRankCertaintyResponse> {
        read(&self.context, request, async |_, message| {
            certainty::get(&self.app, &message).await
        })
        .await
    }

    async fn list_missing_subjects(
        &self,
        request: Request<v1::ListMissingSubjectsRequest>,
    ) -> Answer<v1::ListMissingSubjectsResponse> {
        read(&self.context, request, |_, message| {
            ready(missing::list(&self.app, &message))
        })
        .await
    }

    async fn list_awards(&self, request: Request<v1::ListAwardsRequest>) -> Answer<v1::ListAwardsResponse> {
        read(&self.context, request, async |_, message| {
            award::list(&self.app, &message).await
        })
        .await
    }

    type WatchLeagueTableStream = WatchStream<Update, v1::WatchLeagueTableResponse>;

    async fn watch_league_table(
        &self,
        request: Request<v1::WatchLeagueTableRequest>,
    ) -> Answer<Self::WatchLeagueTableStream> {
        read(&self.context, request, |_, message| {
            ready(league_table::watch(&self.app, &self.feeds, &message))
        })
        .await
    }

    type RebuildLeagueTablesStream = WatchStream<v1::RebuildLeagueTablesResponse>;

    async fn rebuild_league_tables(
        &self,
        request: Request<v1::RebuildLeagueTablesRequest>,
    ) -> Answer<Self::RebuildLeagueTablesStream> {
        read(&self.context, request, |caller, message| {
            ready(rebuild::run(&self.app, &caller, message))
        })
        .await
    }

    async fn create_table_definition(
        &self,
        request: Request<v1::CreateTableDefinitionRequest>,
    ) -> Answer<v1::CreateTableDefinitionResponse> {
        run::<definition::Create>(&self.context, request).await
    }

    async fn get_table_definition(
        &self,
        request: Request<v1::GetTableDefinitionRequest>,
    ) -> Answer<v1::GetTableDefinitionResponse> {
        read(&self.context, request, async |_, message| {
            definition::get(&self.context, &message).await
        })
        .await
    }

    async fn list_table_definitions(
        &self,
        request: Request<v1::ListTableDefinitionsRequest>,
    ) -> Answer<v1::ListTableDefinitionsResponse> {
        read(&self.context, request, async |_, message| {
            definition::list(&self.context, &message).await
        })
        .await
    }

    async fn propose_league_table(
        &self,
        request: Request<v1::ProposeLeagueTableRequest>,
    ) -> Answer<v1::ProposeLeagueTableResponse> {
        run::<publication::Propose>(&self.desk, request).await
    }

    async fn get_proposed_league_table(
        &self,
        request: Request<v1::GetProposedLeagueTableRequest>,
    ) -> Answer<v1::GetProposedLeagueTableResponse> {
        read(&self.context, request, async |caller, message| {
            publication::get_proposal(&self.desk, &caller, &message).await
        })
        .await
    }

    async fn list_proposed_league_tables(
        &self,
        request: Request<v1::ListProposedLeagueTablesRequest>,
    ) -> Answer<v1::ListProposedLeagueTablesResponse> {
        read(&self.context, request, async |caller, message| {
            publication::list_proposals(&self.desk, &caller, &message).await
        })
        .await
    }

    async fn file_table_objection(
        &self,
        request: Request<v1::FileTableObjectionRequest>,
    ) -> Answer<v1::FileTableObjectionResponse> {
        run::<publication::File>(&self.desk, request).await
    }

    async fn list_table_objections(
        &self,
        request: Request<v1::ListTableObjectionsRequest>,
    ) -> Answer<v1::ListTableObjectionsResponse> {
        read(&self.context, request, async |caller, message| {
            publication::list_objections(&self.desk, &caller, &message).await
        })
        .await
    }

    async fn decide_table_objection(
        &self,
        request: Request<v1::DecideTableObjectionRequest>,
    ) -> Answer<v1::DecideTableObjectionResponse> {
        run::<publication::Decide>(&self.desk, request).await
    }

    async fn publish_league_table(
        &self,
        request: Request<v1::PublishLeagueTableRequest>,
    ) -> Answer<v1::PublishLeagueTableResponse> {
        run::<publication::Publish>(&self.desk, request).await
    }

    async fn get_published_league_table(
        &self,
        request: Request<v1::GetPublishedLeagueTableRequest>,
    ) -> Answer<v1::GetPublishedLeagueTableResponse> {
        read(&self.context, request, async |_, message| {
            publication::get(&self.desk, &message).await
        })
        .await
    }

    async fn list_published_league_tables(
        &self,
        request: Request<v1::ListPublishedLeagueTablesRequest>,
    ) -> Answer<v1::ListPublishedLeagueTablesResponse> {
        read(&self.context, request, async |_, message| {
            publication::list(&self.desk, &message).await
        })
        .await
    }

    type DownloadPublishedLeagueTableStream = WatchStream<v1::DownloadPublishedLeagueTableResponse>;

    async fn download_published_league_table(
        &self,
        request: Request<v1::DownloadPublishedLeagueTableRequest>,
    ) -> Answer<Self::DownloadPublishedLeagueTableStream> {
        read(&self.context, request, async |_, message| {
            publication::download(&self.desk, &message).await
        })
        .await
    }

    async fn get_inclusion_proof(
        &self,
        request: Request<v1::GetInclusionProofRequest>,
    ) -> Answer<v1::GetInclusionProofResponse> {
        read(&self.context, request, async |_, message| {
            publication::inclusion(&self.desk, &message).await
        })
        .await
    }

    async fn get_log_checkpoint(
        &self,
        request: Request<v1::GetLogCheckpointRequest>,
    ) -> Answer<v1::GetLogCheckpointResponse> {
        read(&self.context, request, async |_, message| {
            publication::checkpoint(&self.desk, &message).await
        })
        .await
    }

    async fn add_cosignature(
        &self,
        request: Request<v1::AddCosignatureRequest>,
    ) -> Answer<v1::AddCosignatureResponse> {
        run::<publication::Cosign>(&self.desk, request).await
    }
}
