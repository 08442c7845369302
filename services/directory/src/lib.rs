//! The directory of agencies (instansi), their units (unit penyelenggara pelayanan publik) and public services,
//! with their service standards (standar pelayanan) and service charters (maklumat pelayanan).
//!
//! Owns agencies, units, unit types (a built-in list, and those that agencies define), public services, standards and
//! charters. Publishes `prima.directory.agency.<agency>` and
//! `prima.directory.unit.<agency>.<unit>`, the latter with its type, when the agency has defined that, with the unit's
//! public services and the facts of their standards and of its charter, never their texts. Consumes nothing.
//! It also owns the revocations of tokens, and publishes `prima.directory.revocation.<id>` with digests and times only.
//! Nothing is deleted but a unit type that no unit has: a unit that ceases to serve is closed and names its successors.

mod domain;
mod events;
pub mod revocation;
mod rpc;
mod server;
mod store;

use prima_platform::{
    db::{self, Database},
    service::{Context, Error, Migrating, Spec, Started, Starting},
    token::Feed,
};

/// Name of the service, its schema and its stream.
pub const NAME: &str = "directory";

/// How the host runs this service.
pub const SPEC: Spec = Spec {
    name: NAME,
    grpc: &["prima.directory.v1.DirectoryService"],
    migrate: |db, run| -> Migrating { Box::pin(migrate(db, run)) },
    start: |context| -> Starting { Box::pin(start(context)) },
};

async fn migrate(db: Database, run: bool) -> Result<(), sea_orm::DbErr> {
    db::migrate::<store::Migrator>(&db, NAME, run).await
}

/// Where every service follows what was revoked.
pub const REVOCATIONS: Feed = Feed {
    service: NAME,
    filter: "prima.directory.revocation.>",
    read: events::revoked::issued_until,
};

async fn start(context: Context) -> Result<Started, Error> {
    context.spawn_relay();
    let server = server::server(context);
    Ok(Started {
        routes: Box::new(move |routes| {
            routes.add_service(server);
        }),
        ready: None,
    })
}
