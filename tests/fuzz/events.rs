//! Messages on the bus, with the headers of CloudEvents and a payload: what another service, or whoever may publish as one, can
//! send to those that consume it.

use async_nats::{
    HeaderMap, HeaderName, HeaderValue,
    jetstream::{self, Context},
};
use futures::TryStreamExt;
use prima_platform::{
    bus,
    testing::{eventually, nats::Nats},
    token::Signer,
    vault::Keyring,
};
use prima_tests::{
    DEADLINE,
    process::{Command, Process, Service},
};
use proptest::{collection::vec, prelude::*, strategy::ValueTree};
use prost_reflect::{DescriptorPool, MessageDescriptor};
use sea_orm::{ConnectionTrait, Database};
use tempfile::TempDir;

use crate::{goes_on, hostile::TEXTS, requests::Choices, runner};

/// Those that consume; each has databases of its own.
const CONSUMERS: [Service; 4] = [
    Service::Index,
    Service::Complaint,
    Service::Innovation,
    Service::Ranking,
];
/// Those that consume into a database.
const WORKERS: [&str; 3] = ["index", "complaint", "innovation"];
/// Messages that are published at once.
const ROUND: u32 = 200;

/// The kinds of events of services that do not run here: subject without its last parts, type, and message.
const KINDS: [(&str, &str, &str); 4] = [
    ("prima.directory.agency", "prima.directory.agency", "AgencyState"),
    ("prima.directory.unit", "prima.directory.unit", "UnitState"),
    ("prima.survey.result", "prima.survey.result", "SurveyResultState"),
    ("prima.survey.score", "prima.score", "ScoreState"),
];
/// Parts of subjects.
const TOKENS: [&str; 9] = [
    "3271", "32", "dpmptsp", "skm", "2024", "2024-q3", "unit", "agency", "x",
];

/// The messages of [`KINDS`].
fn states() -> Vec<MessageDescriptor> {
    let pool = DescriptorPool::decode(prima_proto::FILE_DESCRIPTOR_SET).unwrap();
    let of = |name: &str| pool.get_message_by_name(&format!("prima.event.v1.{name}"));
    KINDS.iter().map(|(_, _, name)| of(name).unwrap()).collect()
}

/// A subject of this kind, most of the time with as many parts as it should have.
fn subject(choices: &mut Choices, kind: &str) -> String {
    let mut subject = kind.to_owned();
    let parts: Vec<&str> = match (kind.rsplit('.').next(), choices.below(5)) {
        (_, 0) => (0..choices.below(7))
            .map(|_| TOKENS[choices.below(TOKENS.len())])
            .collect(),
        (Some("agency"), _) => vec!["3271"],
        (Some("unit"), _) => vec!["3271", TOKENS[choices.below(TOKENS.len())]],
        (Some("result"), _) => vec!["3271", "dpmptsp", TOKENS[choices.below(TOKENS.len())]],
        (_, 1) => vec!["skm", "2024", "agency", "3271"],
        _ => vec![
            "skm",
            "2024-q3",
            "unit",
            "3271",
            TOKENS[choices.below(TOKENS.len())],
        ],
    };
    for part in parts {
        subject = format!("{subject}.{part}");
    }
    if subject == kind {
        format!("{kind}.x")
    } else {
        subject
    }
}

fn headers(choices: &mut Choices, subject: &str, kind: &str) -> HeaderMap {
    let version = choices.below(1000).to_string();
    let honest = [
        ("ce-specversion", "1.0"),
        ("ce-id", subject),
        ("ce-source", "/prima/survey"),
        ("ce-type", kind),
        ("ce-subject", subject),
        ("ce-time", "2024-07-01T00:00:00Z"),
        ("ce-datacontenttype", "application/protobuf"),
        ("ce-sequence", version.as_str()),
        ("prima-revision", "1"),
        ("prima-withdrawn", "true"),
        (
            "traceparent",
            "00-00000000000000000000000000000001-0000000000000001-01",
        ),
        (
            "ce-traceparent",
            "00-00000000000000000000000000000001-0000000000000001-01",
        ),
    ];
    let mut headers = HeaderMap::new();
    for (name, value) in honest {
        let value = match choices.below(12) {
            0 => continue,
            1 => TEXTS[choices.below(TEXTS.len())],
            _ if name == "prima-withdrawn" && choices.below(4) > 0 => continue,
            _ => value,
        };
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            headers.insert(name, value);
        }
    }
    headers
}

/// Publishes a round of hostile messages.
async fn publish(js: &Context, states: &[MessageDescriptor], inputs: &[Vec<u8>]) {
    for bytes in inputs {
        let mut choices = Choices(bytes.iter());
        let of = choices.below(KINDS.len());
        let (prefix, kind, _) = KINDS[of];
        let subject = subject(&mut choices, prefix);
        let headers = headers(&mut choices, &subject, kind);
        let payload = choices.payload(&states[of]);
        let sent = js
            .publish_with_headers(subject, headers, payload.into())
            .await
            .unwrap();
        sent.await.unwrap();
    }
}

/// Waits until everything is consumed: nothing is left to be delivered, and a last state, of a unit that was withdrawn, is noted.
async fn consumed(js: &Context, dir: &TempDir, last: &str) {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("ce-type", "prima.directory.unit"),
        ("ce-sequence", "1"),
        ("prima-withdrawn", "true"),
    ] {
        headers.insert(name, value);
    }
    let sent = js.publish_with_headers(last.to_owned(), headers, "".into()).await;
    sent.unwrap().await.unwrap();
    let noted = format!("consumed WHERE subject = '{last}'");
    let read = eventually(DEADLINE, || async {
        for stream in ["PRIMA_DIRECTORY", "PRIMA_SURVEY"] {
            let stream = js.get_stream(stream).await.ok()?;
            let consumers: Vec<_> = stream.consumers().try_collect().await.ok()?;
            // Those without a name are of comparisons that ended; the server keeps them for a while.
            let mut durable = consumers.iter().filter(|c| c.config.durable_name.is_some());
            if durable.any(|consumer| consumer.num_pending > 0) {
                return None;
            }
        }
        for service in WORKERS {
            if count(dir, service, &noted).await == 0 {
                return None;
            }
        }
        Some(())
    });
    read.await.expect("every message is consumed");
}

/// Number of rows of a service's table.
async fn count(dir: &TempDir, service: &str, table: &str) -> i64 {
    let file = dir.path().join(format!("{service}.db"));
    let db = Database::connect(format!("sqlite://{}", file.display()))
        .await
        .unwrap();
    let text = format!("SELECT count(*) FROM {table}");
    let row = db
        .query_one_raw(prima_platform::db::sql(&db, &text, []))
        .await
        .unwrap();
    let number = row.unwrap().try_get_by_index(0).unwrap();
    db.close().await.unwrap();
    number
}

#[tokio::test(flavor = "multi_thread")]
async fn events_with_any_headers_and_payloads() {
    let nats = Nats::start();
    let owner = bus::connect(&nats.config(), "fuzz").await.unwrap();
    owner.connection().wait_for(|c| c.up).await.unwrap();
    for service in ["directory", "survey"] {
        owner.ensure_stream(service).await.unwrap();
        owner.set_complete(service).await.unwrap();
    }
    let js = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    let inputs = vec(vec(any::<u8>(), 0..400), ROUND as usize);
    let states = states();
    let (mut runner, start, mut done) = (runner(1, 0), std::time::Instant::now(), 0);
    let dir = tempfile::tempdir().unwrap();
    let signer = Signer::generate().unwrap();
    let key = format!("k1:{}", Keyring::generate_key().unwrap());
    let mut processes: Vec<Process> = Vec::new();
    while goes_on(start, done, 3 * ROUND) {
        let round = inputs.new_tree(&mut runner).unwrap().current();
        publish(&js, &states, &round).await;
        done += ROUND;
        // The first round is there before they start, the others arrive.
        if processes.is_empty() {
            for service in CONSUMERS {
                let command = Command::new(service)
                    .database(&format!("sqlite:{}", dir.path().display()))
                    .bus(&nats.url())
                    .env("PRIMA_BUS__MAX_BYTES", &nats.config().max_bytes.to_string())
                    .env("PRIMA_AUTH__PUBLIC_KEY", signer.public_key())
                    .env("PRIMA_COMPLAINT__KEYS", &key)
                    .env(
                        "PRIMA_OBJECTS__URL",
                        &format!("file:{}", dir.path().join("objects").display()),
                    )
                    .env("PRIMA_RANKING__SOURCES", "[\"survey\"]");
                processes.push(command.start().await);
            }
            for process in &processes {
                process.wait_ready().await;
            }
        }
        consumed(&js, &dir, &format!("prima.directory.unit.9999.akhir-{done}")).await;
    }
    let mut letters = 0;
    for process in &mut processes {
        process.wait_ready().await;
        assert_eq!(process.stop().await, 0);
        let log = process.log();
        let line = log.lines().find(|line| line.contains("panicked"));
        assert!(line.is_none(), "{line:?}");
    }
    for service in WORKERS {
        assert_eq!(
            count(&dir, service, "dead_letter WHERE reason = ''").await,
            0,
            "{service}"
        );
        letters += count(&dir, service, "dead_letter").await;
    }
    assert!(letters > 0, "what can't be read is a dead letter");
}
