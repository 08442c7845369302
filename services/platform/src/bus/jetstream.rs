//! The bus on NATS JetStream 2.12 or newer: one compacted, file-backed stream per service.

use std::{collections::HashMap, error::Error as _, sync::Arc, time::Duration};

use async_nats::{
    HeaderMap,
    header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE,
    jetstream::{
        self, Context,
        consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull},
        context::{ConsumerInfoErrorKind, CreateStreamErrorKind, GetStreamErrorKind, PublishErrorKind},
        message::PublishMessage,
        stream::{
            Config as StreamConfig, ConsumerErrorKind, DiscardPolicy, LastRawMessageErrorKind,
            RetentionPolicy, StorageType,
        },
    },
};
use async_trait::async_trait;
use futures::stream::{BoxStream, StreamExt};
use tokio::sync::watch;

use super::{
    Bus, Connection, Error, Event, Follow, Head, StreamInfo, Work,
    subscription::{Follower, Worker},
    wire::{head, headers},
};
use crate::config;

const COMPLETE: &str = "complete";
const STREAM_FULL: u64 = 10077;
const OLDEST: (u64, u64) = (2, 12);
const CALL: Duration = Duration::from_secs(5);
/// How long a worker may take to answer before another one gets the state.
const ACK_WAIT: Duration = Duration::from_secs(15);

/// A connection to NATS.
#[derive(Clone)]
pub struct JetStream {
    context: Context,
    connection: Arc<watch::Sender<Connection>>,
    replicas: usize,
    max_bytes: i64,
}

fn stream_name(service: &str) -> String {
    format!("PRIMA_{}", service.to_ascii_uppercase())
}

fn info(info: &jetstream::stream::Info) -> StreamInfo {
    StreamInfo {
        created: i64::try_from(info.created.unix_timestamp_nanos()).unwrap_or(0),
        last_sequence: info.state.last_sequence,
        messages: info.state.messages,
        complete: info.config.metadata.get(COMPLETE).is_some_and(|v| v == "true"),
    }
}

impl JetStream {
    /// Connects under `name`; a server that is away is tried again for ever.
    pub async fn connect(config: &config::Bus, name: &str) -> Result<Self, Error> {
        let connection = Arc::new(watch::Sender::new(Connection::default()));
        let told = connection.clone();
        // The client ignores credentials in the URL, so they are handed over.
        let address: async_nats::ServerAddr = config.url.parse().map_err(Error::unavailable)?;
        let mut options = async_nats::ConnectOptions::new();
        if let (Some(user), Some(password)) = (address.username(), address.password()) {
            options = options.user_and_password(user.to_owned(), password.to_owned());
        }
        let client = options
            .name(name)
            .retry_on_initial_connect()
            .connection_timeout(CALL)
            .request_timeout(Some(CALL))
            .event_callback(move |event| {
                let told = told.clone();
                async move {
                    match event {
                        async_nats::Event::Connected => told.send_modify(|c| {
                            c.up = true;
                            c.epoch += 1;
                        }),
                        async_nats::Event::Disconnected | async_nats::Event::Closed => {
                            told.send_modify(|c| c.up = false);
                        }
                        other => tracing::info!(event = %other, "nats"),
                    }
                }
            })
            .connect(address)
            .await
            .map_err(Error::unavailable)?;
        let context = jetstream::context::ContextBuilder::new()
            .timeout(CALL)
            .ack_timeout(CALL)
            .build(client);
        Ok(Self {
            context,
            connection,
            replicas: config.replicas,
            max_bytes: config.max_bytes,
        })
    }

    /// Refuses a server that silently lacks what we rely on.
    fn fit(&self) -> Result<(), Error> {
        if !self.connection.borrow().up {
            return Err(Error::Unavailable("not connected".into()));
        }
        let version = self.context.client().server_info().version;
        let mut parts = version.split('.').map(|p| p.parse::<u64>().unwrap_or(0));
        let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        if found < OLDEST {
            return Err(Error::Unfit(format!(
                "nats-server {version} is too old; 2.12 or newer is needed"
            )));
        }
        Ok(())
    }

    fn config(&self, service: &str, complete: bool) -> StreamConfig {
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
            metadata: HashMap::from([(COMPLETE.to_owned(), complete.to_string())]),
            ..StreamConfig::default()
        }
    }

    async fn update(&self, service: &str, complete: bool) -> Result<StreamInfo, Error> {
        let updated = self.context.update_stream(self.config(service, complete)).await;
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
        self.context
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

    async fn ordered(
        &self,
        service: &str,
        filters: &[String],
        headers_only: bool,
    ) -> Result<(pull::Ordered, u64), Error> {
        let stream = self.find(service).await?;
        let consumer = stream
            .create_consumer(pull::OrderedConfig {
                deliver_policy: DeliverPolicy::LastPerSubject,
                filter_subjects: filters.to_vec(),
                headers_only,
                ..pull::OrderedConfig::default()
            })
            .await
            .map_err(Error::unavailable)?;
        let pending = consumer.cached_info().num_pending;
        Ok((consumer.messages().await.map_err(Error::unavailable)?, pending))
    }
}

#[async_trait]
impl Bus for JetStream {
    async fn ensure_stream(&self, service: &str) -> Result<StreamInfo, Error> {
        match self.find(service).await {
            Ok(stream) => {
                let (found, config) = (info(stream.cached_info()), &stream.cached_info().config);
                if (config.max_bytes, config.num_replicas) == (self.max_bytes, self.replicas) {
                    return Ok(found);
                }
                match self.update(service, found.complete).await {
                    Err(Error::Unavailable(reason)) => {
                        tracing::warn!(
                            stream = stream_name(service),
                            reason,
                            "stream keeps its old limits"
                        );
                        Ok(found)
                    }
                    updated => updated,
                }
            }
            Err(Error::NoStream(_)) => {
                let stream = self
                    .context
                    .create_stream(self.config(service, false))
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
        self.update(service, true).await?;
        Ok(())
    }

    async fn publish(&self, service: &str, event: &Event, expected: u64) -> Result<u64, Error> {
        let mut headers = headers(event);
        // Of one length, because the header is stored: a full stream refuses a replacement that is longer.
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, format!("{expected:019}"));
        let message = PublishMessage::build()
            .payload(event.payload.clone().into())
            .headers(headers);
        let refused = |error: async_nats::jetstream::context::PublishError| match error.kind() {
            PublishErrorKind::WrongLastSequence => Error::Fenced,
            PublishErrorKind::StreamNotFound => Error::NoStream(service.to_owned()),
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
            .context
            .send_publish(event.subject.clone(), message)
            .await
            .map_err(refused)?;
        Ok(sent.await.map_err(refused)?.sequence)
    }

    async fn last(&self, service: &str, subject: &str) -> Result<Option<Head>, Error> {
        // Not a direct get: only the leader's answer is certainly the last message.
        let stream = self
            .context
            .get_stream_no_info(stream_name(service))
            .await
            .map_err(Error::unavailable)?;
        match stream.get_last_raw_message_by_subject(subject).await {
            Ok(message) => Ok(Some(head(&message.subject, message.sequence, &message.headers))),
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

    async fn heads(&self, service: &str) -> Result<BoxStream<'static, Result<Head, Error>>, Error> {
        let (messages, pending) = self
            .ordered(service, &[format!("prima.{service}.>")], true)
            .await?;
        let state = (pending > 0).then_some(messages);
        Ok(futures::stream::unfold(state, |state| async {
            let mut messages = state?;
            let next = match tokio::time::timeout(CALL * 4, messages.next()).await {
                Ok(Some(next)) => next.map_err(Error::unavailable),
                Ok(None) => Err(Error::Unavailable("the reading of heads ended early".into())),
                Err(_) => Err(Error::Unavailable("the reading of heads stalled".into())),
            };
            let read = next.and_then(|message| {
                let place = message.info().map_err(Error::unavailable)?;
                let empty = HeaderMap::new();
                let found = head(
                    &message.subject,
                    place.stream_sequence,
                    message.headers.as_ref().unwrap_or(&empty),
                );
                Ok((found, place.pending))
            });
            match read {
                Ok((found, 0)) => Some((Ok(found), None)),
                Ok((found, _)) => Some((Ok(found), Some(messages))),
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed())
    }

    async fn follow(&self, service: &str, filters: &[String]) -> Result<Box<dyn Follow>, Error> {
        let (messages, pending) = self.ordered(service, filters, false).await?;
        Ok(Box::new(Follower {
            service: service.to_owned(),
            messages,
            caught_up: pending == 0,
            said: false,
        }))
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
                // Going on would join the old position.
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
                max_ack_pending: 4096,
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

    async fn acknowledged(&self, service: &str, name: &str) -> Result<Option<u64>, Error> {
        let stream = self.find(service).await?;
        match stream.consumer_info(name).await {
            Ok(info) => Ok(Some(info.ack_floor.stream_sequence)),
            Err(error) if matches!(error.kind(), ConsumerInfoErrorKind::NotFound) => Ok(None),
            Err(error) => Err(Error::unavailable(error)),
        }
    }

    fn connection(&self) -> watch::Receiver<Connection> {
        self.connection.subscribe()
    }
}
