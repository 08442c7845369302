//! RankingService: which operation each RPC is.

use std::sync::Arc;

use prima_platform::{
    command::run,
    grpc::{Answer, WatchStream, answer, open, read},
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
        answer(league_table::list(&self.app, request.get_ref()))
    }

    async fn get_league_table(
        &self,
        request: Request<v1::GetLeagueTableRequest>,
    ) -> Answer<v1::GetLeagueTableResponse> {
        answer(league_table::get(&self.app, request.get_ref()).await)
    }

    async fn get_standing(
        &self,
        request: Request<v1::GetStandingRequest>,
    ) -> Answer<v1::GetStandingResponse> {
        answer(standing::get(&self.app, request.get_ref()).await)
    }

    async fn list_uncounted_figures(
        &self,
        request: Request<v1::ListUncountedFiguresRequest>,
    ) -> Answer<v1::ListUncountedFiguresResponse> {
        read(request, |caller, message| {
            uncounted::list(&self.app, caller, message)
        })
        .await
    }

    async fn get_scorecard(
        &self,
        request: Request<v1::GetScorecardRequest>,
    ) -> Answer<v1::GetScorecardResponse> {
        answer(scorecard::get(&self.app, request.get_ref()))
    }

    async fn explain_rank_change(
        &self,
        request: Request<v1::ExplainRankChangeRequest>,
    ) -> Answer<v1::ExplainRankChangeResponse> {
        answer(rank_change::explain(&self.app, request.get_ref()).await)
    }

    async fn get_rank_certainty(
        &self,
        request: Request<v1::GetRankCertaintyRequest>,
    ) -> Answer<v1::GetRankCertaintyResponse> {
        answer(certainty::get(&self.app, request.get_ref()).await)
    }

    async fn list_missing_subjects(
        &self,
        request: Request<v1::ListMissingSubjectsRequest>,
    ) -> Answer<v1::ListMissingSubjectsResponse> {
        answer(missing::list(&self.app, request.get_ref()))
    }

    async fn list_awards(&self, request: Request<v1::ListAwardsRequest>) -> Answer<v1::ListAwardsResponse> {
        answer(award::list(&self.app, request.get_ref()).await)
    }

    type WatchLeagueTableStream = WatchStream<Update, v1::WatchLeagueTableResponse>;

    async fn watch_league_table(
        &self,
        request: Request<v1::WatchLeagueTableRequest>,
    ) -> Answer<Self::WatchLeagueTableStream> {
        answer(league_table::watch(&self.app, &self.feeds, request.get_ref()))
    }

    type RebuildLeagueTablesStream = WatchStream<v1::RebuildLeagueTablesResponse>;

    async fn rebuild_league_tables(
        &self,
        request: Request<v1::RebuildLeagueTablesRequest>,
    ) -> Answer<Self::RebuildLeagueTablesStream> {
        let (caller, message) = open(request)?;
        answer(rebuild::run(&self.app, &caller, message))
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
        answer(definition::get(&self.context, request.get_ref()).await)
    }

    async fn list_table_definitions(
        &self,
        request: Request<v1::ListTableDefinitionsRequest>,
    ) -> Answer<v1::ListTableDefinitionsResponse> {
        answer(definition::list(&self.context, request.get_ref()).await)
    }
}
