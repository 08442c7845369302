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
    missing, rank_change, rebuild, scorecard, standing, uncounted,
};

/// The service as tonic runs it.
pub fn server(app: App, context: Context) -> RankingServiceServer<impl RankingService> {
    let limit = context.config.grpc.max_message_bytes;
    let feeds = Arc::new(Feeds::default());
    RankingServiceServer::new(Server { app, context, feeds }).max_decoding_message_size(limit)
}

struct Server {
    app: App,
    feeds: Arc<Feeds>,
    context: Context,
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
}
