//! Every method of every service, in one process behind its edge: messages with hostile fields, bytes that are no message, hostile
//! headers and tokens.

use std::{collections::BTreeMap, time::Duration};

use prima_tests::{
    client::{Client, channel},
    process::{Command, Process, Service},
    raw::RawCodec,
};
use proptest::{collection::vec, prelude::*};
use prost::Message;
use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MapKey,
    MessageDescriptor, MethodDescriptor, Value,
};
use tokio::{runtime::Runtime, time::timeout};
use tonic::{Code, Request, Status, client::Grpc, metadata::MetadataValue, transport::Channel};
use tonic_types::StatusExt;

use crate::{fuzz, hostile::TEXTS};

/// How long a call may take before it counts as one that hangs.
const DEADLINE: Duration = Duration::from_secs(8);
/// How long a stream of answers is read: one that is accepted does not end.
const READ: Duration = Duration::from_millis(200);
/// How much more memory the process may have at its end than at its beginning, KiB. Its caches fill.
pub const MEMORY: u64 = 512 << 10;

/// Choices, made from the bytes of an input; when these are used up, the first one is taken.
pub struct Choices<'a>(pub std::slice::Iter<'a, u8>);

impl Choices<'_> {
    /// A number below `most`.
    pub fn below(&mut self, most: usize) -> usize {
        let mut byte = || usize::from(self.0.next().copied().unwrap_or_default());
        ((byte() << 8) | byte()) % most.max(1)
    }

    /// One of these.
    pub fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// A few bytes.
    pub fn bytes(&mut self) -> Vec<u8> {
        let length = self.below(40);
        self.0.by_ref().take(length).copied().collect()
    }

    fn text(&mut self) -> String {
        match self.below(10) {
            0 => self.one(TEXTS).repeat(self.below(300)),
            1 => String::from_utf8_lossy(&self.bytes()).into_owned(),
            2 => format!("f-{}", self.below(100)),
            _ => self.one(TEXTS).to_owned(),
        }
    }

    fn number(&mut self, of: &EnumDescriptor) -> i32 {
        let known: Vec<i32> = of.values().map(|value| value.number()).collect();
        match self.below(8) {
            0 => self.one(&[-1, 999, i32::MAX, i32::MIN]),
            _ => self.one(&known),
        }
    }

    fn scalar(&mut self, kind: &Kind, depth: usize) -> Value {
        const WHOLE: [i64; 8] = [0, 1, -1, 5, 100, i64::MAX, i64::MIN, 253_402_300_800];
        let whole = self.one(&WHOLE);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "any number will do"
        )]
        match kind {
            Kind::Double => Value::F64(self.one(&[0.0, -0.0, 1.5, f64::NAN, f64::INFINITY, f64::MAX])),
            Kind::Float => Value::F32(self.one(&[0.0, 1.5, f32::NAN, f32::INFINITY])),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(whole as i32),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(whole),
            Kind::Uint32 | Kind::Fixed32 => Value::U32(whole as u32),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(whole as u64),
            Kind::Bool => Value::Bool(self.below(2) == 1),
            Kind::String => Value::String(self.text()),
            Kind::Bytes => Value::Bytes(self.bytes().into()),
            Kind::Enum(of) => Value::EnumNumber(self.number(of)),
            Kind::Message(of) => Value::Message(self.message(of, depth + 1)),
        }
    }

    fn value(&mut self, field: &FieldDescriptor, depth: usize) -> Value {
        let kind = field.kind();
        if let (true, Kind::Message(entry)) = (field.is_map(), &kind) {
            let value = entry.map_entry_value_field().kind();
            let entries =
                (0..self.below(4)).map(|_| (MapKey::String(self.text()), self.scalar(&value, depth)));
            return Value::Map(entries.collect());
        }
        if field.cardinality() == Cardinality::Repeated {
            let most = if self.below(20) == 0 { 300 } else { 3 };
            let list = (0..self.below(most)).map(|_| self.scalar(&kind, depth));
            return Value::List(list.collect());
        }
        self.scalar(&kind, depth)
    }

    /// A message of which about half of the fields are set.
    pub fn message(&mut self, of: &MessageDescriptor, depth: usize) -> DynamicMessage {
        let mut message = DynamicMessage::new(of.clone());
        for field in of.fields() {
            let deep = depth > 4 && matches!(field.kind(), Kind::Message(_));
            if !deep && self.below(2) == 0 {
                let value = self.value(&field, depth);
                message.set_field(&field, value);
            }
        }
        message
    }

    /// The bytes of a message, or others.
    pub fn payload(&mut self, of: &MessageDescriptor) -> Vec<u8> {
        let mut bytes = match self.below(10) {
            0 => self.bytes(),
            _ => self.message(of, 0).encode_to_vec(),
        };
        if self.below(10) == 0 {
            bytes.truncate(self.below(bytes.len() + 1));
        }
        bytes
    }
}

/// The services, with a survey in them.
pub struct Served {
    pub process: Process,
    channel: Channel,
    pub token: String,
    pub methods: Vec<MethodDescriptor>,
}

impl Served {
    pub async fn start(dir: &std::path::Path) -> Self {
        let process = Command::new(Service::Up).data(dir).start().await;
        process.wait_ready().await;
        let token = std::fs::read_to_string(dir.join("token"))
            .unwrap()
            .trim()
            .to_owned();
        let url = process.url();
        let mut client = Client::new(&url, &url, &url, &token);
        let unit = client.unit("32", "3271").await;
        client.create_survey(&unit, "2024-q3").await;
        let pool = DescriptorPool::decode(prima_proto::FILE_DESCRIPTOR_SET).unwrap();
        let methods = pool
            .services()
            .flat_map(|s| s.methods().collect::<Vec<_>>())
            .collect();
        Self {
            channel: channel(&url),
            process,
            token,
            methods,
        }
    }

    /// The value of a header of the process's status, KiB.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.pid())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// The headers of a call, some of them hostile.
    fn request<T>(&self, choices: &mut Choices, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let token = match choices.below(12) {
            0 => None,
            1 => Some(choices.text()),
            2 => {
                let mut token = self.token.clone().into_bytes();
                let at = choices.below(token.len());
                token[at] = choices.one(b"A.-_=!0");
                Some(String::from_utf8(token).unwrap())
            }
            _ => Some(self.token.clone()),
        };
        let more = [
            ("traceparent", choices.text()),
            (
                "grpc-timeout",
                choices
                    .one(&["99999999H", "8S", "1x", "-1S", "123456789S", "8S", "8S"])
                    .to_owned(),
            ),
        ];
        let token = token.map(|token| ("authorization", format!("Bearer {token}")));
        for (name, value) in token
            .into_iter()
            .chain(more.into_iter().filter(|_| choices.below(6) == 0))
        {
            if let Ok(value) = MetadataValue::try_from(value) {
                request.metadata_mut().insert(name, value);
            }
        }
        request
    }

    /// Calls a method; the status when it is refused.
    async fn call(&self, choices: &mut Choices<'_>) -> (String, Option<Status>) {
        let method = &self.methods[choices.below(self.methods.len())];
        let count = if method.is_client_streaming() {
            1 + choices.below(4)
        } else {
            1
        };
        let messages: Vec<Vec<u8>> = (0..count).map(|_| choices.payload(&method.input())).collect();
        let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
        let mut grpc = Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        let request = self.request(choices, tokio_stream::iter(messages));
        let answer = grpc.streaming(request, path.parse().unwrap(), RawCodec).await;
        let mut answers = match answer {
            Ok(answers) => answers.into_inner(),
            Err(status) => return (path, Some(status)),
        };
        loop {
            let status = match timeout(READ, answers.message()).await {
                Ok(Ok(Some(_))) if !method.is_server_streaming() => continue,
                Ok(Err(status)) => Some(status),
                // A single answer must come in the deadline of the call.
                Err(_) if !method.is_server_streaming() => continue,
                _ => None,
            };
            return (path, status);
        }
    }
}

/// A refusal has a code of its own and a reason, and is no fault of the service.
fn judge(path: &str, status: &Status) -> Result<(), String> {
    let faulty = [
        Code::Ok,
        Code::Internal,
        Code::Unknown,
        Code::DataLoss,
        Code::Unimplemented,
    ];
    let reason = status
        .get_error_details()
        .error_info()
        .map(|info| info.reason.clone());
    let named = reason.is_some_and(|reason| !reason.is_empty());
    // A deadline that the call itself sends may pass.
    let passed = matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled);
    if faulty.contains(&status.code()) || !(named || passed) {
        return Err(format!("{path}: {status:?}"));
    }
    Ok(())
}

#[test]
fn every_method() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = Runtime::new().unwrap();
    let mut served = runtime.block_on(Served::start(dir.path()));
    let before = served.memory();
    let codes = std::cell::RefCell::new(BTreeMap::<String, usize>::new());
    fuzz(3000, &vec(any::<u8>(), 0..600), |bytes| {
        let mut choices = Choices(bytes.iter());
        runtime.block_on(async {
            let called = timeout(DEADLINE, served.call(&mut choices)).await;
            let (path, status) = called.map_err(|_| "hangs".to_owned())?;
            let code = status.as_ref().map_or(Code::Ok, Status::code);
            *codes.borrow_mut().entry(format!("{code:?}")).or_default() += 1;
            status.map_or(Ok(()), |status| judge(&path, &status))
        })
    });
    let codes = codes.into_inner();
    assert!(
        codes.contains_key("Ok") && codes.contains_key("InvalidArgument"),
        "{codes:?}"
    );
    let after = served.memory();
    assert!(after < before + MEMORY, "from {before} to {after} KiB");
    runtime.block_on(async {
        served.process.wait_ready().await;
        assert_eq!(served.process.stop().await, 0);
    });
    let log = served.process.log();
    for word in ["panicked", "\"reason\":\"INTERNAL\"", "\"level\":\"ERROR\""] {
        let line = log.lines().find(|line| line.contains(word));
        assert!(line.is_none(), "{line:?}");
    }
}

/// A protobuf varint.
fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap());
    bytes
}

/// For each list in a message, and in the messages in it: where it is, and a message that contains nothing but so many empty elements.
fn longest_lists(of: &MessageDescriptor, bytes: usize, depth: usize) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for field in of.fields() {
        let tag = |inner: &[u8]| {
            let key = varint((usize::try_from(field.number()).unwrap() << 3) | 2);
            [key, varint(inner.len()), inner.to_vec()].concat()
        };
        let long = matches!(field.kind(), Kind::String | Kind::Bytes | Kind::Message(_));
        if field.cardinality() == Cardinality::Repeated && long {
            let one = tag(&[]);
            found.push((field.name().to_owned(), one.repeat(bytes / one.len())));
        }
        if let Kind::Message(inner) = field.kind()
            && depth < 2
        {
            let lists = longest_lists(&inner, bytes, depth + 1);
            found.extend(
                lists
                    .into_iter()
                    .map(|(path, list)| (format!("{}.{path}", field.name()), tag(&list))),
            );
        }
    }
    found
}

/// An element that takes no more than two bytes of a message can take hundreds in memory, and more for its fault.
#[test]
fn the_longest_lists() {
    const MESSAGE: usize = 400_000;
    pub const MEMORY: u64 = 128 << 10;
    let dir = tempfile::tempdir().unwrap();
    let runtime = Runtime::new().unwrap();
    let served = runtime.block_on(Served::start(dir.path()));
    let (mut before, mut lists) = (served.memory(), 0);
    for method in &served.methods {
        for (path, message) in longest_lists(&method.input(), MESSAGE, 0) {
            let place = format!("{}/{} {path}", method.parent_service().full_name(), method.name());
            let started = std::time::Instant::now();
            let judged = runtime.block_on(async {
                let mut grpc = Grpc::new(served.channel.clone());
                grpc.ready().await.unwrap();
                let mut request = Request::new(tokio_stream::once(message));
                let token = format!("Bearer {}", served.token).parse().unwrap();
                request.metadata_mut().insert("authorization", token);
                let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
                let called = grpc.streaming(request, path.parse().unwrap(), RawCodec);
                match timeout(DEADLINE, called).await {
                    Ok(Err(status)) => judge(&place, &status),
                    Ok(Ok(_)) => Ok(()),
                    Err(_) => Err(format!("{place} hangs")),
                }
            });
            judged.unwrap();
            let after = served.memory();
            let more = after.saturating_sub(before);
            let took = format!("{place}: {more} KiB more, {:?}", started.elapsed());
            assert!(more < MEMORY, "{took}");
            println!("{took}");
            before = after;
            lists += 1;
        }
    }
    assert!(lists > 50, "{lists}");
}
