//! The index service: instruments of evaluation as data, evaluation cycles, the public-service index (IPP), and
//! scores that other bodies publish.
//!
//! It owns instruments, cycles, assessments, evidence and external scores. It publishes
//! `prima.index.score.<metric>.<period>.…` of the metrics `ipp`, `ipp-mandiri`, `ipp-khusus` and of every external
//! one. It consumes `prima.directory.unit.>`, `prima.survey.result.>`, `prima.complaint.performance.>` and
//! `prima.innovation.portfolio.>`: from these facts it suggests levels and computes F-03; and
//! `prima.ranking.definition.>`: by these it records scores of metrics of an operator's own.

pub mod derived;
pub mod domain;
mod events;
mod rpc;
mod server;
mod store;

use prima_platform::{
    db::{self, Database},
    objects::Objects,
    service::{Context, Error, Migrating, Spec, Started, Starting},
};
use prima_proto::event::v1::{
    ComplaintPerformanceState, InnovationPortfolioState, SurveyResultState, UnitState,
};

pub use events::publish::NAME;

use derived::UnitIndexes;
use events::{feed::FactMirror, table_definition::DefinitionMirror};

/// How the host runs this service.
pub const SPEC: Spec = Spec {
    name: NAME,
    grpc: &["prima.index.v1.IndexService", "prima.index.v1.AssessmentService"],
    migrate: |db, run| -> Migrating { Box::pin(migrate(db, run)) },
    start: |context| -> Starting { Box::pin(start(context)) },
};

async fn migrate(db: Database, run: bool) -> Result<(), sea_orm::DbErr> {
    db::migrate::<store::Migrator>(&db, NAME, run).await
}

async fn start(context: Context) -> Result<Started, Error> {
    let objects = Objects::open(
        &context.config.objects,
        context.clock.clone(),
        context.ids.clone(),
        context.tasks.clone(),
    )?;
    objects.spawn_sweep();
    context.spawn_relay();
    context.spawn_worker(FactMirror::<UnitState>::new(&context.derived));
    context.spawn_worker(FactMirror::<SurveyResultState>::new(&context.derived));
    context.spawn_worker(FactMirror::<InnovationPortfolioState>::new(&context.derived));
    context.spawn_worker(FactMirror::<ComplaintPerformanceState>::new(&context.derived));
    context.spawn_worker(DefinitionMirror);
    context.spawn_derived(UnitIndexes(context.clock.clone()));
    let assessments = server::assessments(context.clone(), objects);
    let indexes = server::indexes(context);
    Ok(Started {
        routes: Box::new(move |routes| {
            routes.add_service(indexes).add_service(assessments);
        }),
        ready: None,
    })
}
