//! A running index service with a database of its own.

use std::{ops::Deref, path::PathBuf, sync::Arc};

use chrono::TimeDelta;
use prima_index::SPEC;
pub use prima_platform::testing::served::{by, faults, refusal, refused};
use prima_platform::{
    bus::memory::Memory,
    caller::{Caller, Role},
    testing::served::{Options, Place, Served, TestClock},
};
use prima_proto::index::v1::{
    assessment_service_client::AssessmentServiceClient, index_service_client::IndexServiceClient,
};
use tonic::{Request, service::Routes};

/// A running index service.
pub struct World {
    pub client: IndexServiceClient<Routes>,
    pub assessment: AssessmentServiceClient<Routes>,
    pub bus: Memory,
    /// Where files are kept.
    pub objects: PathBuf,
    served: Served,
}

impl Deref for World {
    type Target = Served;
    fn deref(&self) -> &Served {
        &self.served
    }
}

/// Runs a test on every available database.
pub async fn on_each_database(test: impl AsyncFn(World)) {
    for place in Place::each() {
        test(World::start(place).await).await;
    }
}

/// Runs a test on PostgreSQL.
pub async fn on_postgres(test: impl AsyncFn(World)) {
    test(World::start(Place::postgres().await).await).await;
}

impl World {
    async fn start(place: Arc<Place>) -> Self {
        Self::serve(place, Memory::default(), TestClock::default()).await
    }

    /// Another replica: the same database, files, bus and clock.
    pub async fn replica(&self) -> Self {
        Self::serve(self.place.clone(), self.bus.clone(), self.clock.clone()).await
    }

    async fn serve(place: Arc<Place>, bus: Memory, clock: TestClock) -> Self {
        let objects = place.dir.path().join("objects");
        let options = Options {
            bus: Arc::new(bus.clone()),
            clock,
            ..Options::default()
        };
        let served = Served::start(SPEC, place, options).await;
        Self {
            client: IndexServiceClient::new(served.routes.clone()),
            assessment: AssessmentServiceClient::new(served.routes.clone()),
            bus,
            objects,
            served,
        }
    }

    /// Moves the clock of the service forward.
    pub fn after_hours(&self, hours: i64) {
        self.clock.advance(TimeDelta::hours(hours));
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
