//! The methods that can be called, by their descriptors.

use std::{collections::HashMap, sync::Arc};

use http::Method as Verb;
use prima_proto::access::{Needs, RULES};
use prost_reflect::{DescriptorPool, MessageDescriptor, MethodDescriptor};
use prost_types::method_options::IdempotencyLevel;

/// A method.
#[derive(Debug)]
pub(super) struct Method {
    pub input: MessageDescriptor,
    pub output: MessageDescriptor,
    /// Whether its requests are a stream.
    pub requests: bool,
    /// Whether its responses are a stream.
    pub responses: bool,
    /// Whether it can be called by GET.
    pub by_get: bool,
}

impl Method {
    fn of(method: &MethodDescriptor) -> Self {
        Self {
            input: method.input(),
            output: method.output(),
            requests: method.is_client_streaming(),
            responses: method.is_server_streaming(),
            by_get: by_get(method),
        }
    }

    /// Whether it has one request and one response.
    pub(super) fn is_unary(&self) -> bool {
        !self.requests && !self.responses
    }

    /// The methods of HTTP by which it can be called.
    pub(super) fn allowed(&self) -> &'static [Verb] {
        const BOTH: &[Verb] = &[Verb::GET, Verb::POST];
        const POST: &[Verb] = &[Verb::POST];
        match self.by_get {
            true => BOTH,
            false => POST,
        }
    }
}

/// Whether a method can be called by GET: it has one request and one response, and the request may stand in an address, which
/// browsers, proxies and logs keep: the method has no side effects, nobody proves anything with a secret in the request, and
/// the response has no personal data, whose reading is an audited act.
pub fn by_get(method: &MethodDescriptor) -> bool {
    let options = method.method_descriptor_proto().options.as_ref();
    let level = options.map(|options| options.idempotency_level());
    let name = format!("{}/{}", method.parent_service().full_name(), method.name());
    let rule = RULES.iter().find(|rule| rule.method == name);
    let has_secret = |needs| matches!(needs, Needs::ProofIn(_));
    !method.is_client_streaming()
        && !method.is_server_streaming()
        && level == Some(IdempotencyLevel::NoSideEffects)
        && rule.is_none_or(|rule| !rule.personal && !rule.grants.iter().any(|grant| has_secret(grant.needs)))
}

/// All methods, by path, and the messages of details of errors.
pub(super) struct Methods {
    all: HashMap<String, Arc<Method>>,
    /// Descriptors of what details contain.
    pub pool: DescriptorPool,
}

impl Methods {
    /// The methods of `descriptors`, less those of files that can't be decoded, and those of health.
    pub(super) fn new(descriptors: &[u8]) -> Self {
        let mut pool = DescriptorPool::new();
        for set in [
            descriptors,
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_types::pb::FILE_DESCRIPTOR_SET,
        ] {
            if let Err(error) = pool.decode_file_descriptor_set(set) {
                tracing::error!(%error, "descriptors can't be decoded; their methods can be called by gRPC only");
            }
        }
        let methods = pool
            .services()
            .flat_map(|service| service.methods().collect::<Vec<_>>());
        let path =
            |method: &MethodDescriptor| format!("/{}/{}", method.parent_service().full_name(), method.name());
        let all = methods
            .map(|method| (path(&method), Arc::new(Method::of(&method))))
            .collect();
        Self { all, pool }
    }

    /// The method of a path, `/package.Service/Method`.
    pub(super) fn get(&self, path: &str) -> Option<&Arc<Method>> {
        self.all.get(path)
    }
}
