//! States as NATS messages: CloudEvents 1.0 in binary mode, with the attributes in NATS headers.

use async_nats::HeaderMap;

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

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|v| v.as_str())
}

fn number(headers: &HeaderMap, name: &str) -> i64 {
    header(headers, name).and_then(|v| v.parse().ok()).unwrap_or(0)
}

pub(super) fn head(subject: &str, sequence: u64, headers: &HeaderMap) -> Head {
    Head {
        subject: subject.to_owned(),
        sequence,
        version: number(headers, "ce-sequence"),
        withdrawn: header(headers, "prima-withdrawn").is_some(),
    }
}

pub(super) fn delivery(
    service: &str,
    subject: &str,
    sequence: u64,
    headers: &HeaderMap,
    payload: &[u8],
) -> Delivery {
    let text = |name| header(headers, name).map(str::to_owned);
    Delivery {
        service: service.to_owned(),
        sequence,
        event: Event {
            subject: subject.to_owned(),
            event_type: text("ce-type").unwrap_or_default(),
            revision: number(headers, "prima-revision"),
            version: number(headers, "ce-sequence"),
            withdrawn: header(headers, "prima-withdrawn").is_some(),
            payload: payload.to_vec(),
            time: text("ce-time").unwrap_or_default(),
            traceparent: text("traceparent"),
            origin: text("ce-traceparent"),
        },
    }
}
