//! The lines of a response that a kiosk signs. The fields are read from the descriptors, so that a field that is added to the
//! contract is covered as well.

use std::sync::LazyLock;

use prima_platform::failure::Failure;
use prima_proto::survey::v1 as pb;
use prost_reflect::{DescriptorPool, DynamicMessage, MapKey, MessageDescriptor, Value};

static RESPONSE: LazyLock<Option<MessageDescriptor>> = LazyLock::new(|| {
    let pool = DescriptorPool::decode(prima_proto::FILE_DESCRIPTOR_SET).ok()?;
    pool.get_message_by_name("prima.survey.v1.Response")
});

/// The lines of a response: `{path}={value}` for each field that is set and each entry of a map, ordered by bytes.
pub fn fields(response: &pb::Response) -> Result<Vec<String>, Failure> {
    let descriptor = RESPONSE.clone();
    let descriptor = descriptor.ok_or_else(|| Failure::internal("Response is not in the descriptors"))?;
    let mut message = DynamicMessage::new(descriptor);
    message.transcode_from(response).map_err(Failure::internal)?;
    let mut lines = Vec::new();
    of_message("", &message, &mut lines);
    lines.sort_unstable();
    Ok(lines)
}

fn of_message(prefix: &str, message: &DynamicMessage, lines: &mut Vec<String>) {
    for (field, value) in message.fields() {
        of_value(&format!("{prefix}{}", field.name()), value, lines);
    }
}

fn of_value(path: &str, value: &Value, lines: &mut Vec<String>) {
    let text = match value {
        Value::Message(message) => return of_message(&format!("{path}."), message, lines),
        Value::Map(entries) => {
            for (key, value) in entries {
                of_value(&format!("{path}.{}", key_text(key)), value, lines);
            }
            return;
        }
        Value::List(values) => {
            for (n, value) in values.iter().enumerate() {
                of_value(&format!("{path}.{n}"), value, lines);
            }
            return;
        }
        Value::Bool(value) => value.to_string(),
        Value::I32(value) | Value::EnumNumber(value) => value.to_string(),
        Value::I64(value) => value.to_string(),
        Value::U32(value) => value.to_string(),
        Value::U64(value) => value.to_string(),
        Value::F32(value) => value.to_string(),
        Value::F64(value) => value.to_string(),
        Value::String(text) => one_line(text),
        Value::Bytes(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    lines.push(format!("{path}={text}"));
}

fn key_text(key: &MapKey) -> String {
    match key {
        MapKey::Bool(key) => key.to_string(),
        MapKey::I32(key) => key.to_string(),
        MapKey::I64(key) => key.to_string(),
        MapKey::U32(key) => key.to_string(),
        MapKey::U64(key) => key.to_string(),
        MapKey::String(key) => one_line(key).replace('=', "\\="),
    }
}

/// The text with its line ends escaped.
fn one_line(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_that_is_set_has_a_line_of_its_own() {
        let response = pb::Response {
            submit_time: Some("2024-03-04T05:06:07.000000008Z".parse().unwrap()),
            answers: [("time".to_owned(), 4), ("cost".to_owned(), 0)].into(),
            profile: Some(pb::RespondentProfile {
                sex: "P".into(),
                age: 34,
                ..Default::default()
            }),
            suggestion: "a\nanswers.time=1\\".into(),
            ..Default::default()
        };
        let expected = [
            "answers.cost=0",
            "answers.time=4",
            "profile.age=34",
            "profile.sex=P",
            "submit_time.nanos=8",
            "submit_time.seconds=1709528767",
            r"suggestion=a\nanswers.time=1\\",
        ];
        assert_eq!(fields(&response).unwrap(), expected);
        assert!(fields(&pb::Response::default()).unwrap().is_empty());
    }

    #[test]
    fn no_key_can_be_confused_with_another_field_or_value() {
        let response = |key: &str| pb::Response {
            answers: [(key.to_owned(), 1)].into(),
            ..Default::default()
        };
        for (one, other) in [("a=2\nanswers.b", "a"), ("a=2", "a\\=2"), ("a\\nb", "a\nb")] {
            assert_ne!(fields(&response(one)).unwrap(), fields(&response(other)).unwrap());
            assert_eq!(fields(&response(one)).unwrap().concat().lines().count(), 1);
        }
    }
}
