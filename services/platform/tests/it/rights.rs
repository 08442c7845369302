//! The rights of `deploy/nats/nats.conf`: what each service needs, it may; each attack of one user on the others fails.

use std::collections::BTreeSet;

use async_nats::{Client, ConnectOptions, Message, Subscriber};
use futures::{FutureExt, StreamExt};
use prima_platform::{
    bus::{Bus, Error, Owner, Step, Verdict, jetstream::JetStream},
    config,
    testing::{eventually, nats::Nats},
};

use crate::world::{LONG, event};

/// The shipped file.
const FILE: &str = include_str!("../../../../deploy/nats/nats.conf");

/// Which service reads which streams, and by which durable consumers.
const READS: [(&str, &str, &[&str]); 13] = [
    ("survey", "directory", &["survey-directory-unit-r2"]),
    (
        "innovation",
        "directory",
        &["innovation-directory-unit-r1", "innovation-directory-agency-r1"],
    ),
    ("complaint", "directory", &["complaint-directory-unit-r1"]),
    ("index", "directory", &["index-directory-unit-r1"]),
    ("index", "survey", &["index-survey-result-r1"]),
    ("index", "complaint", &["index-complaint-performance-r1"]),
    ("index", "innovation", &["index-innovation-portfolio-r1"]),
    ("index", "ranking", &["index-table-definition-r1"]),
    ("ranking", "directory", &[]),
    ("ranking", "survey", &[]),
    ("ranking", "innovation", &[]),
    ("ranking", "complaint", &[]),
    ("ranking", "index", &[]),
];
const SERVICES: [&str; 6] = [
    "directory",
    "survey",
    "innovation",
    "complaint",
    "index",
    "ranking",
];
/// Both prefixes of the API: the own account's, and that of what it imports.
const PREFIXES: [&str; 2] = ["$JS.API", "JS.API"];

/// A server with the shipped file, on which every service has its stream with one state.
async fn server() -> Nats {
    let nats = Nats::start_with(FILE);
    for service in SERVICES {
        let bus = service_bus(&nats, service).await;
        bus.ensure_stream(service).await.unwrap();
        bus.publish(service, &event(service, "score.a", 1, "first"), 0)
            .await
            .unwrap();
    }
    nats
}

async fn service_bus(nats: &Nats, service: &str) -> JetStream {
    let config = config::Bus {
        api_prefix: "JS.API".into(),
        ..nats.config_of(service)
    };
    let bus = JetStream::connect(&config, service).await.unwrap();
    let mut connection = bus.connection();
    tokio::time::timeout(LONG, connection.wait_for(|c| c.up))
        .await
        .unwrap()
        .unwrap();
    bus
}

/// A client of a user, which does whatever it likes.
struct Intruder {
    client: Client,
    inbox: Subscriber,
    reply: String,
}

impl Intruder {
    async fn new(nats: &Nats, user: &str) -> Self {
        let client = ConnectOptions::with_user_and_password(user.into(), user.into())
            .connect(nats.url())
            .await
            .unwrap();
        let reply = format!("_INBOX.{user}.intruder");
        let inbox = client.subscribe(reply.clone()).await.unwrap();
        Self { client, inbox, reply }
    }

    /// Sends, and returns when the server has read it.
    async fn send(&self, subject: &str, payload: &str) {
        self.client
            .publish(subject.to_owned(), payload.to_owned().into())
            .await
            .unwrap();
        self.client.flush().await.unwrap();
    }

    /// Sends a request whose response goes to any subject.
    async fn ask(&self, subject: &str, payload: &str, reply: &str) {
        let (subject, reply) = (subject.to_owned(), reply.to_owned());
        let payload = payload.to_owned().into();
        self.client
            .publish_with_reply(subject, reply, payload)
            .await
            .unwrap();
        self.client.flush().await.unwrap();
    }

    /// Sends a request to the API under both prefixes.
    async fn api(&self, subject: &str, payload: &str) {
        for prefix in PREFIXES {
            self.ask(&format!("{prefix}.{subject}"), payload, &self.reply)
                .await;
        }
    }

    /// The next message that it receives.
    async fn next(&mut self) -> Message {
        tokio::time::timeout(LONG, self.inbox.next())
            .await
            .unwrap()
            .unwrap()
    }

    /// Waits for a message whose payload contains `text`.
    async fn hear(&mut self, text: &str) {
        while !String::from_utf8_lossy(&self.next().await.payload).contains(text) {}
    }

    /// Publishes a state of its own, and returns when it is stored.
    async fn store(&mut self, subject: &str) {
        self.ask(subject, "false", &self.reply).await;
        self.hear("\"seq\"").await;
    }
}

/// The subjects in the stream of `service`.
async fn subjects(bus: &JetStream, service: &str) -> BTreeSet<String> {
    let heads = bus.heads(service).await.unwrap();
    heads.map(|head| head.unwrap().subject).collect().await
}

#[tokio::test]
async fn each_service_can_do_with_its_own_stream_what_its_relay_does() {
    let nats = server().await;
    for service in SERVICES {
        let (bus, replica) = (
            service_bus(&nats, service).await,
            service_bus(&nats, service).await,
        );
        let owner = Owner {
            identity: "database".into(),
            epoch: 1,
            holder: "relay".into(),
        };
        bus.claim(service, &owner).await.unwrap();
        bus.set_complete(service).await.unwrap();
        let stream = replica.stream(service).await.unwrap().unwrap();
        assert!(stream.complete && stream.owner == Some(owner), "{service}");
        let subject = format!("prima.{service}.score.a");
        let head = replica.last(service, &subject).await.unwrap().unwrap();
        assert!(replica.stored(service, head.sequence).await.unwrap().is_some());
        let next = event(service, "score.a", 2, "second");
        assert!(matches!(bus.publish(service, &next, 0).await, Err(Error::Fenced)));
        bus.publish(service, &next, head.sequence).await.unwrap();
        assert_eq!(subjects(&replica, service).await, [subject].into());

        // Another replica answers the question of a relay.
        let mut questions = bus.questions(service).await.unwrap();
        let answering = async {
            let question = questions.next().await.unwrap();
            question.reply.send("it is filled".into()).await.unwrap();
            std::future::pending().await
        };
        // The subscription may reach the server after the first question.
        let asking = eventually(LONG, || async { replica.ask(service, "other").await.unwrap() });
        let answer = tokio::select! { answer = asking => answer, () = answering => None };
        assert_eq!(answer.as_deref(), Some("it is filled"), "{service}");
    }
}

#[tokio::test]
async fn each_service_reads_the_streams_that_it_needs_and_no_other() {
    let nats = server().await;
    for service in SERVICES {
        let bus = service_bus(&nats, service).await;
        for other in SERVICES.iter().filter(|other| **other != service) {
            let Some((_, _, durables)) = READS.iter().find(|(s, o, _)| *s == service && o == other) else {
                // Each takes as long as the client waits, where the server answers nothing at all.
                if service != "directory" || *other == "survey" {
                    assert!(bus.stream(other).await.is_err(), "{service} reads {other}");
                }
                continue;
            };
            let subject = format!("prima.{other}.score.a");
            let filters = [format!("prima.{other}.score.>")];
            assert_eq!(subjects(&bus, other).await, [subject.clone()].into());
            let delivery = bus.fetch(other, &subject).await.unwrap().unwrap();
            assert_eq!(delivery.event.payload, b"first");
            for filters in [&filters[..], &[filters[0].clone(), format!("prima.{other}.b")]] {
                let mut follow = bus.follow(other, filters).await.unwrap();
                let Step::Event(found) = follow.next().await.unwrap() else {
                    panic!("no state of {other}")
                };
                assert_eq!(found.event.subject, subject);
            }
            for durable in *durables {
                for restart in [false, true] {
                    let mut work = bus.work(other, durable, &filters, restart).await.unwrap();
                    let jobs = tokio::time::timeout(LONG, work.next(1)).await.unwrap().unwrap();
                    for job in jobs {
                        assert_eq!(job.delivery.event.subject, subject);
                        job.settle.settle(Verdict::Ack).await.unwrap();
                    }
                    let settled = eventually(LONG, || async {
                        let consumer = bus.consumer(other, durable).await.unwrap().unwrap();
                        (consumer.outstanding == 0 && consumer.acknowledged > 0).then_some(())
                    });
                    assert!(settled.await.is_some(), "{durable} is not acknowledged");
                }
            }
        }
    }
}

#[tokio::test]
async fn no_service_writes_to_the_subjects_of_another() {
    let nats = server().await;
    let victim = service_bus(&nats, "index").await;
    let before = subjects(&victim, "index").await;
    let mut intruder = Intruder::new(&nats, "survey").await;

    // Plainly.
    intruder.send("prima.index.score.plain", "false").await;
    // By a right to respond to a message that it has sent to itself.
    let mut own = intruder.client.subscribe("prima-owner.survey").await.unwrap();
    intruder
        .ask("prima-owner.survey", "?", "prima.index.score.response")
        .await;
    tokio::time::timeout(LONG, own.next()).await.unwrap().unwrap();
    intruder.send("prima.index.score.response", "false").await;
    // By requests whose response goes to a subject of the other.
    let get = r#"{"last_by_subj": "prima.survey.score.a"}"#;
    for prefix in PREFIXES {
        for (request, payload) in [
            ("STREAM.MSG.GET.PRIMA_SURVEY", get),
            ("DIRECT.GET.PRIMA_SURVEY.prima.survey.score.a", ""),
            ("DIRECT.GET.PRIMA_SURVEY", get),
            ("STREAM.INFO.PRIMA_SURVEY", ""),
            ("STREAM.INFO.PRIMA_DIRECTORY", ""),
        ] {
            let reply = format!("prima.index.score.{}", request.to_lowercase().replace('.', "-"));
            intruder
                .ask(&format!("{prefix}.{request}"), payload, &reply)
                .await;
        }
    }
    // By a stream that repeats each message under a subject of the other, or that takes its subjects.
    for part in [
        r#""subjects": ["prima.survey.>"], "republish": {"src": "prima.survey.>", "dest": "prima.index.score.repeated.>"}"#,
        r#""subjects": ["prima.survey.>", "prima.index.>"]"#,
    ] {
        let config = format!(
            r#"{{"name": "PRIMA_SURVEY", {part}, "retention": "limits", "storage": "file", "discard": "new",
                "max_msgs_per_subject": 1, "max_bytes": 67108864, "num_replicas": 1, "allow_direct": true}}"#
        );
        intruder.api("STREAM.UPDATE.PRIMA_SURVEY", &config).await;
        // The server sends what it has to repeat of the first one before it confirms the second.
        intruder.store("prima.survey.score.repeated").await;
        intruder.store("prima.survey.score.fence").await;
    }
    // A state of the victim that is stored after everything that the intruder has sent.
    victim
        .publish("index", &event("index", "score.b", 1, "true"), 0)
        .await
        .unwrap();
    let after = subjects(&victim, "index").await;
    let new: Vec<&String> = after.difference(&before).collect();
    assert_eq!(new, ["prima.index.score.b"]);
}

#[tokio::test]
async fn no_user_reads_the_responses_to_another() {
    let nats = server().await;
    let victim = service_bus(&nats, "index").await;
    for user in ["survey", "reader"] {
        let mut intruder = Intruder::new(&nats, user).await;
        let mut heard = Vec::new();
        for subject in [
            "_INBOX.>",
            "_INBOX.*.>",
            "_INBOX.index.>",
            "_R_.>",
            "$JS.ACK.>",
            ">",
        ] {
            heard.push(intruder.client.subscribe(subject).await.unwrap());
        }
        intruder.client.flush().await.unwrap();
        victim
            .fetch("index", "prima.index.score.a")
            .await
            .unwrap()
            .unwrap();
        victim
            .fetch("survey", "prima.survey.score.a")
            .await
            .unwrap()
            .unwrap();
        // What the server sends after the responses to the other.
        intruder.api("STREAM.INFO.PRIMA_SURVEY", "").await;
        intruder.hear("stream_info_response").await;
        for mut subscriber in heard {
            while let Some(Some(message)) = subscriber.next().now_or_never() {
                let own = message.subject.starts_with(&format!("_INBOX.{user}."));
                assert!(own, "{user} hears {}", message.subject);
            }
        }
    }
}

#[tokio::test]
async fn no_user_touches_the_durable_consumer_of_another() {
    let nats = server().await;
    let (stream, durable) = ("PRIMA_DIRECTORY", "index-directory-unit-r1");
    let config = |filter: &str| {
        format!(
            r#"{{"stream_name": "{stream}", "config": {{"name": "{durable}", "durable_name": "{durable}",
                "deliver_policy": "last_per_subject", "ack_policy": "explicit", "filter_subject": "{filter}"}}}}"#
        )
    };
    let filter = "prima.directory.score.>";
    let mut index = Intruder::new(&nats, "index").await;
    index
        .api(
            &format!("CONSUMER.CREATE.{stream}.{durable}.{filter}"),
            &config(filter),
        )
        .await;
    index.hear("consumer_create_response").await;
    // One state is delivered and not acknowledged, another one waits.
    index
        .api(&format!("CONSUMER.MSG.NEXT.{stream}.{durable}"), "1")
        .await;
    index.hear("first").await;
    let directory = service_bus(&nats, "directory").await;
    directory
        .publish("directory", &event("directory", "score.b", 1, "second"), 0)
        .await
        .unwrap();
    let bus = service_bus(&nats, "index").await;
    let before = bus.consumer("directory", durable).await.unwrap().unwrap();
    assert_eq!((before.outstanding, before.pending), (1, 1));

    for user in ["survey", "ranking", "directory", "reader"] {
        let intruder = Intruder::new(&nats, user).await;
        let other = "prima.directory.score.nothing";
        intruder
            .api(
                &format!("CONSUMER.CREATE.{stream}.{durable}.{other}"),
                &config(other),
            )
            .await;
        intruder
            .api(&format!("CONSUMER.CREATE.{stream}.{durable}"), &config(other))
            .await;
        intruder
            .api(&format!("CONSUMER.CREATE.{stream}"), &config(other))
            .await;
        intruder
            .api(
                &format!("CONSUMER.DURABLE.CREATE.{stream}.{durable}"),
                &config(other),
            )
            .await;
        intruder
            .api(&format!("CONSUMER.MSG.NEXT.{stream}.{durable}"), "1")
            .await;
        intruder
            .api(
                &format!("CONSUMER.PAUSE.{stream}.{durable}"),
                r#"{"pause_until": "2100-01-01T00:00:00Z"}"#,
            )
            .await;
        intruder
            .api(&format!("CONSUMER.RESET.{stream}.{durable}"), "{}")
            .await;
        intruder
            .api(&format!("CONSUMER.DELETE.{stream}.{durable}"), "")
            .await;
        for sequence in 1..=2 {
            let ack = format!("$JS.ACK.{stream}.{durable}.1.{sequence}.{sequence}.1700000000000000000.0");
            intruder.send(&ack, "+ACK").await;
        }
        // The consumer's own request is processed after those.
        let after = bus.consumer("directory", durable).await.unwrap();
        assert_eq!(after, Some(before), "{user}");
    }
    index
        .api(&format!("CONSUMER.MSG.NEXT.{stream}.{durable}"), "1")
        .await;
    index.hear("second").await;
}

#[tokio::test]
async fn nobody_purges_or_deletes_a_stream() {
    let nats = server().await;
    let bus = service_bus(&nats, "directory").await;
    let before = bus.stream("directory").await.unwrap();
    for user in ["directory", "survey", "index", "reader"] {
        let intruder = Intruder::new(&nats, user).await;
        for (request, payload) in [
            ("STREAM.PURGE", "{}"),
            ("STREAM.MSG.DELETE", r#"{"seq": 1}"#),
            ("STREAM.SNAPSHOT", r#"{"deliver_subject": "_INBOX.x"}"#),
            ("STREAM.LEADER.STEPDOWN", "{}"),
            ("STREAM.PEER.REMOVE", "{}"),
            ("STREAM.DELETE", ""),
        ] {
            intruder.api(&format!("{request}.PRIMA_DIRECTORY"), payload).await;
        }
        if user != "directory" {
            let config = r#"{"name": "PRIMA_DIRECTORY", "subjects": ["nothing"]}"#;
            intruder.api("STREAM.UPDATE.PRIMA_DIRECTORY", config).await;
        }
        assert_eq!(bus.stream("directory").await.unwrap(), before, "{user}");
        let state = bus.fetch("directory", "prima.directory.score.a").await.unwrap();
        assert_eq!(state.unwrap().event.payload, b"first", "{user}");
    }
}

#[tokio::test]
async fn an_outsider_reads_scores_and_nothing_else() {
    let nats = server().await;
    let survey = service_bus(&nats, "survey").await;
    survey
        .publish("survey", &event("survey", "result.a", 1, "not published yet"), 0)
        .await
        .unwrap();
    let reader = service_bus(&nats, "reader").await;
    for service in SERVICES {
        let mut follow = reader
            .follow(service, &[format!("prima.{service}.score.>")])
            .await
            .unwrap();
        let Step::Event(found) = follow.next().await.unwrap() else {
            panic!("no state of {service}")
        };
        assert_eq!(found.event.payload, b"first");
    }
    for filter in [
        "prima.survey.>",
        "prima.survey.result.>",
        "prima.survey.result.a",
        ">",
    ] {
        assert!(
            reader.follow("survey", &[filter.into()]).await.is_err(),
            "{filter}"
        );
    }
    assert!(reader.fetch("survey", "prima.survey.result.a").await.is_err());

    let intruder = Intruder::new(&nats, "reader").await;
    for subject in [
        "prima.survey.score.a",
        "prima.survey.score.b",
        "prima-owner.survey",
    ] {
        intruder.send(subject, "false").await;
    }
    intruder
        .ask("JS.API.STREAM.INFO.PRIMA_SURVEY", "", "prima.survey.score.b")
        .await;
    let own = event("survey", "score.c", 1, "true");
    survey.publish("survey", &own, 0).await.unwrap();
    let kept = ["result.a", "score.a", "score.c"].map(|name| format!("prima.survey.{name}"));
    assert_eq!(subjects(&survey, "survey").await, kept.into());
}

#[tokio::test]
async fn nobody_connects_without_a_password() {
    let nats = server().await;
    assert!(async_nats::connect(nats.url()).await.is_err());
    for user in SERVICES.iter().chain(&["reader"]) {
        let wrong = ConnectOptions::with_user_and_password((*user).to_owned(), "wrong".into());
        assert!(wrong.connect(nats.url()).await.is_err(), "{user}");
    }
}
