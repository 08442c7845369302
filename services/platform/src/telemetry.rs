//! Logs to stdout, traces and metrics over OTLP.

use std::{sync::OnceLock, time::Duration};

use opentelemetry::{
    global,
    metrics::{Counter, Histogram, Meter},
    trace::TracerProvider as _,
};
use opentelemetry_otlp::WithTonicConfig;
use opentelemetry_sdk::{
    Resource,
    metrics::SdkMeterProvider,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use tonic::transport::{Channel, Endpoint};
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::{LogFormat, Telemetry};

/// Why telemetry can't start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log filter is malformed.
    #[error("telemetry.level: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The endpoint is not a URL.
    #[error("telemetry.otlp_endpoint: {0}")]
    Endpoint(#[from] tonic::transport::Error),
    /// The exporter can't be built.
    #[error("telemetry.otlp_endpoint: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// Another subscriber is installed in this process.
    #[error("telemetry: {0}")]
    Installed(#[from] tracing_subscriber::util::TryInitError),
}

/// Flushes traces and metrics; [`Guard::shutdown`] must be called on every exit.
#[derive(Debug, Default)]
pub struct Guard {
    traces: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
}

/// Starts logs, traces and metrics of this process. `name` is the service name of the resource. With an OTLP endpoint
/// it needs a tokio runtime with more than one worker.
pub fn init(config: &Telemetry, name: &str) -> Result<Guard, Error> {
    global::set_text_map_propagator(TraceContextPropagator::new());
    let filter = EnvFilter::try_new(format!("async_nats=warn,sqlx=warn,{}", config.level))?;
    let (json, pretty) = match config.log {
        LogFormat::Json => (
            Some(tracing_subscriber::fmt::layer().json().flatten_event(true)),
            None,
        ),
        LogFormat::Pretty => (None, Some(tracing_subscriber::fmt::layer().with_target(false))),
    };
    let mut guard = Guard::default();
    let mut otel = None;
    if !config.otlp_endpoint.is_empty() {
        let resource = Resource::builder().with_service_name(name.to_owned()).build();
        let channel = channel(&config.otlp_endpoint)?;
        let spans = opentelemetry_otlp::SpanExporter::builder()
            .with_tonic()
            .with_channel(channel.clone())
            .build()?;
        let traces = SdkTracerProvider::builder()
            .with_batch_exporter(spans)
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(
                config.sample_ratio,
            ))))
            .with_resource(resource.clone())
            .build();
        let numbers = opentelemetry_otlp::MetricExporter::builder()
            .with_tonic()
            .with_channel(channel)
            .build()?;
        let metrics = SdkMeterProvider::builder()
            .with_periodic_exporter(numbers)
            .with_resource(resource)
            .build();
        global::set_meter_provider(metrics.clone());
        // The exporter's own calls must not be exported.
        let own = EnvFilter::try_new(
            "info,h2=off,hyper=off,tonic=off,tower=off,sqlx=off,opentelemetry=off,async_nats=off",
        )?;
        otel = Some(
            tracing_opentelemetry::layer()
                .with_tracer(traces.tracer("prima"))
                .with_location(false)
                .with_threads(false)
                .with_tracked_inactivity(false)
                .with_filter(own),
        );
        guard = Guard {
            traces: Some(traces),
            metrics: Some(metrics),
        };
    }
    tracing_subscriber::registry()
        .with(otel)
        .with(json.with_filter(filter.clone()))
        .with(pretty.with_filter(filter))
        .try_init()?;
    // The location only: the message of a panic may contain data of a caller.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
    }));
    Ok(guard)
}

/// A channel to the collector, which connects at the first export. Keepalives detect a lost connection; without them,
/// exports would be lost until the kernel closes it.
fn channel(endpoint: &str) -> Result<Channel, tonic::transport::Error> {
    const KEEP_ALIVE: Duration = Duration::from_secs(20);
    Ok(Endpoint::from_shared(endpoint.to_owned())?
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .keep_alive_while_idle(true)
        .tcp_keepalive(Some(KEEP_ALIVE))
        .connect_lazy())
}

impl Guard {
    /// Exports what is left; outside of the runtime's workers, because it blocks.
    pub async fn shutdown(self) {
        let done = tokio::task::spawn_blocking(move || {
            if let Some(traces) = self.traces {
                let _flushed = traces.shutdown();
            }
            if let Some(metrics) = self.metrics {
                let _flushed = metrics.shutdown();
            }
        });
        let _ended = done.await;
    }
}

/// The instruments of the platform.
#[derive(Debug)]
pub struct Meters {
    /// Duration of calls, seconds; attributes `rpc.method`, `rpc.response.status_code`.
    pub calls: Histogram<f64>,
    /// Calls and connections refused by a limit; attributes `limit`, the setting, and `share`, the kind of holder.
    pub refused: Counter<u64>,
    /// Events published to the bus; attribute `service`.
    pub published: Counter<u64>,
    /// Publishes that were refused because the last sequence on the bus was another one; attribute `service`.
    pub fenced: Counter<u64>,
    /// Events applied; attribute `consumer`.
    pub consumed: Counter<u64>,
    /// Events that became dead letters; attribute `consumer`.
    pub dead_letters: Counter<u64>,
    /// Derived figures recomputed; attribute `kind`.
    pub recomputed: Counter<u64>,
    /// Failed attempts to recompute a figure; attribute `kind`.
    pub not_recomputed: Counter<u64>,
}

/// The meter of Prima.
pub fn meter() -> Meter {
    global::meter("prima")
}

/// The instruments of this process.
pub fn meters() -> &'static Meters {
    static METERS: OnceLock<Meters> = OnceLock::new();
    METERS.get_or_init(|| {
        let meter = meter();
        Meters {
            calls: meter
                .f64_histogram("rpc.server.call.duration")
                .with_unit("s")
                .build(),
            refused: meter.u64_counter("grpc.refused").build(),
            published: meter.u64_counter("outbox.published").build(),
            fenced: meter.u64_counter("outbox.fenced").build(),
            consumed: meter.u64_counter("consumer.applied").build(),
            dead_letters: meter.u64_counter("consumer.dead_letters").build(),
            recomputed: meter.u64_counter("derived.recomputed").build(),
            not_recomputed: meter.u64_counter("derived.failed").build(),
        }
    })
}
