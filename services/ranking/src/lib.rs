//! National league tables: every score of every service is ranked as it arrives.
//!
//! The service owns the definitions of league tables that operators create, a snapshot of the states it received, their
//! history, and what was made official: proposals with their objections, published tables, and the log that proves them. It publishes `prima.ranking.definition.<metric>`, and consumes that, the agencies and units of the directory, and
//! `prima.<service>.score.>` of the configured services. Each replica keeps all tables in memory; with the
//! snapshot it can start and serve, marked stale, while the bus is down. The newest state of a subject counts even
//! when this release cannot read it: such a subject is in no table, and its state is kept for a release that can read
//! it.

mod derived;
pub mod domain;
mod events;
mod rpc;
mod server;
mod store;

use std::{sync::Arc, time::Duration};

use prima_platform::{
    consume::{Follower, Source},
    lease::Lease,
    service::{Context, Error, Migrating, Spec, Started, Starting},
    telemetry,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use derived::{
    certainty::Certainties,
    compaction::{self, Compaction},
    history::{self, Steps, Unwritten, Writer},
    past::History,
    press::{self, Ledger, Press},
    snapshot,
    tables::Tables,
};
use rpc::{App, publication::Desk};

/// Name of the service and its schema.
pub const NAME: &str = "ranking";

/// How the host runs this service.
pub const SPEC: Spec = Spec {
    name: NAME,
    grpc: &["prima.ranking.v1.RankingService"],
    migrate,
    start: |context| -> Starting { Box::pin(start(context)) },
};

fn migrate(db: prima_platform::db::Database, run: bool) -> Migrating {
    Box::pin(async move { prima_platform::db::migrate::<store::Migrator>(&db, NAME, run).await })
}

async fn start(context: Context) -> Result<Started, Error> {
    let failed = |error| Error::Database(NAME, error);
    let steps = Steps::new(context.config.ranking.history_step_seconds);
    let unwritten = Arc::new(Unwritten::new(steps));
    let tables = Arc::new(Tables::new(context.clock.clone()).with_history(unwritten.clone()));
    let mut services = vec!["directory".to_owned(), NAME.to_owned()];
    services.extend(context.config.ranking.sources.iter().cloned());
    let directory = ["prima.directory.agency.>", "prima.directory.unit.>"];
    let mut sources = vec![
        Source::new("directory", &directory),
        Source::new(NAME, &["prima.ranking.definition.>"]),
    ];
    for service in &context.config.ranking.sources {
        sources.push(Source::new(service, &[&format!("prima.{service}.score.>")]));
    }
    let loaded = snapshot::load(&context.db, &tables, &sources)
        .await
        .map_err(failed)?;
    let whole = snapshot::complete(&context.db, &services).await.map_err(failed)?;
    if !whole {
        tables.defer();
    }
    let follower = Follower::new(
        context.bus.clone(),
        context.clock.clone(),
        "ranking",
        sources.clone(),
        tables.clone(),
    );
    let counted = tables.clone();
    let _gauge = telemetry::meter()
        .u64_observable_gauge("ranking.unreadable")
        .with_description("Subjects whose newest state can't be read; they are in no table")
        .with_callback(move |gauge| gauge.observe(counted.unreadable() as u64, &[]))
        .build();
    let freshness = follower.freshness();
    freshness.snapshot(loaded);
    snapshot::resume(&context.db, &sources, &freshness)
        .await
        .map_err(failed)?;
    context.spawn_relay();
    context.spawn_follower(follower);
    let stop = context.tasks.soft().clone();
    let lease = |name| {
        let duration = Duration::from_millis(context.config.relay.lease_millis);
        Lease::new(context.db.clone(), name, context.ids.next().to_string(), duration)
    };
    let saver = snapshot::Saver {
        db: context.db.clone(),
        tables: tables.clone(),
        bus: context.bus.clone(),
        sources: sources.clone(),
        freshness: freshness.clone(),
        unwritten: unwritten.clone(),
        ids: context.ids.clone(),
        compaction: Compaction::new(context.db.clone(), lease(compaction::LEASE), context.ids.clone()),
    };
    context.tasks.spawn("snapshot", saver.run(stop.clone()));
    let (ready, receiver) = watch::channel(whole);
    context.tasks.spawn(
        "ranking readiness",
        keep_ready(ready, freshness.fresh(), tables.clone(), stop.clone()),
    );
    let writer = Writer {
        db: context.db.clone(),
        clock: context.clock.clone(),
        lease: lease(history::LEASE),
        unwritten,
        ready: receiver.clone(),
        days: context.config.ranking.history_days,
    };
    context.tasks.spawn("history", writer.run(stop));
    let history = History::new(
        context.db.clone(),
        context.clock.clone(),
        context.config.ranking.sources.clone(),
        steps,
    );
    let app = App {
        tables,
        history: Arc::new(history),
        certainties: Arc::new(Certainties::default()),
        freshness,
        ready: receiver.clone(),
        watchers: context.watchers.clone(),
        interval: Duration::from_millis(context.config.ranking.watch_interval_millis),
        tasks: context.tasks.clone(),
        clock: context.clock.clone(),
        bus: context.bus.clone(),
        sources: sources.into(),
    };
    let ledger = Arc::new(Ledger::default());
    let press = Press::open(&context, ledger.clone())?.map(Arc::new);
    if let Some(press) = &press {
        press.follow(&context);
        let (press, context, stop) = (press.clone(), context.clone(), context.tasks.soft().clone());
        let holder = context.ids.next().to_string();
        let lease = Lease::new(context.db.clone(), press::LEASE, holder, press::HOLD);
        let tasks = context.tasks.clone();
        tasks.spawn("publications", press.run(context, lease, stop));
    }
    let desk = Desk {
        context,
        app,
        ledger,
        press,
    };
    let server = server::server(desk);
    Ok(Started {
        routes: Box::new(move |routes| {
            routes.add_service(server);
        }),
        ready: Some(receiver),
    })
}

/// Reports the service as ready once every stream was complete and read to its end, and the tables are in order; a whole
/// snapshot makes it ready at start.
async fn keep_ready(
    ready: watch::Sender<bool>,
    mut fresh: watch::Receiver<bool>,
    tables: Arc<Tables>,
    stop: CancellationToken,
) {
    let met = async { fresh.wait_for(|fresh| *fresh).await.is_ok() };
    let is_met = tokio::select! { () = stop.cancelled() => return, is_met = met => is_met };
    if is_met
        && tokio::task::spawn_blocking(move || tables.arrange())
            .await
            .is_ok()
    {
        ready.send_replace(true);
    }
    stop.cancelled().await;
}
