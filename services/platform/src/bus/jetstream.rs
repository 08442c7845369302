//! The bus on NATS JetStream 2.12.6 or newer: one compacted, file-backed stream per service.

use std::{collections::HashMap, error::Error as _, sync::Arc, time::Duration};

use async_nats::{
    RequestErrorKind,
    header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE,
    jetstream::{
        self, Context,
        consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull},
        context::{ConsumerInfoErrorKind, CreateStreamErrorKind, GetStreamErrorKind, PublishErrorKind},
        message::{PublishMessage, StreamMessage},
        stream::{
            Config as StreamConfig, ConsumerErrorKind, DiscardPolicy, LastRawMessageErrorKind,
            RawMessageErrorKind, RetentionPolicy, StorageType,
        },
    },
};
use async_trait::async_trait;
use futures::stream::{BoxStream, StreamExt};
use tokio::sync::watch;

use super::{
    Bus, Connection, ConsumerInfo, Delivery, Error, Event, Follow, Head, Owner, Question, StreamInfo, Work,
    options::{self, options},
    subscription::{Follower, Request, Worker, heads},
    version::{OLDEST, recent},
    wire::{delivery, head, headers},
};
use crate::config;

const COMPLETE: &str = "complete";
const STREAM_FULL: u64 = 10077;
const CALL: Duration = Duration::from_secs(5);
/// How long the relay that fills a stream may take to answer a question.
const ANSWER: Duration = Duration::from_secs(2);
/// Keys of a stream's metadata: the database and the relay that fill it.
const IDENTITY: &str = "identity";
const EPOCH: &str = "epoch";
const HOLDER: &str = "holder";
/// Interval of pings to the server. After three pings without an answer the client reconnects.
const PING: Duration = Duration::from_secs(3);
/// How long a worker may take to acknowledge a state before it is delivered again.
const ACK_WAIT: Duration = Duration::from_secs(15);

/// A connection to NATS.
#[derive(Clone)]
pub struct JetStream {
    /// The service whose stream `own` creates and fills.
    service: String,
    own: Context,
    /// For the streams of the other services, which the server may offer under another prefix.
    others: Context,
    connection: Arc<watch::Sender<Connection>>,
    replicas: usize,
    max_bytes: i64,
}

fn stream_name(service: &str) -> String {
    format!("PRIMA_{}", service.to_ascii_uppercase())
}

/// Subject on which relays ask whether another relay fills the stream. It is not below `prima.`, whose messages are
/// stored.
fn owner_subject(service: &str) -> String {
    format!("prima-owner.{service}")
}

fn info(info: &jetstream::stream::Info) -> StreamInfo {
    let metadata = &info.config.metadata;
    StreamInfo {
        owner: metadata.get(IDENTITY).map(|identity| Owner {
            identity: identity.clone(),
            epoch: metadata.get(EPOCH).and_then(|e| e.parse().ok()).unwrap_or(0),
            holder: metadata.get(HOLDER).cloned().unwrap_or_default(),
        }),
        created: i64::try_from(info.created.unix_timestamp_nanos()).unwrap_or(0),
        last_sequence: info.state.last_sequence,
        messages: info.state.messages,
        complete: metadata.get(COMPLETE).is_some_and(|v| v == "true"),
    }
}

impl JetStream {
    /// Connects for `service`, which receives responses below `_INBOX.<service>`, where the server lets no other service
    /// listen. Retries for ever when the server can't be reached.
    pub async fn connect(config: &config::Bus, service: &str) -> Result<Self, Error> {
        let connection = Arc::new(watch::Sender::new(Connection::default()));
        let reported = connection.clone();
        let addresses = config.addresses().map_err(Error::unavailable)?;
        let client = options(config, &addresses)
            .name(format!("prima-{service}"))
            .custom_inbox_prefix(format!("_INBOX.{service}"))
            .retry_on_initial_connect()
            .connection_timeout(CALL)
            .ping_interval(PING)
            .request_timeout(Some(CALL))
            .event_callback(move |event| {
                let reported = reported.clone();
                async move {
                    match event {
                        async_nats::Event::Connected => reported.send_modify(|c| {
                            c.up = true;
                            c.epoch += 1;
                        }),
                        async_nats::Event::Disconnected | async_nats::Event::Closed => {
                            reported.send_modify(|c| c.up = false);
                        }
                        other => tracing::info!(event = %other, "nats"),
                    }
                }
            })
            .connect(addresses)
            .await
            .map_err(Error::unavailable)?;
        let context = || {
            jetstream::context::ContextBuilder::new()
                .timeout(CALL)
                .ack_timeout(CALL)
        };
        Ok(Self {
            service: service.to_owned(),
            own: context().build(client.clone()),
            others: context().api_prefix(&config.api_prefix).build(client),
            connection,
            replicas: config.replicas,
            max_bytes: config.max_bytes,
        })
    }

    fn client(&self) -> async_nats::Client {
        self.own.client()
    }

    /// The context for the stream of `service`.
    fn context(&self, service: &str) -> &Context {
        if service == self.service {
            &self.own
        } else {
            &self.others
        }
    }

    /// Refuses a server whose version lacks features that we rely on, since it would ignore them without an error.
    fn fit(&self) -> Result<(), Error> {
        if !self.connection.borrow().up {
            return Err(Error::Unavailable("not connected".into()));
        }
        let version = self.client().server_info().version;
        if !recent(&version) {
            let [major, minor, patch] = OLDEST;
            return Err(Error::Unfit(format!(
                "nats-server {version} is too old; {major}.{minor}.{patch} or newer is needed"
            )));
        }
        Ok(())
    }

    fn config(&self, service: &str, metadata: HashMap<String, String>) -> StreamConfig {
        StreamConfig {
            name: stream_name(service),
            subjects: vec![format!("prima.{service}.>")],
            retention: RetentionPolicy::Limits,
            storage: StorageType::File,
            discard: DiscardPolicy::New,
            max_messages_per_subject: 1,
            max_bytes: self.max_bytes,
            max_messages: -1,
            max_consumers: -1,
            max_message_size: -1,
            num_replicas: self.replicas,
            allow_direct: true,
            description: Some(format!("Current state of every aggregate of {service}")),
            metadata,
            ..StreamConfig::default()
        }
    }

    /// Sets the configured limits of a stream, and changes its metadata by `change`.
    async fn update(
        &self,
        service: &str,
        change: impl FnOnce(&mut HashMap<String, String>) + Send,
    ) -> Result<StreamInfo, Error> {
        let mut metadata = self.find(service).await?.cached_info().config.metadata.clone();
        // The server adds metadata of its own, and refuses updates that contain it.
        metadata.retain(|key, _| !key.starts_with("_nats."));
        change(&mut metadata);
        let updated = self
            .context(service)
            .update_stream(self.config(service, metadata))
            .await;
        Ok(info(&updated.map_err(|error| match error.kind() {
            CreateStreamErrorKind::NotFound => Error::NoStream(service.to_owned()),
            CreateStreamErrorKind::JetStream(e)
                if e.error_code() == jetstream::ErrorCode::STREAM_NOT_FOUND =>
            {
                Error::NoStream(service.to_owned())
            }
            _ => Error::unavailable(error),
        })?))
    }

    async fn find(&self, service: &str) -> Result<jetstream::stream::Stream, Error> {
        self.fit()?;
        self.context(service)
            .get_stream(stream_name(service))
            .await
            .map_err(|error| match error.kind() {
                GetStreamErrorKind::JetStream(e)
                    if e.error_code() == jetstream::ErrorCode::STREAM_NOT_FOUND =>
                {
                    Error::NoStream(service.to_owned())
                }
                _ => Error::unavailable(error),
            })
    }

    /// Subscribes to the last states of the subjects that match `filters`, without those up to the sequence `after`.
    async fn ordered(
        &self,
        service: &str,
        filters: &[String],
        after: u64,
        headers_only: bool,
    ) -> Result<(pull::Ordered, u64), Error> {
        let stream = self.find(service).await?;
        let config = options::ordered(&self.service, filters, after, headers_only);
        let consumer = stream.create_consumer(config).await.map_err(Error::unavailable)?;
        let pending = consumer.cached_info().num_pending;
        Ok((consumer.messages().await.map_err(Error::unavailable)?, pending))
    }

    async fn last_message(&self, service: &str, subject: &str) -> Result<Option<StreamMessage>, Error> {
        // Not a direct get: only the leader's response is certainly the last message.
        let stream = self
            .context(service)
            .get_stream_no_info(stream_name(service))
            .await
            .map_err(Error::unavailable)?;
        match stream.get_last_raw_message_by_subject(subject).await {
            Ok(message) => Ok(Some(message)),
            Err(error) => match error.kind() {
                LastRawMessageErrorKind::NoMessageFound => Ok(None),
                LastRawMessageErrorKind::JetStream(e)
                    if e.error_code() == jetstream::ErrorCode::STREAM_NOT_FOUND =>
                {
                    Err(Error::NoStream(service.to_owned()))
                }
                _ => Err(Error::unavailable(error)),
            },
        }
    }
}

#[async_trait]
impl Bus for JetStream {
    async fn ensure_stream(&self, service: &str) -> Result<StreamInfo, Error> {
        match self.find(service).await {
            Ok(stream) => {
                let (found, config) = (info(stream.cached_info()), &stream.cached_info().config);
                let wanted = self.config(service, HashMap::new());
                if (config.max_bytes, config.num_replicas) == (wanted.max_bytes, wanted.num_replicas)
                    && config.max_messages_per_subject == wanted.max_messages_per_subject
                    && config.discard == wanted.discard
                {
                    return Ok(found);
                }
                match self.update(service, |_| {}).await {
                    Err(Error::Unavailable(reason)) => {
                        tracing::warn!(
                            stream = stream_name(service),
                            reason,
                            "the stream keeps its old limits"
                        );
                        Ok(found)
                    }
                    updated => updated,
                }
            }
            Err(Error::NoStream(_)) => {
                let stream = self
                    .context(service)
                    .create_stream(
                        self.config(service, HashMap::from([(COMPLETE.to_owned(), false.to_string())])),
                    )
                    .await
                    .map_err(Error::unavailable)?;
                tracing::info!(stream = stream_name(service), "stream created");
                Ok(info(stream.cached_info()))
            }
            Err(other) => Err(other),
        }
    }

    async fn stream(&self, service: &str) -> Result<Option<StreamInfo>, Error> {
        match self.find(service).await {
            Ok(stream) => Ok(Some(info(stream.cached_info()))),
            Err(Error::NoStream(_)) => Ok(None),
            Err(other) => Err(other),
        }
    }

    async fn set_complete(&self, service: &str) -> Result<(), Error> {
        self.update(service, |metadata| {
            metadata.insert(COMPLETE.to_owned(), true.to_string());
        })
        .await?;
        Ok(())
    }

    async fn claim(&self, service: &str, owner: &Owner) -> Result<(), Error> {
        self.update(service, |metadata| {
            metadata.extend([
                (IDENTITY.to_owned(), owner.identity.clone()),
                (EPOCH.to_owned(), owner.epoch.to_string()),
                (HOLDER.to_owned(), owner.holder.clone()),
            ]);
        })
        .await?;
        Ok(())
    }

    async fn ask(&self, service: &str, holder: &str) -> Result<Option<String>, Error> {
        let request = async_nats::Request::new()
            .payload(holder.to_owned().into())
            .timeout(Some(ANSWER));
        let response = self.client().send_request(owner_subject(service), request).await;
        match response {
            Ok(message) => Ok(Some(String::from_utf8_lossy(&message.payload).into_owned())),
            Err(error) => match error.kind() {
                RequestErrorKind::NoResponders | RequestErrorKind::TimedOut => Ok(None),
                _ => Err(Error::unavailable(error)),
            },
        }
    }

    async fn questions(&self, service: &str) -> Result<BoxStream<'static, Question>, Error> {
        let client = self.client();
        let requests = client
            .subscribe(owner_subject(service))
            .await
            .map_err(Error::unavailable)?;
        let question = move |message: async_nats::Message| Question {
            holder: String::from_utf8_lossy(&message.payload).into_owned(),
            reply: Box::new(Request {
                client: client.clone(),
                reply: message.reply.unwrap_or_else(|| "_INBOX.nobody".into()),
            }),
        };
        Ok(requests.map(question).boxed())
    }

    async fn publish(&self, service: &str, event: &Event, expected: u64) -> Result<u64, Error> {
        let mut headers = headers(event);
        // Padded to one length, because the header is stored and a full stream refuses a longer replacement.
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, format!("{expected:019}"));
        let message = PublishMessage::build()
            .payload(event.payload.clone().into())
            .headers(headers);
        let refused = |error: async_nats::jetstream::context::PublishError| match error.kind() {
            PublishErrorKind::WrongLastSequence => Error::Fenced,
            PublishErrorKind::StreamNotFound => Error::NoStream(service.to_owned()),
            PublishErrorKind::MaxPayloadExceeded => Error::TooLarge {
                subject: event.subject.clone(),
                reason: error.to_string(),
            },
            PublishErrorKind::Other
                if error
                    .source()
                    .and_then(|s| s.downcast_ref::<jetstream::Error>())
                    .is_some_and(|e| e.error_code().0 == STREAM_FULL) =>
            {
                Error::Full
            }
            _ => Error::unavailable(error),
        };
        let sent = self
            .context(service)
            .send_publish(event.subject.clone(), message)
            .await
            .map_err(refused)?;
        Ok(sent.await.map_err(refused)?.sequence)
    }

    async fn last(&self, service: &str, subject: &str) -> Result<Option<Head>, Error> {
        let message = self.last_message(service, subject).await?;
        Ok(message.map(|m| head(&m.subject, m.sequence, &m.headers)))
    }

    async fn fetch(&self, service: &str, subject: &str) -> Result<Option<Delivery>, Error> {
        let message = self.last_message(service, subject).await?;
        Ok(message.map(|m| delivery(service, &m.subject, m.sequence, &m.headers, &m.payload)))
    }
    async fn heads(&self, service: &str) -> Result<BoxStream<'static, Result<Head, Error>>, Error> {
        let (messages, pending) = self
            .ordered(service, &[format!("prima.{service}.>")], 0, true)
            .await?;
        Ok(heads(messages, pending))
    }

    async fn follow_after(
        &self,
        service: &str,
        filters: &[String],
        after: u64,
    ) -> Result<Box<dyn Follow>, Error> {
        let (messages, pending) = self.ordered(service, filters, after, false).await?;
        Ok(Box::new(Follower {
            service: service.to_owned(),
            messages,
            caught_up: pending == 0,
            reported: false,
        }))
    }

    async fn stored(&self, service: &str, sequence: u64) -> Result<Option<i64>, Error> {
        // Not a direct get: a replica that lags may still have a message that was replaced.
        match self.find(service).await?.get_raw_message(sequence).await {
            Ok(message) => Ok(i64::try_from(message.time.unix_timestamp_nanos()).ok()),
            Err(error) if matches!(error.kind(), RawMessageErrorKind::NoMessageFound) => Ok(None),
            Err(error) => Err(Error::unavailable(error)),
        }
    }

    async fn work(
        &self,
        service: &str,
        name: &str,
        filters: &[String],
        restart: bool,
    ) -> Result<Box<dyn Work>, Error> {
        let stream = self.find(service).await?;
        if restart && let Err(error) = stream.delete_consumer(name).await {
            match error.kind() {
                ConsumerErrorKind::JetStream(e)
                    if e.error_code() == jetstream::ErrorCode::CONSUMER_NOT_FOUND => {}
                // Continuing would resume at the old position.
                _ => return Err(Error::unavailable(error)),
            }
        }
        let consumer: PullConsumer = stream
            .create_consumer(pull::Config {
                durable_name: Some(name.to_owned()),
                deliver_policy: DeliverPolicy::LastPerSubject,
                ack_policy: AckPolicy::Explicit,
                ack_wait: ACK_WAIT,
                filter_subjects: filters.to_vec(),
                max_ack_pending: i64::try_from(super::OUTSTANDING).unwrap_or(4096),
                ..pull::Config::default()
            })
            .await
            .map_err(Error::unavailable)?;
        let messages = consumer
            .stream()
            .max_messages_per_batch(256)
            .expires(Duration::from_secs(10))
            .heartbeat(Duration::from_secs(3))
            .messages()
            .await
            .map_err(Error::unavailable)?;
        Ok(Box::new(Worker {
            service: service.to_owned(),
            messages,
        }))
    }

    async fn consumer(&self, service: &str, name: &str) -> Result<Option<ConsumerInfo>, Error> {
        let stream = self.find(service).await?;
        match stream.consumer_info(name).await {
            Ok(info) => Ok(Some(ConsumerInfo {
                acknowledged: info.ack_floor.stream_sequence,
                delivered: info.delivered.stream_sequence,
                pending: info.num_pending,
                outstanding: info.num_ack_pending as u64,
            })),
            Err(error) if matches!(error.kind(), ConsumerInfoErrorKind::NotFound) => Ok(None),
            Err(error) => Err(Error::unavailable(error)),
        }
    }

    fn fit(&self) -> Result<(), Error> {
        Self::fit(self)
    }

    fn connection(&self) -> watch::Receiver<Connection> {
        self.connection.subscribe()
    }
}
