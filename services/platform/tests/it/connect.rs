//! The Connect protocol: the cases of its conformance suite that a server can be asked, by both versions of HTTP, in both
//! codecs, compressed and not. `tests/data/connect/README.md` names their source.

mod door;
mod form;
mod service;

use std::net::SocketAddr;

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use futures::{StreamExt, stream};
use prima_platform::{
    config,
    grpc::{Document, Edge, Server, bind},
    lifecycle::Tasks,
    testing::http::send,
    token::{Signer, Verifier},
};
use prost_reflect::{DescriptorPool, MethodDescriptor};
use tonic::service::Routes;

use self::{
    form::{Form, forms},
    service::{Conformance, NAME},
};
use crate::limits::without_rates;

/// Longest message that the server accepts, bytes.
const LIMIT: usize = 64 << 10;

/// The proto files of the suite, compiled.
fn descriptors() -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/connect");
    let mut compiler = protox::Compiler::new([folder]).unwrap();
    compiler.include_imports(true);
    compiler
        .open_files(["connectrpc/conformance/v1/service.proto"])
        .unwrap();
    compiler.encode_file_descriptor_set()
}

/// A server with the service of the suite.
struct Served {
    address: SocketAddr,
    pool: DescriptorPool,
    tasks: Tasks,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.tasks.soft().cancel();
    }
}

impl Served {
    async fn start(mut config: config::Grpc) -> Self {
        "127.0.0.1:0".clone_into(&mut config.listen);
        config.shutdown_grace_seconds = 0;
        config.reflection = false;
        let descriptors: &'static [u8] = descriptors().leak();
        let pool = DescriptorPool::decode(descriptors).unwrap();
        let mut routes = Routes::builder();
        routes.add_service(Conformance(pool.clone()));
        let verifier = Verifier::new(Signer::generate().unwrap().public_key()).unwrap();
        let server = Server {
            routes: routes.routes(),
            edge: Edge::new(verifier, [format!("/{NAME}/")], descriptors, &config),
            descriptors,
            documents: vec![Document {
                path: "/description.json",
                content_type: "application/json",
                body: "{}".into(),
            }],
        };
        let (listener, address) = bind(&config).await.unwrap();
        let tasks = Tasks::default();
        let own = tasks.clone();
        tasks.spawn("server", async move {
            server.run(listener, &config, &own).await.unwrap()
        });
        Self { address, pool, tasks }
    }

    fn method(&self, name: &str) -> MethodDescriptor {
        let service = self.pool.get_service_by_name(NAME).unwrap();
        service.methods().find(|method| method.name() == name).unwrap()
    }
}

fn pack(message: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    std::io::Write::write_all(&mut packer, message).unwrap();
    packer.finish().unwrap()
}

fn unpack(message: &[u8]) -> Vec<u8> {
    let mut unpacked = Vec::new();
    std::io::Read::read_to_end(&mut GzDecoder::new(message), &mut unpacked).unwrap();
    unpacked
}

fn envelope(flags: u8, message: &[u8]) -> Vec<u8> {
    let mut envelope = vec![flags];
    envelope.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    envelope.extend(message);
    envelope
}

/// The messages in envelopes, with their flags.
fn envelopes(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut all = Vec::new();
    while let [flags, a, b, c, d, rest @ ..] = bytes {
        let length = usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).unwrap();
        all.push((*flags, rest[..length].to_vec()));
        bytes = &rest[length..];
    }
    assert!(bytes.is_empty());
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cases_of_the_conformance_suite_pass() {
    let served = Served::start(config::Grpc {
        max_message_bytes: LIMIT,
        ..without_rates()
    })
    .await;
    let forms = forms();
    assert!(forms.len() > 550, "{}", forms.len());
    let run = |form: Form| {
        let served = &served;
        async move {
            let response = send(served.address, form.request(served)).await;
            let response = response.unwrap_or_else(|error| panic!("{}: {error}", form.name()));
            form.check(served, &form.said(served, response));
        }
    };
    stream::iter(forms).for_each_concurrent(32, run).await;
}
