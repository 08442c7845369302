//! A replica whose table of 100 clinics changes a number of times a second: each time the score of one of them moves by at most
//! a point.

use std::{sync::Arc, time::Duration};

use prima_platform::{
    bus::{Bus, Event, memory::Memory},
    clock::Clock,
    config::Config,
    db::Database,
    derived::Derived,
    grpc::{Edge, Server, Watchers, bind},
    id::Ids,
    lifecycle::Tasks,
    outbox::Outbox,
    service::Context,
    testing::served::Place,
    token::{Signer, Verifier},
};
use prima_proto::{
    FILE_DESCRIPTOR_SET,
    event::v1::{ScoreState, UnitState},
};
use prost::Message;
use tonic::service::Routes;

pub const TABLE: &str = "metrics/skm/periods/2024/cohorts/puskesmas";
const UNITS: u64 = 100;

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

async fn publish(bus: &Memory, subject: String, version: i64, payload: Vec<u8>) {
    let service = subject.split('.').nth(1).unwrap().to_owned();
    let last = bus.last(&service, &subject).await.unwrap();
    let event = Event {
        subject,
        event_type: String::new(),
        revision: 1,
        version,
        withdrawn: false,
        payload,
        time: String::new(),
        traceparent: None,
        origin: None,
    };
    bus.publish(&service, &event, last.map_or(0, |head| head.sequence))
        .await
        .unwrap();
}

/// Publishes a score with the time as the name of its category.
async fn score(bus: &Memory, unit: u64, version: i64, hundredths: u64) {
    let state = ScoreState {
        value: format!("{}.{:02}", hundredths / 100, hundredths % 100),
        category: "B".to_owned(),
        category_display_name: super::now().to_string(),
        sample_size: 400,
        sample_minimum: 30,
        counted: 400,
        ..Default::default()
    };
    publish(
        bus,
        format!("prima.survey.score.skm.2024.unit.3271.u{unit:03}"),
        version,
        state.encode_to_vec(),
    )
    .await;
}

/// Prints its address, and serves until the process is killed.
pub async fn run(updates: u32) {
    let bus = Arc::new(Memory::default());
    let (tasks, mut config) = (Tasks::default(), Config::default());
    config.grpc.listen = "127.0.0.1:0".to_owned();
    (config.grpc.max_watchers, config.grpc.calls_per_second_per_peer) = (4096, 0);
    (config.grpc.peer_percent, config.grpc.connection_percent) = (100, 100);
    for service in ["directory"]
        .into_iter()
        .chain(config.ranking.sources.iter().map(String::as_str))
    {
        bus.ensure_stream(service).await.unwrap();
        bus.set_complete(service).await.unwrap();
    }
    let (mut numbers, mut values) = (Numbers(7), Vec::new());
    for unit in 0..UNITS {
        let state = UnitState {
            display_name: format!("Puskesmas {unit}"),
            unit_type: "puskesmas".to_owned(),
            ..Default::default()
        };
        publish(
            &bus,
            format!("prima.directory.unit.3271.u{unit:03}"),
            1,
            state.encode_to_vec(),
        )
        .await;
        let value = 6000 + numbers.below(4000);
        values.push(value);
        score(&bus, unit, 1, value).await;
    }
    let place = Place::sqlite();
    config.database.url.clone_from(&place.url);
    let db = Database::connect(&config.database, "ranking").await.unwrap();
    (prima_ranking::SPEC.migrate)(db.clone(), true).await.unwrap();
    let context = Context {
        service: "ranking",
        config: Arc::new(config.clone()),
        db,
        bus: bus.clone(),
        clock: Clock::system(),
        ids: Ids::random(),
        outbox: Outbox::default(),
        derived: Derived::default(),
        watchers: Watchers::new(config.grpc.max_watchers, &config.grpc, tasks.clone()),
        tasks: tasks.clone(),
    };
    let started = (prima_ranking::SPEC.start)(context).await.unwrap();
    started.ready.unwrap().wait_for(|ready| *ready).await.unwrap();
    let mut routes = Routes::builder();
    (started.routes)(&mut routes);
    let public = prima_platform::access::open_methods();
    let verifier = Verifier::new(Signer::generate().unwrap().public_key()).unwrap();
    let server = Server {
        routes: routes.routes(),
        edge: Edge::new(verifier, public, FILE_DESCRIPTOR_SET, &config.grpc),
        descriptors: FILE_DESCRIPTOR_SET,
        documents: Vec::new(),
    };
    let (listener, address) = bind(&config.grpc).await.unwrap();
    println!("{address}");
    let change = async {
        let mut versions = 2..;
        let mut tick = tokio::time::interval(Duration::from_secs(1) / updates.max(1));
        loop {
            tick.tick().await;
            if updates == 0 {
                std::future::pending::<()>().await;
            }
            let unit = numbers.below(UNITS);
            let value = values.get_mut(usize::try_from(unit).unwrap()).unwrap();
            *value = (*value + numbers.below(201)).clamp(6100, 10_100) - 100;
            score(&bus, unit, versions.next().unwrap(), *value).await;
        }
    };
    tokio::select! {
        ended = server.run(listener, &config.grpc, &tasks) => ended.unwrap(),
        () = change => {}
    }
}
