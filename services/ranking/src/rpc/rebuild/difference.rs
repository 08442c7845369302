//! How a row that differs looks in both tables.

use prima_proto::{FILE_DESCRIPTOR_SET, ranking::v1};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, MessageDescriptor, Value};

use crate::{domain::comparison::Difference, rpc::message};

const ROW: &str = "prima.ranking.v1.LeagueRow";

/// Renders differences, each with the fields that differ.
pub fn render(differences: Vec<Difference>) -> Vec<v1::RebuildDifference> {
    let descriptor = DescriptorPool::decode(FILE_DESCRIPTOR_SET)
        .ok()
        .and_then(|pool| pool.get_message_by_name(ROW));
    differences
        .into_iter()
        .map(|difference| {
            let [live, rebuilt] = [difference.one, difference.other].map(|row| row.map(message::row));
            v1::RebuildDifference {
                table: difference.key.to_string(),
                subject: difference.subject.to_string(),
                is_live: live.is_some(),
                is_rebuilt: rebuilt.is_some(),
                fields: descriptor.as_ref().map_or_else(Vec::new, |descriptor| {
                    fields(
                        descriptor,
                        &live.unwrap_or_default(),
                        &rebuilt.unwrap_or_default(),
                    )
                }),
            }
        })
        .collect()
}

/// The fields of two rows that differ, except their versions.
fn fields(
    descriptor: &MessageDescriptor,
    live: &v1::LeagueRow,
    rebuilt: &v1::LeagueRow,
) -> Vec<v1::RebuildField> {
    let decode = |row: &v1::LeagueRow| {
        DynamicMessage::decode(descriptor.clone(), row.encode_to_vec().as_slice())
            .unwrap_or_else(|_| DynamicMessage::new(descriptor.clone()))
    };
    let (live, rebuilt) = (decode(live), decode(rebuilt));
    let field = |field: FieldDescriptor| {
        let values = [&live, &rebuilt].map(|row| row.get_field(&field).into_owned());
        let [live, rebuilt] = [&values[0], &values[1]].map(|value| text(&field, value));
        (values[0] != values[1]).then(|| v1::RebuildField {
            field: field.name().to_owned(),
            live,
            rebuilt,
        })
    };
    descriptor
        .fields()
        .filter(|field| !["version", "subject"].contains(&field.name()))
        .filter_map(field)
        .collect()
}

fn text(field: &FieldDescriptor, value: &Value) -> String {
    match value {
        value if *value == Value::default_value_for_field(field) => String::new(),
        Value::String(text) => text.clone(),
        Value::EnumNumber(number) => {
            let kind = field.kind();
            let known = kind.as_enum().and_then(|kind| kind.get_value(*number));
            known.map_or_else(|| number.to_string(), |value| value.name().to_owned())
        }
        Value::Bool(flag) => flag.to_string(),
        Value::I32(number) => number.to_string(),
        Value::I64(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_the_fields_that_differ() {
        let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
        let live = v1::LeagueRow {
            rank: 2,
            subject: "agencies/11".to_owned(),
            score: "90.00".to_owned(),
            unranked_reason: v1::UnrankedReason::NoValue.into(),
            version: 7,
            ..Default::default()
        };
        let rebuilt = v1::LeagueRow {
            rank: 1,
            unranked_reason: 0,
            recorded: true,
            version: 9,
            ..live.clone()
        };
        let found = fields(&pool.get_message_by_name(ROW).unwrap(), &live, &rebuilt);
        let found: Vec<[&str; 3]> = found
            .iter()
            .map(|field| [field.field.as_str(), &field.live, &field.rebuilt])
            .collect();
        let expected = [
            ["rank", "2", "1"],
            ["unranked_reason", "UNRANKED_REASON_NO_VALUE", ""],
            ["recorded", "", "true"],
        ];
        assert_eq!(found, expected);
    }
}
