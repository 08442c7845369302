//! States as NATS messages: CloudEvents 1.0 in binary mode, with the attributes in NATS headers.

use async_nats::{HeaderMap, HeaderValue};

use super::{Delivery, Event, Head};

pub(super) fn headers(event: &Event) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("ce-specversion", "1.0");
    headers.insert("ce-id", format!("{}/{}", event.subject, event.version));
    headers.insert(
        "ce-source",
        format!("/prima/{}", event.subject.split('.').nth(1).unwrap_or_default()),
    );
    headers.insert("ce-type", event.event_type.as_str());
    headers.insert("ce-subject", event.subject.as_str());
    headers.insert("ce-time", event.time.as_str());
    headers.insert("ce-datacontenttype", "application/protobuf");
    headers.insert("ce-sequence", event.version.to_string());
    headers.insert("prima-revision", event.revision.to_string());
    if event.withdrawn {
        headers.insert("prima-withdrawn", "true");
    }
    if let Some(parent) = &event.traceparent {
        headers.insert("traceparent", parent.as_str());
    }
    if let Some(origin) = &event.origin {
        headers.insert("ce-traceparent", origin.as_str());
    }
    headers
}

/// The attributes of a state that are read from its headers.
#[derive(Default)]
struct Attributes<'a> {
    event_type: &'a str,
    time: &'a str,
    version: i64,
    revision: i64,
    withdrawn: bool,
    traceparent: Option<&'a str>,
    origin: Option<&'a str>,
}

impl<'a> Attributes<'a> {
    /// Reads all headers once: to look one up by its name makes a name of its own first, and replicas that start read
    /// millions of states.
    fn of(headers: &'a HeaderMap) -> Self {
        let mut found = Self::default();
        for (name, values) in headers.iter() {
            let Some(value) = values.first().map(HeaderValue::as_str) else {
                continue;
            };
            let name: &str = name.as_ref();
            match name {
                "ce-type" => found.event_type = value,
                "ce-time" => found.time = value,
                "ce-sequence" => found.version = value.parse().unwrap_or(0),
                "prima-revision" => found.revision = value.parse().unwrap_or(0),
                "prima-withdrawn" => found.withdrawn = true,
                "traceparent" => found.traceparent = Some(value),
                "ce-traceparent" => found.origin = Some(value),
                _ => {}
            }
        }
        found
    }
}

pub(super) fn head(subject: &str, sequence: u64, headers: &HeaderMap) -> Head {
    let Attributes {
        version, withdrawn, ..
    } = Attributes::of(headers);
    Head {
        subject: subject.to_owned(),
        sequence,
        version,
        withdrawn,
    }
}

pub(super) fn delivery(
    service: &str,
    subject: &str,
    sequence: u64,
    headers: &HeaderMap,
    payload: &[u8],
) -> Delivery {
    let found = Attributes::of(headers);
    Delivery {
        service: service.to_owned(),
        sequence,
        event: Event {
            subject: subject.to_owned(),
            event_type: found.event_type.to_owned(),
            revision: found.revision,
            version: found.version,
            withdrawn: found.withdrawn,
            payload: payload.to_vec(),
            time: found.time.to_owned(),
            traceparent: found.traceparent.map(str::to_owned),
            origin: found.origin.map(str::to_owned),
        },
    }
}
