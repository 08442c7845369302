//! DirectoryService.

use prima_platform::{
    caller::{self, Caller},
    failure::Failure,
    grpc::status,
    service::Context,
};
use prima_proto::{
    directory::v1::{
        self,
        directory_service_server::{DirectoryService, DirectoryServiceServer},
    },
    period::jakarta_day,
};
use sea_orm::DbErr;
use tokio::sync::watch;
use tonic::{Request, Response, Status};

use super::{convert, render, standards};
use crate::{
    app::{
        close_unit, create_agency, create_public_service, create_unit, publish_service_charter,
        publish_service_standard, update_agency, update_public_service, update_unit,
    },
    domain::unit_type,
    store,
};

/// The service as tonic runs it. It keeps `ready` alive for as long as it is served.
pub fn server(ctx: Context, ready: watch::Sender<bool>) -> DirectoryServiceServer<impl DirectoryService> {
    let limit = ctx.config.grpc.max_message_bytes;
    DirectoryServiceServer::new(Server { ctx, _ready: ready }).max_decoding_message_size(limit)
}

struct Server {
    ctx: Context,
    _ready: watch::Sender<bool>,
}

type Answer<T> = Result<Response<T>, Status>;

/// The caller, with a token at least, and the message.
fn open<T>(request: Request<T>) -> Result<(Caller, T), Status> {
    let caller = caller::of(&request);
    caller.known().map_err(status)?;
    Ok((caller, request.into_inner()))
}

fn answer<T>(answer: T) -> Answer<T> {
    Ok(Response::new(answer))
}

/// What was looked up by `name`.
fn found<T>(found: Result<Option<T>, DbErr>, name: &str) -> Result<T, Status> {
    found
        .map_err(Failure::from)
        .and_then(|f| f.ok_or_else(|| Failure::not_found(name)))
        .map_err(status)
}

fn read<T>(read: Result<T, DbErr>) -> Result<T, Status> {
    read.map_err(|error| status(error.into()))
}

#[tonic::async_trait]
impl DirectoryService for Server {
    async fn create_agency(
        &self,
        request: Request<v1::CreateAgencyRequest>,
    ) -> Answer<v1::CreateAgencyResponse> {
        let (caller, message) = open(request)?;
        let new = convert::create_agency(message).map_err(status)?;
        answer(
            create_agency::run(&self.ctx, &caller, new)
                .await
                .map_err(status)?,
        )
    }

    async fn get_agency(&self, request: Request<v1::GetAgencyRequest>) -> Answer<v1::GetAgencyResponse> {
        let (_, message) = open(request)?;
        let name = convert::get_agency(&message).map_err(status)?;
        let agency = found(
            store::agency_get(self.ctx.db.reader(), &name).await,
            &message.name,
        )?;
        answer(v1::GetAgencyResponse {
            agency: Some(render::agency(&agency)),
        })
    }

    async fn list_agencies(
        &self,
        request: Request<v1::ListAgenciesRequest>,
    ) -> Answer<v1::ListAgenciesResponse> {
        let (_, message) = open(request)?;
        let (filter, page) = convert::list_agencies(&message).map_err(status)?;
        let (agencies, next) = read(store::agency_page(self.ctx.db.reader(), &filter, &page).await)?;
        let agencies = agencies.iter().map(render::agency).collect();
        answer(v1::ListAgenciesResponse {
            agencies,
            next_page_token: next,
        })
    }

    async fn update_agency(
        &self,
        request: Request<v1::UpdateAgencyRequest>,
    ) -> Answer<v1::UpdateAgencyResponse> {
        let (caller, message) = open(request)?;
        let change = convert::update_agency(message).map_err(status)?;
        let agency = update_agency::run(&self.ctx, &caller, change)
            .await
            .map_err(status)?;
        answer(v1::UpdateAgencyResponse {
            agency: Some(render::agency(&agency)),
        })
    }

    async fn create_unit(&self, request: Request<v1::CreateUnitRequest>) -> Answer<v1::CreateUnitResponse> {
        let (caller, message) = open(request)?;
        let new = convert::create_unit(message).map_err(status)?;
        answer(create_unit::run(&self.ctx, &caller, new).await.map_err(status)?)
    }

    async fn get_unit(&self, request: Request<v1::GetUnitRequest>) -> Answer<v1::GetUnitResponse> {
        let (_, message) = open(request)?;
        let name = convert::get_unit(&message).map_err(status)?;
        let unit = found(store::unit_get(self.ctx.db.reader(), &name).await, &message.name)?;
        answer(v1::GetUnitResponse {
            unit: Some(render::unit(&unit)),
        })
    }

    async fn list_units(&self, request: Request<v1::ListUnitsRequest>) -> Answer<v1::ListUnitsResponse> {
        let (_, message) = open(request)?;
        let (filter, page) = convert::list_units(&message).map_err(status)?;
        let (units, next) = read(store::unit_page(self.ctx.db.reader(), &filter, &page).await)?;
        let units = units.iter().map(render::unit).collect();
        answer(v1::ListUnitsResponse {
            units,
            next_page_token: next,
        })
    }

    async fn update_unit(&self, request: Request<v1::UpdateUnitRequest>) -> Answer<v1::UpdateUnitResponse> {
        let (caller, message) = open(request)?;
        let change = convert::update_unit(message).map_err(status)?;
        let unit = update_unit::run(&self.ctx, &caller, change)
            .await
            .map_err(status)?;
        answer(v1::UpdateUnitResponse {
            unit: Some(render::unit(&unit)),
        })
    }

    async fn close_unit(&self, request: Request<v1::CloseUnitRequest>) -> Answer<v1::CloseUnitResponse> {
        let (caller, message) = open(request)?;
        let close = convert::close_unit(message).map_err(status)?;
        let unit = close_unit::run(&self.ctx, &caller, close).await.map_err(status)?;
        answer(v1::CloseUnitResponse {
            unit: Some(render::unit(&unit)),
        })
    }

    async fn create_public_service(
        &self,
        request: Request<v1::CreatePublicServiceRequest>,
    ) -> Answer<v1::CreatePublicServiceResponse> {
        let (caller, message) = open(request)?;
        let new = convert::create_public_service(message).map_err(status)?;
        answer(
            create_public_service::run(&self.ctx, &caller, new)
                .await
                .map_err(status)?,
        )
    }

    async fn get_public_service(
        &self,
        request: Request<v1::GetPublicServiceRequest>,
    ) -> Answer<v1::GetPublicServiceResponse> {
        let (_, message) = open(request)?;
        let name = convert::get_public_service(&message).map_err(status)?;
        let service = found(
            store::public_service_get(self.ctx.db.reader(), &name).await,
            &message.name,
        )?;
        answer(v1::GetPublicServiceResponse {
            public_service: Some(render::public_service(&service)),
        })
    }

    async fn list_public_services(
        &self,
        request: Request<v1::ListPublicServicesRequest>,
    ) -> Answer<v1::ListPublicServicesResponse> {
        let (_, message) = open(request)?;
        let (unit, page) = convert::list_public_services(&message).map_err(status)?;
        let (services, next) = read(store::public_service_page(self.ctx.db.reader(), &unit, &page).await)?;
        let public_services = services.iter().map(render::public_service).collect();
        answer(v1::ListPublicServicesResponse {
            public_services,
            next_page_token: next,
        })
    }

    async fn update_public_service(
        &self,
        request: Request<v1::UpdatePublicServiceRequest>,
    ) -> Answer<v1::UpdatePublicServiceResponse> {
        let (caller, message) = open(request)?;
        let change = convert::update_public_service(message).map_err(status)?;
        let service = update_public_service::run(&self.ctx, &caller, change)
            .await
            .map_err(status)?;
        answer(v1::UpdatePublicServiceResponse {
            public_service: Some(render::public_service(&service)),
        })
    }

    async fn publish_service_standard(
        &self,
        request: Request<v1::PublishServiceStandardRequest>,
    ) -> Answer<v1::PublishServiceStandardResponse> {
        let (caller, message) = open(request)?;
        let today = jakarta_day(self.ctx.clock.now());
        let new = standards::publish_service_standard(message, today).map_err(status)?;
        answer(
            publish_service_standard::run(&self.ctx, &caller, new)
                .await
                .map_err(status)?,
        )
    }

    async fn get_service_standard(
        &self,
        request: Request<v1::GetServiceStandardRequest>,
    ) -> Answer<v1::GetServiceStandardResponse> {
        let (_, message) = open(request)?;
        let (name, number) = standards::get_service_standard(&message).map_err(status)?;
        let revision = found(
            store::standard_get(self.ctx.db.reader(), &name, number).await,
            &message.service,
        )?;
        answer(v1::GetServiceStandardResponse {
            standard: Some(render::standard(&revision)),
        })
    }

    async fn publish_service_charter(
        &self,
        request: Request<v1::PublishServiceCharterRequest>,
    ) -> Answer<v1::PublishServiceCharterResponse> {
        let (caller, message) = open(request)?;
        let today = jakarta_day(self.ctx.clock.now());
        let new = standards::publish_service_charter(message, today).map_err(status)?;
        answer(
            publish_service_charter::run(&self.ctx, &caller, new)
                .await
                .map_err(status)?,
        )
    }

    async fn get_service_charter(
        &self,
        request: Request<v1::GetServiceCharterRequest>,
    ) -> Answer<v1::GetServiceCharterResponse> {
        let (_, message) = open(request)?;
        let (name, number) = standards::get_service_charter(&message).map_err(status)?;
        let revision = found(
            store::charter_get(self.ctx.db.reader(), &name, number).await,
            &message.unit,
        )?;
        answer(v1::GetServiceCharterResponse {
            charter: Some(render::charter(&revision)),
        })
    }

    async fn list_unit_types(
        &self,
        request: Request<v1::ListUnitTypesRequest>,
    ) -> Answer<v1::ListUnitTypesResponse> {
        open(request)?;
        answer(v1::ListUnitTypesResponse {
            unit_types: unit_type::all().iter().map(render::unit_type).collect(),
        })
    }
}
