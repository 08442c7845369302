//! The signature of a kiosk covers everything that it sends.
#![expect(
    clippy::indexing_slicing,
    reason = "a test that meets what it did not expect should fail there"
)]

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, engine::general_purpose::STANDARD};
use pb::AccessMode::{Agent, Kiosk as KioskMode};
use prima_platform::db::sql;
use prima_proto::survey::v1 as pb;
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MessageDescriptor};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tonic::{Code, Request, Status};

use crate::{credentials::*, fixture::*};

const SINGLE: &str = "prima.survey.v1.SubmitResponseRequest";
const STREAMED: &str = "prima.survey.v1.SubmitResponsesRequest";

fn descriptor(name: &str) -> MessageDescriptor {
    let pool = DescriptorPool::decode(prima_proto::FILE_DESCRIPTOR_SET).unwrap();
    pool.get_message_by_name(name).unwrap()
}

/// Parses a message of this type from JSON.
fn typed<M: prost::Message + Default>(name: &str, json: &Value) -> M {
    let message = DynamicMessage::deserialize(descriptor(name), json).unwrap();
    message.transcode_to().unwrap()
}

/// The paths of all leaf fields of a message, including those that are added to the contract later.
fn leaves(message: &MessageDescriptor, prefix: &str) -> BTreeSet<String> {
    let of = |field: prost_reflect::FieldDescriptor| {
        let path = format!("{prefix}{}", field.name());
        match field.kind() {
            Kind::Message(inner) if !field.is_map() && !inner.full_name().starts_with("google.") => {
                leaves(&inner, &format!("{path}."))
            }
            _ => BTreeSet::from([path]),
        }
    };
    message.fields().flat_map(of).collect()
}

fn place<'a>(json: &'a mut Value, path: &str) -> &'a mut Value {
    path.split('.').fold(json, |json, name| &mut json[name])
}

/// A response with every field set, as JSON.
fn response() -> Value {
    json!({
        "submit_time": "2024-03-04T05:06:07.000001Z",
        "answers": SKM.iter().map(|key| ((*key).to_owned(), json!(4))).collect::<serde_json::Map<_, _>>(),
        "profile": {
            "sex": "P", "age": 34, "education": "S1", "occupation": "SWASTA", "service": "akta-lahir",
            "age_group": "30-39", "channel": "counter", "hour_band": "morning",
        },
        "suggestion": "Tambah kursi\nterima kasih", "criticism": "C:\\Antrean panjang", "device": "ponsel-1",
    })
}

/// For every field of both requests that the caller sets, other values that are valid by themselves.
fn others(survey: &str, device: &str) -> BTreeMap<String, Vec<Value>> {
    let mut more = response()["answers"].clone();
    more["time"] = json!(1);
    let mut fewer = response()["answers"].clone();
    fewer.as_object_mut().unwrap().remove("time");
    let other = |path: &str, values: &[Value]| (path.to_owned(), values.to_vec());
    BTreeMap::from([
        other("survey", &[json!(survey)]),
        other(
            "response.submit_time",
            &[
                json!("2024-03-04T05:06:08.000001Z"),
                json!("2024-03-04T05:06:07.000002Z"),
            ],
        ),
        other("response.answers", &[more, fewer]),
        other("response.profile.sex", &[json!("L")]),
        other("response.profile.age", &[json!(35)]),
        other("response.profile.education", &[json!("S2")]),
        other("response.profile.occupation", &[json!("PNS")]),
        other("response.profile.service", &[json!("ktp-el")]),
        other("response.profile.age_group", &[json!("40-49")]),
        other("response.profile.channel", &[json!("online")]),
        other("response.profile.hour_band", &[json!("afternoon")]),
        other(
            "response.suggestion",
            &[json!("Kurangi kursi"), json!("Tambah kursi\\nterima kasih")],
        ),
        other("response.criticism", &[json!("Antrean pendek")]),
        other("response.device", &[json!("ponsel-2")]),
        other("credential.kiosk.device", &[json!(device)]),
        other("credential.kiosk.counter", &[json!(8)]),
        other("credential.kiosk.signature", &[json!("AAAA")]),
        other("credential.token", &[json!("x")]),
        other("credential.link", &[json!("x")]),
    ])
}

/// Submits the JSON with one of the two methods and returns the reason of the refusal.
async fn refusal(t: &mut World, name: &str, json: &Value) -> Option<String> {
    if name == STREAMED {
        let answer = offline(t, vec![typed(name, json)]).await.unwrap();
        return answer
            .rejections
            .into_iter()
            .next()
            .map(|rejection| rejection.reason);
    }
    let request: pb::SubmitResponseRequest = typed(name, json);
    let answer = t.client.submit_response(Request::new(request)).await;
    let reason = |status: Status| {
        use tonic_types::StatusExt;
        status.get_error_details().error_info().unwrap().reason.clone()
    };
    answer.err().map(reason)
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_any_field_of_a_message_invalidates_its_signature() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[KioskMode]).await;
        let elsewhere = survey_by(&mut t, "b", &[KioskMode]).await;
        let lobby = Kiosk::new(UNIT, "lobi", 1);
        let hall = Kiosk::new(UNIT, "aula", 2);
        lobby.register(&mut t).await;
        hall.register(&mut t).await;
        let parsed: pb::Response = typed("prima.survey.v1.Response", &response());
        for (name, id_field, id, import) in [
            (SINGLE, "request_id", "r-1", ""),
            (STREAMED, "response_id", "r-2", "impor-1"),
        ] {
            let counter = if name == SINGLE { 7 } else { 17 };
            let proof = lobby
                .proof_in(&survey, counter, id, import, &parsed)
                .kiosk
                .unwrap();
            let mut sent = json!({
                id_field: id, "survey": survey, "response": response(),
                "credential": {"kiosk": {"device": lobby.name, "counter": counter}},
            });
            let mut others = others(&elsewhere, &hall.name);
            others.insert(id_field.into(), vec![json!("r-9")]);
            if name == STREAMED {
                sent["import_id"] = json!(import);
                others.insert("import_id".into(), vec![json!("impor-2")]);
            }
            sent["credential"]["kiosk"]["signature"] = json!(STANDARD.encode(&proof.signature));
            // This fails for a field that is added to the contract: then add another value of it to `others`.
            assert_eq!(leaves(&descriptor(name), ""), others.keys().cloned().collect());
            for (path, values) in &others {
                for value in values {
                    let mut changed = sent.clone();
                    *place(&mut changed, path) = value.clone();
                    assert_ne!(changed, sent, "{path}");
                    let expected = match path.as_str() {
                        "credential.token" | "credential.link" => "INVALID_FIELDS",
                        _ => "SIGNATURE_INVALID",
                    };
                    let reason = refusal(&mut t, name, &changed).await;
                    assert_eq!(reason.as_deref(), Some(expected), "{path} of {name}");
                }
                let mut cleared = sent.clone();
                if place(&mut cleared, path).take() != Value::Null {
                    let reason = refusal(&mut t, name, &cleared).await;
                    assert!(reason.is_some(), "{path} of {name}, cleared");
                }
            }
            let before = t.count("response").await;
            assert_eq!(refusal(&mut t, name, &sent).await, None, "{name}");
            assert_eq!(t.count("response").await, before + 1);
        }
        assert_eq!((t.count("response").await, t.count("comment").await), (2, 4));
    })
    .await;
}

/// The stored profile, answers, age and texts of a response.
async fn stored(t: &World, id: &str) -> [String; 4] {
    let reader = t.db.reader();
    let text =
        "SELECT COALESCE(sex, '-') || COALESCE(service, '-') || COALESCE(import_id, '-') AS profile, answers,
        CAST(submitted_at - accepted_at AS TEXT) AS age FROM response WHERE response_id = $1";
    let row = reader
        .query_one_raw(sql(reader, text, [id.into()]))
        .await
        .unwrap()
        .unwrap();
    let texts = t.comment_texts(&format!("c.response_id = '{id}'")).await;
    let body = texts.into_iter().map(|(_, text)| text).max();
    let body = body.unwrap_or_else(|| "-".into());
    let [profile, answers, age] =
        ["profile", "answers", "age"].map(|column| row.try_get("", column).unwrap());
    [profile, answers, age, body]
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_device_of_the_previous_release_only_the_signed_answers_are_stored() {
    on_each_database(async |mut t| {
        let survey = survey_by(&mut t, "a", &[Agent, KioskMode]).await;
        let lobby = Kiosk::new(UNIT, "lobi", 1);
        lobby.register(&mut t).await;
        let full: pb::Response = typed("prima.survey.v1.Response", &response());
        let proof = |counter, id: &str| lobby.proof_of_previous_release(&survey, counter, id, &full);
        let client = t.client.clone();
        let submit = |id: &str, response: &pb::Response, proof: pb::Credential| {
            let (mut client, request) = (client.clone(), sent(&survey, id, response.clone(), Some(proof)));
            async move { client.submit_response(Request::new(request)).await }
        };
        let first = submit("k-1", &full, proof(1, "k-1")).await.unwrap().into_inner();
        assert_eq!(stored(&t, "k-1").await, ["---", "444444444", "0", "-"]);
        // Changing the unsigned fields in transit has no effect, and the signed answers are still stored.
        let changed = pb::Response {
            suggestion: "Bukan kata warga".into(),
            profile: None,
            submit_time: None,
            ..full.clone()
        };
        let repeat = submit("k-1", &changed, proof(1, "k-1"))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(repeat, first);
        let other = pb::Response {
            answers: all(3).answers,
            ..full.clone()
        };
        refused(
            submit("k-1", &other, proof(1, "k-1")).await,
            Code::PermissionDenied,
            "SIGNATURE_INVALID",
        );
        // A repeat of a response that the previous release stored completely is recognised.
        t.client
            .submit_response(operator(sent(&survey, "agen", full.clone(), None)))
            .await
            .unwrap();
        let text = "UPDATE response SET digest = (SELECT digest FROM response WHERE response_id = 'agen')
                    WHERE response_id = 'k-1'";
        let writer = t.db.writer();
        assert_eq!(
            writer
                .execute_raw(sql(writer, text, []))
                .await
                .unwrap()
                .rows_affected(),
            1
        );
        let repeat = submit("k-1", &full, proof(1, "k-1")).await.unwrap().into_inner();
        assert_eq!(repeat, first);
        // An import id that was added in transit is not stored either.
        let streamed = pb::SubmitResponsesRequest {
            import_id: "impor-1".into(),
            ..message(&survey, "k-2", full.clone(), Some(proof(2, "k-2")))
        };
        let answer = offline(&mut t, vec![streamed]).await.unwrap();
        assert_eq!(sums(&answer), ([1, 0, 0], Vec::new()));
        assert_eq!(stored(&t, "k-2").await, ["---", "444444444", "0", "-"]);
        assert_eq!(t.result(&survey).await.respondents, 3);
        // Devices of this release sign every field.
        submit("k-3", &full, lobby.proof(&survey, 3, "k-3", &full))
            .await
            .unwrap();
        let [profile, _, age, body] = stored(&t, "k-3").await;
        assert_eq!(
            (profile.as_str(), body.as_str()),
            ("Pakta-lahir-", "Tambah kursi\nterima kasih")
        );
        assert!(age.starts_with('-'), "{age}");
    })
    .await;
}
