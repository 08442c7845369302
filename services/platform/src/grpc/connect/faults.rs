//! Reads the JSON of a message, and says why a text is none: where it is malformed, or every field that is wrong, by its path.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor};
use serde::de::IgnoredAny;
use serde_json::{Deserializer, Map, Value, error::Category};

use crate::failure::{Failure, Kind as FailureKind, Violation};

/// Most faults that are looked for.
const MOST: usize = 100;
/// Of longer texts, in bytes, the first fault is named only: looking for more takes several times the memory of the text.
const LONGEST: usize = 256 << 10;

/// Reads a message.
pub(super) fn read(of: &MessageDescriptor, text: &[u8]) -> Result<DynamicMessage, serde_json::Error> {
    let mut json = Deserializer::from_slice(text);
    let message = DynamicMessage::deserialize(of.clone(), &mut json)?;
    json.end()?;
    Ok(message)
}

/// The failure of a text that could not be read, with the `error` of the reader.
pub(super) fn of(message: &MessageDescriptor, text: &[u8], error: &serde_json::Error) -> Failure {
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(text) {
        return malformed(&error);
    }
    let mut faults = Vec::new();
    if text.len() <= LONGEST
        && let Ok(Value::Object(object)) = serde_json::from_slice(text)
    {
        in_object(message, &object, "", &mut faults);
    }
    match faults.is_empty() {
        true => malformed(error),
        false => Failure::invalid(faults),
    }
}

/// The failure of a text that is not JSON, or not of this message.
fn malformed(error: &serde_json::Error) -> Failure {
    let (line, column) = (error.line(), error.column());
    let localized = match error.classify() {
        Category::Eof => format!("JSON terpotong pada baris {line}, kolom {column}"),
        _ => format!("JSON tidak dapat dibaca pada baris {line}, kolom {column}"),
    };
    let text = format!("the JSON can't be read: {error}");
    Failure::new(FailureKind::Invalid, "MALFORMED_REQUEST", text, localized)
}

/// The message that a field contains, unless it has a form of its own in JSON.
fn message_in(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    let kind = match field.kind() {
        Kind::Message(entry) if field.is_map() => entry.map_entry_value_field().kind(),
        kind => kind,
    };
    match kind {
        Kind::Message(message) if message.package_name() != "google.protobuf" => Some(message),
        _ => None,
    }
}

fn in_object(
    message: &MessageDescriptor,
    object: &Map<String, Value>,
    path: &str,
    faults: &mut Vec<Violation>,
) {
    let mut chosen = Vec::new();
    for (name, value) in object.iter().filter(|(_, value)| !value.is_null()) {
        if faults.len() >= MOST {
            return;
        }
        let named = message.get_field_by_json_name(name);
        let Some(field) = named.or_else(|| message.get_field_by_name(name)) else {
            let name: String = name.chars().take(100).collect();
            let path = join(path, &name);
            faults.push(fault(&path, "there is no such field", "isian tidak dikenal"));
            continue;
        };
        let path = join(path, field.name());
        if let Some(choice) = field.containing_oneof() {
            if chosen.contains(&choice) {
                let text = format!("another field of `{}` is set as well", choice.name());
                faults.push(fault(
                    &path,
                    &text,
                    "hanya satu dari isian pilihan ini boleh diisi",
                ));
            }
            chosen.push(choice);
        }
        in_field(message, &field, value, &path, faults);
    }
}

fn in_field(
    message: &MessageDescriptor,
    field: &FieldDescriptor,
    value: &Value,
    path: &str,
    faults: &mut Vec<Violation>,
) {
    let Some(inner) = message_in(field) else {
        let alone = Map::from_iter([(field.name().to_owned(), value.clone())]);
        if let Err(error) = read(message, Value::from(alone).to_string().as_bytes()) {
            // Its place is not that in the text that was sent.
            let text = error.to_string();
            let text = text
                .rsplit_once(" at line ")
                .map_or(text.as_str(), |(text, _)| text);
            faults.push(fault(path, text, "nilai tidak sesuai jenis isian"));
        }
        return;
    };
    match value {
        Value::Array(items) if field.is_list() => {
            for (index, item) in items.iter().enumerate() {
                in_value(&inner, item, &format!("{path}[{index}]"), faults);
            }
        }
        Value::Object(entries) if field.is_map() => {
            for (key, value) in entries {
                in_value(&inner, value, &format!("{path}[{key}]"), faults);
            }
        }
        _ if field.is_list() => faults.push(fault(path, "it is not an array", "bukan larik")),
        value => in_value(&inner, value, path, faults),
    }
}

fn in_value(message: &MessageDescriptor, value: &Value, path: &str, faults: &mut Vec<Violation>) {
    match value {
        _ if faults.len() >= MOST => {}
        Value::Object(object) => in_object(message, object, path, faults),
        _ => faults.push(fault(path, "it is not an object", "bukan objek")),
    }
}

fn join(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

fn fault(path: &str, description: &str, localized: &str) -> Violation {
    Violation::new(path, description, format!("`{path}`: {localized}"))
}
