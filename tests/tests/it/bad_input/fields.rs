//! Every text field of every request, by the descriptors, and whether a service refuses a text in it.

use std::{collections::BTreeSet, time::Duration};

use prima_proto::survey::v1 as survey;
use prost::Message;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor, Value,
};
use tokio::time::timeout;

use super::{RawClient, fault};

/// A field of a request with the way to it.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) method: MethodDescriptor,
    pub(super) way: Vec<FieldDescriptor>,
}

impl Place {
    /// The field as a violation names it.
    pub(super) fn path(&self) -> String {
        let names = self.way.iter().map(|field| match field.is_list() {
            true => format!("{}[0]", field.name()),
            false => field.name().to_owned(),
        });
        names.collect::<Vec<_>>().join(".")
    }

    /// A request in which only this field is set, and named in the mask when there is one; without a text, in which only the
    /// messages around it are.
    pub(super) fn request(&self, text: Option<&str>) -> Vec<u8> {
        let mut message = fill(&self.method.input(), &self.way, text);
        if let (Some(field), [_, changed, ..]) = (self.mask(), self.way.as_slice()) {
            let mut mask = DynamicMessage::new(field.kind().as_message().unwrap().clone());
            let changed = Value::String(changed.name().to_owned());
            mask.set_field_by_name("paths", Value::List(vec![changed]));
            message.set_field(&field, Value::Message(mask));
        }
        message.encode_to_vec()
    }

    fn mask(&self) -> Option<FieldDescriptor> {
        self.method.input().get_field_by_name("update_mask")
    }

    /// Whether it is the name of a resource that this request creates, which the service sets.
    pub(super) fn is_own_name(&self) -> bool {
        matches!(self.way.as_slice(), [_, name] if name.name() == "name") && self.mask().is_none()
    }

    pub(super) fn is_in(&self, list: &[(&str, &str)]) -> bool {
        list.contains(&(self.method.name(), self.path().as_str()))
    }

    /// Whether a violation is one of this field: it names the field, with or without the position in a list and the message
    /// around all fields of an upload, or the list in which it is.
    pub(super) fn is_blamed(&self, violation: &str) -> bool {
        let path = self.path();
        let bare = path.replace("[0]", "");
        let inner = path.strip_prefix("head.");
        violation == path
            || violation == bare
            || Some(violation) == inner
            || path.starts_with(&format!("{violation}[0]"))
    }
}

fn fill(of: &MessageDescriptor, way: &[FieldDescriptor], text: Option<&str>) -> DynamicMessage {
    let mut message = DynamicMessage::new(of.clone());
    let (field, rest) = way.split_first().unwrap();
    let value = match field.kind() {
        Kind::Message(inner) => Some(Value::Message(fill(&inner, rest, text))),
        _ => text.map(|text| Value::String(text.to_owned())),
    };
    if let Some(value) = value {
        let value = if field.is_list() {
            Value::List(vec![value])
        } else {
            value
        };
        message.set_field(field, value);
    }
    message
}

/// The text fields of a message and of those in it, each with the way to it.
fn texts(of: &MessageDescriptor, before: &[FieldDescriptor], found: &mut Vec<Vec<FieldDescriptor>>) {
    for field in of.fields().filter(|field| !field.is_map()) {
        let way = [before, std::slice::from_ref(&field)].concat();
        match field.kind() {
            Kind::String => found.push(way),
            Kind::Message(inner) if way.len() < 4 && inner.package_name().starts_with("prima.") => {
                texts(&inner, &way, found);
            }
            _ => {}
        }
    }
}

/// Every text field of every request.
pub(super) fn every_place() -> Vec<Place> {
    let pool = DescriptorPool::decode(prima_proto::FILE_DESCRIPTOR_SET).unwrap();
    let methods: Vec<MethodDescriptor> = pool
        .services()
        .flat_map(|s| s.methods().collect::<Vec<_>>())
        .collect();
    let mut all = Vec::new();
    for method in &methods {
        let mut ways = Vec::new();
        texts(&method.input(), &[], &mut ways);
        let place = |way| Place {
            method: method.clone(),
            way,
        };
        all.extend(ways.into_iter().map(place));
    }
    assert!(methods.len() > 160 && all.len() > methods.len(), "{}", all.len());
    all
}

/// The fields for which a request is refused, or a row of a stream is rejected; none when it is accepted, or refused for
/// another reason.
pub(super) async fn refused_fields(
    client: &RawClient,
    place: &Place,
    text: Option<&str>,
) -> BTreeSet<String> {
    let call = client.bytes(place.method.name(), place.request(text));
    // A watch that is accepted does not end.
    match timeout(Duration::from_secs(10), call).await {
        Ok(Err(status)) => {
            let violations = fault(&status).violations;
            violations.into_iter().map(|violation| violation.field).collect()
        }
        Ok(Ok(answer)) if place.method.name() == "SubmitResponses" => {
            let answer = survey::SubmitResponsesResponse::decode(answer.as_slice()).unwrap();
            let violations = answer.rejections.into_iter().flat_map(|row| row.violations);
            violations.map(|violation| violation.field).collect()
        }
        _ => BTreeSet::new(),
    }
}
