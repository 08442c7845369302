use std::collections::BTreeSet;

use prost::Message;
use prost_reflect::ReflectMessage;

use super::*;
use crate::client::print;

/// One pair for each field of a message and of its inner messages; of a oneof, the field number `pick`.
fn pairs(descriptor: &MessageDescriptor, before: &str, pick: usize, within: &mut Vec<String>) -> Vec<String> {
    let mut all = Vec::new();
    within.push(descriptor.full_name().to_owned());
    for field in descriptor.fields().filter(|field| chosen(field, pick)) {
        let path = format!("{before}{}", field.name());
        let kind = field.kind();
        match &kind {
            Kind::Message(entry) if field.is_map() => {
                let value = entry.map_entry_value_field().kind();
                all.push(format!("{path}.kunci.1={}", sample(&value)));
            }
            Kind::Message(inner) if !contract::is_text(inner) => {
                if within.contains(&inner.full_name().to_owned()) {
                    continue;
                }
                let places: &[&str] = if field.is_list() { &["0.", "1."] } else { &[""] };
                for place in places {
                    let inside = pairs(inner, &format!("{path}.{place}"), pick, within);
                    if inside.is_empty() && !field.is_list() {
                        all.push(format!("{path}={{}}"));
                    }
                    all.extend(inside);
                }
            }
            kind => {
                all.push(format!("{path}={}", sample(kind)));
                if field.is_list() {
                    all.push(format!("{path}={}", sample(kind)));
                }
            }
        }
    }
    within.pop();
    all
}

fn chosen(field: &FieldDescriptor, pick: usize) -> bool {
    field.containing_oneof().is_none_or(|oneof| {
        let place = pick % oneof.fields().len();
        oneof.fields().nth(place).as_ref() == Some(field)
    })
}

fn sample(kind: &Kind) -> String {
    match kind {
        Kind::String => "=\"Café, a.b\" 'x' @".to_owned(),
        Kind::Bytes => "AP8Q+/8".to_owned(),
        Kind::Bool => "true".to_owned(),
        Kind::Int64 => i64::MIN.to_string(),
        Kind::Enum(choices) => contract::choices(choices).pop().unwrap().0.to_lowercase(),
        Kind::Message(message) if message.full_name() == "google.protobuf.Timestamp" => {
            "2024-07-01T08:00:00.5+07:00".to_owned()
        }
        Kind::Message(_) => "display_name,kind".to_owned(),
        _ => "7".to_owned(),
    }
}

/// The fields that are not set in a message although a pair set them.
fn unset(message: &DynamicMessage, pick: usize, kinds: &mut BTreeSet<String>) -> Vec<String> {
    let mut missing = Vec::new();
    for field in message.descriptor().fields().filter(|field| chosen(field, pick)) {
        let kind = field.kind();
        let name = match kind {
            _ if field.is_map() => "map".to_owned(),
            Kind::Message(inner) if contract::is_text(&inner) => inner.name().to_owned(),
            Kind::Message(_) => "message".to_owned(),
            Kind::Enum(_) => "enum".to_owned(),
            kind => contract::kind_name(&kind),
        };
        kinds.insert(if field.is_list() {
            format!("list {name}")
        } else {
            name
        });
        if !message.has_field(&field) {
            missing.push(field.full_name().to_owned());
        }
        match message.get_field(&field).as_ref() {
            Value::Message(inner) if message.has_field(&field) && !contract::is_text(&inner.descriptor()) => {
                missing.extend(unset(inner, pick, kinds));
            }
            Value::List(items) => {
                assert_eq!(items.len(), 2, "{}", field.full_name());
                for inner in items.iter().filter_map(Value::as_message) {
                    missing.extend(unset(inner, pick, kinds));
                }
            }
            _ => {}
        }
    }
    missing
}

#[test]
fn every_field_of_every_method_can_be_set_by_pairs() {
    let mut kinds = BTreeSet::new();
    let methods = contract::methods().unwrap();
    assert!(methods.len() > 160);
    for method in &methods {
        let input = method.input();
        for pick in 0..3 {
            let given = pairs(&input, "", pick, &mut Vec::new());
            let message = build(&input, None, &given).unwrap_or_else(|faults| {
                panic!("{}: {faults:#?}", method.full_name());
            });
            let missing = unset(&message, pick, &mut kinds);
            assert!(missing.is_empty(), "{}: {missing:?}", method.full_name());

            let bytes = message.encode_to_vec();
            let read = DynamicMessage::decode(input.clone(), bytes.as_slice()).unwrap();
            assert_eq!(read, message, "{}", method.full_name());
            let json = print::dynamic(&message, true).unwrap();
            let json = serde_json::from_str(&json).unwrap();
            let again = build(&input, Some(json), &[]);
            assert_eq!(again.as_ref(), Ok(&message), "{}", method.full_name());
        }
    }
    let expected = [
        "FieldMask",
        "Timestamp",
        "base64",
        "bool",
        "enum",
        "int32",
        "int64",
        "list message",
        "list string",
        "map",
        "message",
        "string",
    ];
    for kind in expected {
        assert!(kinds.contains(kind), "no {kind} in {kinds:?}");
    }
}

#[test]
fn every_wrong_pair_of_every_method_is_reported() {
    for method in contract::methods().unwrap() {
        let input = method.input();
        let mut given = vec!["tidak_ada=1".to_owned(), "tanpa".to_owned()];
        for field in input.fields().filter(|field| !field.is_map() && chosen(field, 0)) {
            if field.kind() != Kind::String {
                given.push(format!("{}=?", field.name()));
            } else if !field.is_list() {
                given.push(format!("{}.dalam=x", field.name()));
            }
        }
        // Every text is accepted as a field mask.
        given.retain(|pair| pair != "update_mask=?");
        let faults = build(&input, None, &given).unwrap_err();
        let fields: BTreeSet<&str> = faults
            .iter()
            .map(|fault| fault.field.split('.').next().unwrap())
            .collect();
        let expected: BTreeSet<&str> = given
            .iter()
            .map(|pair| pair.split(['=', '.']).next().unwrap())
            .collect();
        assert_eq!(fields, expected, "{}", method.full_name());
    }
}

fn survey(base: Option<&str>, pairs: &[&str]) -> Result<DynamicMessage, Vec<Violation>> {
    let input = contract::method("CreateSurvey").unwrap().input();
    let pairs: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
    build(
        &input,
        base.map(|json| serde_json::from_str(json).unwrap()),
        &pairs,
    )
}

#[test]
fn pairs_override_json_in_either_spelling() {
    let base =
        r#"{"surveyId": "a", "survey": {"displayName": "lama", "period": "2024", "population": "12"}}"#;
    let message = survey(
        Some(base),
        &[
            "survey.display_name=baru",
            "survey.elements={\"key\": \"cost\"}",
            "survey.elements.1.key=time",
        ],
    );
    let json = print::dynamic(&message.unwrap(), true).unwrap();
    let json: Json = serde_json::from_str(&json).unwrap();
    assert_eq!(json["survey_id"], "a");
    assert_eq!(json["survey"]["display_name"], "baru");
    assert_eq!(json["survey"]["population"], 12);
    assert_eq!(json["survey"]["elements"][0]["key"], "cost");
    assert_eq!(json["survey"]["elements"][1]["key"], "time");
}

#[test]
fn faults_are_reported_in_indonesian_with_their_fields() {
    let base = r#"{"judul": "x", "survey": {"population": "banyak", "open_time": 7}}"#;
    let pairs = [
        "survey.elements.2.key=cost",
        "survey.period=2024",
        "survey.period=2025",
        "survey.weight_variant=berat",
        "survey_id=@/tidak/ada",
        "survey.close_time=besok",
    ];
    let faults = survey(Some(base), &pairs).unwrap_err();
    let lines: Vec<String> = faults
        .iter()
        .map(|fault| format!("{}: {}", fault.field, fault.localized))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    survey.elements.2.key: elements adalah daftar: tulis elements.N.isian=nilai dengan N 0 sampai 0
    survey.period: diisi lebih dari sekali
    survey_id: berkas `/tidak/ada` tidak dapat dibaca: tidak ada
    judul: tidak dikenal; CreateSurveyRequest punya isian request_id, parent, survey_id, survey
    survey.population: `banyak` harus bilangan bulat (int64)
    survey.open_time: harus waktu RFC 3339, bukan 7
    survey.weight_variant: `berat` harus salah satu dari EXACT | 0_111 | 0_11 | MEAN_OF_ASPECT_MEANS | MEAN_OF_ALL_ANSWERS | 0_071
    survey.close_time: `besok` harus berbentuk RFC 3339, misalnya 2024-07-01T08:00:00+07:00
    ");
}

#[test]
fn a_file_is_a_text_or_bytes_and_a_text_may_begin_with_an_at_sign() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), b"isi\n").unwrap();
    let upload = contract::method("UploadAttachment").unwrap().input();
    let message = build(&upload, None, &[format!("data=@{}", file.path().display())]).unwrap();
    assert_eq!(
        message
            .get_field_by_name("data")
            .unwrap()
            .as_bytes()
            .unwrap()
            .as_ref(),
        b"isi\n"
    );
    let message = survey(None, &["survey_id=@@a"]).unwrap();
    assert_eq!(
        message.get_field_by_name("survey_id").unwrap().as_str(),
        Some("@a")
    );
}

#[test]
fn only_one_field_of_a_oneof_may_be_set() {
    let upload = contract::method("UploadAttachment").unwrap().input();
    let faults = build(&upload, None, &["data=AA".to_owned(), "head={}".to_owned()]).unwrap_err();
    assert!(
        faults[0].localized.contains("tidak dapat diisi bersama"),
        "{faults:?}"
    );
}
