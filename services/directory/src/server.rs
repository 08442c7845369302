//! DirectoryService: the operation of each RPC.

use prima_platform::{command::run, grpc::Answer, query::read, service::Context};
use prima_proto::directory::v1::{
    self,
    directory_service_server::{DirectoryService, DirectoryServiceServer},
};
use tonic::Request;

use crate::rpc::{agency, charter, facts, public_service, standard, unit, unit_type};

/// The gRPC service.
pub fn server(ctx: Context) -> DirectoryServiceServer<impl DirectoryService> {
    let limit = ctx.config.grpc.max_message_bytes;
    DirectoryServiceServer::new(Server { ctx }).max_decoding_message_size(limit)
}

struct Server {
    ctx: Context,
}

#[tonic::async_trait]
impl DirectoryService for Server {
    async fn create_agency(
        &self,
        request: Request<v1::CreateAgencyRequest>,
    ) -> Answer<v1::CreateAgencyResponse> {
        run::<agency::Create>(&self.ctx, request).await
    }

    async fn get_agency(&self, request: Request<v1::GetAgencyRequest>) -> Answer<v1::GetAgencyResponse> {
        read(&self.ctx, request, |_, message| agency::get(&self.ctx, message)).await
    }

    async fn list_agencies(
        &self,
        request: Request<v1::ListAgenciesRequest>,
    ) -> Answer<v1::ListAgenciesResponse> {
        read(&self.ctx, request, |_, message| agency::list(&self.ctx, message)).await
    }

    async fn update_agency(
        &self,
        request: Request<v1::UpdateAgencyRequest>,
    ) -> Answer<v1::UpdateAgencyResponse> {
        run::<agency::Update>(&self.ctx, request).await
    }

    async fn create_unit(&self, request: Request<v1::CreateUnitRequest>) -> Answer<v1::CreateUnitResponse> {
        run::<unit::Create>(&self.ctx, request).await
    }

    async fn get_unit(&self, request: Request<v1::GetUnitRequest>) -> Answer<v1::GetUnitResponse> {
        read(&self.ctx, request, |_, message| unit::get(&self.ctx, message)).await
    }

    async fn list_units(&self, request: Request<v1::ListUnitsRequest>) -> Answer<v1::ListUnitsResponse> {
        read(&self.ctx, request, |_, message| unit::list(&self.ctx, message)).await
    }

    async fn update_unit(&self, request: Request<v1::UpdateUnitRequest>) -> Answer<v1::UpdateUnitResponse> {
        run::<unit::Update>(&self.ctx, request).await
    }

    async fn close_unit(&self, request: Request<v1::CloseUnitRequest>) -> Answer<v1::CloseUnitResponse> {
        run::<unit::Close>(&self.ctx, request).await
    }

    async fn create_public_service(
        &self,
        request: Request<v1::CreatePublicServiceRequest>,
    ) -> Answer<v1::CreatePublicServiceResponse> {
        run::<public_service::Create>(&self.ctx, request).await
    }

    async fn get_public_service(
        &self,
        request: Request<v1::GetPublicServiceRequest>,
    ) -> Answer<v1::GetPublicServiceResponse> {
        read(&self.ctx, request, |_, message| {
            public_service::get(&self.ctx, message)
        })
        .await
    }

    async fn list_public_services(
        &self,
        request: Request<v1::ListPublicServicesRequest>,
    ) -> Answer<v1::ListPublicServicesResponse> {
        read(&self.ctx, request, |_, message| {
            public_service::list(&self.ctx, message)
        })
        .await
    }

    async fn update_public_service(
        &self,
        request: Request<v1::UpdatePublicServiceRequest>,
    ) -> Answer<v1::UpdatePublicServiceResponse> {
        run::<public_service::Update>(&self.ctx, request).await
    }

    async fn publish_service_standard(
        &self,
        request: Request<v1::PublishServiceStandardRequest>,
    ) -> Answer<v1::PublishServiceStandardResponse> {
        run::<standard::Publish>(&self.ctx, request).await
    }

    async fn get_service_standard(
        &self,
        request: Request<v1::GetServiceStandardRequest>,
    ) -> Answer<v1::GetServiceStandardResponse> {
        read(&self.ctx, request, |_, message| standard::get(&self.ctx, message)).await
    }

    async fn publish_service_charter(
        &self,
        request: Request<v1::PublishServiceCharterRequest>,
    ) -> Answer<v1::PublishServiceCharterResponse> {
        run::<charter::Publish>(&self.ctx, request).await
    }

    async fn get_service_charter(
        &self,
        request: Request<v1::GetServiceCharterRequest>,
    ) -> Answer<v1::GetServiceCharterResponse> {
        read(&self.ctx, request, |_, message| charter::get(&self.ctx, message)).await
    }

    async fn get_unit_facts(
        &self,
        request: Request<v1::GetUnitFactsRequest>,
    ) -> Answer<v1::GetUnitFactsResponse> {
        read(&self.ctx, request, |_, message| facts::unit(&self.ctx, message)).await
    }

    async fn list_service_facts(
        &self,
        request: Request<v1::ListServiceFactsRequest>,
    ) -> Answer<v1::ListServiceFactsResponse> {
        read(&self.ctx, request, |_, message| {
            facts::list_services(&self.ctx, message)
        })
        .await
    }

    async fn get_service_facts(
        &self,
        request: Request<v1::GetServiceFactsRequest>,
    ) -> Answer<v1::GetServiceFactsResponse> {
        read(&self.ctx, request, |_, message| {
            facts::service(&self.ctx, message)
        })
        .await
    }

    async fn list_unit_types(
        &self,
        request: Request<v1::ListUnitTypesRequest>,
    ) -> Answer<v1::ListUnitTypesResponse> {
        read(&self.ctx, request, |_, message| {
            unit_type::list(&self.ctx, message)
        })
        .await
    }

    async fn create_unit_type(
        &self,
        request: Request<v1::CreateUnitTypeRequest>,
    ) -> Answer<v1::CreateUnitTypeResponse> {
        run::<unit_type::Create>(&self.ctx, request).await
    }

    async fn get_unit_type(
        &self,
        request: Request<v1::GetUnitTypeRequest>,
    ) -> Answer<v1::GetUnitTypeResponse> {
        read(&self.ctx, request, |_, message| {
            unit_type::get(&self.ctx, message)
        })
        .await
    }

    async fn update_unit_type(
        &self,
        request: Request<v1::UpdateUnitTypeRequest>,
    ) -> Answer<v1::UpdateUnitTypeResponse> {
        run::<unit_type::Update>(&self.ctx, request).await
    }

    async fn delete_unit_type(
        &self,
        request: Request<v1::DeleteUnitTypeRequest>,
    ) -> Answer<v1::DeleteUnitTypeResponse> {
        run::<unit_type::Delete>(&self.ctx, request).await
    }
}
