//! JSON schemas of messages, by the JSON mapping of protobuf. They are valid in JSON Schema 2020-12, which OpenAPI 3.1 has, and in
//! draft 7, which AsyncAPI has.

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor};
use serde_json::{Map, Value, json};

use super::comments::comment;

/// Schemas by the full names of their messages and enums.
#[derive(Default)]
pub(super) struct Schemas(Map<String, Value>);

impl Schemas {
    /// A reference to the schema of a message. It is added with all that it refers to, unless it is there.
    pub fn message(&mut self, message: &MessageDescriptor) -> Value {
        let name = message.full_name();
        if let Some(schema) = well_known(name) {
            return schema;
        }
        if !self.0.contains_key(name) {
            // Taken first, because a message may contain itself.
            self.0.insert(name.to_owned(), Value::Null);
            let schema = self.object(message);
            self.0.insert(name.to_owned(), schema);
        }
        reference("schemas", name)
    }

    /// Adds a schema that is no message of a contract.
    pub fn add(&mut self, name: &str, schema: Value) {
        self.0.insert(name.to_owned(), schema);
    }

    /// All of them, ordered by name.
    pub fn into_sorted(mut self) -> Map<String, Value> {
        self.0.sort_keys();
        self.0
    }

    fn object(&mut self, message: &MessageDescriptor) -> Value {
        let properties: Map<String, Value> = message
            .fields()
            .map(|field| (field.json_name().to_owned(), self.field(&field)))
            .collect();
        let schema = json!({"type": "object", "title": message.name()});
        let schema = described(schema, comment(&message.parent_file(), message.path()));
        let schema = with(schema, json!({"properties": properties}));
        let choices = message.oneofs().filter(|choice| !choice.is_synthetic());
        let choices: Vec<Value> = choices.map(|choice| at_most_one(&choice)).collect();
        match choices.is_empty() {
            true => schema,
            false => with(schema, json!({"allOf": choices})),
        }
    }

    fn field(&mut self, field: &FieldDescriptor) -> Value {
        let schema = match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                let values = self.kind(&entry.map_entry_value_field().kind());
                json!({"type": "object", "additionalProperties": values})
            }
            kind if field.is_list() => json!({"type": "array", "items": self.kind(&kind)}),
            // What is beside a reference is ignored in draft 7, so the description needs a schema around it.
            kind => match self.kind(&kind) {
                schema if schema.get("$ref").is_some() => json!({"allOf": [schema]}),
                schema => schema,
            },
        };
        described(schema, comment(&field.parent_file(), field.path()))
    }

    fn kind(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Bool => json!({"type": "boolean"}),
            Kind::String => json!({"type": "string"}),
            Kind::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => json!({"type": "integer", "format": "int32"}),
            Kind::Uint32 | Kind::Fixed32 => json!({"type": "integer", "format": "uint32", "minimum": 0}),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => signed(),
            Kind::Uint64 | Kind::Fixed64 => unsigned(),
            Kind::Float => number("float"),
            Kind::Double => number("double"),
            Kind::Enum(of) => self.enumeration(of),
            Kind::Message(of) => self.message(of),
        }
    }

    fn enumeration(&mut self, of: &EnumDescriptor) -> Value {
        let name = of.full_name();
        if name == "google.protobuf.NullValue" {
            return json!({"type": "null"});
        }
        if !self.0.contains_key(name) {
            let file = of.parent_file();
            let mut description = comment(&file, of.path()).to_owned() + "\n";
            for value in of.values() {
                description += &format!("\n- `{}`: {}", value.name(), comment(&file, value.path()));
            }
            let names: Vec<String> = of.values().map(|value| value.name().to_owned()).collect();
            let schema =
                json!({"type": "string", "title": of.name(), "description": description, "enum": names});
            self.0.insert(name.to_owned(), schema);
        }
        reference("schemas", name)
    }
}

/// The details of errors have no comments in their descriptors.
fn described(schema: Value, comment: &str) -> Value {
    match comment {
        "" => schema,
        comment => with(schema, json!({"description": comment})),
    }
}

/// An object with further fields.
pub(super) fn with(mut object: Value, more: Value) -> Value {
    if let (Value::Object(fields), Value::Object(more)) = (&mut object, more) {
        fields.extend(more);
    }
    object
}

/// A reference to a component of the document.
pub(super) fn reference(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}

/// 64 bits are text in JSON, because the numbers of many languages hold 53.
fn signed() -> Value {
    json!({"type": "string", "format": "int64", "pattern": "^-?[0-9]+$"})
}

fn unsigned() -> Value {
    json!({"type": "string", "format": "uint64", "pattern": "^[0-9]+$"})
}

fn number(format: &str) -> Value {
    json!({"oneOf": [
        {"type": "number", "format": format},
        {"type": "string", "enum": ["NaN", "Infinity", "-Infinity"]},
    ]})
}

/// Members of a oneof exclude each other, and all of them may be absent.
fn at_most_one(choice: &OneofDescriptor) -> Value {
    let members: Vec<Value> = choice
        .fields()
        .map(|field| json!({"required": [field.json_name()]}))
        .collect();
    let none = json!({"not": {"anyOf": members}});
    json!({"oneOf": members.into_iter().chain([none]).collect::<Vec<_>>()})
}

/// The schema of a type of protobuf that has a JSON form of its own.
fn well_known(name: &str) -> Option<Value> {
    let nullable = |kind: &str| json!({"type": [kind, "null"]});
    Some(match name.strip_prefix("google.protobuf.")? {
        "Timestamp" => json!({"type": "string", "format": "date-time"}),
        "Duration" => json!({"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]{1,9})?s$"}),
        // Paths in camel case, joined by commas.
        "FieldMask" => json!({"type": "string", "pattern": "^([a-z][A-Za-z0-9.]*(,[a-z][A-Za-z0-9.]*)*)?$"}),
        "Empty" => json!({"type": "object", "maxProperties": 0}),
        "Struct" => json!({"type": "object", "additionalProperties": true}),
        "Value" => json!({}),
        "ListValue" => json!({"type": "array", "items": {}}),
        "Any" => json!({
            "type": "object",
            "required": ["@type"],
            "properties": {"@type": {"type": "string"}},
            "additionalProperties": true,
        }),
        "BoolValue" => nullable("boolean"),
        "StringValue" => nullable("string"),
        "BytesValue" => json!({"type": ["string", "null"], "contentEncoding": "base64"}),
        "Int32Value" | "UInt32Value" => nullable("integer"),
        "FloatValue" | "DoubleValue" => json!({"oneOf": [number("double"), {"type": "null"}]}),
        "Int64Value" => json!({"oneOf": [signed(), {"type": "null"}]}),
        "UInt64Value" => json!({"oneOf": [unsigned(), {"type": "null"}]}),
        _ => return None,
    })
}
