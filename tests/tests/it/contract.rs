//! What clients rely on: the descriptors, and the form of a message on the bus.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use async_nats::jetstream::{
    self,
    stream::{DiscardPolicy, RetentionPolicy, StorageType},
};
use futures::TryStreamExt;
use prima_platform::testing::eventually;
use prima_proto::event::v1 as event;
use prima_tests::DEADLINE;
use prost::Message;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    MethodDescriptorProto,
};

use crate::trace::{Traced, submit_traced};

fn descriptors() -> FileDescriptorSet {
    FileDescriptorSet::decode(prima_proto::FILE_DESCRIPTOR_SET).unwrap()
}

fn is_ours(file: &FileDescriptorProto) -> bool {
    file.package().starts_with("prima.")
}

/// The files of Prima, without those that they import from others.
fn ours(set: &FileDescriptorSet) -> Vec<&FileDescriptorProto> {
    let files: Vec<_> = set.file.iter().filter(|f| is_ours(f)).collect();
    assert!(files.len() >= 4, "{} files", files.len());
    files
}

/// Every element of a file as (path in the file, name), with which its comment can be found.
#[derive(Default)]
struct Elements(Vec<(Vec<i32>, String)>);

impl Elements {
    fn of(file: &FileDescriptorProto) -> Self {
        let mut all = Self::default();
        let package = file.package();
        for (i, service) in (0..).zip(&file.service) {
            let name = format!("{package}.{}", service.name());
            for (j, method) in (0..).zip(&service.method) {
                all.add(&[6, i, 2, j], format!("{name}.{}", method.name()));
            }
            all.add(&[6, i], name);
        }
        for (i, message) in (0..).zip(&file.message_type) {
            all.message(&[4, i], package, message);
        }
        for (i, own) in (0..).zip(&file.enum_type) {
            all.enumeration(&[5, i], package, own);
        }
        all
    }

    fn add(&mut self, path: &[i32], name: String) {
        self.0.push((path.to_vec(), name));
    }

    fn message(&mut self, path: &[i32], scope: &str, message: &DescriptorProto) {
        if message.options.as_ref().is_some_and(|o| o.map_entry()) {
            return;
        }
        let name = format!("{scope}.{}", message.name());
        for (j, field) in (0..).zip(&message.field) {
            self.add(&[path, &[2, j]].concat(), format!("{name}.{}", field.name()));
        }
        for (j, nested) in (0..).zip(&message.nested_type) {
            self.message(&[path, &[3, j]].concat(), &name, nested);
        }
        for (j, nested) in (0..).zip(&message.enum_type) {
            self.enumeration(&[path, &[4, j]].concat(), &name, nested);
        }
        self.add(path, name);
    }

    fn enumeration(&mut self, path: &[i32], scope: &str, own: &EnumDescriptorProto) {
        let name = format!("{scope}.{}", own.name());
        for (j, value) in (0..).zip(&own.value) {
            self.add(&[path, &[2, j]].concat(), format!("{name}.{}", value.name()));
        }
        self.add(path, name);
    }
}

#[test]
fn every_service_method_message_field_and_enum_is_explained() {
    let set = descriptors();
    let mut bare = Vec::new();
    let mut count = 0;
    for file in ours(&set) {
        let comments: BTreeMap<&[i32], &str> = file
            .source_code_info
            .iter()
            .flat_map(|info| &info.location)
            .map(|l| (l.path.as_slice(), l.leading_comments().trim()))
            .collect();
        for (path, name) in Elements::of(file).0 {
            count += 1;
            if comments.get(path.as_slice()).is_none_or(|text| text.is_empty()) {
                bare.push(name);
            }
        }
    }
    assert!(count > 300, "only {count} elements were looked at");
    assert!(bare.is_empty(), "without a comment: {bare:#?}");
}

#[test]
fn every_method_has_messages_of_its_own() {
    let set = descriptors();
    let mut used = BTreeSet::new();
    for file in ours(&set) {
        for method in file.service.iter().flat_map(|s| &s.method) {
            for (name, end) in [
                (method.input_type(), "Request"),
                (method.output_type(), "Response"),
            ] {
                assert_eq!(name, format!(".{}.{}{end}", file.package(), method.name()));
                assert!(used.insert(name.to_owned()), "{name} serves two methods");
            }
        }
    }
    assert!(used.len() > 50, "only {} messages", used.len());
}

fn enums(set: &FileDescriptorSet) -> BTreeMap<String, &EnumDescriptorProto> {
    let mut all = BTreeMap::new();
    for file in ours(set) {
        for own in &file.enum_type {
            all.insert(format!("{}.{}", file.package(), own.name()), own);
        }
        for (name, message) in messages(set) {
            for own in &message.enum_type {
                all.insert(format!("{name}.{}", own.name()), own);
            }
        }
    }
    all
}

/// `AgencyKind` gives `AGENCY_KIND`.
fn screaming(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(c.to_ascii_uppercase());
    }
    text
}

#[test]
fn the_zero_of_every_enum_means_not_given() {
    let set = descriptors();
    let enums = enums(&set);
    assert!(enums.len() >= 6, "{:?}", enums.keys());
    for (name, own) in enums {
        let prefix = screaming(own.name());
        let zero = own.value.iter().find(|v| v.number() == 0).unwrap();
        assert_eq!(zero.name(), format!("{prefix}_UNSPECIFIED"), "{name}");
        for value in &own.value {
            assert!(
                value.name().starts_with(&format!("{prefix}_")),
                "{}",
                value.name()
            );
        }
    }
}

/// Every message and its inner messages, by full name.
fn messages(set: &FileDescriptorSet) -> BTreeMap<String, &DescriptorProto> {
    fn add<'a>(all: &mut BTreeMap<String, &'a DescriptorProto>, scope: &str, message: &'a DescriptorProto) {
        let name = format!("{scope}.{}", message.name());
        for nested in &message.nested_type {
            add(all, &name, nested);
        }
        all.insert(name, message);
    }
    let mut all = BTreeMap::new();
    for file in ours(set) {
        for message in &file.message_type {
            add(&mut all, file.package(), message);
        }
    }
    all
}

fn methods(set: &FileDescriptorSet) -> BTreeMap<String, &MethodDescriptorProto> {
    let mut all = BTreeMap::new();
    for file in ours(set) {
        for service in &file.service {
            for method in &service.method {
                let name = format!("{}.{}.{}", file.package(), service.name(), method.name());
                all.insert(name, method);
            }
        }
    }
    all
}

/// The properties of a field that clients rely on: number, type, label, presence, and its oneof.
fn shape(message: &DescriptorProto, field: &FieldDescriptorProto) -> String {
    let oneof = field
        .oneof_index
        .filter(|_| !field.proto3_optional())
        .and_then(|i| message.oneof_decl.get(usize::try_from(i).ok()?))
        .map_or("", |o| o.name());
    format!(
        "{} {:?} {:?} {} {} {oneof}",
        field.number(),
        field.r#type(),
        field.label(),
        field.type_name(),
        field.proto3_optional()
    )
}

/// What a client of `old` would lose in `new`.
fn broken(old: &FileDescriptorSet, new: &FileDescriptorSet) -> Vec<String> {
    let mut faults = Vec::new();
    let mut compare = |name: String, before: String, now: Option<String>| match now {
        None => faults.push(format!("{name} is gone")),
        Some(now) if now != before => faults.push(format!("{name} was {before}, is {now}")),
        Some(_) => {}
    };
    let found = methods(new);
    for (name, method) in methods(old) {
        let text = |m: &MethodDescriptorProto| {
            format!(
                "{} {} {} {}",
                m.input_type(),
                m.client_streaming(),
                m.output_type(),
                m.server_streaming()
            )
        };
        compare(name.clone(), text(method), found.get(&name).map(|m| text(m)));
    }
    let found = messages(new);
    for (name, message) in messages(old) {
        let now = found.get(&name);
        compare(name.clone(), String::new(), now.map(|_| String::new()));
        for field in &message.field {
            let same = now.and_then(|m| Some((m, m.field.iter().find(|f| f.name() == field.name())?)));
            compare(
                format!("{name}.{}", field.name()),
                shape(message, field),
                same.map(|(m, f)| shape(m, f)),
            );
        }
    }
    let found = enums(new);
    for (name, own) in enums(old) {
        let now = found.get(&name);
        compare(name.clone(), String::new(), now.map(|_| String::new()));
        for value in &own.value {
            let same = now.and_then(|e| e.value.iter().find(|v| v.name() == value.name()));
            compare(
                format!("{name}.{}", value.name()),
                value.number().to_string(),
                same.map(|v| v.number().to_string()),
            );
        }
    }
    faults
}

/// The contract of the last release, without comments. `buf breaking` compares with it too (`.ci/run`).
///
/// It is renewed at a release only, by `BLESS=1 cargo nextest run -p prima-tests contract`.
fn baseline() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/baseline.binpb")
}

#[test]
fn nothing_released_was_removed_renumbered_or_retyped() {
    let new = descriptors();
    if std::env::var_os("BLESS").is_some() {
        let mut bare = new.clone();
        for file in &mut bare.file {
            file.source_code_info = None;
        }
        std::fs::write(baseline(), bare.encode_to_vec()).unwrap();
    }
    let bytes = std::fs::read(baseline()).expect("proto/baseline.binpb; see `baseline` for how to make it");
    let old = FileDescriptorSet::decode(bytes.as_slice()).unwrap();
    let faults = broken(&old, &new);
    assert!(
        faults.is_empty(),
        "clients of the released contract break: {faults:#?}"
    );
}

#[test]
fn the_comparison_sees_what_breaks_clients() {
    type Change = fn(&mut FileDescriptorProto);
    let changes: [(&str, Change); 9] = [
        ("a field is gone", |f| {
            f.message_type[0].field.remove(0);
        }),
        ("a field is renumbered", |f| {
            f.message_type[0].field[0].number = Some(99);
        }),
        ("a field is retyped", |f| {
            f.message_type[0].field[0].set_type(prost_types::field_descriptor_proto::Type::Bytes);
        }),
        ("a field is repeated", |f| {
            f.message_type[0].field[0].set_label(prost_types::field_descriptor_proto::Label::Repeated);
        }),
        ("a message is gone", |f| {
            f.message_type.remove(0);
        }),
        ("a method is gone", |f| {
            f.service[0].method.remove(0);
        }),
        ("a method streams", |f| {
            f.service[0].method[0].server_streaming = Some(true);
        }),
        ("an enum value is gone", |f| {
            f.enum_type[0].value.pop();
        }),
        ("an enum value is renumbered", |f| {
            f.enum_type[0].value[1].number = Some(99);
        }),
    ];
    let old = descriptors();
    assert!(broken(&old, &old).is_empty());
    for (what, change) in changes {
        let mut new = old.clone();
        let file = new
            .file
            .iter_mut()
            .find(|f| f.name() == "prima/survey/v1/survey.proto");
        change(file.unwrap());
        assert!(!broken(&old, &new).is_empty(), "{what} is not noticed");
    }
    let mut more = old.clone();
    let file = more
        .file
        .iter_mut()
        .find(|f| f.name() == "prima/survey/v1/survey.proto");
    let field = FieldDescriptorProto {
        name: Some("added".into()),
        number: Some(99),
        ..FieldDescriptorProto::default()
    };
    file.unwrap().message_type[0].field.push(field);
    assert!(broken(&old, &more).is_empty(), "an addition breaks no client");
}

/// The only header of this name.
fn header<'a>(headers: &'a async_nats::HeaderMap, name: &str) -> &'a str {
    let mut values = headers.get_all(name);
    let value = values
        .next()
        .unwrap_or_else(|| panic!("no {name} in {headers:?}"));
    assert!(values.next().is_none(), "two of {name} in {headers:?}");
    value.as_str()
}

/// The trace id and the span id in a `traceparent`.
fn parse_traceparent(text: &str) -> (&str, &str) {
    let parts: Vec<&str> = text.split('-').collect();
    let [version, trace, span, flags] = parts[..] else {
        panic!("`{text}` is no traceparent")
    };
    assert_eq!(
        (version, trace.len(), span.len(), flags),
        ("00", 32, 16, "01"),
        "{text}"
    );
    (trace, span)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_on_the_bus_is_a_cloud_event_and_a_stream_is_the_current_state() {
    // The trace context is sent only when tracing is on.
    let traced = Traced::start(&[]).await;
    let survey = traced.survey().await;
    submit_traced(&traced.suite.client, &survey, "r-0", 0x77)
        .await
        .unwrap();
    let cluster = &traced.suite.cluster;
    let mut client = traced.suite.client.clone();
    let ranked = eventually(DEADLINE, || {
        let mut client = client.clone();
        async move {
            let rows = client.table("kota").await.ok()?;
            (rows.first()?.respondents == 1).then_some(())
        }
    });
    ranked.await.expect("the agency is ranked");
    cluster.settle("survey").await;
    cluster.settle("directory").await;
    let js = jetstream::new(async_nats::connect(cluster.nats.url()).await.unwrap());

    let subject = "prima.survey.score.skm.2024-q3.unit.3271.dpmptsp";
    let stream = js.get_stream("PRIMA_SURVEY").await.unwrap();
    let message = stream.get_last_raw_message_by_subject(subject).await.unwrap();
    let text = |name| header(&message.headers, name);
    let version = cluster.outbox("survey").await[subject];
    assert_eq!(text("ce-specversion"), "1.0");
    assert_eq!(text("ce-id"), format!("{subject}/{version}"));
    assert_eq!(text("ce-source"), "/prima/survey");
    assert_eq!(text("ce-type"), "prima.score");
    assert_eq!(text("ce-subject"), subject);
    assert_eq!(text("ce-datacontenttype"), "application/protobuf");
    assert_eq!(text("ce-sequence"), version.to_string());
    let time = chrono::DateTime::parse_from_rfc3339(text("ce-time")).unwrap();
    let stored = message.time.unix_timestamp() - time.timestamp();
    assert!((0..60).contains(&stored), "sent {stored} s before it was stored");
    let (hop, origin) = (
        parse_traceparent(text("traceparent")),
        parse_traceparent(text("ce-traceparent")),
    );
    assert_eq!(hop.0, format!("{:032x}", 0x77), "the trace of the citizen's call");
    assert_eq!(origin.0, hop.0);
    assert_ne!(
        origin.1, hop.1,
        "the origin is the transaction, the hop the sending"
    );
    assert!(
        message.headers.get("Nats-Msg-Id").is_none(),
        "nothing is dropped as a repeat"
    );
    let score = event::ScoreState::decode(message.payload.as_ref()).unwrap();
    let index = client.result(&survey).await.index;
    assert_eq!(
        (score.metric.as_str(), score.value.as_str()),
        ("skm", index.as_str())
    );

    let names: Vec<String> = js.stream_names().try_collect().await.unwrap();
    assert_eq!(
        names.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        BTreeSet::from(["PRIMA_DIRECTORY", "PRIMA_RANKING", "PRIMA_SURVEY"]),
        "only who publishes has a stream"
    );
    for service in ["directory", "survey"] {
        let stream = js
            .get_stream(format!("PRIMA_{}", service.to_uppercase()))
            .await
            .unwrap();
        let info = stream.get_info().await.unwrap();
        let config = &info.config;
        assert_eq!(config.subjects, [format!("prima.{service}.>")]);
        assert_eq!(config.storage, StorageType::File);
        assert_eq!(config.retention, RetentionPolicy::Limits);
        assert_eq!(config.discard, DiscardPolicy::New);
        assert!(!config.discard_new_per_subject, "a newer state must replace");
        assert_eq!(config.max_messages_per_subject, 1);
        assert!(config.max_age.is_zero(), "a state has no age");
        assert_eq!(config.max_messages, -1);
        assert!(config.max_bytes > 0, "a disk is finite");
        assert_eq!(config.metadata.get("complete").map(String::as_str), Some("true"));
        let subjects: Vec<(String, usize)> = stream
            .info_with_subjects(">")
            .await
            .unwrap()
            .try_collect()
            .await
            .unwrap();
        assert_eq!(subjects.len(), cluster.outbox(service).await.len());
        for (subject, count) in subjects {
            assert_eq!(count, 1, "{subject}");
            let tokens: Vec<&str> = subject.split('.').collect();
            assert_eq!(tokens[..2], ["prima", service]);
            let plain = |t: &&str| {
                !t.is_empty()
                    && t.bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            };
            assert!(tokens.len() > 3 && tokens.iter().all(plain), "{subject}");
        }
    }
}
