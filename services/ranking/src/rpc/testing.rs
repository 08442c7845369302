//! A replica for tests: its tables follow a bus in memory, as those of a process do.

use std::{sync::Arc, time::Duration};

use prima_platform::{
    bus::{Bus, Event, memory::Memory},
    config,
    consume::{Follower, Source},
    grpc::Watchers,
    lease::Lease,
    testing::{
        eventually,
        served::{Options, Place, context},
    },
};
use prima_proto::{
    event::v1::{ScoreState, UnitState},
    ranking::v1::{self, ranking_service_client::RankingServiceClient},
};
use prost::Message;
use tonic::service::Routes;

use super::{App, publication::Desk};
use crate::{
    derived::{
        certainty::Certainties,
        history::{LEASE, Steps, Unwritten, Writer},
        past::History,
        press::{self, Ledger, Press},
        tables::Tables,
    },
    server,
};

pub const TABLE: &str = "metrics/skm/periods/2024/cohorts/clinic";
pub const LONG: Duration = Duration::from_secs(20);

/// One replica.
pub struct Replica {
    pub app: App,
    pub client: RankingServiceClient<Routes>,
    pub desk: Desk,
    /// Where its database is.
    _place: Arc<Place>,
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.app.tasks.soft().cancel();
    }
}

/// A bus with the complete streams of two services.
pub async fn bus() -> Arc<Memory> {
    let bus = Arc::new(Memory::default());
    for service in ["directory", "survey"] {
        bus.ensure_stream(service).await.unwrap();
        bus.set_complete(service).await.unwrap();
    }
    bus
}

/// Publishes a state; `None` withdraws its aggregate.
pub async fn publish(bus: &Memory, subject: &str, version: i64, state: Option<Vec<u8>>) {
    let service = subject.split('.').nth(1).unwrap();
    let last = bus.last(service, subject).await.unwrap();
    let event = Event {
        subject: subject.to_owned(),
        event_type: String::new(),
        revision: 1,
        version,
        withdrawn: state.is_none(),
        payload: state.unwrap_or_default(),
        time: String::new(),
        traceparent: None,
        origin: None,
    };
    bus.publish(service, &event, last.map_or(0, |head| head.sequence))
        .await
        .unwrap();
}

pub fn unit(name: &str) -> Vec<u8> {
    UnitState {
        display_name: name.to_owned(),
        unit_type: "clinic".to_owned(),
        ..Default::default()
    }
    .encode_to_vec()
}

pub fn score(value: &str) -> Vec<u8> {
    ScoreState {
        value: value.to_owned(),
        category: "B".to_owned(),
        ..Default::default()
    }
    .encode_to_vec()
}

/// Announces a unit of agency 11 and publishes its score.
pub async fn rank(bus: &Memory, unit_id: &str, version: i64, value: &str) {
    let announced = format!("prima.directory.unit.11.{unit_id}");
    if bus.last("directory", &announced).await.unwrap().is_none() {
        publish(bus, &announced, 1, Some(unit(unit_id))).await;
    }
    let subject = format!("prima.survey.score.skm.2024.unit.11.{unit_id}");
    publish(bus, &subject, version, Some(score(value))).await;
}

impl Replica {
    /// Starts a replica, and waits until it has read the streams.
    pub async fn start(bus: &Arc<Memory>) -> Self {
        let options = Options {
            bus: bus.clone(),
            ..Options::default()
        };
        Self::start_at(Place::sqlite(), options, true).await
    }

    /// The same at a place and with options; `writes` is whether it writes the files of publications.
    pub async fn start_at(place: Arc<Place>, options: Options, writes: bool) -> Self {
        let bus = options.bus.clone();
        let sources = vec![
            Source::new("directory", &["prima.directory.>"]),
            Source::new("survey", &["prima.survey.score.>"]),
        ];
        let context = context(&crate::SPEC, &place, options).await;
        let (db, clock, tasks) = (context.db.clone(), context.clock.clone(), context.tasks.clone());
        let steps = Steps::new(1);
        let unwritten = Arc::new(Unwritten::new(steps));
        unwritten.begin();
        unwritten.saved();
        let tables = Arc::new(Tables::new(clock.clone()).with_history(unwritten.clone()));
        let follower = Follower::new(
            bus.clone(),
            clock.clone(),
            "test",
            sources.clone(),
            tables.clone(),
        );
        let freshness = follower.freshness();
        let mut fresh = freshness.fresh();
        tasks.spawn("follower", follower.run(tasks.soft().clone()));
        tokio::time::timeout(LONG, fresh.wait_for(|fresh| *fresh))
            .await
            .unwrap()
            .unwrap();
        let ready = tokio::sync::watch::channel(true).1;
        let writer = Writer {
            db: db.clone(),
            clock: clock.clone(),
            lease: Lease::new(db.clone(), LEASE, "test".to_owned(), LONG),
            unwritten,
            ready: ready.clone(),
            days: 0,
        };
        tasks.spawn("history", writer.run(tasks.soft().clone()));
        let history = History::new(db, clock.clone(), vec!["survey".to_owned()], steps);
        let app = App {
            tables,
            history: Arc::new(history),
            certainties: Arc::new(Certainties::default()),
            freshness,
            ready,
            watchers: Watchers::new(100, &config::Grpc::default(), tasks.clone()),
            interval: Duration::from_millis(5),
            tasks,
            clock,
            bus: bus.clone(),
            sources: sources.into(),
        };
        let mut routes = Routes::builder();
        let ledger = Arc::new(Ledger::default());
        let press = Press::open(&context, ledger.clone()).unwrap().map(Arc::new);
        if let Some(press) = &press {
            press.follow(&context);
        }
        if let Some(press) = press.clone().filter(|_| writes) {
            let lease = Lease::new(context.db.clone(), press::LEASE, "test".to_owned(), LONG);
            let stop = context.tasks.soft().clone();
            let tasks = context.tasks.clone();
            tasks.spawn("publications", press.run(context.clone(), lease, stop));
        }
        let desk = Desk {
            context,
            app: app.clone(),
            ledger,
            press,
        };
        routes.add_service(server::server(desk.clone()));
        Self {
            app,
            client: RankingServiceClient::new(routes.routes()),
            desk,
            _place: place,
        }
    }

    /// Waits until a subject has this score in the table.
    pub async fn shows(&self, unit_id: &str, value: &str) {
        let subject = format!("agencies/11/units/{unit_id}");
        let shown = eventually(LONG, || async {
            let page = self.page(v1::GetLeagueTableRequest::default()).await?;
            let row = page.rows.into_iter().find(|row| row.subject == subject);
            row.is_some_and(|row| row.score == value).then_some(())
        });
        shown
            .await
            .unwrap_or_else(|| panic!("{subject} does not get {value}"));
    }

    /// A page of the table; `None` when there is no such table.
    pub async fn page(&self, message: v1::GetLeagueTableRequest) -> Option<v1::GetLeagueTableResponse> {
        let message = v1::GetLeagueTableRequest {
            name: TABLE.to_owned(),
            ..message
        };
        Some(
            self.client
                .clone()
                .get_league_table(message)
                .await
                .ok()?
                .into_inner(),
        )
    }
}
