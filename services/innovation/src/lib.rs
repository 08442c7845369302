//! The innovation service: registry of innovations (inovasi pelayanan publik), competition rounds, replication,
//! catalogue, obligation.
//!
//! It owns innovations with their history, rounds with entries, scores and announcements, replications and transfers.
//! It publishes `prima.innovation.portfolio.<agency>.<unit>.<year>` and `prima.innovation.score.innovation.<year>.…`.
//! It consumes `prima.directory.unit.>` and `prima.directory.agency.>`, which determine who has the obligation to
//! innovate. The announced results follow from the stored scores to the byte; nothing is deleted.

mod derived;
pub mod domain;
mod events;
mod rpc;
mod server;
mod store;

use prima_platform::{
    db::{self, Database},
    service::{Context, Error, Migrating, Spec, Started, Starting},
};

use derived::agency_score::AgencyScores;
pub use events::NAME;
use events::{directory_agency::AgencyHandler, directory_unit::UnitHandler};

/// How the host runs this service.
pub const SPEC: Spec = Spec {
    name: NAME,
    grpc: &["prima.innovation.v1.InnovationService"],
    migrate: |db, run| -> Migrating { Box::pin(migrate(db, run)) },
    start: |context| -> Starting { Box::pin(start(context)) },
};

async fn migrate(db: Database, run: bool) -> Result<(), sea_orm::DbErr> {
    db::migrate::<store::Migrator>(&db, NAME, run).await
}

async fn start(context: Context) -> Result<Started, Error> {
    context.spawn_relay();
    context.spawn_worker(UnitHandler(context.derived.clone()));
    context.spawn_worker(AgencyHandler);
    context.spawn_derived(AgencyScores::new(context.clone()));
    let server = server::server(context);
    Ok(Started {
        routes: Box::new(move |routes| {
            routes.add_service(server);
        }),
        ready: None,
    })
}
