//! Trace context across gRPC metadata, outbox rows and bus headers (W3C `traceparent`).

use opentelemetry::{
    Context,
    propagation::{Extractor, Injector},
    trace::TraceContextExt,
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

struct Parent<'a>(Option<&'a str>);

impl Extractor for Parent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        if key == "traceparent" { self.0 } else { None }
    }
    fn keys(&self) -> Vec<&str> {
        vec!["traceparent"]
    }
}

#[derive(Default)]
struct Injected(Option<String>);

impl Injector for Injected {
    fn set(&mut self, key: &str, value: String) {
        if key == "traceparent" {
            self.0 = Some(value);
        }
    }
}

/// The `traceparent` of `span`; `None` when the span is not recorded.
pub fn traceparent(span: &Span) -> Option<String> {
    let mut injected = Injected::default();
    opentelemetry::global::get_text_map_propagator(|p| p.inject_context(&span.context(), &mut injected));
    injected.0
}

/// The context of a `traceparent`; an empty one when there is none or it is malformed.
pub fn context(traceparent: Option<&str>) -> Context {
    opentelemetry::global::get_text_map_propagator(|p| p.extract(&Parent(traceparent)))
}

/// Makes `span` a child of `traceparent`. The span must not have been entered yet.
pub fn set_parent(span: &Span, traceparent: Option<&str>) {
    if traceparent.is_some() && span.set_parent(context(traceparent)).is_err() {
        tracing::debug!("the span had started before its parent was set");
    }
}

/// Links `span` to the context of `traceparent`.
pub fn link(span: &Span, traceparent: Option<&str>) {
    if let Some(parent) = traceparent {
        let linked = context(Some(parent)).span().span_context().clone();
        if linked.is_valid() {
            span.add_link(linked);
        }
    }
}
