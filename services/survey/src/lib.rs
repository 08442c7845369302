//! Surveys of SKM and F-03, their responses, results and scores.
//!
//! Owns surveys, responses, exact sums per element, and the `skm` scores of units and agencies. Publishes
//! `prima.survey.result.<agency>.<unit>.<survey>` and `prima.survey.score.skm.<period>.…`. Consumes
//! `prima.directory.unit.>`: the units of each agency, from which the number of expected units follows, and their names. A response is
//! stored in a transaction, which several requests share; each request is answered after that transaction is durable.
//! Another transaction counts it and stages the result, a moment later or before the next read of the result. The texts of
//! respondents are encrypted at rest, and erased when they are voided, on request, and when their retention period ends.

mod derived;
pub mod domain;
mod events;
pub mod intake;
mod rpc;
mod server;
mod service;
pub mod store;
mod tasks;

use std::sync::Arc;

use prima_platform::{
    config,
    consume::{Follower, Source},
    digest_key,
    failure::Failure,
    service::{Context, Error, Migrating, Spec, Started, Starting},
    vault::Keyring,
};

use derived::{
    agency_scores::AgencyScores,
    closing::Closing,
    correction::Correction,
    results::{Counter, SurveyResults},
};
use events::{directory_unit::UnitMirror, survey_result::Results};
use intake::Intake;
use service::App;

pub use domain::NAME;
use store::DIGEST_KEY;

/// How the host runs this service.
pub const SPEC: Spec = Spec {
    name: NAME,
    grpc: &["prima.survey.v1.SurveyService", "prima.survey.v1.AccessService"],
    migrate,
    start: |context| -> Starting { Box::pin(start(context)) },
};

fn migrate(db: prima_platform::db::Database, run: bool) -> Migrating {
    Box::pin(async move { prima_platform::db::migrate::<store::Migrator>(&db, NAME, run).await })
}

/// The configured keys. Refuses to start when one of them cannot decrypt the texts that are stored under its name: otherwise
/// a lost key that was replaced by another of the same name would go unnoticed.
async fn vault(context: &Context) -> Result<Keyring, Error> {
    let named = |fault| format!("survey.keys: {fault}");
    let vault = Keyring::parse(&context.config.survey.keys)
        .map_err(|faults| config::Error::Invalid(faults.into_iter().map(named).collect()))?;
    for key in vault.ids() {
        let opens = store::comment::key_opens(context.db.reader(), &vault, key).await;
        if !opens.map_err(|error| Error::Database(NAME, error))? {
            let fault =
                format!("kunci {key} tidak dapat membuka teks yang tersimpan dengan kunci bernama itu");
            return Err(config::Error::Invalid(vec![named(fault)]).into());
        }
    }
    let failed = |error: Failure| Error::Service(NAME, error.localized);
    let vault = digest_key::with_digest_key(&context.db, vault, DIGEST_KEY)
        .await
        .map_err(failed)?;
    // It moves to the current key at the start, so the old key is no longer needed for it when no text is left under it.
    digest_key::reseal(&context.db, &vault, DIGEST_KEY)
        .await
        .map_err(failed)?;
    Ok(vault)
}

async fn start(context: Context) -> Result<Started, Error> {
    domain::instrument::all().map_err(|error| Error::Service(NAME, error.to_string()))?;
    let vault = vault(&context).await?;
    let intake = Intake::start(&context, intake::secret(&context.db).await?, &vault);
    let results = Arc::new(Results::default());
    context.spawn_relay();
    context.spawn_worker(UnitMirror(context.derived.clone()));
    context.spawn_follower(Follower::new(
        context.bus.clone(),
        context.clock.clone(),
        "survey-results",
        vec![Source::new(NAME, &["prima.survey.result.>"])],
        results.clone(),
    ));
    context.spawn_derived(SurveyResults::new(context.clone()));
    context.spawn_derived(AgencyScores(context.clone()));
    context.spawn_derived(Closing(context.clone()));
    context.spawn_derived(Correction(context.clone()));
    tasks::texts::spawn(&context, &vault);
    tasks::digests::spawn(&context, &vault);
    let app = App {
        counter: Arc::new(Counter::new(&context)),
        context,
        intake,
        vault,
        results,
    };
    let access = server::access(app.clone());
    let surveys = server::surveys(app);
    Ok(Started {
        routes: Box::new(move |routes| {
            routes.add_service(surveys).add_service(access);
        }),
        ready: None,
    })
}
