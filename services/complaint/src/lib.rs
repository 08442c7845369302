//! Complaints and consultation (pengaduan dan konsultasi), after SP4N-LAPOR!.
//!
//! The service owns reports with their timelines and attachments, consultations, the knowledge base, calendar, working
//! hours, deadlines and workflows. It publishes `prima.complaint.performance.<agency>.<unit>.<year>` and
//! `prima.complaint.score.complaint-resolution.<year>.…`, and consumes `prima.directory.unit.>` to know which units
//! exist. Identities and free text are encrypted at rest, and identities are returned by `PrivacyService` only.

mod change;
mod context;
mod derived;
pub mod domain;
mod events;
mod rpc;
mod server;
mod settings;
mod store;
mod tasks;
mod uploads;

use prima_platform::{
    config,
    db::{self, Database},
    digest_key::with_digest_key,
    objects::Objects,
    service::{Context, Error, Migrating, Spec, Started, Starting},
    vault::Keyring,
};

use context::App;
use derived::{
    due_reports::{Cause, DueReports},
    erasures::{Erasures, Table},
    performance::Performance,
    recount::Recount,
};
use domain::worktime::FirstDay;
use events::{directory_unit::Units, publish};
use settings::Settings;
use tasks::{feed, rotation, unattached};

/// Name of the service, its schema and its stream.
pub const NAME: &str = publish::SERVICE;

/// How the host runs this service.
pub const SPEC: Spec = Spec {
    name: NAME,
    grpc: &[
        "prima.complaint.v1.ComplaintService",
        "prima.complaint.v1.ConsultationService",
        "prima.complaint.v1.PrivacyService",
        "prima.complaint.v1.SettingsService",
    ],
    migrate: |db, run| -> Migrating { Box::pin(migrate(db, run)) },
    start: |context| -> Starting { Box::pin(start(context)) },
};

async fn migrate(db: Database, run: bool) -> Result<(), sea_orm::DbErr> {
    db::migrate::<store::Migrator>(&db, NAME, run).await
}

/// Refuses to start when a configured key cannot decrypt the reports that are stored under its name. Otherwise a lost
/// key that was replaced by another of the same name would go unnoticed until somebody needs the old reports.
async fn check_keys(context: &Context, vault: &Keyring) -> Result<(), Error> {
    for key in vault.ids() {
        let opens = store::complaint::key_opens(context.db.reader(), vault, key);
        if !opens.await.map_err(|error| Error::Database(NAME, error))? {
            let fault = format!(
                "complaint.keys: kunci {key} tidak dapat membuka laporan yang tersimpan dengan kunci bernama itu"
            );
            return Err(config::Error::Invalid(vec![fault]).into());
        }
    }
    Ok(())
}

async fn start(context: Context) -> Result<Started, Error> {
    let config = &context.config.complaint;
    let named = |fault| format!("complaint.keys: {fault}");
    let vault = Keyring::parse(&config.keys)
        .map_err(|faults| config::Error::Invalid(faults.into_iter().map(named).collect()))?;
    check_keys(&context, &vault).await?;
    let vault = with_digest_key(&context.db, vault, store::sealed::DIGEST_KEY).await;
    let vault = vault.map_err(|error| Error::Service(NAME, error.localized))?;
    let objects = Objects::open(
        &context.config.objects,
        context.clock.clone(),
        context.ids.clone(),
        context.tasks.clone(),
    )?;
    objects.spawn_sweep();
    let first_day = FirstDay::from_key(&config.first_day).unwrap_or_default();
    let app = App::new(context.clone(), vault, objects, Settings::new(first_day));
    context.spawn_relay();
    context.spawn_worker(Units);
    context
        .tasks
        .spawn("feed", feed::run(app.clone(), context.tasks.soft().clone()));
    unattached::spawn(&app);
    rotation::spawn(&app);
    context.spawn_derived(DueReports::new(app.clone(), Cause::Time));
    context.spawn_derived(DueReports::new(app.clone(), Cause::Calendar));
    context.spawn_derived(Erasures::new(app.clone(), Table::Complaint));
    context.spawn_derived(Erasures::new(app.clone(), Table::Consultation));
    context.spawn_derived(Performance(app.clone()));
    context.spawn_derived(Recount(app.clone()));
    Ok(Started {
        routes: Box::new(move |routes| server::add(routes, app)),
        ready: None,
    })
}
