//! A running directory with a database of its own.

use std::ops::Deref;

use prima_directory::SPEC;
pub use prima_platform::testing::served::{by, faults, mask, refused};
use prima_platform::{
    caller::{Caller, Role},
    testing::served::{Options, Place, Served},
};
use prima_proto::directory::v1::{self, directory_service_client::DirectoryServiceClient};
use tonic::{Request, service::Routes};

/// A running directory.
pub struct Directory {
    pub client: DirectoryServiceClient<Routes>,
    served: Served,
}

impl Deref for Directory {
    type Target = Served;
    fn deref(&self) -> &Served {
        &self.served
    }
}

/// Runs a test on SQLite, and on PostgreSQL when a server is configured.
pub async fn on_each_database(test: impl AsyncFn(Directory)) {
    for place in Place::each() {
        let served = Served::start(SPEC, place, Options::default()).await;
        let client = DirectoryServiceClient::new(served.routes.clone());
        test(Directory { client, served }).await;
    }
}

impl Directory {
    /// Creates Jawa Barat, Kota Bogor and its DPMPTSP.
    pub async fn bogor(&mut self) -> v1::Unit {
        for new in [
            agency("32", v1::AgencyKind::Provinsi, ""),
            agency("3271", v1::AgencyKind::Kota, "agencies/32"),
        ] {
            self.client.create_agency(admin(new)).await.unwrap();
        }
        let created = self
            .client
            .create_unit(operator(unit("3271", "dpmptsp")))
            .await
            .unwrap();
        created.into_inner().unit.unwrap()
    }
}

/// A request by the national admin.
pub fn admin<T>(message: T) -> Request<T> {
    by(
        Caller::new("admin".into(), vec![Role::Admin], vec!["*".into()]),
        message,
    )
}

/// A request by an operator of Kota Bogor.
pub fn operator<T>(message: T) -> Request<T> {
    by(
        Caller::new("operator".into(), vec![Role::Operator], vec!["3271".into()]),
        message,
    )
}

/// A request for a new agency; its request id is derived from the agency's id.
pub fn agency(id: &str, kind: v1::AgencyKind, parent: &str) -> v1::CreateAgencyRequest {
    v1::CreateAgencyRequest {
        request_id: format!("agency-{id}"),
        agency_id: id.into(),
        agency: Some(v1::Agency {
            display_name: format!("Instansi {id}"),
            kind: kind.into(),
            parent: parent.into(),
            ..Default::default()
        }),
    }
}

/// A request for a new unit of type DPMPTSP; its request id is derived from its ids.
pub fn unit(agency: &str, id: &str) -> v1::CreateUnitRequest {
    v1::CreateUnitRequest {
        request_id: format!("unit-{agency}-{id}"),
        parent: format!("agencies/{agency}"),
        unit_id: id.into(),
        unit: Some(v1::Unit {
            display_name: format!("Unit {id}"),
            unit_type: "dpmptsp".into(),
            ..Default::default()
        }),
    }
}

/// A request for a new public service of Kota Bogor's DPMPTSP; its request id is derived from the service's id.
pub fn service(id: &str) -> v1::CreatePublicServiceRequest {
    v1::CreatePublicServiceRequest {
        request_id: format!("service-{id}"),
        parent: "agencies/3271/units/dpmptsp".into(),
        public_service_id: id.into(),
        public_service: Some(v1::PublicService {
            display_name: format!("Layanan {id}"),
            ..Default::default()
        }),
    }
}
