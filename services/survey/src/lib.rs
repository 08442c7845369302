//! Survey intake: surveys of SKM and F-03, their responses, results and scores.
//!
//! Owns surveys, responses, exact sums per element, and the `skm` scores of units and agencies.
//! Publishes `prima.survey.result.<agency>.<unit>.<survey>` and `prima.survey.score.skm.<period>.…`.
//! Consumes `prima.directory.unit.>`: which units are known, and so how many an agency should have.
//! A response is stored, counted and staged in one transaction that several requests share; each is answered after
//! that transaction is durable.

pub mod app;
pub mod domain;
mod events;
mod grpc;
pub mod store;

use std::sync::Arc;

use prima_platform::{
    consume::{Follower, Source},
    service::{Context, Error, Migrating, Spec, Started, Starting},
};
use tokio::sync::watch;

use app::{App, intake::Intake};
use events::{directory_unit::UnitHandler, results::Results};

/// Name of the service, its schema and its stream.
pub const NAME: &str = "survey";

/// How the host runs this service.
pub const SPEC: Spec = Spec {
    name: NAME,
    grpc: &["prima.survey.v1.SurveyService", "prima.survey.v1.AccessService"],
    // Submitting needs a role or a credential in each message; intake looks at both.
    public: &[
        "/prima.survey.v1.SurveyService/CalculateSampleSize",
        "/prima.survey.v1.SurveyService/ListInstruments",
        "/prima.survey.v1.SurveyService/SubmitResponse",
        "/prima.survey.v1.SurveyService/SubmitResponses",
    ],
    migrate,
    start: |context| -> Starting { Box::pin(start(context)) },
};

fn migrate(db: prima_platform::db::Database, run: bool) -> Migrating {
    Box::pin(async move { prima_platform::db::migrate::<store::Migrator>(&db, NAME, run).await })
}

async fn start(context: Context) -> Result<Started, Error> {
    domain::instrument::all().map_err(|error| Error::Service(NAME, error.to_string()))?;
    let intake = Intake::start(&context, app::access::secret(&context.db).await?);
    let results = Arc::new(Results::default());
    let app = App::new(context.clone(), intake, results.clone());
    context.spawn_relay();
    context.spawn_worker(UnitHandler::new(app.clone()));
    context.spawn_follower(Follower::new(
        context.bus.clone(),
        context.clock.clone(),
        "survey-results",
        vec![Source::new(NAME, &["prima.survey.result.>"])],
        results,
    ));
    context.tasks.spawn(
        "agency scores",
        app::agency_scores::run(app.clone(), context.tasks.soft().clone()),
    );
    context.tasks.spawn(
        "survey closer",
        app::close_due::run(app.clone(), context.tasks.soft().clone()),
    );
    let (ready, _) = watch::channel(true);
    let receiver = ready.subscribe();
    let max_message_bytes = context.config.grpc.max_message_bytes;
    let access = grpc::access_service(app.clone(), max_message_bytes);
    let surveys = grpc::survey_service(app, ready, max_message_bytes);
    Ok(Started {
        routes: Box::new(move |routes| {
            routes.add_service(surveys).add_service(access);
        }),
        ready: receiver,
    })
}
