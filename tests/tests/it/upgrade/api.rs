//! Calls in JSON with the contract of the release that they were made for.

use std::collections::BTreeMap;

use prima_tests::client::{Authorised, authorised};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor, SerializeOptions};
use serde_json::{Value, value::Serializer};
use tokio_stream::StreamExt;
use tonic::{
    Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
};

/// A client that uses descriptors alone, as a regional system does.
pub struct Api {
    contract: DescriptorPool,
    /// Channels by package, such as `prima.survey.v1`.
    services: BTreeMap<String, Authorised>,
    /// The same with the evaluator's token.
    evaluators: BTreeMap<String, Authorised>,
}

impl Api {
    /// A client with the contract of a release, the token of an admin and that of an evaluator. `urls` is keyed by the
    /// name of the service.
    pub fn new(
        contract: &[u8],
        urls: &BTreeMap<&'static str, String>,
        [admin, evaluator]: [&str; 2],
    ) -> Self {
        let services = |token: &str| {
            let service =
                |(name, url): (&&str, &String)| (format!("prima.{name}.v1"), authorised(url, token));
            urls.iter().map(service).collect()
        };
        Self {
            contract: DescriptorPool::decode(contract).unwrap(),
            services: services(admin),
            evaluators: services(evaluator),
        }
    }

    /// The same client with the token of the evaluator.
    pub fn as_evaluator(&self) -> Self {
        Self {
            contract: self.contract.clone(),
            services: self.evaluators.clone(),
            evaluators: self.evaluators.clone(),
        }
    }

    /// Calls `SERVICE/METHOD` with one message, or with a list of messages where the method takes a stream. Of a stream
    /// in the response at most `take` messages are read.
    pub async fn call(&self, call: &str, request: &Value, take: usize) -> Result<Value, Status> {
        let (service, method) = call.split_once('/').unwrap();
        let found = self.contract.get_service_by_name(service);
        let found = found.unwrap_or_else(|| panic!("{service} is not in the contract"));
        let method = found
            .methods()
            .find(|m| m.name() == method)
            .unwrap_or_else(|| panic!("{call} is not in the contract"));
        let mut grpc = Grpc::new(self.services[found.package_name()].clone());
        grpc.ready()
            .await
            .map_err(|e| Status::unavailable(e.to_string()))?;
        let path = format!("/{call}").parse().unwrap();
        let read = |message: &Value| {
            DynamicMessage::deserialize(method.input(), message)
                .unwrap_or_else(|error| panic!("{call}: {error}: {message}"))
        };
        let codec = Messages(method.clone());
        if method.is_client_streaming() {
            let messages: Vec<_> = request.as_array().unwrap().iter().map(read).collect();
            let request = tonic::Request::new(tokio_stream::iter(messages));
            let answer = grpc.client_streaming(request, path, codec).await?;
            return Ok(json(&answer.into_inner()));
        }
        let request = tonic::Request::new(read(request));
        if method.is_server_streaming() {
            let answers = grpc.server_streaming(request, path, codec).await?.into_inner();
            let mut answers = answers.take(take);
            let mut all = Vec::new();
            while let Some(message) = answers.next().await {
                all.push(json(&message?));
            }
            return Ok(all.into());
        }
        let answer = grpc.unary(request, path, codec).await?;
        Ok(json(&answer.into_inner()))
    }
}

/// Every field of the contract, including the unset ones.
fn json(message: &DynamicMessage) -> Value {
    let options = SerializeOptions::new().skip_default_fields(false);
    message.serialize_with_options(Serializer, &options).unwrap()
}

/// Messages of one method.
struct Messages(MethodDescriptor);

impl Codec for Messages {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = Writer;
    type Decoder = Reader;

    fn encoder(&mut self) -> Writer {
        Writer
    }

    fn decoder(&mut self) -> Reader {
        Reader(self.0.output())
    }
}

struct Writer;

impl Encoder for Writer {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(&mut self, item: DynamicMessage, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(buffer).map_err(|e| Status::internal(e.to_string()))
    }
}

struct Reader(MessageDescriptor);

impl Decoder for Reader {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        let message = DynamicMessage::decode(self.0.clone(), buffer);
        message.map(Some).map_err(|e| Status::internal(e.to_string()))
    }
}
