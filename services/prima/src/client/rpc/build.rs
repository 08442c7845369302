//! Builds a request from JSON and `field=value` pairs. All faults are found at once, each with its field.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use chrono::DateTime;
use prima_platform::failure::Violation;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};
use serde_json::{Map, Value as Json};

use crate::client::fault::io_text;
use crate::client::{contract, text};

/// Base64 with or without padding.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// The message that the JSON gives, with the `field=value` pairs applied on top. Returns every fault of both.
pub(super) fn build(
    descriptor: &MessageDescriptor,
    base: Option<Json>,
    pairs: &[String],
) -> Result<DynamicMessage, Vec<Violation>> {
    let mut builder = Builder::default();
    let mut tree = base.unwrap_or_else(|| Json::Object(Map::new()));
    for pair in pairs {
        match pair.split_once('=') {
            Some((path, text)) => builder.put(&mut tree, descriptor, path, text),
            None => builder.fault(pair, "harus berbentuk isian=nilai"),
        }
    }
    let message = builder.message(descriptor, &tree, "");
    match message {
        Some(message) if builder.faults.is_empty() => Ok(message),
        _ => Err(builder.faults),
    }
}

/// The field of a message by its name in the contract or in JSON.
pub(super) fn field(descriptor: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    descriptor
        .get_field_by_name(name)
        .or_else(|| descriptor.get_field_by_json_name(name))
}

#[derive(Default)]
struct Builder {
    faults: Vec<Violation>,
    /// Paths that a pair has set.
    filled: BTreeSet<String>,
}

impl Builder {
    fn fault(&mut self, path: &str, text: impl Into<String>) {
        let (path, text) = (if path.is_empty() { "permintaan" } else { path }, text.into());
        self.faults.push(Violation::new(path, text.clone(), text));
    }

    /// The field with this name; records a fault when the message has none.
    fn find(&mut self, descriptor: &MessageDescriptor, name: &str, path: &str) -> Option<FieldDescriptor> {
        let found = field(descriptor, name);
        if found.is_none() {
            let names: Vec<String> = descriptor.fields().map(|field| field.name().to_owned()).collect();
            let known = match names.join(", ") {
                list if list.is_empty() => "tidak punya isian".to_owned(),
                list => format!("punya isian {list}"),
            };
            self.fault(path, format!("tidak dikenal; {} {known}", descriptor.name()));
        }
        found
    }

    /// Sets one pair in the tree.
    fn put(&mut self, tree: &mut Json, descriptor: &MessageDescriptor, path: &str, text: &str) {
        let (mut node, mut descriptor, mut rest) = (tree, descriptor.clone(), path);
        loop {
            let (name, below) = rest.split_once('.').unwrap_or((rest, ""));
            let Some(field) = self.find(&descriptor, name, path) else {
                return;
            };
            let Json::Object(object) = node else {
                return self.fault(path, "bukan objek dalam JSON");
            };
            let key = if object.contains_key(field.json_name()) {
                field.json_name()
            } else {
                field.name()
            };
            let slot = object.entry(key).or_insert(Json::Null);
            let kind = field.kind();
            match kind {
                _ if below.is_empty() => {
                    if let Some(value) = self.leaf(&field, path, text) {
                        match (slot, field.is_list(), value) {
                            (Json::Array(items), true, Json::Array(more)) => items.extend(more),
                            (slot, _, value) => *slot = value,
                        }
                    }
                    return;
                }
                Kind::Message(entry) if field.is_map() => {
                    let value = entry.map_entry_value_field();
                    // The key of a map may contain dots.
                    if let (Some(value), Some(map)) = (self.leaf(&value, path, text), child(slot)) {
                        map.insert(below.to_owned(), value);
                    }
                    return;
                }
                Kind::Message(item) if field.is_list() && !contract::is_text(&item) => {
                    let (index, inner) = below.split_once('.').unwrap_or((below, ""));
                    if slot.is_null() {
                        *slot = Json::Array(Vec::new());
                    }
                    let Json::Array(items) = slot else {
                        return self.fault(path, "bukan daftar dalam JSON");
                    };
                    let next = items.len();
                    let place = index.parse::<usize>().ok();
                    let Some(place) = place.filter(|place| *place <= next && !inner.is_empty()) else {
                        return self.fault(
                            path,
                            format!(
                                "{name} adalah daftar: tulis {name}.N.isian=nilai dengan N 0 sampai {next}"
                            ),
                        );
                    };
                    if place == next {
                        items.push(Json::Object(Map::new()));
                    }
                    let Some(slot) = items.get_mut(place) else { return };
                    (node, descriptor, rest) = (slot, item, inner);
                }
                Kind::Message(inner) if !contract::is_text(&inner) => {
                    if slot.is_null() {
                        *slot = Json::Object(Map::new());
                    }
                    (node, descriptor, rest) = (slot, inner, below);
                }
                kind => {
                    let kind = contract::kind_name(&kind);
                    return self.fault(path, format!("{name} ({kind}) tidak punya isian di dalamnya"));
                }
            }
        }
    }

    /// The text of a pair, or the content of the file that follows `@`, as JSON.
    fn leaf(&mut self, field: &FieldDescriptor, path: &str, text: &str) -> Option<Json> {
        if !field.is_list() && !self.filled.insert(path.to_owned()) {
            self.fault(path, "diisi lebih dari sekali");
            return None;
        }
        let kind = field.kind();
        let value = match text.strip_prefix('@') {
            Some(file) if !file.starts_with('@') => match content(Path::new(file), &kind) {
                Ok(text) => text,
                Err(error) => {
                    self.fault(
                        path,
                        format!("berkas `{file}` tidak dapat dibaca: {}", io_text(&error)),
                    );
                    return None;
                }
            },
            Some(literal) => literal.to_owned(),
            None => text.to_owned(),
        };
        let value = match kind {
            Kind::Message(message) if field.is_map() || !contract::is_text(&message) => {
                match serde_json::from_str(&value) {
                    Ok(value) => value,
                    Err(error) => {
                        self.fault(path, format!("harus JSON ({error})"));
                        return None;
                    }
                }
            }
            _ => Json::String(value),
        };
        Some(if field.is_list() && !value.is_array() {
            Json::Array(vec![value])
        } else {
            value
        })
    }

    fn message(&mut self, descriptor: &MessageDescriptor, json: &Json, path: &str) -> Option<DynamicMessage> {
        let mut message = DynamicMessage::new(descriptor.clone());
        match (descriptor.full_name(), json) {
            ("google.protobuf.Timestamp", Json::String(text)) => {
                let Ok(time) = DateTime::parse_from_rfc3339(text) else {
                    self.fault(
                        path,
                        format!("`{text}` harus berbentuk RFC 3339, misalnya 2024-07-01T08:00:00+07:00"),
                    );
                    return None;
                };
                message.set_field_by_number(1, Value::I64(time.timestamp()));
                let nanos = i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default();
                message.set_field_by_number(2, Value::I32(nanos));
            }
            ("google.protobuf.FieldMask", Json::String(text)) => {
                let paths = text.split(',').map(str::trim).filter(|path| !path.is_empty());
                let paths = paths.map(|path| Value::String(snake(path))).collect();
                message.set_field_by_number(1, Value::List(paths));
            }
            (_, Json::Object(object)) if !contract::is_text(descriptor) => {
                for (name, json) in object {
                    let path = join(path, name);
                    let Some(field) = self.find(descriptor, name, &path) else {
                        continue;
                    };
                    if json.is_null() {
                        continue;
                    }
                    let other = field.containing_oneof().and_then(|oneof| {
                        let mut set = oneof.fields().filter(|other| message.has_field(other));
                        set.next()
                    });
                    if let Some(other) = other {
                        self.fault(&path, format!("tidak dapat diisi bersama {}", other.name()));
                    } else if let Some(value) = self.field(&field, json, &path) {
                        message.set_field(&field, value);
                    }
                }
            }
            _ => {
                let kind = contract::kind_name(&Kind::Message(descriptor.clone()));
                self.fault(path, format!("harus {kind}, bukan {json}"));
                return None;
            }
        }
        Some(message)
    }

    fn field(&mut self, field: &FieldDescriptor, json: &Json, path: &str) -> Option<Value> {
        match (field.kind(), json) {
            (Kind::Message(entry), Json::Object(object)) if field.is_map() => {
                let (key_kind, kind) = (
                    entry.map_entry_key_field().kind(),
                    entry.map_entry_value_field().kind(),
                );
                let mut map: HashMap<MapKey, Value> = HashMap::new();
                for (key, json) in object {
                    let path = join(path, key);
                    let read = self.value(&key_kind, &Json::String(key.clone()), &path);
                    let key = read.and_then(Value::into_map_key);
                    if let (Some(key), Some(value)) = (key, self.value(&kind, json, &path)) {
                        map.insert(key, value);
                    }
                }
                Some(Value::Map(map))
            }
            (_, json) if field.is_map() => {
                self.fault(path, format!("harus objek kunci dan nilai, bukan {json}"));
                None
            }
            (kind, Json::Array(items)) if field.is_list() => {
                let items = items.iter().enumerate();
                let values: Vec<_> = items
                    .map(|(place, json)| self.value(&kind, json, &join(path, place)))
                    .collect();
                values.into_iter().collect::<Option<_>>().map(Value::List)
            }
            (_, json) if field.is_list() => {
                self.fault(path, format!("harus daftar, bukan {json}"));
                None
            }
            (kind, json) => self.value(&kind, json, path),
        }
    }

    fn value(&mut self, kind: &Kind, json: &Json, path: &str) -> Option<Value> {
        let text = json.as_str();
        let value = match kind {
            Kind::Message(descriptor) => return self.message(descriptor, json, path).map(Value::Message),
            Kind::Enum(descriptor) => {
                let number = json.as_i64().and_then(|number| i32::try_from(number).ok());
                let named = text.and_then(|text| contract::choice(descriptor, text));
                number
                    .or(named)
                    .or_else(|| number_of(json))
                    .map(Value::EnumNumber)
            }
            Kind::Bool => match text {
                Some("true") => Some(true),
                Some("false") => Some(false),
                _ => json.as_bool(),
            }
            .map(Value::Bool),
            Kind::String => text.map(|text| Value::String(text.to_owned())),
            Kind::Bytes => text.and_then(decoded).map(|bytes| Value::Bytes(bytes.into())),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => number_of(json).map(Value::I32),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => number_of(json).map(Value::I64),
            Kind::Uint32 | Kind::Fixed32 => number_of(json).map(Value::U32),
            Kind::Uint64 | Kind::Fixed64 => number_of(json).map(Value::U64),
            Kind::Float => number_of(json).map(Value::F32),
            Kind::Double => number_of(json).map(Value::F64),
        };
        if value.is_none() {
            let shown = text.map_or_else(|| json.to_string(), str::to_owned);
            let kind = match kind {
                Kind::Bool => "true atau false".to_owned(),
                Kind::String => "teks".to_owned(),
                Kind::Enum(_) => format!("salah satu dari {}", contract::kind_name(kind)),
                Kind::Bytes | Kind::Float | Kind::Double => contract::kind_name(kind),
                _ => format!("bilangan bulat ({})", contract::kind_name(kind)),
            };
            self.fault(path, format!("`{shown}` harus {kind}"));
        }
        value
    }
}

/// The object at a place of the tree; it is created when missing.
fn child(slot: &mut Json) -> Option<&mut Map<String, Json>> {
    if !slot.is_object() {
        *slot = Json::Object(Map::new());
    }
    slot.as_object_mut()
}

fn join(path: &str, name: impl Display) -> String {
    if path.is_empty() {
        name.to_string()
    } else {
        format!("{path}.{name}")
    }
}

/// A number. JSON of protobuf may also write it as a string, as it does with 64-bit integers.
fn number_of<T: FromStr>(json: &Json) -> Option<T> {
    match json {
        Json::Number(number) => number.to_string().parse().ok(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The bytes of a base64 text in either alphabet.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let text: String = text.split_whitespace().collect();
    let standard = GeneralPurpose::new(&STANDARD, LENIENT).decode(&text);
    standard
        .or_else(|_| GeneralPurpose::new(&URL_SAFE, LENIENT).decode(&text))
        .ok()
}

/// The content of a file: text unchanged, numbers without the line end, bytes as base64.
fn content(file: &Path, kind: &Kind) -> std::io::Result<String> {
    match kind {
        Kind::Bytes => std::fs::read(file).map(|bytes| GeneralPurpose::new(&STANDARD, LENIENT).encode(bytes)),
        Kind::String => text::read(file),
        _ => text::read(file).map(|text| text.trim().to_owned()),
    }
}

/// A path of a field mask in the contract's spelling; JSON writes `displayName`.
fn snake(path: &str) -> String {
    let mut snake = String::new();
    for letter in path.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
#[path = "build_tests.rs"]
mod tests;
