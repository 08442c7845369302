//! The index: instruments of evaluation as data, evaluation cycles, the public-service index (IPP), and scores that
//! other bodies publish.
//!
//! Owns instruments, cycles, assessments, evidence and external scores. Publishes
//! `prima.index.score.<metric>.<period>.…` of the metrics `ipp`, `ipp-mandiri`, `ipp-khusus` and of every external one.
//! Consumes `prima.directory.unit.>`, `prima.survey.result.>`, `prima.complaint.performance.>` and
//! `prima.innovation.portfolio.>`: the facts from which levels are suggested, and F-03.

pub mod app;
pub mod domain;
mod events;
mod grpc;
pub mod store;

use prima_platform::objects::Objects;
use prima_platform::service::{Context, Error, Migrating, Spec, Started, Starting};
use tokio::sync::watch;

use app::App;
use events::feeds::FeedHandler;

/// Name of the service, its schema and its stream.
pub const NAME: &str = "index";

/// How the host runs this service.
pub const SPEC: Spec = Spec {
    name: NAME,
    grpc: &["prima.index.v1.IndexService", "prima.index.v1.AssessmentService"],
    public: &[],
    migrate,
    start: |context| -> Starting { Box::pin(start(context)) },
};

fn migrate(db: prima_platform::db::Database, run: bool) -> Migrating {
    Box::pin(async move { prima_platform::db::migrate::<store::Migrator>(&db, NAME, run).await })
}

async fn start(context: Context) -> Result<Started, Error> {
    let objects = Objects::open(
        &context.config.objects,
        context.clock.clone(),
        context.ids.clone(),
        context.tasks.clone(),
    )
    .map_err(|error| Error::Service(NAME, error.to_string()))?;
    objects.spawn_sweep();
    let app = App::new(context.clone(), objects);
    context.spawn_relay();
    for feed in &events::feeds::FEEDS {
        context.spawn_worker(FeedHandler::new(app.clone(), feed));
    }
    context.tasks.spawn(
        "indexes",
        app::recompute::run(app.clone(), context.tasks.soft().clone()),
    );
    let (ready, readiness) = watch::channel(true);
    let max_message_bytes = context.config.grpc.max_message_bytes;
    let assessments = grpc::assessment_service(app.clone(), max_message_bytes);
    let indexes = grpc::index_service(app, ready, max_message_bytes);
    Ok(Started {
        routes: Box::new(move |routes| {
            routes.add_service(indexes).add_service(assessments);
        }),
        ready: readiness,
    })
}
